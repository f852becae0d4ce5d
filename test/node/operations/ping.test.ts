import assert from 'node:assert/strict'
import { RefusedError, UnreachableError } from '../../../protocols/core/errors.ts'
import { Pair } from './pair.ts'

describe('ping', () => {
  it('says how long a contact takes to answer, and over which path', async () => {
    const { ana } = await Pair.friends()
    const { path, ms } = await ana.call('ping', { who: '@bob' })
    assert.equal(path, 'direct')
    assert.ok(ms > 0)
  })

  it('says that nobody answers, and that messages wait', async () => {
    const pair = await Pair.friends()
    pair.ether.partition()
    await assert.rejects(pair.ana.call('ping', { who: '@bob' }), (error: unknown) => error instanceof UnreachableError && /no device of bob answers/.test(error.message) && /waits/.test(error.hint ?? ''))
  })

  it('leaves who is blocked in peace', async () => {
    const { ana } = await Pair.friends()
    await ana.call('contact.block', { who: '@bob' })
    await assert.rejects(ana.call('ping', { who: '@bob' }), RefusedError)
  })

  it('knows nobody to ask before a request was answered', async () => {
    const pair = await Pair.strangers()
    const link = await pair.bob.link()
    pair.ether.partition()
    await pair.ana.call('contact.add', { link, as: 'bob' })
    await assert.rejects(pair.ana.call('ping', { who: '@bob' }), /no device of bob is known yet/)
  })
})
