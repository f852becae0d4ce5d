/**
 * A device's share of prekeys at one relay: what its owner brings and what the relay says it has. The signatures are the asker's
 * to check, since the relay has no libsignal. Law: docs/protocols/prekeys.md, "Shards".
 */
import { sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { deviceId, type DeviceId } from '../core/ids.ts'
import { CONSENT_BYTES, FRAME_BYTES_MAX, IDENTITY_KEY_BYTES, KEM_PREKEY_BYTES, SHARD_FRAME_BYTES_MAX, SHARD_KEYS_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import * as pb from './prekeys_pb.ts'
import { checkPrekeyId } from './wire.ts'

/** A public prekey with the identity key's signature. */
export interface SignedKey { readonly id: number, readonly key: Uint8Array, readonly signature: Uint8Array }

/** Taken together, once: an EC key and an ML-KEM key. */
export interface OneTimePair { readonly id: number, readonly key: Uint8Array, readonly kem: SignedKey }

export interface ShardUpload {
  readonly version: number
  readonly deviceId: DeviceId
  readonly registrationId: number
  readonly identityKey: Uint8Array
  readonly signedPrekey: SignedKey
  /** The ML-KEM key that is given to many. */
  readonly lastResort: SignedKey
  /** At most SHARD_KEYS_MAX, no id twice. */
  readonly oneTime: readonly OneTimePair[]
}

export type ShardRefusal = 'noMailbox' | 'version' | 'malformed' | 'capacity' | 'rate'

/** 'other': a reason of a newer version; read, never written. */
export type ShardAnswer<Reason = ShardRefusal | 'other'> =
  | { readonly type: 'stock', readonly oneTimeLeft: number }
  | { readonly type: 'refusal', readonly reason: Reason }

const REFUSALS = {
  noMailbox: pb.ShardRefusal.NO_MAILBOX,
  version: pb.ShardRefusal.VERSION,
  malformed: pb.ShardRefusal.MALFORMED,
  capacity: pb.ShardRefusal.CAPACITY,
  rate: pb.ShardRefusal.RATE
} as const
const refusalName = namesOf(REFUSALS)

/** A pair has eight fields with its own tags. */
const FIELDS_MAX = 64 + 10 * SHARD_KEYS_MAX

export function encodeShardUpload (upload: ShardUpload): Uint8Array {
  return encodeMessage(pb.ShardUploadSchema, { ...upload, oneTime: [...upload.oneTime] })
}

/** Keys are views into `bytes`. @throws MalformedError */
export function decodeShardUpload (bytes: Uint8Array): ShardUpload {
  const message = decodeMessage(pb.ShardUploadSchema, bytes, { what: 'prekey shard', bytesMax: SHARD_FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  const { oneTime } = message
  if (oneTime.length > SHARD_KEYS_MAX) throw new MalformedError('prekey shard', `must have at most ${SHARD_KEYS_MAX} one-time prekeys`)
  if (new Set(oneTime.map(({ id }) => id)).size < oneTime.length) throw new MalformedError('prekey shard', 'must not name a prekey twice')
  return {
    version: message.version,
    deviceId: deviceId(message.deviceId),
    registrationId: message.registrationId,
    identityKey: sizedBytes(message.identityKey, IDENTITY_KEY_BYTES, 'identity key'),
    signedPrekey: signedKeyOf(message.signedPrekey, IDENTITY_KEY_BYTES, 'signed prekey'),
    lastResort: signedKeyOf(message.lastResort, KEM_PREKEY_BYTES, 'last-resort prekey'),
    oneTime: oneTime.map(oneTimeOf)
  }
}

export function encodeShardAnswer (answer: ShardAnswer<ShardRefusal>): Uint8Array {
  return encodeMessage(pb.ShardAnswerSchema, {
    answer: answer.type === 'stock' ? { case: 'stock', value: { oneTimeLeft: answer.oneTimeLeft } } : { case: 'refusal', value: REFUSALS[answer.reason] }
  })
}

/** @throws MalformedError, also when the answer is of a kind that this version does not know */
export function decodeShardAnswer (bytes: Uint8Array): ShardAnswer {
  const { answer } = decodeMessage(pb.ShardAnswerSchema, bytes, { what: 'shard answer', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  switch (answer.case) {
    case 'stock': return { type: 'stock', oneTimeLeft: answer.value.oneTimeLeft }
    case 'refusal': return { type: 'refusal', reason: refusalName(answer.value) }
    case undefined: throw new MalformedError('shard answer', 'must hold a stock or a refusal')
  }
}

function oneTimeOf ({ id, key, kem }: pb.OneTimePrekey): OneTimePair {
  checkPrekeyId(id)
  return { id, key: sizedBytes(key, IDENTITY_KEY_BYTES, 'one-time prekey'), kem: signedKeyOf(kem, KEM_PREKEY_BYTES, 'one-time ML-KEM prekey') }
}

function signedKeyOf (message: pb.SignedPrekey | pb.KemPrekey | undefined, length: number, what: string): SignedKey {
  if (message === undefined) throw new MalformedError(what, 'must be there')
  checkPrekeyId(message.id)
  return { id: message.id, key: sizedBytes(message.key, length, what), signature: sizedBytes(message.signature, CONSENT_BYTES, `signature of the ${what}`) }
}
