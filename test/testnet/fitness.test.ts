import assert from 'node:assert/strict'
import { EXIT } from '../../protocols/core/errors.ts'
import { UnfitError, whyNotAsRoot } from '../../testnet/fitness.ts'

describe('what a computer must have for the other faults', () => {
  it('is a system, a right and a program, and what is missing is named', () => {
    const reason = whyNotAsRoot(['sh', 'no-such-command'])
    if (process.platform !== 'linux') assert.equal(reason, 'it needs Linux')
    else if (process.getuid?.() !== 0) assert.equal(reason, 'it needs root')
    else assert.deepEqual([reason, whyNotAsRoot(['sh'])], ['the command no-such-command is missing', undefined])
  })

  it('ends a command with the code of a machine that is not fit', () => {
    const { exit, code } = new UnfitError('there can be no disks here')
    assert.deepEqual([exit, code], [EXIT.unexpected, 'unfit'])
  })
})
