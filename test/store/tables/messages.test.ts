import assert from 'node:assert/strict'
import fc from 'fast-check'
import { timeOrderedId, type ContentId } from '../../../protocols/core/ids.ts'
import { joinState } from '../../../protocols/message/receipt.ts'
import type { AccountStore } from '../../../store/account-store.ts'
import { MESSAGE_KIND, OWN_STATE, type Message, type NewMessage, type OwnState } from '../../../store/types.ts'
import { aMessage, content, openMemory } from '../fixtures.ts'

const OWN_STATES = Object.keys(OWN_STATE) as OwnState[]

describe('messages', () => {
  it('come back as they were appended', () => {
    const store = openMemory()
    const own = aMessage(1, { parents: [content(7), content(8)], hlcUs: 1.7e15 + 1, positionUs: 1.7e15 + 2, replyTo: content(9), receivedAtMs: 5, text: 'hello \0 \u{1F44B}' })
    const theirs = aMessage(2, { isOwn: false, state: 'unread', kind: MESSAGE_KIND.unsupported, text: '', missing: 2 })
    assert.deepEqual(append(store, own, theirs), [1, 2])
    const fresh = { original: undefined, isDeleted: false, editedAtMs: undefined, reactions: {}, deliveredAtMs: undefined, reason: undefined }
    assert.deepEqual(store.read.messages.byId(content(1)), { row: 1, ...own, ...fresh, stateAtMs: 5 })
    assert.deepEqual(store.read.messages.byRow(2), { row: 2, ...theirs, ...fresh, stateAtMs: 2 })
    assert.equal(store.read.messages.byRow(3), undefined)
    assert.equal(store.read.messages.has(content(1)), true)
    assert.equal(store.read.messages.has(content(3)), false)
    assert.equal(store.read.messages.newest()?.row, 2)
    assert.equal(store.read.messages.count(), 2)
    store.close()
  })

  it('are appended once: a second one of the same id changes nothing', () => {
    const store = openMemory()
    assert.deepEqual(append(store, aMessage(1), aMessage(1, { text: 'other' }), aMessage(2)), [1, undefined, 2])
    assert.equal(store.read.messages.byId(content(1))?.text, 'text 1')
    store.close()
  })

  it('give plain bytes that share no memory with each other', () => {
    const store = openMemory()
    append(store, aMessage(1))
    const first = store.read.messages.byId(content(1))?.id
    assert.equal(first?.constructor, Uint8Array)
    first.fill(0)
    assert.deepEqual(store.read.messages.byRow(1)?.id, content(1))
    store.close()
  })

  it('are found by the beginning of their ids', () => {
    const store = openMemory()
    append(store, ...[5, 3, 9, 4].map(number => aMessage(number)))
    assert.deepEqual(store.read.messages.idsBetween(content(3), content(5), 2), [content(3), content(4)])
    assert.deepEqual(store.read.messages.idsBetween(content(6), content(8), 2), [])
    store.close()
  })

  it('are listed in the order of their ids as their texts would be', () => {
    const store = openMemory()
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: 2 ** 48 - 1 }), fc.uint8Array({ minLength: 10, maxLength: 10 })), { minLength: 1, maxLength: 20 }), parts => {
      const ids = parts.map(([atMs, random]) => timeOrderedId(atMs, random) as ContentId)
      append(store, ...ids.map(id => aMessage(1, { id })))
      const stored = store.read.messages.idsBetween(content(0), new Uint8Array(16).fill(255) as ContentId, 10_000).map(id => Buffer.from(id).toString('hex'))
      assert.deepEqual(stored, [...stored].sort())
      assert.ok(ids.every(id => stored.includes(Buffer.from(id).toString('hex'))))
    }), { numRuns: 30 })
    store.close()
  })
})

