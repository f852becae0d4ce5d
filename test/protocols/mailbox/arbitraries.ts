/** Values of the mailbox protocol, for properties. */
import fc from 'fast-check'
import type { Alias, Item, MailboxLimits, Opened, OwnerFrame, RelayFrame, AliasOutcome, MailboxGoodbyeReason } from '../../../protocols/mailbox/wire.ts'
import { bytesOf, bytesUpTo, counts, envelopeIds, instants, uint32s } from '../core/arbitraries.ts'

const option = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(values, { nil: undefined })
const words = fc.stringMatching(/^[a-z]{0,20}$/)
const times = instants.filter(ms => ms > 0)

const refs = fc.record({ alias: bytesOf(24), depositId: envelopeIds })
const usages = fc.record({ items: uint32s, bytes: counts })
export const limits: fc.Arbitrary<MailboxLimits> = fc.record({
  aliasItemsMax: uint32s, aliasBytesMax: counts, mailboxItemsMax: uint32s, mailboxBytesMax: counts, lifetimeSMax: uint32s, aliasesMax: uint32s
})
export const descriptions = fc.record({ name: words, operator: words, software: words })

const aliases: fc.Arbitrary<Alias> = fc.record({
  alias: bytesOf(24), macKey: bytesOf(32), kind: fc.constantFrom('contact', 'gateOnce', 'gateOpen'), expiresAtMs: option(times)
})
const credits = fc.record({ items: uint32s, bytes: uint32s })

export const ownerFrames: fc.Arbitrary<OwnerFrame> = fc.oneof(
  fc.record({
    type: fc.constant('open' as const),
    versionMin: uint32s,
    versionMax: uint32s,
    features: fc.array(fc.stringMatching(/^[!-~]{1,64}$/), { maxLength: 3 }),
    admissionCode: option(fc.stringMatching(/^[a-z]{1,40}$/)),
    isCollecting: fc.boolean(),
    after: counts,
    incarnation: option(bytesOf(8)),
    credit: credits
  }),
  fc.record({ type: fc.constant('aliasChange' as const), request: uint32s, add: fc.array(aliases, { maxLength: 4 }), remove: fc.array(bytesOf(24), { maxLength: 4 }), epoch: option(bytesOf(8)) }),
  credits.map(credit => ({ type: 'credit' as const, ...credit })),
  fc.record({ type: fc.constant('acknowledgement' as const), deposits: fc.array(refs, { maxLength: 5 }) }),
  fc.record({ type: fc.constant('list' as const), request: uint32s, after: counts, limit: fc.nat({ max: 1_024 }) }),
  fc.constant({ type: 'farewell' as const })
)

const items: fc.Arbitrary<Item> = fc.record({ position: counts, alias: bytesOf(24), depositId: envelopeIds, body: bytesUpTo(100), storedAtMs: instants })
const opened: fc.Arbitrary<Opened> = fc.record({
  type: fc.constant('opened' as const),
  version: uint32s,
  timeMs: instants,
  isNew: fc.boolean(),
  aliasEpoch: option(bytesOf(8)),
  aliasCount: uint32s,
  usage: usages,
  limits,
  oneTimeLeft: uint32s,
  description: descriptions,
  incarnation: option(bytesOf(8))
})

export const relayFrames: fc.Arbitrary<RelayFrame<AliasOutcome, MailboxGoodbyeReason>> = fc.oneof(
  opened,
  fc.record({ type: fc.constant('aliasResult' as const), request: uint32s, outcome: fc.constantFrom<AliasOutcome>('done', 'tooMany', 'taken', 'capacity', 'storage'), aliasCount: uint32s }),
  fc.record({ type: fc.constant('items' as const), items: fc.array(items, { maxLength: 4 }) }),
  fc.record({ type: fc.constant('listing' as const), request: uint32s, hasMore: fc.boolean(), items: fc.array(fc.record({ position: counts, alias: bytesOf(24), depositId: envelopeIds, sizeBytes: uint32s, expiresAtMs: instants }), { maxLength: 4 }) }),
  usages.map(usage => ({ type: 'usage' as const, ...usage })),
  fc.record({
    type: fc.constant('goodbye' as const),
    reason: fc.constantFrom<MailboxGoodbyeReason>('version', 'malformed', 'shutdown', 'replaced', 'idle', 'admission', 'capacity', 'blocked', 'draining', 'storage', 'closed'),
    retryAfterMs: uint32s
  })
)
