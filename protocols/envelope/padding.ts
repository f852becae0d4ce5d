/**
 * Padding: what an observer learns from the size of things. Packs are padded before the ratchet, so that a ciphertext tells
 * the length of its text only to within 80 bytes; what goes to a relay is padded into one of four sizes. Both are
 * ISO/IEC 7816-4: a byte 0x80, then zeros. Law: docs/protocols/envelope.md, "Padding".
 */
import { MalformedError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import { ENVELOPE_BUCKETS_BYTES, ENVELOPE_BYTES_MAX } from '../core/limits.ts'

/** As Signal pads its contents. */
export const CONTENT_BLOCK_BYTES = 80
/** HPKE with X25519 and AES-GCM as libsignal writes it: a type byte, the encapsulated key (32) and the tag (16). Measured. */
export const SEAL_OVERHEAD_BYTES = 49
/** Tag and length of the field `sealed` in an Envelope; the length takes 2 bytes below 16 KiB and 3 above. */
const FRAMING_BYTES = 4

/** The longest encoded ciphertext that can be sealed. */
export const CIPHERTEXT_BYTES_MAX = roomOf(ENVELOPE_BYTES_MAX) - 1

const MARK = 0x80

/** Pads an encoded pack to a multiple of CONTENT_BLOCK_BYTES. */
export function padContent (content: Uint8Array): Uint8Array { return padSteps(content, CONTENT_BLOCK_BYTES) }

/** Pads to a multiple of `stepBytes`, at least by one byte; `unpadContent` takes it off. */
export function padSteps (content: Uint8Array, stepBytes: number): Uint8Array {
  const steps = Math.ceil((content.byteLength + 1) / stepBytes)
  return pad(content, steps * stepBytes)
}

/** A view without the padding. @throws MalformedError when the padding is not ours */
export function unpadContent (padded: Uint8Array): Uint8Array {
  return unpad(padded, 'padded content')
}

/**
 * Pads a ciphertext so that, once sealed and encoded as an Envelope, it fills one of ENVELOPE_BUCKETS_BYTES (the three
 * smaller ones to within one byte).
 */
export function padBucket (ciphertext: Uint8Array): Uint8Array {
  const bucket = ENVELOPE_BUCKETS_BYTES.find(bytes => ciphertext.byteLength + 1 <= roomOf(bytes))
  invariant(bucket !== undefined, `a ciphertext to be sealed has at most ${CIPHERTEXT_BYTES_MAX} bytes`)
  return pad(ciphertext, roomOf(bucket))
}

/** A view without the padding. @throws MalformedError when the padding is not ours */
export function unpadBucket (padded: Uint8Array): Uint8Array {
  if (!ENVELOPE_BUCKETS_BYTES.some(bucket => padded.byteLength === roomOf(bucket))) throw new MalformedError('sealed envelope', 'must fill a size bucket')
  return unpad(padded, 'sealed envelope')
}

function roomOf (bucketBytes: number): number {
  return bucketBytes - SEAL_OVERHEAD_BYTES - FRAMING_BYTES
}

function pad (bytes: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length)
  padded.set(bytes)
  padded[bytes.byteLength] = MARK
  return padded
}

function unpad (padded: Uint8Array, what: string): Uint8Array {
  let end = padded.byteLength - 1
  while (end >= 0 && padded[end] === 0) end--
  if (end < 0 || padded[end] !== MARK) throw new MalformedError(what, 'must end with the byte 0x80 and zeros')
  return padded.subarray(0, end)
}
