import assert from 'node:assert/strict'
import type { OwnRelay, Shard } from '../../../store/types.ts'
import { openMemory } from '../fixtures.ts'

const EU: OwnRelay = { peerId: 'eu', standing: 'used', name: 'eu1', code: 'tea', addedAtMs: 2, openedAtMs: 3, addresses: ['/ip4/10.0.0.1/tcp/1', '/ip4/10.0.0.2/tcp/1'] }
const US: OwnRelay = { peerId: 'us', standing: 'used', name: '', code: undefined, addedAtMs: 1, openedAtMs: undefined, addresses: [] }
const SHARD: Shard = { relay: 'eu', upload: 1, signedPrekey: 1, lastResort: 2, firstOneTime: 10, firstKem: 20, count: 2, bytes: Uint8Array.of(1) }
const PAIR = { oneTime: { id: 10, record: Uint8Array.of(1) }, kem: { id: 20, record: Uint8Array.of(2) } }

describe('own relays', () => {
  it('come back as they were put, in the order in which they were added', () => {
    const store = openMemory()
    store.transact(writer => { writer.relays.put(EU); writer.relays.put(US) })
    assert.deepEqual(store.read.relays.list(), [US, EU])
    assert.deepEqual(store.read.relays.byPeer('eu'), EU)
    assert.equal(store.read.relays.byPeer('asia'), undefined)
    store.close()
  })

  it('are opened, left and forgotten', () => {
    const store = openMemory()
    store.transact(writer => { writer.relays.put(EU); writer.relays.markOpened('eu', { atMs: 9, name: 'eu2' }); writer.relays.leave('eu') })
    assert.deepEqual(store.read.relays.byPeer('eu'), { ...EU, standing: 'leaving', openedAtMs: 9, name: 'eu2' })
    store.transact(writer => { writer.relays.remove('eu') })
    assert.equal(store.read.relays.byPeer('eu'), undefined)
    store.close()
  })
})

describe('shards', () => {
  it('keep their bytes until the relay has confirmed them', () => {
    const store = openMemory()
    store.transact(writer => { writer.shards.add(SHARD); writer.shards.add({ ...SHARD, upload: 2, bytes: Uint8Array.of(2) }) })
    store.transact(writer => { writer.shards.confirm('eu', 1) })
    assert.deepEqual(store.read.shards.ofRelay('eu').map(({ upload, bytes }) => ({ upload, bytes })), [{ upload: 1, bytes: undefined }, { upload: 2, bytes: Uint8Array.of(2) }])
    assert.equal(store.read.shards.newest('eu')?.upload, 2)
    store.transact(writer => { writer.shards.forget('eu') })
    assert.equal(store.read.shards.newest('eu'), undefined)
    store.close()
  })

  it('are given away from the beginning: nobody else gets their keys', () => {
    const store = openMemory()
    store.transact(writer => { writer.keys.addShardPair(PAIR, 100) })
    assert.deepEqual(store.read.keys.stock(), { oneTime: 0, oneTimeKem: 0 })
    assert.equal(store.transact(writer => writer.keys.issueOneTime(100)), undefined)
    assert.deepEqual(store.read.keys.oneTime(10), Uint8Array.of(1))
    store.close()
  })

  it('keep their keys while the relay may hand them out', () => {
    const store = openMemory()
    store.transact(writer => {
      writer.keys.addShardPair(PAIR, 100)
      writer.keys.addShardPair({ oneTime: { id: 12, record: Uint8Array.of(1) }, kem: { id: 22, record: Uint8Array.of(2) } }, 100)
      writer.keys.keepShard(SHARD, 500)
      writer.keys.pruneOneTime(300)
    })
    assert.notEqual(store.read.keys.oneTime(10), undefined)
    assert.notEqual(store.read.keys.oneTimeKem(20), undefined)
    assert.equal(store.read.keys.oneTime(12), undefined)
    store.close()
  })
})
