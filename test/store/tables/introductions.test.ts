import assert from 'node:assert/strict'
import type { Invite, Request } from '../../../store/types.ts'
import { addContact, content, openMemory } from '../fixtures.ts'

const ONCE: Invite = { token: Uint8Array.of(2), kind: 'once', createdAtMs: 2, expiresAtMs: 100, usedAtMs: undefined, isRevoked: false }
const LONG_TERM: Invite = { token: Uint8Array.of(1), kind: 'long-term', createdAtMs: 1, expiresAtMs: undefined, usedAtMs: undefined, isRevoked: false }

describe('hints', () => {
  it('are replaced together, for one contact', () => {
    const store = openMemory()
    const [ana, bob] = [addContact(store, 1), addContact(store, 2)]
    const hint = { peerId: 'p', address: '/ip4/10.0.0.1/tcp/1', isRelay: true }
    store.transact(writer => {
      writer.hints.replace(ana, [hint, { ...hint, address: '/ip4/10.0.0.2/tcp/1' }])
      writer.hints.replace(bob, [hint, hint])
      writer.hints.replace(ana, [])
    })
    assert.deepEqual(store.read.hints.ofContact(ana), [])
    assert.deepEqual(store.read.hints.ofContact(bob), [hint])
    store.close()
  })
})

describe('invites', () => {
  it('come back as they were made, the oldest first', () => {
    const store = openMemory()
    store.transact(writer => { writer.invites.create(ONCE); writer.invites.create(LONG_TERM) })
    assert.deepEqual(store.read.invites.list(), [LONG_TERM, ONCE])
    assert.deepEqual(store.read.invites.byToken(ONCE.token), ONCE)
    assert.equal(store.read.invites.byToken(Uint8Array.of(9)), undefined)
    store.close()
  })

  it('are used once: the first use stays on record', () => {
    const store = openMemory()
    store.transact(writer => { writer.invites.create(ONCE); writer.invites.markUsed(ONCE.token, 5); writer.invites.markUsed(ONCE.token, 6) })
    assert.equal(store.read.invites.byToken(ONCE.token)?.usedAtMs, 5)
    store.close()
  })

  it('for the long term are revoked all together', () => {
    const store = openMemory()
    store.transact(writer => { writer.invites.create(ONCE); writer.invites.create(LONG_TERM); writer.invites.revokeAllLongTerm() })
    assert.deepEqual(store.read.invites.list().map(invite => invite.isRevoked), [true, false])
    store.close()
  })
})

describe('requests', () => {
  it('come back as they were made, the oldest first, and go one by one', () => {
    const store = openMemory()
    const [ana, bob] = [addContact(store, 1), addContact(store, 2)]
    const first: Request = { contact: bob, requestId: content(1), name: 'Bob', text: 'hello', inviteToken: undefined, receivedAtMs: 1 }
    const second: Request = { contact: ana, requestId: content(2), name: 'Ana', text: '', inviteToken: Uint8Array.of(1), receivedAtMs: 2 }
    store.transact(writer => { writer.requests.create(second); writer.requests.create(first) })
    assert.deepEqual(store.read.requests.list(), [first, second])
    assert.deepEqual(store.read.requests.ofContact(bob), first)
    assert.equal(store.read.requests.count(), 2)
    store.transact(writer => { writer.requests.remove(bob) })
    assert.deepEqual(store.read.requests.list(), [second])
    store.close()
  })

  it('are one for each contact, with what was said last, even under an id that another has taken', () => {
    const store = openMemory()
    const [ana, bob] = [addContact(store, 1), addContact(store, 2)]
    const request: Request = { contact: ana, requestId: content(1), name: 'Ana', text: 'hello', inviteToken: undefined, receivedAtMs: 1 }
    store.transact(writer => {
      writer.requests.create(request)
      writer.requests.create({ ...request, text: 'again', receivedAtMs: 2 })
      writer.requests.create({ ...request, contact: bob })
    })
    assert.equal(store.read.requests.count(), 2)
    assert.equal(store.read.requests.ofContact(ana)?.text, 'again')
    store.close()
  })
})
