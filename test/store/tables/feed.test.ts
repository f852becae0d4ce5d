import assert from 'node:assert/strict'
import type { AccountStore } from '../../../store/account-store.ts'
import { content, openMemory } from '../fixtures.ts'

describe('events', () => {
  it('come back as they were appended, numbered in order', () => {
    const store = openMemory()
    assert.equal(store.read.events.newestSeq(), 0)
    const numbers = store.transact(({ events }) => [
      events.append({ atMs: 1, type: 'message.received', contact: 1, refs: [content(1), content(2)] }),
      events.append({ atMs: 2, type: 'own.changed', contact: 0, detail: '{"text":"x"}' })
    ])
    assert.deepEqual(numbers, [1, 2])
    assert.deepEqual(store.read.events.after({ seq: 0, offset: 0 }, 10), [
      { seq: 1, atMs: 1, type: 'message.received', contact: 1, refs: [content(1), content(2)], detail: '' },
      { seq: 2, atMs: 2, type: 'own.changed', contact: 0, refs: [], detail: '{"text":"x"}' }
    ])
    assert.equal(store.read.events.newestSeq(), 2)
    store.close()
  })

  it('go on after a cursor, with a row that was seen in part', () => {
    const store = openMemory()
    append(store, 3, 0, 1)
    const after = (seq: number, offset: number, limit = 10): number[] => store.read.events.after({ seq, offset }, limit).map(event => event.seq)
    assert.deepEqual(after(1, 0), [1, 2, 3])
    assert.deepEqual(after(1, 2), [1, 2, 3])
    assert.deepEqual(after(1, 3), [2, 3])
    assert.deepEqual(after(1, 3, 1), [2])
    assert.deepEqual(after(2, 0), [2, 3])
    assert.deepEqual(after(2, 1), [3])
    assert.deepEqual(after(3, 1), [])
    assert.deepEqual(after(4, 0), [])
    assert.deepEqual(after(0, 0, 2), [1, 2])
    store.close()
  })

  it('are forgotten when they are old, but not the newest, and their numbers are never used again', () => {
    const store = openMemory()
    append(store, 0, 0, 0, 0, 0)
    assert.equal(store.transact(({ events }) => events.prune(3, 1, 10)), 2)
    assert.equal(store.transact(({ events }) => events.prune(100, 2, 10)), 1)
    assert.deepEqual(store.read.events.after({ seq: 0, offset: 0 }, 10).map(event => event.seq), [4, 5])
    assert.equal(store.transact(({ events }) => events.prune(100, 0, 10)), 1)
    assert.equal(store.read.events.newestSeq(), 5)
    append(store, 0)
    assert.equal(store.read.events.newestSeq(), 6)
    store.close()
  })

  it('are forgotten a part at a time', () => {
    const store = openMemory()
    append(store, 0, 0, 0, 0, 0)
    assert.deepEqual([1, 2, 3].map(() => store.transact(({ events }) => events.prune(100, 1, 2))), [2, 2, 0])
    store.close()
  })
})

describe('cursors', () => {
  it('are kept by name, and go where they are set', () => {
    const store = openMemory()
    store.transact(({ cursors }) => { cursors.set('web', { seq: 5, offset: 2 }, 1); cursors.set('bot', { seq: 1, offset: 0 }, 1); cursors.set('web', { seq: 4, offset: 0 }, 2) })
    assert.deepEqual(store.read.cursors.get('web'), { seq: 4, offset: 0 })
    assert.deepEqual(store.read.cursors.get('bot'), { seq: 1, offset: 0 })
    assert.equal(store.read.cursors.get('app'), undefined)
    store.close()
  })
})

describe('hooks', () => {
  it('are added, listed and removed by number', () => {
    const store = openMemory()
    const [first, second] = store.transact(({ hooks }) => [hooks.add({ event: 'message.received', command: 'beep', createdAtMs: 1 }), hooks.add({ event: '*', command: 'log', createdAtMs: 2 })])
    assert.deepEqual(store.read.hooks.list()[0], { hook: first, event: 'message.received', command: 'beep', createdAtMs: 1 })
    assert.deepEqual(store.transact(({ hooks }) => [hooks.remove(first), hooks.remove(first)]), [true, false])
    assert.deepEqual(store.read.hooks.list().map(hook => hook.hook), [second])
    store.close()
  })
})

describe('idempotency keys', () => {
  it('give the first answer again until they are forgotten', () => {
    const store = openMemory()
    store.transact(({ idempotency }) => { idempotency.put('a', content(1), 10); idempotency.put('a', content(2), 11); idempotency.put('b', content(3), 20) })
    assert.deepEqual(store.read.idempotency.get('a'), content(1))
    store.transact(({ idempotency }) => { idempotency.prune(20) })
    assert.deepEqual([store.read.idempotency.get('a'), store.read.idempotency.get('b')], [undefined, content(3)])
    store.close()
  })
})

/** Rows with so many references each, a millisecond apart. */
function append (store: AccountStore, ...counts: readonly number[]): void {
  const first = store.read.events.newestSeq() + 1
  store.transact(({ events }) => {
    counts.forEach((count, index) => { events.append({ atMs: first + index, type: 'message.state', contact: 1, refs: Array.from({ length: count }, (_, number) => content(number)) }) })
  })
}
