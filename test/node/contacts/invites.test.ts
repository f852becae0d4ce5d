import assert from 'node:assert/strict'
import { decodeInvite } from '../../../protocols/account/invite.ts'
import { INVITE_HINTS_MAX, INVITE_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import { createOneTimeInvite, linkOf, longTermInvite, tokenState } from '../../../node/contacts/invites.ts'
import { Engine } from '../engine.ts'

const NOW_MS = 1_000

function made (): { readonly ana: Engine, readonly once: ReturnType<typeof createOneTimeInvite>, readonly card: ReturnType<typeof longTermInvite> } {
  const ana = new Engine('ana')
  const options = { random: ana.random, nowMs: NOW_MS }
  const [once, card] = ana.store.transact(writer => [createOneTimeInvite(writer, options), longTermInvite(writer, { ...options, rotate: false })])
  return { ana, once, card }
}

describe('invites', () => {
  it('that work once are good for a week, and for one', () => {
    const { ana, once } = made()
    const { read } = ana.store
    assert.deepEqual([NOW_MS, NOW_MS + INVITE_LIFETIME_MS - 1, NOW_MS + INVITE_LIFETIME_MS].map(nowMs => tokenState(once.token, read, nowMs)), ['valid', 'valid', 'invalid'])
    ana.store.transact(writer => { writer.invites.markUsed(once.token, NOW_MS) })
    assert.equal(tokenState(once.token, read, NOW_MS), 'invalid')
  })

  it('for the long term stay the same until they are rotated', () => {
    const { ana, card } = made()
    const again = ana.store.transact(writer => longTermInvite(writer, { random: ana.random, nowMs: NOW_MS, rotate: false }))
    assert.deepEqual(again.token, card.token)
    const fresh = ana.store.transact(writer => longTermInvite(writer, { random: ana.random, nowMs: NOW_MS, rotate: true }))
    assert.notDeepEqual(fresh.token, card.token)
    assert.deepEqual([card, fresh].map(({ token }) => tokenState(token, ana.store.read, NOW_MS + 10 * INVITE_LIFETIME_MS)), ['invalid', 'valid'])
  })

  it('that nobody gave are invalid, of whatever size', () => {
    const { ana } = made()
    for (const size of [0, 15, 16, 17]) assert.equal(tokenState(new Uint8Array(size), ana.store.read, NOW_MS), 'invalid')
  })

  it('are links that lead back to what they were made of, with at most three places', () => {
    const { ana, once } = made()
    const hints = Array.from({ length: 5 }, (_, index) => ({ peerId: new Uint8Array(38).fill(index), address: Uint8Array.of(index), isRelay: index === 0 }))
    const card = decodeInvite(linkOf(once, { accountId: ana.own.accountId, hints, record: { publicKey: new Uint8Array(32).fill(1), readKey: new Uint8Array(32).fill(2) } }))
    assert.deepEqual([card.accountId, card.token, card.hints.length], [ana.own.accountId, once.token, INVITE_HINTS_MAX])
    assert.deepEqual([card.hints.map(({ isRelay }) => isRelay), card.recordKey, card.readKey], [[true, false, false], new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)])
    assert.equal(card.expiresAtMs, Math.floor((NOW_MS + INVITE_LIFETIME_MS) / 1000) * 1000)
  })
})
