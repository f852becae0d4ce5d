import assert from 'node:assert/strict'
import fc from 'fast-check'
import { toString } from 'uint8arrays'
import { decodeInvite, encodeInvite, isInviteExpired, type InviteCard } from '../../../protocols/account/invite.ts'
import { INVITE_LINK_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { accountIds, bytesOf, bytesUpTo, texts } from '../core/arbitraries.ts'
import { assertMalformed, plain, valueOrMalformed } from '../core/codec.ts'
import { ana, NOW_MS } from './people.ts'

/** Ed25519 PeerIds and IPv4, IPv6 or short DNS addresses: what invites are made of. */
const hints = fc.record({ peerId: bytesOf(38), address: bytesUpTo(20), isRelay: fc.boolean() })
const cards: fc.Arbitrary<InviteCard> = plain(fc.record({
  accountId: accountIds,
  token: bytesOf(16),
  hints: fc.array(hints, { maxLength: 3 }),
  expiresAtMs: fc.option(fc.integer({ min: 1, max: 8_640_000_000_000 }).map(seconds => seconds * 1000), { nil: undefined }),
  recordKey: fc.option(bytesOf(32), { nil: undefined }),
  readKey: fc.option(bytesOf(32), { nil: undefined })
}))

const card: InviteCard = {
  accountId: ana,
  token: new Uint8Array(16).fill(5),
  hints: [{ peerId: new Uint8Array(38).fill(6), address: Uint8Array.of(4, 127, 0, 0, 1, 6, 15, 161), isRelay: false }],
  expiresAtMs: NOW_MS,
  recordKey: new Uint8Array(32).fill(7),
  readKey: new Uint8Array(32).fill(8)
}
const link = encodeInvite(card)

describe('an invite link', () => {
  it('gives back the card it was made from, as skein: and as https:', () => {
    fc.assert(fc.property(cards, any => {
      const made = encodeInvite(any)
      assert.deepEqual(decodeInvite(made), any)
      assert.deepEqual(decodeInvite(made.replace('skein:i#', 'https://chat.example.org/i#')), any)
    }))
  })

  it('fits a QR code with three hints, IPv6 and all', () => {
    fc.assert(fc.property(cards, any => { assert.ok(encodeInvite(any).length <= INVITE_LINK_BYTES_MAX) }))
  })

  it('leaves out the last hints rather than grow too long', () => {
    const long = { peerId: new Uint8Array(38), address: new Uint8Array(100).fill(1), isRelay: true }
    const made = encodeInvite({ ...card, hints: [long, long, long] })
    assert.ok(made.length <= INVITE_LINK_BYTES_MAX)
    assert.equal(decodeInvite(made).hints.length, 1)
    const huge = { ...long, address: new Uint8Array(256) }
    assert.equal(decodeInvite(encodeInvite({ ...card, hints: [huge] })).hints.length, 0)
  })

  it('is read as people paste it', () => {
    for (const pasted of [`  ${link}\n`, `<${link}>`, ` < ${link} > `, link.replace('skein:', 'SKEIN:'), link.replace('skein:i', 'skein://i')]) {
      assert.deepEqual(decodeInvite(pasted), card)
    }
  })

  it('says that it is cut off or damaged, wherever it was cut and whatever was changed', () => {
    for (let length = 'skein:i#'.length + 4; length < link.length; length++) {
      assertMalformed(() => decodeInvite(link.slice(0, length)), /cut off or damaged/)
    }
    fc.assert(fc.property(fc.nat({ max: link.length - 13 }), fc.constantFrom('A', 'b', '7', '_'), (place, character) => {
      const index = 12 + place
      fc.pre(link[index] !== character)
      assertMalformed(() => decodeInvite(link.slice(0, index) + character + link.slice(index + 1)), /cut off or damaged/)
    }))
    assertMalformed(() => decodeInvite('skein:i#'), /nothing follows the #/)
  })

  it('says what else is wrong with it', () => {
    assertMalformed(() => decodeInvite('hello'), /must begin with skein:i#/)
    assertMalformed(() => decodeInvite('http://example.org/i#AAAA'), /must begin with skein:i#/)
    assertMalformed(() => decodeInvite('https://example.org/other#AAAA'), /must begin with skein:i#/)
    assertMalformed(() => decodeInvite(`${link} and more`), /a character that no invite link has/)
    assertMalformed(() => decodeInvite(`skein:i#${'A'.repeat(5_000)}`), /too long/)
    assertMalformed(() => decodeInvite(`skein:i#${toString(Uint8Array.of(8, 2, 1, 2, 3, 4, 5, 6), 'base64url')}`), /another version of Skein/)
  })

  it('is a card or malformed, whatever the text', () => {
    fc.assert(fc.property(texts, text => { valueOrMalformed(() => decodeInvite(text)) }))
    fc.assert(fc.property(bytesUpTo(200, 0), bytes => { valueOrMalformed(() => decodeInvite(`skein:i#${toString(bytes, 'base64url')}`)) }))
  })

  it('expires at its time, or never', () => {
    assert.ok(!isInviteExpired(card, NOW_MS - 1))
    assert.ok(isInviteExpired(card, NOW_MS))
    assert.ok(!isInviteExpired({ ...card, expiresAtMs: undefined }, Number.MAX_SAFE_INTEGER))
  })
})
