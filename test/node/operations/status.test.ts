import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { Pair } from './pair.ts'

describe('status', () => {
  it('says what the node is', async () => {
    const { ana, world } = await Pair.strangers()
    await world.advance(5_000)
    const status = await ana.call('status', {})
    const { account, device } = await ana.call('me.show', {})
    assert.deepEqual([status.account, status.device, status.name, status.peerId, status.version, status.home, status.pid], [account, device, 'ana', 'peerana', '0.0.0', '/sim', process.pid])
    assert.equal(Date.parse(status.startedAt), Date.UTC(2026, 11, 1))
    assert.deepEqual([status.outbox, status.trouble], [{ open: 0 }, []])
  })

  it('counts contacts, connections, requests and what is unread', async () => {
    const { ana, bob, world } = await Pair.friends()
    await bob.send('ana', 'hello')
    await world.advance(1_000)
    const { contacts, connections, requests, unread } = await ana.call('status', {})
    assert.deepEqual([contacts, connections > 0, requests, unread], [1, true, 0, 1])
  })

  it('says what waits, and since when', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    await ana.send('bob', 'hello')
    const sentAtMs = Math.floor(world.nowMs)
    await world.advance(60_000)
    await ana.send('bob', 'hello?')
    const { outbox } = await ana.call('status', {})
    assert.deepEqual([outbox.open, Math.abs(Date.parse(outbox.oldestAt ?? '') - sentAtMs) <= 1], [2, true])
  })

  it('says how far the search index is behind', async () => {
    const { ana, world } = await Pair.friends()
    await ana.send('bob', 'hello')
    assert.equal((await ana.call('status', {})).search.behind, 1)
    await world.advance(2_000)
    assert.equal((await ana.call('status', {})).search.behind, 0)
  })

  it('says what needs a person: a changed key', async () => {
    const { ana } = await Pair.friends()
    await ana.changeKeyOf(1)
    assert.deepEqual((await ana.call('status', {})).trouble, ['1 contact has a changed signing key: skein contact list'])
  })

  it('says what needs a person: a disk that takes nothing, until it does again', async () => {
    const { ana } = await Pair.friends()
    const { store } = ana.sim
    const commit = store.commit.bind(store)
    store.commit = () => { throw new StorageError('the disk is full', 'Make room.') }
    await assert.rejects(ana.send('bob', 'hello'), StorageError)
    assert.deepEqual((await ana.call('status', {})).trouble, ['the disk is full. Make room.'])
    store.commit = commit
    await ana.send('bob', 'hello')
    assert.deepEqual((await ana.call('status', {})).trouble, [])
  })
})
