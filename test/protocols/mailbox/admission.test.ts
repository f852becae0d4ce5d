import assert from 'node:assert/strict'
import { DELIVERY_LIFETIME_MS, ENVELOPE_BYTES_MAX, GATE_ITEMS_MAX, GATE_LIFETIME_MS, REQUEST_ENVELOPE_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { admitDeposit, admitMailbox, keptMs, type MailboxOffer, type RelayOffer } from '../../../protocols/mailbox/admission.ts'
import { workBitsFor } from '../../../protocols/deposit/work.ts'

const EMPTY = { items: 0, bytes: 0 }
const limits = { aliasItemsMax: 100, aliasBytesMax: 1_000_000, mailboxItemsMax: 1_000, mailboxBytesMax: 10_000_000, lifetimeSMax: 1, aliasesMax: 10 }
const offer: RelayOffer = {
  alias: { kind: 'contact', usage: EMPTY, isExpired: false },
  isMacRight: true,
  sizeBytes: 1024,
  isWake: true,
  mailbox: EMPTY,
  gatePending: 0,
  hasWork: () => false,
  limits,
  isWithinRate: true,
  isBusy: false,
  isStorageWell: true,
  isNearCap: false,
  isAtCap: false
}
const gate = (kind: 'gateOnce' | 'gateOpen', items = 0): NonNullable<RelayOffer['alias']> => ({ kind, usage: { items, bytes: items }, isExpired: false })

function reasonFor (change: Partial<RelayOffer>): string {
  const verdict = admitDeposit({ ...offer, ...change })
  return verdict.type === 'accept' ? 'accept' : verdict.reason
}

describe('a deposit at a relay', () => {
  const cases: ReadonlyArray<readonly [what: string, change: Partial<RelayOffer>, verdict: string]> = [
    ['of a contact', {}, 'accept'],
    ['that is too large', { sizeBytes: ENVELOPE_BYTES_MAX + 1 }, 'tooLarge'],
    ['without a body', { sizeBytes: 0 }, 'malformed'],
    ['above the rate', { isWithinRate: false }, 'rate'],
    ['while much of this stream waits', { isBusy: true }, 'busy'],
    ['for an alias that is not there', { alias: undefined }, 'unknownAlias'],
    ['for an alias that has expired', { alias: { kind: 'contact', usage: EMPTY, isExpired: true } }, 'unknownAlias'],
    ['by somebody who does not know the alias', { isMacRight: false }, 'badMac'],
    ['while the disk fails', { isStorageWell: false }, 'storage'],
    ['that is a text while the relay is nearly full', { isNearCap: true }, 'capacity'],
    ['that is a receipt while the relay is nearly full', { isNearCap: true, isWake: false }, 'accept'],
    ['that is a receipt while the relay is full', { isNearCap: true, isAtCap: true, isWake: false }, 'capacity'],
    ['that is a text when nine tenths of the alias are used', { alias: { kind: 'contact', usage: { items: 90, bytes: 0 }, isExpired: false } }, 'mailboxFull'],
    ['that is a receipt when nine tenths of the alias are used', { alias: { kind: 'contact', usage: { items: 90, bytes: 0 }, isExpired: false }, isWake: false }, 'accept'],
    ['that is a receipt when all of the alias is used', { alias: { kind: 'contact', usage: { items: 100, bytes: 0 }, isExpired: false }, isWake: false }, 'mailboxFull'],
    ['when the mailbox is full of bytes', { mailbox: { items: 5, bytes: 9_999_999 } }, 'mailboxFull'],
    ['of a stranger with a token', { alias: gate('gateOnce') }, 'accept'],
    ['of a second stranger with the same token', { alias: gate('gateOnce', 1) }, 'full'],
    ['of a stranger at an open gate, without work', { alias: gate('gateOpen') }, 'work'],
    ['of a stranger at an open gate, with work', { alias: gate('gateOpen'), hasWork: () => true }, 'accept'],
    ['of a stranger while many requests wait', { alias: gate('gateOpen'), hasWork: () => true, gatePending: GATE_ITEMS_MAX }, 'full'],
    ['of a stranger that is larger than a request', { alias: gate('gateOnce'), sizeBytes: REQUEST_ENVELOPE_BYTES_MAX + 1 }, 'tooLarge'],
    ['of a stranger when half of the mailbox is used', { alias: gate('gateOnce'), mailbox: { items: 500, bytes: 0 } }, 'mailboxFull']
  ]
  for (const [what, change, verdict] of cases) {
    it(`${what}: ${verdict}`, () => { assert.equal(reasonFor(change), verdict) })
  }

  it('costs a stranger more work the more requests wait, and the refusal says how much', () => {
    const verdict = admitDeposit({ ...offer, alias: gate('gateOpen'), gatePending: 15 })
    assert.ok(verdict.type === 'refuse')
    assert.equal(verdict.workBits, workBitsFor(15))
    assert.ok(workBitsFor(15) > workBitsFor(0))
  })

  it('is kept as long as asked, within what the relay offers, and a stranger\'s not longer than a fortnight', () => {
    const longest = { kind: 'contact', lifetimeMsMax: DELIVERY_LIFETIME_MS } as const
    assert.equal(keptMs({ ...longest, lifetimeS: 60 }), 60_000)
    assert.equal(keptMs({ ...longest, lifetimeS: 0 }), DELIVERY_LIFETIME_MS)
    assert.equal(keptMs({ ...longest, lifetimeS: 0xffffffff }), DELIVERY_LIFETIME_MS)
    assert.equal(keptMs({ ...longest, kind: 'gateOnce', lifetimeS: 0 }), GATE_LIFETIME_MS)
    assert.equal(keptMs({ kind: 'gateOpen', lifetimeS: 0xffffffff, lifetimeMsMax: 60_000 }), 60_000)
  })
})

describe('a mailbox', () => {
  const calm: MailboxOffer = { isKnown: false, isBlocked: false, isAdmitted: true, isDraining: false, isUnderPressure: false, isStorageWell: true }
  const cases: ReadonlyArray<readonly [what: string, change: Partial<MailboxOffer>, verdict: string | undefined]> = [
    ['opens for a newcomer', {}, undefined],
    ['is refused to the blocked, old or new', { isBlocked: true, isKnown: true }, 'blocked'],
    ['is refused to newcomers without admission', { isAdmitted: false }, 'admission'],
    ['is refused to newcomers while draining', { isDraining: true }, 'draining'],
    ['is refused to newcomers under pressure', { isUnderPressure: true }, 'capacity'],
    ['is refused to newcomers while the disk fails', { isStorageWell: false }, 'storage'],
    ['opens for its owner whatever is short', { isKnown: true, isAdmitted: false, isDraining: true, isUnderPressure: true, isStorageWell: false }, undefined]
  ]
  for (const [what, change, verdict] of cases) {
    it(what, () => { assert.equal(admitMailbox({ ...calm, ...change }), verdict) })
  }
})
