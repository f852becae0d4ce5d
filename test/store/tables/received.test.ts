import assert from 'node:assert/strict'
import { envelope, openMemory } from '../fixtures.ts'

describe('received envelopes', () => {
  it('have the outcome they were taken in with', () => {
    const store = openMemory()
    store.transact(writer => { writer.received.add(envelope(1), 10, 'done'); writer.received.add(envelope(2), 10, 'undecryptable') })
    assert.deepEqual([1, 2, 3].map(number => store.read.received.outcome(envelope(number))), ['done', 'undecryptable', undefined])
    store.close()
  })

  it('may become readable, and then stay so', () => {
    const store = openMemory()
    for (const outcome of ['undecryptable', 'done', 'undecryptable'] as const) store.transact(writer => { writer.received.add(envelope(1), 10, outcome) })
    assert.equal(store.read.received.outcome(envelope(1)), 'done')
    store.close()
  })

  it('are counted when they could not be read, from a time on', () => {
    const store = openMemory()
    store.transact(writer => { for (let number = 1; number <= 5; number++) writer.received.add(envelope(number), number, number === 3 ? 'done' : 'undecryptable') })
    assert.equal(store.read.received.undecryptableSince(3), 2)
    assert.equal(store.read.received.undecryptableSince(6), 0)
    store.close()
  })

  it('are forgotten by the time they came, the oldest first', () => {
    const store = openMemory()
    store.transact(writer => { for (let number = 1; number <= 5; number++) writer.received.add(envelope(number), 10 - number, 'done') })
    assert.equal(store.transact(writer => writer.received.prune(8, 2)), 2)
    assert.deepEqual([1, 2, 3, 4, 5].map(number => store.read.received.outcome(envelope(number)) !== undefined), [true, true, true, false, false])
    assert.equal(store.transact(writer => writer.received.prune(8, 9)), 1)
    store.close()
  })
})
