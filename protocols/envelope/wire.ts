/**
 * The body of a deposit: what carries contents from one device to another. On a direct connection the ciphertext travels in
 * the clear form, since Noise hides the sender already; towards somebody else's mailbox it is sealed. Law:
 * docs/protocols/envelope.md.
 */
import { signedStatementOf, type SignedStatement } from '../account/wire.ts'
import { boundedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { deviceId, envelopeId, type DeviceId, type EnvelopeId } from '../core/ids.ts'
import { DECRYPTION_ERROR_BYTES_MAX, ENVELOPE_BYTES_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import * as pb from './envelope_pb.ts'

export type CiphertextKind = 'whisper' | 'prekey' | 'plaintext'

export interface Ciphertext {
  /** A claim until the ratchet has opened `body`. */
  readonly senderDevice: DeviceId
  /** `plaintext`: a retry request, with nothing secret inside; the session is what is broken. */
  readonly kind: CiphertextKind
  /** A libsignal message, or a RetryRequest. */
  readonly body: Uint8Array
  /** First contact only: who is asking. */
  readonly statement?: SignedStatement | undefined
  /** On its way through a relay, where the deposit is named otherwise: what the recipient knows a redelivery by. */
  readonly envelopeId?: EnvelopeId | undefined
}

export type Envelope =
  | { readonly form: 'clear', readonly ciphertext: Ciphertext }
  /** HPKE (RFC 9180) of a padded ciphertext to the device's identity key. */
  | { readonly form: 'sealed', readonly sealed: Uint8Array }

/** "I could not decrypt this": asks for the contents of one envelope again. */
export interface RetryRequest {
  readonly envelopeId: EnvelopeId
  /** libsignal DecryptionErrorMessage. */
  readonly decryptionError: Uint8Array
}

const KINDS = {
  whisper: pb.CiphertextKind.WHISPER,
  prekey: pb.CiphertextKind.PREKEY,
  plaintext: pb.CiphertextKind.PLAINTEXT
} as const
const kindName = namesOf(KINDS)

/** An envelope has a dozen fields at most; the rest is room for newer versions. */
const FIELDS_MAX = 64
const NOTHING = new Uint8Array()

export function encodeEnvelope (envelope: Envelope): Uint8Array {
  return encodeMessage(pb.EnvelopeSchema, {
    $typeName: 'skein.envelope.v1.Envelope',
    form: envelope.form === 'clear'
      ? { case: 'clear', value: ciphertextMessage(envelope.ciphertext) }
      : { case: 'sealed', value: envelope.sealed }
  })
}

/** Views into `bytes`, not copies. @throws MalformedError */
export function decodeEnvelope (bytes: Uint8Array): Envelope {
  const { form } = decodeMessage(pb.EnvelopeSchema, bytes, { what: 'envelope', bytesMax: ENVELOPE_BYTES_MAX, fieldsMax: FIELDS_MAX })
  switch (form.case) {
    case 'clear': return { form: 'clear', ciphertext: ciphertextOf(form.value) }
    case 'sealed': return { form: 'sealed', sealed: boundedBytes(form.value, ENVELOPE_BYTES_MAX, 'sealed envelope') }
    case undefined: throw new MalformedError('envelope', 'must hold a form that this version knows')
  }
}

/** For sealing; padding.ts makes it fit a size bucket. */
export function encodeCiphertext (ciphertext: Ciphertext): Uint8Array {
  return encodeMessage(pb.CiphertextSchema, ciphertextMessage(ciphertext))
}

/** Views into `bytes`, not copies. @throws MalformedError */
export function decodeCiphertext (bytes: Uint8Array): Ciphertext {
  return ciphertextOf(decodeMessage(pb.CiphertextSchema, bytes, { what: 'ciphertext', bytesMax: ENVELOPE_BYTES_MAX, fieldsMax: FIELDS_MAX }))
}

export function encodeRetryRequest (request: RetryRequest): Uint8Array {
  return encodeMessage(pb.RetryRequestSchema, request)
}

/** @throws MalformedError */
export function decodeRetryRequest (bytes: Uint8Array): RetryRequest {
  const message = decodeMessage(pb.RetryRequestSchema, bytes, { what: 'retry request', bytesMax: ENVELOPE_BYTES_MAX, fieldsMax: FIELDS_MAX })
  return {
    envelopeId: envelopeId(message.envelopeId),
    decryptionError: boundedBytes(message.decryptionError, DECRYPTION_ERROR_BYTES_MAX, 'decryption error')
  }
}

function ciphertextMessage ({ senderDevice, kind, body, statement, envelopeId }: Ciphertext): pb.Ciphertext {
  return {
    $typeName: 'skein.envelope.v1.Ciphertext',
    senderDevice,
    kind: KINDS[kind],
    body,
    envelopeId: envelopeId ?? NOTHING,
    ...(statement !== undefined && { statement: { $typeName: 'skein.account.v1.SignedStatement', ...statement } })
  }
}

function ciphertextOf (message: pb.Ciphertext): Ciphertext {
  const kind = kindName(message.kind)
  if (kind === 'other') throw new MalformedError('ciphertext', 'must be of a kind that this version knows')
  return {
    senderDevice: deviceId(message.senderDevice),
    kind,
    body: boundedBytes(message.body, ENVELOPE_BYTES_MAX, 'ciphertext body'),
    ...(message.statement !== undefined && { statement: signedStatementOf(message.statement) }),
    ...(message.envelopeId.byteLength > 0 && { envelopeId: envelopeId(message.envelopeId) })
  }
}
