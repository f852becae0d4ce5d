import assert from 'node:assert/strict'
import { MalformedError, NotFoundError, UsageError } from '../../../protocols/core/errors.ts'
import { accountIdText } from '../../../protocols/core/ids.ts'
import { checkAlias, labelOf, resolveContact } from '../../../node/contacts/resolve.ts'
import type { Contact } from '../../../store/types.ts'
import { Engine } from '../engine.ts'

function anaKnows (...people: ReadonlyArray<Partial<Contact>>): { readonly ana: Engine, readonly find: (who: string) => number, readonly accounts: string[] } {
  const ana = new Engine('ana')
  const accounts = people.map((person, index) => {
    const other = new Engine(`person${index}`, ana.world)
    const contact = ana.add(other)
    ana.store.transact(writer => { writer.contacts.update(contact, person) })
    return accountIdText(other.own.accountId)
  })
  return { ana, find: who => resolveContact(who, ana.store.read).contact, accounts }
}

describe('whom a person means', () => {
  it('an alias, with or without the @, in any case', () => {
    const { find } = anaKnows({ alias: 'Bob' })
    assert.deepEqual(['@Bob', 'bob', '@BOB'].map(find), [1, 1, 1])
  })

  it('a name that they gave themselves, if only one has it', () => {
    const { find } = anaKnows({ name: 'Bob' }, { name: 'Cleo' })
    assert.deepEqual(['bob', '@Cleo'].map(find), [1, 2])
  })

  it('an account id', () => {
    const { find, accounts } = anaKnows({ name: 'Bob' })
    assert.equal(find(accounts[0] ?? ''), 1)
  })

  it('an alias of ours before a name of theirs: nobody gets mail by calling himself Bob', () => {
    const { find } = anaKnows({ alias: 'bob' }, { name: 'Bob' })
    assert.equal(find('bob'), 1)
  })

  it('nobody, when two call themselves so', () => {
    const { find } = anaKnows({ name: 'Bob' }, { name: 'bob' })
    assert.throws(() => find('bob'), (error: unknown) => error instanceof UsageError && error.message.startsWith('2 contacts call themselves bob'))
  })

  it('the contact, not a stranger who asks under the same name, nor one who was removed', () => {
    const { find } = anaKnows({ name: 'Bob', standing: 'pending' }, { name: 'Bob', standing: 'removed' }, { name: 'Bob' })
    assert.equal(find('bob'), 3)
  })

  it('somebody who was removed, when nobody else is called so', () => {
    const { find } = anaKnows({ name: 'Bob', standing: 'removed' })
    assert.equal(find('bob'), 1)
  })

  it('nobody: who only asks is no contact yet', () => {
    const { find, accounts } = anaKnows({ name: 'Bob', standing: 'pending' })
    for (const who of ['bob', accounts[0] ?? '']) assert.throws(() => find(who), (error: unknown) => error instanceof NotFoundError && /requests/.test(error.hint ?? ''))
  })

  it('nobody: the name is unknown', () => {
    const { find } = anaKnows({ name: 'Bob' })
    assert.throws(() => find('cleo'), NotFoundError)
    assert.throws(() => find('a'.repeat(52)), NotFoundError)
  })
})

describe('what to call a contact', () => {
  it('by our alias, else their name, else the beginning of their account id', () => {
    const { ana, accounts } = anaKnows({ alias: 'b', name: 'Bob' }, { name: 'Cleo' }, { name: '' }, { name: undefined })
    assert.deepEqual([1, 2, 3, 4].map(contact => labelOf(ana.store.read.contacts.byNumber(contact) ?? assert.fail())), ['b', 'Cleo', accounts[2]?.slice(0, 8), accounts[3]?.slice(0, 8)])
  })
})

describe('an alias', () => {
  it('is a name on one line, and no account id', () => {
    assert.deepEqual(['@bob', 'Bob from the ferry'].map(checkAlias), ['bob', 'Bob from the ferry'])
    assert.throws(() => checkAlias('two\nlines'), MalformedError)
    assert.throws(() => checkAlias(''), MalformedError)
    assert.throws(() => checkAlias('a'.repeat(52)), UsageError)
  })
})
