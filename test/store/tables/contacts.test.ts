import assert from 'node:assert/strict'
import { UsageError } from '../../../protocols/core/errors.ts'
import { aContact, account, addContact, openMemory } from '../fixtures.ts'

const FULL = aContact({
  alias: 'Bob',
  name: 'Robert',
  profileVersion: 1.7e12,
  standing: 'pending',
  statement: Uint8Array.of(1),
  epoch: 2,
  seq: 3,
  statementHash: Uint8Array.of(4),
  isKeyChanged: true,
  verifiedEpoch: 0,
  inviteToken: Uint8Array.of(5),
  toldProfile: 6,
  createdAtMs: 7,
  aliasSecret: Uint8Array.of(8),
  theirAliasSecret: Uint8Array.of(9),
  recordKey: Uint8Array.of(10),
  readKey: Uint8Array.of(11)
})

describe('contacts', () => {
  it('come back as they were made', () => {
    const store = openMemory()
    const contact = store.transact(writer => writer.contacts.create(FULL))
    assert.deepEqual(store.read.contacts.byNumber(contact), { contact, ...FULL })
    assert.deepEqual(store.read.contacts.byAccount(account(1)), { contact, ...FULL })
    assert.equal(store.read.contacts.byAccount(account(2)), undefined)
    store.close()
  })

  it('are found by alias and name without regard to case and composition', () => {
    const store = openMemory()
    const ana = addContact(store, 1, { alias: 'Zoë', name: 'ANA' })
    const other = addContact(store, 2, { name: 'Ana' })
    assert.equal(store.read.contacts.byAlias('zoe\u0308')?.contact, ana)
    assert.equal(store.read.contacts.byAlias('zoe'), undefined)
    assert.deepEqual(store.read.contacts.byName('ana').map(found => found.contact), [ana, other])
    store.close()
  })

  it('are listed by alias, or by name where there is none', () => {
    const store = openMemory()
    addContact(store, 1, { name: 'carol' })
    addContact(store, 2, { alias: 'Bob', name: 'Zed' })
    addContact(store, 3)
    addContact(store, 4, { alias: 'ana' })
    assert.deepEqual(store.read.contacts.list().map(contact => contact.alias ?? contact.name), ['ana', 'Bob', 'carol', undefined])
    store.close()
  })

  it('change in what is named; what is named as nothing is emptied', () => {
    const store = openMemory()
    const contact = store.transact(writer => writer.contacts.create(FULL))
    store.transact(writer => { writer.contacts.update(contact, { alias: undefined, verifiedEpoch: 2, standing: 'accepted' }) })
    assert.deepEqual(store.read.contacts.byNumber(contact), { contact, ...FULL, alias: undefined, verifiedEpoch: 2, standing: 'accepted' })
    assert.equal(store.read.contacts.byAlias('Bob'), undefined)
    store.close()
  })

  it('never share an alias, whatever its case', () => {
    const store = openMemory()
    const bob = addContact(store, 1, { alias: 'bob' })
    const carol = addContact(store, 2)
    assert.throws(() => { store.transact(writer => { writer.contacts.update(carol, { alias: 'BOB' }) }) }, UsageError)
    assert.throws(() => addContact(store, 3, { alias: 'Bob' }), UsageError)
    store.transact(writer => { writer.contacts.update(bob, { alias: 'Bob' }) })
    assert.equal(store.read.contacts.byNumber(bob)?.alias, 'Bob')
    store.close()
  })
})
