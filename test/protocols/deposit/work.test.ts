import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { hasWork, searchWork, workBitsFor, workChallenge } from '../../../protocols/deposit/work.ts'
import { WORK_BITS_MAX, WORK_BITS_MIN } from '../../../protocols/core/limits.ts'

const challenge = workChallenge({ nonce: new Uint8Array(32).fill(1), alias: new Uint8Array(24).fill(2), depositId: new Uint8Array(16).fill(3) })

describe('proof of work', () => {
  it('is found in slices, and another library counts the same zeros', () => {
    let work: Uint8Array | undefined
    for (let from = 0; work === undefined; from += 256) work = searchWork(challenge, { bits: 10, from, count: 256 })
    assert.ok(hasWork(challenge, work, 10))
    const digest = createHash('sha256').update(challenge).update(work).digest()
    assert.ok(digest.readUInt16BE(0) < 2 ** 6)
  })

  it('is good for one deposit on one stream', () => {
    const work = searchWork(challenge, { bits: 12, from: 0, count: 100_000 })
    assert.ok(work !== undefined)
    const elsewhere = workChallenge({ nonce: new Uint8Array(32), alias: new Uint8Array(24).fill(2), depositId: new Uint8Array(16).fill(3) })
    assert.equal(hasWork(elsewhere, work, 12), false)
    assert.equal(hasWork(challenge, work.subarray(1), 0), false)
  })

  it('doubles whenever what waits doubles, up to what a person would wait for', () => {
    assert.equal(workBitsFor(0), WORK_BITS_MIN)
    assert.equal(workBitsFor(1), WORK_BITS_MIN + 1)
    assert.equal(workBitsFor(63), WORK_BITS_MIN + 6)
    assert.equal(workBitsFor(10 ** 9), WORK_BITS_MAX)
  })
})
