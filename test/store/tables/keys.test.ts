import assert from 'node:assert/strict'
import fc from 'fast-check'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { device, openMemory } from '../fixtures.ts'

const record = (number: number): Uint8Array => Uint8Array.of(number, number)

describe('sessions', () => {
  it('are replaced by their newest record, and go', () => {
    const store = openMemory()
    store.transact(({ keys }) => { keys.saveSession(device(1), record(1), 1); keys.saveSession(device(1), record(2), 2) })
    assert.deepEqual(store.read.keys.session(device(1)), record(2))
    assert.equal(store.read.keys.hasSession(device(1)), true)
    store.transact(({ keys }) => { keys.removeSession(device(1)) })
    assert.equal(store.read.keys.session(device(1)), undefined)
    assert.equal(store.read.keys.hasSession(device(1)), false)
    store.close()
  })
})

describe('one-time prekeys', () => {
  it('are given away once each, one of both kinds together', () => {
    const store = openMemory()
    store.transact(({ keys }) => {
      for (const key of [1, 2, 3]) keys.addOneTime(key, record(key))
      for (const key of [11, 12]) keys.addOneTimeKem(key, record(key))
    })
    assert.deepEqual(store.read.keys.stock(), { oneTime: 3, oneTimeKem: 2 })
    const issued = [1, 2, 3].map(atMs => store.transact(({ keys }) => keys.issueOneTime(atMs)))
    assert.deepEqual(issued, [
      { oneTime: { id: 1, record: record(1) }, kem: { id: 11, record: record(11) } },
      { oneTime: { id: 2, record: record(2) }, kem: { id: 12, record: record(12) } },
      undefined
    ])
    assert.deepEqual(store.read.keys.stock(), { oneTime: 1, oneTimeKem: 0 })
    store.close()
  })

  it('are still there when the first message to them comes, and gone after it', () => {
    const store = openMemory()
    store.transact(({ keys }) => { keys.addOneTime(1, record(1)); keys.addOneTimeKem(2, record(2)); keys.issueOneTime(5) })
    assert.deepEqual([store.read.keys.oneTime(1), store.read.keys.oneTimeKem(2)], [record(1), record(2)])
    store.transact(({ keys }) => { keys.removeOneTime(1); keys.removeOneTimeKem(2) })
    assert.deepEqual([store.read.keys.oneTime(1), store.read.keys.oneTimeKem(2)], [undefined, undefined])
    store.close()
  })

  it('are forgotten when they were given away long ago', () => {
    const store = openMemory()
    store.transact(({ keys }) => {
      for (const key of [1, 2, 3]) { keys.addOneTime(key, record(key)); keys.addOneTimeKem(key, record(key)) }
      keys.issueOneTime(10)
      keys.issueOneTime(20)
      keys.pruneOneTime(20)
    })
    assert.deepEqual([1, 2, 3].map(key => store.read.keys.oneTime(key) !== undefined), [false, true, true])
    assert.deepEqual([1, 2, 3].map(key => store.read.keys.oneTimeKem(key) !== undefined), [false, true, true])
    store.close()
  })
})

describe('signed and last-resort prekeys', () => {
  it('are kept until they are old, the newest always', () => {
    const store = openMemory()
    assert.equal(store.read.keys.newestSigned(), undefined)
    assert.equal(store.read.keys.newestLastResort(), undefined)
    store.transact(({ keys }) => {
      for (const key of [1, 2, 3]) { keys.addSigned(key, record(key), key * 10); keys.addLastResort(key + 10, record(key + 10), key * 10) }
    })
    assert.deepEqual(store.read.keys.newestSigned(), { id: 3, record: record(3), createdAtMs: 30 })
    assert.deepEqual(store.read.keys.newestLastResort(), { id: 13, record: record(13), createdAtMs: 30 })
    store.transact(({ keys }) => { keys.pruneSigned(20) })
    assert.deepEqual([1, 2, 3].map(key => store.read.keys.signed(key) !== undefined), [false, true, true])
    assert.deepEqual([11, 12, 13].map(key => store.read.keys.lastResort(key) !== undefined), [false, true, true])
    store.transact(({ keys }) => { keys.pruneSigned(1000) })
    assert.deepEqual([store.read.keys.signed(3), store.read.keys.lastResort(13)], [record(3), record(13)])
    store.close()
  })

  it('remember every first flight to a last-resort key, as long as the key itself is there', () => {
    const store = openMemory()
    store.transact(({ keys }) => {
      keys.addLastResort(1, record(1), 10)
      keys.addLastResort(2, record(2), 20)
      for (const kem of [1, 2]) { keys.markLastResortUsed(kem, 5, record(9)); keys.markLastResortUsed(kem, 5, record(9)) }
    })
    assert.deepEqual([[1, 5, 9], [2, 5, 9], [1, 6, 9], [1, 5, 8]].map(([kem = 0, signed = 0, base = 0]) => store.read.keys.isLastResortUsed(kem, signed, record(base))), [true, true, false, false])
    store.transact(({ keys }) => { keys.pruneSigned(15) })
    assert.deepEqual([1, 2].map(kem => store.read.keys.isLastResortUsed(kem, 5, record(9))), [false, true])
    store.close()
  })
})

describe('prekey ids', () => {
  it('are never used twice, whatever is taken at a time, and each kind has its own', () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 100 }), { maxLength: 20 }), counts => {
      const store = openMemory()
      const taken = store.transact(({ keys }) => counts.flatMap(count => {
        const first = keys.nextId('oneTime', count)
        return Array.from({ length: count }, (_, index) => first + index)
      }))
      assert.equal(new Set(taken).size, taken.length)
      assert.ok(taken.every(id => id >= 1 && id < 2 ** 24))
      assert.equal(store.transact(({ keys }) => keys.nextId('signed', 1)), 1)
      store.close()
    }), { numRuns: 20 })
  })

  it('begin again after the last that libsignal can write', () => {
    const store = openMemory()
    const first = store.transact(({ keys }) => { keys.nextId('oneTime', 2 ** 24 - 51); return keys.nextId('oneTime', 50) })
    assert.equal(first + 49, 2 ** 24 - 1)
    assert.equal(store.transact(({ keys }) => keys.nextId('oneTime', 50)), 1)
    assert.equal(store.transact(({ keys }) => keys.nextId('oneTime', 50)), 51)
    assert.throws(() => store.transact(({ keys }) => keys.nextId('oneTime', 0)), InvariantError)
    store.close()
  })
})