describe('a page of messages', () => {
  /** Arrived in another order than they are shown in; two of them at the same position. */
  const store = openMemory()
  before(() => {
    append(store, ...[[4, 40], [1, 10], [3, 30], [2, 30], [5, 50]].map(([number = 0, positionUs = 0]) => aMessage(number, { positionUs })))
    append(store, aMessage(6, { contact: 2, positionUs: 25 }))
  })
  after(() => { store.close() })

  const numbers = (messages: readonly Message[]): number[] => messages.map(message => message.id[15] ?? 0)

  it('is the newest part of one conversation, by position and then id', () => {
    assert.deepEqual(numbers(store.read.messages.page(1, { limit: 10 })), [1, 2, 3, 4, 5])
    assert.deepEqual(numbers(store.read.messages.page(1, { limit: 2 })), [4, 5])
    assert.deepEqual(numbers(store.read.messages.page(2, { limit: 2 })), [6])
    assert.deepEqual(numbers(store.read.messages.page(3, { limit: 2 })), [])
  })

  it('continues before or after a place, also between two at the same position', () => {
    assert.deepEqual(numbers(store.read.messages.page(1, { limit: 2, before: { positionUs: 30, id: content(3) } })), [1, 2])
    assert.deepEqual(numbers(store.read.messages.page(1, { limit: 1, before: { positionUs: 30, id: content(3) } })), [2])
    assert.deepEqual(numbers(store.read.messages.page(1, { limit: 2, after: { positionUs: 30, id: content(2) } })), [3, 4])
    assert.deepEqual(numbers(store.read.messages.page(1, { limit: 2, after: { positionUs: 50, id: content(5) } })), [])
  })

  it('walks a whole conversation in steps of any size, both ways', () => {
    const all = [1, 2, 3, 4, 5]
    for (let limit = 1; limit <= 6; limit++) {
      assert.deepEqual(walk(limit, 'before'), all)
      assert.deepEqual(walk(limit, 'after'), all)
    }
  })

  function walk (limit: number, side: 'before' | 'after'): number[] {
    const seen: number[] = []
    let place = { positionUs: side === 'before' ? 1000 : 0, id: content(0) }
    for (;;) {
      const page = store.read.messages.page(1, { limit, [side]: place })
      const edge = page.at(side === 'before' ? 0 : -1)
      if (edge === undefined) return seen
      if (side === 'before') seen.unshift(...numbers(page))
      else seen.push(...numbers(page))
      place = edge
    }
  }
})

describe('the state of an own message', () => {
  it('is the join of everything learnt, in whatever order and however often', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom(...OWN_STATES), { minLength: 1, maxLength: 8 }), fc.nat(), (learnt, seed) => {
      const store = openMemory()
      append(store, aMessage(1), aMessage(2))
      const shuffled = learnt.map((state, index) => ({ state, key: (seed * (index + 7)) % 101 })).sort((left, right) => left.key - right.key).map(({ state }) => state)
      assert.equal(learn(store, 1, learnt), learnt.reduce(joinState, 'queued'))
      assert.equal(learn(store, 2, [...shuffled, ...learnt]), store.read.messages.byId(content(1))?.state)
      store.close()
    }), { numRuns: 60 })
  })

  it('says whether it moved, since when it is so, and why it failed', () => {
    const store = openMemory()
    append(store, aMessage(1))
    const [failed, again, delivered, late] = store.transact(({ messages }) => [
      messages.advance(content(1), 'failed', 10, 'refused'), messages.advance(content(1), 'failed', 11, 'other'),
      messages.advance(content(1), 'delivered', 20), messages.advance(content(1), 'expired', 30)
    ])
    assert.deepEqual([failed, again, delivered, late], [true, false, true, false])
    const message = store.read.messages.byId(content(1))
    assert.deepEqual([message?.state, message?.stateAtMs, message?.deliveredAtMs, message?.reason], ['delivered', 20, 20, undefined])
    store.transact(({ messages }) => messages.advance(content(1), 'read', 40))
    assert.equal(store.read.messages.byId(content(1))?.deliveredAtMs, 20)
    store.close()
  })

  it('goes back to the queue by decision only, and only when the message was given up', () => {
    const store = openMemory()
    append(store, aMessage(1), aMessage(2))
    store.transact(({ messages }) => { messages.advance(content(1), 'failed', 10, 'refused'); messages.advance(content(2), 'delivered', 10) })
    assert.deepEqual(store.transact(({ messages }) => [messages.requeue(content(1), 20), messages.requeue(content(2), 20)]), [true, false])
    const message = store.read.messages.byId(content(1))
    assert.deepEqual([message?.state, message?.stateAtMs, message?.reason], ['queued', 20, undefined])
    store.close()
  })

  it('is not touched by what is learnt about another, nor is one of theirs', () => {
    const store = openMemory()
    append(store, aMessage(1), aMessage(2, { isOwn: false, state: 'unread' }))
    assert.deepEqual(store.transact(({ messages }) => [messages.advance(content(2), 'read', 1), messages.advance(content(3), 'read', 1), messages.markRead(content(1), 1)]), [false, false, false])
    assert.equal(store.read.messages.byId(content(1))?.state, 'queued')
    assert.equal(store.read.messages.byId(content(2))?.state, 'unread')
    store.close()
  })
})

