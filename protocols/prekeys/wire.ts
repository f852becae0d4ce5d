/**
 * The bytes of prekey bundles: the question, the answer, and the sizes that every key in it must have. That its signatures
 * hold is checked by libsignal, that its identity is the right one by the accepted device list. Law:
 * docs/protocols/prekeys.md, "Wire".
 */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { concat } from 'uint8arrays'
import { bigEndian64, boundedBytes, instantMs, optionalBytes, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { deviceId, type DeviceId } from '../core/ids.ts'
import { ALIAS_BYTES, BUNDLE_NONCE_BYTES, CONSENT_BYTES, FRAME_BYTES_MAX, IDENTITY_KEY_BYTES, INVITE_TOKEN_BYTES, KEM_PREKEY_BYTES, PREKEY_ID_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { SIGNATURE_BYTES } from '../core/signed.ts'
import * as pb from './prekeys_pb.ts'

/** The version of the bundle protocol that this program speaks. */
export const PREKEYS_VERSION = 1

export interface BundleRequest {
  /** Of the asker; another than PREKEYS_VERSION is answered with a refusal. */
  readonly version: number
  readonly deviceId: DeviceId
  /** A stranger's invite token; a contact is known by its connection. */
  readonly token: Uint8Array | undefined
  /** At a relay: an alias of the device's mailbox, which admits to one-time keys. */
  readonly alias?: Uint8Array | undefined
  /** At a relay: its signature covers it. */
  readonly nonce?: Uint8Array | undefined
}

/** A bundle whose every key has its size: the schema's message, so that it goes to the ratchet as it is. */
export type Bundle = Readonly<pb.Bundle> & { readonly deviceId: DeviceId }

export type BundleRefusal = 'unknownDevice' | 'version' | 'rate' | 'blocked'

/** 'other': a reason of a newer version; read, never written. */
export type BundleAnswer<Reason = BundleRefusal | 'other', Given = Bundle> =
  | { readonly type: 'bundle', readonly bundle: Given }
  | { readonly type: 'refusal', readonly reason: Reason }
  | IssuedBundle<Given>

/** A bundle that a relay gives out, signed: two askers who compare can prove that it gave one key out twice. */
export interface IssuedBundle<Given = Bundle> {
  readonly type: 'issued'
  readonly bundle: Given
  /** The bytes of it that are signed. */
  readonly bundleBytes: Uint8Array
  readonly relayTimeMs: number
  readonly signature: Uint8Array
}

const REFUSALS = {
  unknownDevice: pb.BundleRefusal.UNKNOWN_DEVICE,
  version: pb.BundleRefusal.VERSION,
  rate: pb.BundleRefusal.RATE,
  blocked: pb.BundleRefusal.BLOCKED
} as const
const refusalName = namesOf(REFUSALS)

const FIELDS_MAX = 64

/** A bundle by itself: what a relay signs. */
export function encodeBundle (bundle: MessageInitShape<typeof pb.BundleSchema>): Uint8Array {
  return encodeMessage(pb.BundleSchema, bundle)
}

/** What a relay signs in the domain `skein/issued/v1` when it gives a bundle out: nonce, time (8 bytes, big-endian), bundle. */
export function issuedSigningInput ({ bundleBytes, nonce, relayTimeMs }: { readonly bundleBytes: Uint8Array, readonly nonce: Uint8Array, readonly relayTimeMs: number }): Uint8Array {
  return concat([nonce, bigEndian64(relayTimeMs), bundleBytes])
}

export function encodeBundleRequest ({ version, deviceId, token, alias, nonce }: BundleRequest): Uint8Array {
  return encodeMessage(pb.BundleRequestSchema, { version, deviceId, ...(token !== undefined && { token }), ...(alias !== undefined && { alias }), ...(nonce !== undefined && { nonce }) })
}

/** @throws MalformedError */
export function decodeBundleRequest (bytes: Uint8Array): BundleRequest {
  const message = decodeMessage(pb.BundleRequestSchema, bytes, { what: 'bundle request', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  return {
    version: message.version,
    deviceId: deviceId(message.deviceId),
    token: optionalBytes(message.token, INVITE_TOKEN_BYTES, 'invite token'),
    alias: optionalBytes(message.alias, ALIAS_BYTES, 'alias'),
    nonce: optionalBytes(message.nonce, BUNDLE_NONCE_BYTES, 'nonce of a bundle request')
  }
}

/** What an answerer gives: an issued bundle by its bytes alone. */
export type BundleReply = { readonly type: 'bundle', readonly bundle: MessageInitShape<typeof pb.BundleSchema> } | { readonly type: 'refusal', readonly reason: BundleRefusal } | Omit<IssuedBundle, 'bundle'>

export function encodeBundleAnswer (answer: BundleReply): Uint8Array {
  return encodeMessage(pb.BundleAnswerSchema, { answer: replyCase(answer) })
}

function replyCase (answer: BundleReply): NonNullable<MessageInitShape<typeof pb.BundleAnswerSchema>['answer']> {
  switch (answer.type) {
    case 'bundle': return { case: 'bundle', value: answer.bundle }
    case 'refusal': return { case: 'refusal', value: REFUSALS[answer.reason] }
    case 'issued': return { case: 'issued', value: { bundle: answer.bundleBytes, relayTimeMs: BigInt(answer.relayTimeMs), signature: answer.signature } }
  }
}

/** @throws MalformedError, also when the answer is of a kind that this version does not know */
export function decodeBundleAnswer (bytes: Uint8Array): BundleAnswer {
  const { answer } = decodeMessage(pb.BundleAnswerSchema, bytes, { what: 'bundle answer', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })
  switch (answer.case) {
    case 'bundle': return { type: 'bundle', bundle: bundleOf(answer.value) }
    case 'refusal': return { type: 'refusal', reason: refusalName(answer.value) }
    case 'issued': return issuedOf(answer.value)
    case undefined: throw new MalformedError('bundle answer', 'must hold a bundle or a refusal')
  }
}

function issuedOf ({ bundle, relayTimeMs, signature }: pb.IssuedBundle): IssuedBundle {
  const bundleBytes = boundedBytes(bundle, FRAME_BYTES_MAX, 'prekey bundle')
  return {
    type: 'issued',
    bundle: bundleOf(decodeMessage(pb.BundleSchema, bundleBytes, { what: 'prekey bundle', bytesMax: FRAME_BYTES_MAX, fieldsMax: FIELDS_MAX })),
    bundleBytes,
    relayTimeMs: instantMs(relayTimeMs, 'relay time'),
    signature: sizedBytes(signature, SIGNATURE_BYTES, 'signature of a relay')
  }
}

function bundleOf (message: pb.Bundle): Bundle {
  sizedBytes(message.identityKey, IDENTITY_KEY_BYTES, 'identity key')
  sizedBytes(message.signedPrekey, IDENTITY_KEY_BYTES, 'signed prekey')
  sizedBytes(message.signedPrekeySignature, CONSENT_BYTES, 'signature of the signed prekey')
  sizedBytes(message.kemPrekey, KEM_PREKEY_BYTES, 'ML-KEM prekey')
  sizedBytes(message.kemPrekeySignature, CONSENT_BYTES, 'signature of the ML-KEM prekey')
  checkPrekeyId(message.signedPrekeyId)
  checkPrekeyId(message.kemPrekeyId)
  checkOneTime(message)
  return { ...message, deviceId: deviceId(message.deviceId) }
}

function checkOneTime ({ isLastResort, oneTimePrekeyId, oneTimePrekey }: pb.Bundle): void {
  const isPresent = oneTimePrekeyId !== undefined
  if (isPresent === isLastResort) throw new MalformedError('prekey bundle', 'must have a one-time prekey exactly when its ML-KEM key is not the last resort')
  if (oneTimePrekeyId !== undefined) checkPrekeyId(oneTimePrekeyId)
  sizedBytes(oneTimePrekey, isPresent ? IDENTITY_KEY_BYTES : 0, 'one-time prekey')
}

export function checkPrekeyId (id: number): void {
  if (id < 1 || id > PREKEY_ID_MAX) throw new MalformedError('prekey id', `must be 1 to ${PREKEY_ID_MAX}`)
}
