import assert from 'node:assert/strict'
import { Shelf } from '../../../../node/net/dht/shelf.ts'
import { realClock } from '../../../../node/world.ts'
import { owner } from './keepers.ts'

const LIMITS = { recordsMax: 10, bytesMax: 100_000 }

describe('the shelf of a keeper', () => {
  it('keeps the better of two, whichever comes first', () => {
    const { record } = owner()
    const [older, newer] = [record(1), record(2)]
    const shelf = new Shelf(LIMITS)
    assert.deepEqual([shelf.offer('a', older, false), shelf.offer('a', newer, false), shelf.offer('a', older, false), shelf.offer('a', newer, false)], ['stored', 'stored', 'older', 'same'])
    assert.deepEqual(shelf.get('a', realClock.now()), newer)
  })

  it('keeps of two with one seq the same one, whichever comes first', () => {
    const { record } = owner()
    const [one, other] = [record(1), record(1, { contentBytes: 64 })]
    const [first, second] = [new Shelf(LIMITS), new Shelf(LIMITS)]
    for (const [shelf, records] of [[first, [one, other]], [second, [other, one]]] as const) for (const bytes of records) shelf.offer('a', bytes, false)
    assert.deepEqual(first.get('a', realClock.now()), second.get('a', realClock.now()))
  })

  it('does not show what has expired, and still takes nothing older', () => {
    const { record } = owner()
    const nowMs = realClock.now()
    const shelf = new Shelf(LIMITS)
    shelf.offer('a', record(5, { notAfterMs: nowMs + 1_000 }), false)
    assert.equal(shelf.get('a', nowMs + 2_000), undefined)
    assert.equal(shelf.offer('a', record(4), false), 'older')
    assert.equal(shelf.sweep(nowMs + 2_000), 1)
    assert.deepEqual([shelf.count, shelf.bytes], [0, 0])
  })

  it('is full by number or by bytes, with a last tenth for its own, and renews what is there', () => {
    const { record } = owner()
    for (const limits of [LIMITS, { recordsMax: 1_000, bytesMax: 10 * record(1).byteLength }]) {
      const shelf = new Shelf(limits)
      const outcomes = Array.from({ length: 11 }, (_, index) => shelf.offer(String(index), record(1), false))
      assert.deepEqual(outcomes.filter(outcome => outcome === 'stored').length, 9)
      assert.equal(shelf.offer('own', record(1), true), 'stored')
      assert.equal(shelf.offer('own too', record(1), true), 'full')
      assert.equal(shelf.offer('3', record(2), false), 'stored')
      assert.equal(shelf.count, 10)
    }
  })

  it('keeps no view into what a peer has sent', () => {
    const { record } = owner()
    const packet = new Uint8Array(64 * 1024)
    packet.set(record(1))
    const shelf = new Shelf(LIMITS)
    shelf.offer('a', packet.subarray(0, record(1).byteLength), false)
    assert.equal(shelf.get('a', realClock.now())?.buffer.byteLength, record(1).byteLength)
  })
})