describe('a message of theirs', () => {
  it('is unread until it is marked, once', () => {
    const store = openMemory()
    append(store, ...[1, 2, 3].map(number => aMessage(number, { isOwn: false, state: 'unread' })), aMessage(4))
    assert.deepEqual(store.transact(({ messages }) => [messages.markRead(content(2), 50), messages.markRead(content(2), 60)]), [true, false])
    assert.deepEqual(store.read.messages.unread(1, 10).map(message => message.row), [1, 3])
    assert.deepEqual(store.read.messages.unread(1, 1).map(message => message.row), [1])
    assert.equal(store.read.messages.byId(content(2))?.stateAtMs, 50)
    store.close()
  })

  it('moves when a parent comes late, and is no gap any more when all are here', () => {
    const store = openMemory()
    append(store, aMessage(1, { positionUs: 10, missing: 1 }), aMessage(2, { positionUs: 20 }))
    assert.deepEqual(store.read.messages.withGaps(1).map(message => message.row), [1])
    store.transact(({ messages }) => { messages.setPosition(content(1), 30, 0) })
    assert.deepEqual(store.read.messages.withGaps(1), [])
    assert.deepEqual(store.read.messages.page(1, { limit: 5 }).map(message => message.row), [2, 1])
    store.close()
  })
})

describe('a fold', () => {
  it('replaces text, original, reactions and marks, and nothing else', () => {
    const store = openMemory()
    append(store, aMessage(1))
    const before = store.read.messages.byId(content(1))
    const folded = { text: 'new', original: 'text 1', isDeleted: false, editedAtMs: 9, reactions: { 0: '👍', 1: '❤️' } }
    store.transact(({ messages }) => { messages.refold(content(1), folded) })
    assert.deepEqual(store.read.messages.byId(content(1)), { ...before, ...folded })
    const deleted = { text: '', original: undefined, isDeleted: true, editedAtMs: undefined, reactions: {} }
    store.transact(({ messages }) => { messages.refold(content(1), deleted) })
    assert.deepEqual(store.read.messages.byId(content(1)), { ...before, ...deleted })
    store.close()
  })
})

function append (store: AccountStore, ...messages: readonly NewMessage[]): Array<number | undefined> {
  return store.transact(writer => messages.map(message => writer.messages.append(message)))
}

function learn (store: AccountStore, number: number, states: readonly OwnState[]): OwnState | undefined {
  store.transact(writer => { for (const state of states) writer.messages.advance(content(number), state, 1) })
  return store.read.messages.byId(content(number))?.state as OwnState | undefined
}
