import assert from 'node:assert/strict'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { anOwn, openMemory } from '../fixtures.ts'

describe('the own account', () => {
  it('is nothing until it is made, and then what it was made as', () => {
    const store = openMemory()
    assert.equal(store.read.own.get(), undefined)
    store.transact(writer => { writer.own.create(anOwn()) })
    assert.deepEqual(store.read.own.get(), anOwn())
    store.close()
  })

  it('is made once', () => {
    const store = openMemory()
    store.transact(writer => { writer.own.create(anOwn()) })
    assert.throws(() => { store.transact(writer => { writer.own.create(anOwn({ name: 'Bob' })) }) }, InvariantError)
    assert.equal(store.read.own.get()?.name, 'Ana')
    store.close()
  })

  it('changes in what is named, and in nothing else', () => {
    const store = openMemory()
    store.transact(writer => { writer.own.create(anOwn()) })
    const change = { name: 'Anna', nameChangedAtMs: 70, acceptPolicy: 'all', trustPolicy: 'verified-only', sendsReadReceipts: false } as const
    store.transact(writer => { writer.own.update(change) })
    assert.deepEqual(store.read.own.get(), { ...anOwn(), ...change })
    store.close()
  })
})
