import assert from 'node:assert/strict'
import { RefusedError } from '../../../protocols/core/errors.ts'
import { isReached, ownState } from '../../../node/operations/states.ts'
import { Pair } from './pair.ts'

describe('waiting for a state', () => {
  it('ends when the message is there, or beyond', async () => {
    const { ana, bob } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    assert.deepEqual(await ana.call('wait', { id, state: 'delivered' }), { id, state: 'delivered', isReached: true })
    await bob.call('mark-read', { with: 'ana' })
    assert.deepEqual(await ana.call('wait', { id, state: 'read' }), { id, state: 'read', isReached: true })
    assert.deepEqual(await ana.call('wait', { id, state: 'queued' }), { id, state: 'read', isReached: true })
  })

  it('ends at once for what has happened already, with no time to wait', async () => {
    const { ana, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await world.advance(1_000)
    assert.equal((await ana.call('wait', { id, state: 'delivered', timeoutMs: 0 })).isReached, true)
    assert.deepEqual(await ana.call('wait', { id, state: 'read', timeoutMs: 0 }), { id, state: 'delivered', isReached: false })
  })

  it('says where the message is when the time is up', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    const before = world.nowMs
    assert.deepEqual(await ana.call('wait', { id, state: 'delivered', timeoutMs: 5_000 }), { id, state: 'queued', isReached: false })
    assert.ok(world.nowMs - before >= 5_000 && world.nowMs - before < 5_100)
  })

  it('ends when nothing more will come of it, and says why', async () => {
    const { ana, bob } = await Pair.friends()
    bob.sim.crash()
    const cancelled = await ana.send('bob', 'hello')
    const waiting = ana.call('wait', { id: cancelled, state: 'delivered' })
    await ana.call('message.cancel', { id: cancelled })
    assert.deepEqual(await waiting, { id: cancelled, state: 'cancelled', isReached: false })
    const failed = await ana.send('bob', 'hello')
    ana.sim.store.transact(writer => { writer.messages.advance(ana.row(failed).id, 'failed', 1, 'it is too large for them') })
    assert.deepEqual(await ana.call('wait', { id: failed, state: 'read' }), { id: failed, state: 'failed', isReached: false, reason: 'it is too large for them' })
  })

  it('is for own messages: others have no way to go', async () => {
    const { ana, bob, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await world.advance(1_000)
    await assert.rejects(bob.call('wait', { id, state: 'read' }), RefusedError)
  })

  it('can be done by many at once, and nobody listens afterwards', async () => {
    const { ana } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await Promise.all([1, 2, 3].map(async () => await ana.call('wait', { id, state: 'delivered' })))
    assert.equal(ana.sim.core.arrivals.isAnybodyWaiting, false)
  })
})

describe('states in their order', () => {
  it('an end that is no delivery reaches nothing, queued included', () => {
    assert.deepEqual((['stored', 'delivered', 'read'] as const).map(state => isReached(state, 'stored')), [true, true, true])
    assert.deepEqual((['failed', 'expired', 'cancelled'] as const).map(state => isReached(state, 'queued')), [false, false, false])
  })

  it('of a message that is gone, or of somebody else’s, is queued: nothing is claimed', () => {
    assert.deepEqual([ownState(undefined), ownState({ state: 'unread' })], ['queued', 'queued'])
  })
})
