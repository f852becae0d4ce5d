import assert from 'node:assert/strict'
import { MalformedError, NotFoundError, UsageError } from '../../../protocols/core/errors.ts'
import { Pair } from './pair.ts'

describe('the message that a person means', () => {
  it('is named by the beginning of its id, in any case', async () => {
    const { ana } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    assert.equal((await ana.show(id.toLowerCase().slice(0, 20))).id, id)
  })

  it('must be one: several, none, or no id at all are said', async () => {
    const { ana } = await Pair.friends()
    const [id] = await Promise.all([ana.send('bob', 'one'), ana.send('bob', 'two')])
    await assert.rejects(ana.show(id.slice(0, 8)), UsageError)
    await assert.rejects(ana.show('7ZZZ'), NotFoundError)
    await assert.rejects(ana.show('what?'), MalformedError)
  })
})
