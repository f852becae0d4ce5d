import assert from 'node:assert/strict'
import { addContact, content, openMemory } from '../fixtures.ts'

describe('conversations', () => {
  it('stand at zero before anything was said', () => {
    const store = openMemory()
    assert.deepEqual(store.read.conversations.of(5), { contact: 5, counter: 0, hlcUs: 0, heads: [], unread: 0, lastRow: 0 })
    assert.deepEqual(store.read.conversations.list(), [])
    store.close()
  })

  it('keep counter, clock and heads apart from what is unread', () => {
    const store = openMemory()
    const contact = addContact(store, 1)
    const place = { contact, counter: 3, hlcUs: 1.7e15 + 1, heads: [content(1), content(2)] }
    store.transact(writer => { writer.conversations.put(place); writer.conversations.addUnread(contact, 2, 9); writer.conversations.put({ ...place, counter: 4 }) })
    assert.deepEqual(store.read.conversations.of(contact), { ...place, counter: 4, unread: 2, lastRow: 9 })
    store.transact(writer => { writer.conversations.addUnread(contact, 1, 7); writer.conversations.setUnread(contact, 1) })
    assert.deepEqual(store.read.conversations.of(contact), { ...place, counter: 4, unread: 1, lastRow: 9 })
    store.close()
  })

  it('are listed with the newest message first', () => {
    const store = openMemory()
    const contacts = [1, 2, 3].map(number => addContact(store, number))
    store.transact(writer => {
      writer.conversations.setUnread(contacts[0] ?? 0, 0)
      writer.conversations.addUnread(contacts[1] ?? 0, 0, 5)
      writer.conversations.addUnread(contacts[2] ?? 0, 1, 8)
    })
    assert.deepEqual(store.read.conversations.list().map(conversation => conversation.contact), [contacts[2], contacts[1], contacts[0]])
    store.close()
  })
})
