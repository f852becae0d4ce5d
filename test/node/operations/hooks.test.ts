import assert from 'node:assert/strict'
import { NotFoundError, UsageError } from '../../../protocols/core/errors.ts'
import { Pair } from './pair.ts'

describe('hooks, as a client manages them', () => {
  it('are added, listed and removed by number', async () => {
    const { ana } = await Pair.strangers()
    const first = await ana.call('hook.add', { event: 'message.received', command: 'beep' })
    const second = await ana.call('hook.add', { event: '*', command: 'log' })
    assert.deepEqual((await ana.call('hook.list', {})).hooks, [{ ...first, event: 'message.received', command: 'beep' }, { ...second, event: '*', command: 'log' }])
    await ana.call('hook.remove', first)
    assert.deepEqual((await ana.call('hook.list', {})).hooks.map(({ hook }) => hook), [second.hook])
    await assert.rejects(ana.call('hook.remove', first), NotFoundError)
  })

  it('are for events that there are', async () => {
    const { ana } = await Pair.strangers()
    await assert.rejects(ana.call('hook.add', { event: 'message.eaten', command: 'beep' }), (error: unknown) => error instanceof UsageError && /message\.received/.test(error.hint ?? ''))
    assert.deepEqual((await ana.call('hook.list', {})).hooks, [])
  })
})
