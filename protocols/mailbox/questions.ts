/** What anybody may ask a relay: who it is and what it offers, and, with an alias, what it holds. Law: docs/protocols/mailbox.md, "Custody" and "Card". */
import { instantMs, safeInteger, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { envelopeId, type EnvelopeId } from '../core/ids.ts'
import { ADDRESSES_MAX, ALIAS_BYTES, CUSTODY_IDS_MAX, FEATURE_BYTES_MAX, FEATURES_MAX, FRAME_BYTES_MAX, MAC_BYTES, RELAY_NONCE_BYTES } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { SIGNATURE_BYTES } from '../core/signed.ts'
import { relayMessage, relaysOf, type ListedRelay } from '../account/wire.ts'
import * as pb from './mailbox_pb.ts'
import { descriptionOf, limitsMessage, limitsOf, type MailboxLimits, type RelayDescription } from './wire.ts'

export interface CustodyRequest {
  readonly version: number
  readonly alias: Uint8Array
  /** At most CUSTODY_IDS_MAX. */
  readonly depositIds: readonly EnvelopeId[]
  readonly nonce: Uint8Array
  /** By the alias's MAC key (deposit/custody.ts). */
  readonly mac: Uint8Array
}

/** 'unknown': never heard of it. */
export type CustodyState = 'unknown' | 'held' | 'collected' | 'expired'
export type CustodyRefusal = 'version' | 'unknownAlias' | 'badMac' | 'rate'

export interface Custody {
  readonly type: 'custody'
  /** One for each id, in the order of the question. */
  readonly states: readonly CustodyState[]
  readonly relayTimeMs: number
  readonly signature: Uint8Array
}

/** 'other': a reason of a newer version; read, never written. */
export type CustodyAnswer<Reason = CustodyRefusal | 'other'> = Custody | { readonly type: 'refusal', readonly reason: Reason }

export type AdmissionPolicy = 'open' | 'code' | 'list'

/** What a relay says about itself. */
export interface RelayCard {
  readonly description: RelayDescription
  readonly admission: AdmissionPolicy | 'other'
  readonly limits: MailboxLimits
  readonly timeMs: number
  /** Right now. */
  readonly takesMailboxes: boolean
  readonly features: readonly string[]
  readonly relay: ListedRelay | undefined
  /** undefined: it takes no blobs. */
  readonly media?: RelayMediaLimits | undefined
}

/** What a relay takes of blobs: docs/protocols/media.md. */
export interface RelayMediaLimits {
  /** Of one, right now. */
  readonly blobBytesMax: number
  readonly mailboxBytesMax: number
  readonly keepMsMax: number
}

/** How a relay says on its card that it takes blobs. */
export const MEDIA_FEATURE = 'media'

const STATES: Readonly<Record<CustodyState, pb.CustodyState>> = {
  unknown: pb.CustodyState.UNSPECIFIED,
  held: pb.CustodyState.HELD,
  collected: pb.CustodyState.COLLECTED,
  expired: pb.CustodyState.EXPIRED
} as const
const stateName = namesOf(STATES)

const REFUSALS = {
  version: pb.CustodyRefusal.VERSION,
  unknownAlias: pb.CustodyRefusal.UNKNOWN_ALIAS,
  badMac: pb.CustodyRefusal.BAD_MAC,
  rate: pb.CustodyRefusal.RATE
} as const
const refusalName = namesOf(REFUSALS)

const ADMISSIONS = { open: pb.Admission.OPEN, code: pb.Admission.CODE, list: pb.Admission.LIST } as const
const admissionName = namesOf(ADMISSIONS)

const FIELDS_MAX = 64 + CUSTODY_IDS_MAX

/** The number of a state, as the signature covers it. */
export function custodyNumber (state: CustodyState): number { return STATES[state] }

export function encodeCustodyRequest (request: CustodyRequest): Uint8Array {
  return encodeMessage(pb.CustodyRequestSchema, { ...request, depositIds: [...request.depositIds] })
}

/** @throws MalformedError */
export function decodeCustodyRequest (bytes: Uint8Array): CustodyRequest {
  const message = decodeMessage(pb.CustodyRequestSchema, bytes, { what: 'custody request', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  if (message.depositIds.length > CUSTODY_IDS_MAX) throw new MalformedError('custody request', `must name at most ${CUSTODY_IDS_MAX} deposits`)
  return {
    version: message.version,
    alias: sizedBytes(message.alias, ALIAS_BYTES, 'alias'),
    depositIds: message.depositIds.map(envelopeId),
    nonce: sizedBytes(message.nonce, RELAY_NONCE_BYTES, 'nonce of a custody request'),
    mac: sizedBytes(message.mac, MAC_BYTES, 'MAC of a custody request')
  }
}

export function encodeCustodyAnswer (answer: CustodyAnswer<CustodyRefusal>): Uint8Array {
  return encodeMessage(pb.CustodyAnswerSchema, {
    answer: answer.type === 'custody'
      ? { case: 'custody', value: { states: Uint8Array.from(answer.states, state => STATES[state]), relayTimeMs: BigInt(answer.relayTimeMs), signature: answer.signature } }
      : { case: 'refusal', value: REFUSALS[answer.reason] }
  })
}

/** A state of a newer version reads as unknown: what cannot be understood proves nothing. @throws MalformedError */
export function decodeCustodyAnswer (bytes: Uint8Array): CustodyAnswer & { readonly numbers?: readonly number[] } {
  const { answer } = decodeMessage(pb.CustodyAnswerSchema, bytes, { what: 'custody answer', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  switch (answer.case) {
    case 'custody': return custodyOf(answer.value)
    case 'refusal': return { type: 'refusal', reason: refusalName(answer.value) }
    case undefined: throw new MalformedError('custody answer', 'must be of a kind that this version knows')
  }
}

function custodyOf ({ states, relayTimeMs, signature }: pb.Custody): Custody & { readonly numbers: readonly number[] } {
  const numbers = [...states]
  if (numbers.length > CUSTODY_IDS_MAX) throw new MalformedError('custody answer', `must speak of at most ${CUSTODY_IDS_MAX} deposits`)
  return {
    type: 'custody',
    states: numbers.map(number => {
      const name = stateName(number)
      return name === 'other' ? 'unknown' : name
    }),
    numbers,
    relayTimeMs: instantMs(relayTimeMs, 'relay time'),
    signature: sizedBytes(signature, SIGNATURE_BYTES, 'signature of a relay')
  }
}

export function encodeRelayQuery ({ version, nonce }: { readonly version: number, readonly nonce: Uint8Array }): Uint8Array {
  return encodeMessage(pb.RelayQuerySchema, { version, nonce })
}

/** @throws MalformedError */
export function decodeRelayQuery (bytes: Uint8Array): { readonly version: number, readonly nonce: Uint8Array } {
  const { version, nonce } = decodeMessage(pb.RelayQuerySchema, bytes, { what: 'relay query', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  if (nonce.byteLength > RELAY_NONCE_BYTES) throw new MalformedError('relay query', `a nonce must have at most ${RELAY_NONCE_BYTES} bytes`)
  return { version, nonce }
}

export function encodeRelayCard (card: RelayCard & { readonly admission: AdmissionPolicy }): Uint8Array {
  return encodeMessage(pb.RelayCardSchema, {
    description: card.description,
    admission: ADMISSIONS[card.admission],
    limits: limitsMessage(card.limits),
    timeMs: BigInt(card.timeMs),
    takesMailboxes: card.takesMailboxes,
    features: [...card.features],
    ...(card.relay !== undefined && { relay: relayMessage(card.relay) }),
    ...(card.media !== undefined && { media: { blobBytesMax: BigInt(card.media.blobBytesMax), mailboxBytesMax: BigInt(card.media.mailboxBytesMax), keepMsMax: BigInt(card.media.keepMsMax) } })
  })
}

/** @throws MalformedError */
export function decodeRelayCard (bytes: Uint8Array): RelayCard {
  const message = decodeMessage(pb.RelayCardSchema, bytes, { what: 'relay card', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX + ADDRESSES_MAX })
  if (message.features.length > FEATURES_MAX || message.features.some(feature => feature.length > FEATURE_BYTES_MAX)) throw new MalformedError('relay card', 'must name few features')
  return {
    description: descriptionOf(message.description),
    admission: admissionName(message.admission),
    limits: limitsOf(message.limits),
    timeMs: instantMs(message.timeMs, 'relay time'),
    takesMailboxes: message.takesMailboxes,
    features: message.features,
    relay: message.relay === undefined ? undefined : relaysOf([message.relay], 1)[0],
    ...message.media !== undefined && { media: mediaOf(message.media) }
  }
}

function mediaOf ({ blobBytesMax, mailboxBytesMax, keepMsMax }: pb.MediaLimits): RelayMediaLimits {
  return { blobBytesMax: safeInteger(blobBytesMax, 'largest blob'), mailboxBytesMax: safeInteger(mailboxBytesMax, 'blobs of a mailbox'), keepMsMax: safeInteger(keepMsMax, 'time to keep a blob') }
}
