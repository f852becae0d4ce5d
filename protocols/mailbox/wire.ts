/**
 * The frames between a device and the relay that keeps its mailbox, and what anybody may ask a relay. Law: docs/protocols/mailbox.md.
 */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { boundedBytes, instantMs, optionalBytes, safeInteger, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { envelopeId, type EnvelopeId } from '../core/ids.ts'
import {
  ACKNOWLEDGED_AT_ONCE_MAX, ALIAS_BYTES, ALIAS_EPOCH_BYTES, ALIASES_AT_ONCE_MAX, BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX, ENVELOPE_BYTES_MAX,
  FEATURE_BYTES_MAX, FEATURES_MAX, INCARNATION_BYTES, LISTED_AT_ONCE_MAX, MAC_KEY_BYTES, RELAY_WORDS_BYTES_MAX
} from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { cleanName, utf8Bytes } from '../core/text.ts'
import * as pb from './mailbox_pb.ts'

/** The version of the mailbox protocol that this program speaks. */
export const MAILBOX_VERSION = 1

/** What the owner may still be sent; added to what is left. */
export interface Credit { readonly items: number, readonly bytes: number }

export interface Open {
  readonly type: 'open'
  readonly versionMin: number
  readonly versionMax: number
  readonly features: readonly string[]
  readonly admissionCode: string | undefined
  /** false: only looks after aliases, and ends no stream that collects. */
  readonly isCollecting: boolean
  /** The last position that this device has durably; 0: from the beginning. */
  readonly after: number
  /** Of the run of the relay that `after` is from; another one, or none: from the beginning. */
  readonly incarnation?: Uint8Array | undefined
  readonly credit: Credit
}

/** `contact`: for one contact. `gateOnce`: for one request. `gateOpen`: for requests, against proof of work. */
export type AliasKind = 'contact' | 'gateOnce' | 'gateOpen'

export interface Alias {
  readonly alias: Uint8Array
  readonly macKey: Uint8Array
  readonly kind: AliasKind
  readonly expiresAtMs: number | undefined
}

export interface AliasChange {
  readonly type: 'aliasChange'
  readonly request: number
  readonly add: readonly Alias[]
  readonly remove: readonly Uint8Array[]
  /** undefined: unchanged. */
  readonly epoch: Uint8Array | undefined
}

export interface DepositRef { readonly alias: Uint8Array, readonly depositId: EnvelopeId }

/** From the owner. */
export type OwnerFrame =
  | Open
  | AliasChange
  | ({ readonly type: 'credit' } & Credit)
  | { readonly type: 'acknowledgement', readonly deposits: readonly DepositRef[] }
  | { readonly type: 'list', readonly request: number, readonly after: number, readonly limit: number }
  | { readonly type: 'farewell' }

export interface Usage { readonly items: number, readonly bytes: number }

export interface MailboxLimits {
  readonly aliasItemsMax: number
  readonly aliasBytesMax: number
  readonly mailboxItemsMax: number
  readonly mailboxBytesMax: number
  readonly lifetimeSMax: number
  readonly aliasesMax: number
}

/** In its operator's words; cleaned, may be empty. */
export interface RelayDescription { readonly name: string, readonly operator: string, readonly software: string }

export interface Opened {
  readonly type: 'opened'
  readonly version: number
  /** The relay's clock. */
  readonly timeMs: number
  /** There was no mailbox before. */
  readonly isNew: boolean
  readonly aliasEpoch: Uint8Array | undefined
  readonly aliasCount: number
  readonly usage: Usage
  readonly limits: MailboxLimits
  /** Prekeys in this device's shard. */
  readonly oneTimeLeft: number
  readonly description: RelayDescription
  /** Names this run of the relay: positions of another run mean nothing. */
  readonly incarnation: Uint8Array | undefined
}

/** 'done': durable. */
export type AliasOutcome = 'done' | 'tooMany' | 'taken' | 'capacity' | 'storage'

/** 'other': of a newer version; read, never written. */
export interface AliasResult<Outcome = AliasOutcome | 'other'> {
  readonly type: 'aliasResult'
  readonly request: number
  readonly outcome: Outcome
  readonly aliasCount: number
}

export interface Item {
  /** Rises; never used twice in a mailbox. */
  readonly position: number
  readonly alias: Uint8Array
  readonly depositId: EnvelopeId
  /** An encoded Envelope. */
  readonly body: Uint8Array
  /** By the relay's clock, rounded to a minute. */
  readonly storedAtMs: number
}

export interface ListedItem extends DepositRef {
  readonly position: number
  readonly sizeBytes: number
  readonly expiresAtMs: number
}

export interface Listing {
  readonly type: 'listing'
  readonly request: number
  readonly items: readonly ListedItem[]
  readonly hasMore: boolean
}

export type MailboxGoodbyeReason =
  | 'version' | 'malformed' | 'shutdown' | 'replaced' | 'idle'
  /** No mailbox without an admission code, or not with this one. */
  | 'admission'
  /** No new mailbox now; an old one still opens. */
  | 'capacity'
  | 'blocked'
  /** The relay closes for good: move away; what is there can be collected. */
  | 'draining'
  | 'storage'
  /** Given up, as asked. */
  | 'closed'

/** From the relay. */
export type RelayFrame<Outcome = AliasOutcome | 'other', Reason = MailboxGoodbyeReason | 'other'> =
  | Opened
  | AliasResult<Outcome>
  | { readonly type: 'items', readonly items: readonly Item[] }
  | Listing
  | ({ readonly type: 'usage' } & Usage)
  | { readonly type: 'goodbye', readonly reason: Reason, readonly retryAfterMs: number }

const KINDS = { contact: pb.AliasKind.CONTACT, gateOnce: pb.AliasKind.GATE_ONCE, gateOpen: pb.AliasKind.GATE_OPEN } as const
const kindName = namesOf(KINDS)

const OUTCOMES = {
  done: pb.AliasRefusal.UNSPECIFIED,
  tooMany: pb.AliasRefusal.TOO_MANY,
  taken: pb.AliasRefusal.TAKEN,
  capacity: pb.AliasRefusal.CAPACITY,
  storage: pb.AliasRefusal.STORAGE
} as const
const outcomeName = namesOf(OUTCOMES)

const GOODBYES = {
  version: pb.MailboxGoodbyeReason.VERSION,
  malformed: pb.MailboxGoodbyeReason.MALFORMED,
  shutdown: pb.MailboxGoodbyeReason.SHUTDOWN,
  replaced: pb.MailboxGoodbyeReason.REPLACED,
  idle: pb.MailboxGoodbyeReason.IDLE,
  admission: pb.MailboxGoodbyeReason.ADMISSION,
  capacity: pb.MailboxGoodbyeReason.CAPACITY,
  blocked: pb.MailboxGoodbyeReason.BLOCKED,
  draining: pb.MailboxGoodbyeReason.DRAINING,
  storage: pb.MailboxGoodbyeReason.STORAGE,
  closed: pb.MailboxGoodbyeReason.CLOSED
} as const
const goodbyeName = namesOf(GOODBYES)

/** An alias has five fields with its own tag, and may be named to be removed as well. */
const OWNER_FIELDS_MAX = 64 + 6 * 2 * ALIASES_AT_ONCE_MAX
/** A listed item has six fields with its own tag. */
const RELAY_FIELDS_MAX = 64 + 8 * LISTED_AT_ONCE_MAX

export function encodeOwnerFrame (frame: OwnerFrame): Uint8Array {
  return encodeMessage(pb.OwnerFrameSchema, { frame: ownerCase(frame) })
}

/** @throws MalformedError */
export function decodeOwnerFrame (bytes: Uint8Array): OwnerFrame {
  const { frame } = decodeMessage(pb.OwnerFrameSchema, bytes, { what: 'owner frame', bytesMax: BATCH_FRAME_BYTES_MAX, fieldsMax: OWNER_FIELDS_MAX })
  switch (frame.case) {
    case 'open': return openOf(frame.value)
    case 'aliasChange': return aliasChangeOf(frame.value)
    case 'credit': return { type: 'credit', items: frame.value.items, bytes: frame.value.bytes }
    case 'acknowledgement': return { type: 'acknowledgement', deposits: bounded(frame.value.deposits, ACKNOWLEDGED_AT_ONCE_MAX, 'acknowledgement').map(refOf) }
    case 'list': return { type: 'list', request: frame.value.request, after: safeInteger(frame.value.after, 'position'), limit: Math.min(frame.value.limit, LISTED_AT_ONCE_MAX) }
    case 'farewell': return { type: 'farewell' }
    case undefined: throw new MalformedError('owner frame', 'must be of a kind that this version knows')
  }
}

export function encodeRelayFrame (frame: RelayFrame<AliasOutcome, MailboxGoodbyeReason>): Uint8Array {
  return encodeMessage(pb.RelayFrameSchema, { frame: relayCase(frame) })
}

/** Bodies are views into `bytes`. @throws MalformedError */
export function decodeRelayFrame (bytes: Uint8Array): RelayFrame {
  const { frame } = decodeMessage(pb.RelayFrameSchema, bytes, { what: 'relay frame', bytesMax: BATCH_FRAME_BYTES_MAX, fieldsMax: RELAY_FIELDS_MAX })
  switch (frame.case) {
    case 'opened': return openedOf(frame.value)
    case 'aliasResult': return { type: 'aliasResult', request: frame.value.request, outcome: outcomeName(frame.value.refusal), aliasCount: frame.value.aliasCount }
    case 'items': return { type: 'items', items: bounded(frame.value.items, BATCH_DEPOSITS_MAX, 'items').map(itemOf) }
    case 'listing': return listingOf(frame.value)
    case 'usage': return { type: 'usage', ...usageOf(frame.value) }
    case 'goodbye': return { type: 'goodbye', reason: goodbyeName(frame.value.reason), retryAfterMs: frame.value.retryAfterMs }
    case undefined: throw new MalformedError('relay frame', 'must be of a kind that this version knows')
  }
}

type OwnerCase = NonNullable<MessageInitShape<typeof pb.OwnerFrameSchema>['frame']>

function ownerCase (frame: OwnerFrame): OwnerCase {
  switch (frame.type) {
    case 'open': {
      const { versionMin, versionMax, features, admissionCode = '', isCollecting, after, incarnation, credit } = frame
      return { case: 'open', value: { versionMin, versionMax, features: [...features], admissionCode, isCollecting, after: BigInt(after), ...(incarnation !== undefined && { incarnation }), credit } }
    }
    case 'aliasChange':
      return { case: 'aliasChange', value: { request: frame.request, add: frame.add.map(aliasMessage), remove: [...frame.remove], ...(frame.epoch !== undefined && { epoch: frame.epoch }) } }
    case 'credit': return { case: 'credit', value: { items: frame.items, bytes: frame.bytes } }
    case 'acknowledgement': return { case: 'acknowledgement', value: { deposits: frame.deposits.map(({ alias, depositId }) => ({ alias, depositId })) } }
    case 'list': return { case: 'list', value: { request: frame.request, after: BigInt(frame.after), limit: frame.limit } }
    case 'farewell': return { case: 'farewell', value: {} }
  }
}

function aliasMessage ({ alias, macKey, kind, expiresAtMs }: Alias): MessageInitShape<typeof pb.AliasSchema> {
  return { alias, macKey, kind: KINDS[kind], expiresAtMs: BigInt(expiresAtMs ?? 0) }
}

function openOf ({ versionMin, versionMax, features, admissionCode, isCollecting, after, incarnation, credit }: pb.Open): Open {
  if (features.length > FEATURES_MAX || features.some(feature => feature.length > FEATURE_BYTES_MAX)) throw new MalformedError('open', `must name at most ${FEATURES_MAX} features of ${FEATURE_BYTES_MAX} characters`)
  if (utf8Bytes(admissionCode) > RELAY_WORDS_BYTES_MAX) throw new MalformedError('admission code', `must be at most ${RELAY_WORDS_BYTES_MAX} bytes`)
  return {
    type: 'open',
    versionMin,
    versionMax,
    features,
    admissionCode: admissionCode === '' ? undefined : admissionCode,
    isCollecting,
    after: safeInteger(after, 'position'),
    incarnation: optionalBytes(incarnation, INCARNATION_BYTES, 'incarnation'),
    credit: { items: credit?.items ?? 0, bytes: credit?.bytes ?? 0 }
  }
}

function aliasChangeOf ({ request, add, remove, epoch }: pb.AliasChange): AliasChange {
  return {
    type: 'aliasChange',
    request,
    add: bounded(add, ALIASES_AT_ONCE_MAX, 'aliases').map(aliasOf),
    remove: bounded(remove, ALIASES_AT_ONCE_MAX, 'aliases').map(alias => sizedBytes(alias, ALIAS_BYTES, 'alias')),
    epoch: optionalBytes(epoch, ALIAS_EPOCH_BYTES, 'alias epoch')
  }
}

/** A kind of a newer version is nothing that we could guard: malformed. */
function aliasOf ({ alias, macKey, kind, expiresAtMs }: pb.Alias): Alias {
  const name = kindName(kind)
  if (name === 'other') throw new MalformedError('alias', 'must be of a kind that this version knows')
  return {
    alias: sizedBytes(alias, ALIAS_BYTES, 'alias'),
    macKey: sizedBytes(macKey, MAC_KEY_BYTES, 'MAC key'),
    kind: name,
    expiresAtMs: expiresAtMs === 0n ? undefined : instantMs(expiresAtMs, 'expiry of an alias')
  }
}

function refOf ({ alias, depositId }: Pick<pb.DepositRef, 'alias' | 'depositId'>): DepositRef {
  return { alias: sizedBytes(alias, ALIAS_BYTES, 'alias'), depositId: envelopeId(depositId) }
}

type RelayCase = NonNullable<MessageInitShape<typeof pb.RelayFrameSchema>['frame']>

function relayCase (frame: RelayFrame<AliasOutcome, MailboxGoodbyeReason>): RelayCase {
  switch (frame.type) {
    case 'opened': return { case: 'opened', value: openedMessage(frame) }
    case 'aliasResult': return { case: 'aliasResult', value: { request: frame.request, refusal: OUTCOMES[frame.outcome], aliasCount: frame.aliasCount } }
    case 'items': return { case: 'items', value: { items: frame.items.map(itemMessage) } }
    case 'listing': return { case: 'listing', value: { request: frame.request, hasMore: frame.hasMore, items: frame.items.map(listedMessage) } }
    case 'usage': return { case: 'usage', value: usageMessage(frame) }
    case 'goodbye': return { case: 'goodbye', value: { reason: GOODBYES[frame.reason], retryAfterMs: frame.retryAfterMs } }
  }
}

function openedMessage ({ version, timeMs, isNew, aliasEpoch, aliasCount, usage, limits, oneTimeLeft, description, incarnation }: Opened): MessageInitShape<typeof pb.OpenedSchema> {
  return {
    version,
    timeMs: BigInt(timeMs),
    isNew,
    ...(aliasEpoch !== undefined && { aliasEpoch }),
    aliasCount,
    usage: usageMessage(usage),
    limits: limitsMessage(limits),
    oneTimeLeft,
    description,
    ...(incarnation !== undefined && { incarnation })
  }
}

function openedOf ({ version, timeMs, isNew, aliasEpoch, aliasCount, usage, limits, oneTimeLeft, description, incarnation }: pb.Opened): Opened {
  return {
    type: 'opened',
    version,
    timeMs: instantMs(timeMs, 'relay time'),
    isNew,
    aliasEpoch: optionalBytes(aliasEpoch, ALIAS_EPOCH_BYTES, 'alias epoch'),
    aliasCount,
    usage: usage === undefined ? { items: 0, bytes: 0 } : usageOf(usage),
    limits: limitsOf(limits),
    oneTimeLeft,
    description: descriptionOf(description),
    incarnation: optionalBytes(incarnation, INCARNATION_BYTES, 'incarnation')
  }
}

function usageMessage ({ items, bytes }: Usage): MessageInitShape<typeof pb.UsageSchema> { return { items, bytes: BigInt(bytes) } }

function usageOf ({ items, bytes }: pb.Usage): Usage { return { items, bytes: safeInteger(bytes, 'usage') } }

export function limitsMessage (limits: MailboxLimits): MessageInitShape<typeof pb.MailboxLimitsSchema> {
  return { ...limits, aliasBytesMax: BigInt(limits.aliasBytesMax), mailboxBytesMax: BigInt(limits.mailboxBytesMax) }
}

/** @throws MalformedError when there are none */
export function limitsOf (limits: pb.MailboxLimits | undefined): MailboxLimits {
  if (limits === undefined) throw new MalformedError('mailbox limits', 'must be there')
  const { aliasItemsMax, aliasBytesMax, mailboxItemsMax, mailboxBytesMax, lifetimeSMax, aliasesMax } = limits
  return { aliasItemsMax, aliasBytesMax: safeInteger(aliasBytesMax, 'limit'), mailboxItemsMax, mailboxBytesMax: safeInteger(mailboxBytesMax, 'limit'), lifetimeSMax, aliasesMax }
}

/** What an operator wrote is somebody else's text: cleaned, and cut. */
export function descriptionOf (description: pb.RelayDescription | undefined): RelayDescription {
  return { name: cleanName(description?.name ?? ''), operator: cleanName(description?.operator ?? ''), software: cleanName(description?.software ?? '') }
}

function itemMessage ({ position, alias, depositId, body, storedAtMs }: Item): MessageInitShape<typeof pb.ItemSchema> {
  return { $typeName: 'skein.mailbox.v1.Item', position: BigInt(position), alias, depositId, body, storedAtMs: BigInt(storedAtMs) }
}

function itemOf ({ position, body, storedAtMs, ...ref }: pb.Item): Item {
  return { ...refOf(ref), position: safeInteger(position, 'position'), body: boundedBytes(body, ENVELOPE_BYTES_MAX, 'body of an item'), storedAtMs: instantMs(storedAtMs, 'time of an item') }
}

function listedMessage ({ position, alias, depositId, sizeBytes, expiresAtMs }: ListedItem): MessageInitShape<typeof pb.ListedItemSchema> {
  return { position: BigInt(position), alias, depositId, sizeBytes, expiresAtMs: BigInt(expiresAtMs) }
}

function listingOf ({ request, items, hasMore }: pb.Listing): Listing {
  return {
    type: 'listing',
    request,
    hasMore,
    items: bounded(items, LISTED_AT_ONCE_MAX, 'listing').map(({ position, sizeBytes, expiresAtMs, ...ref }) => ({
      ...refOf(ref), position: safeInteger(position, 'position'), sizeBytes, expiresAtMs: instantMs(expiresAtMs, 'expiry of an item')
    }))
  }
}

function bounded<Value> (values: readonly Value[], countMax: number, what: string): readonly Value[] {
  if (values.length > countMax) throw new MalformedError(what, `must be at most ${countMax}`)
  return values
}
