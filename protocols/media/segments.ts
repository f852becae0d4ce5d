/**
 * How a plaintext is cut into segments by AES-GCM-HKDF streaming (Google's Tink): sizes and places, without any cryptography. Every ciphertext
 * segment has the same length but the last one; the header stands in the first. Law: docs/protocols/media.md, "Blob".
 */
import { invariant } from '../core/invariant.ts'

export interface SegmentLayout {
  /** Of the input key and of the key derived from it, in bytes. The salt is as long. */
  readonly keyBytes: 16 | 32
  /** Of a ciphertext segment; of the first one with the header. */
  readonly segmentBytes: number
}

/** AES-256, one segment for each leaf of the DAG. */
export const BLOB_LAYOUT: SegmentLayout = { keyBytes: 32, segmentBytes: 2 ** 20 }

export const NONCE_PREFIX_BYTES = 7
export const TAG_BYTES = 16
/** Segments are counted in four bytes. */
const SEGMENTS_MAX = 2 ** 32

/** Its own length, the salt, the nonce prefix. */
export function headerBytes ({ keyBytes }: SegmentLayout): number { return 1 + keyBytes + NONCE_PREFIX_BYTES }

/** Plaintext that a whole segment takes. */
export function segmentRoom (layout: SegmentLayout, index: number): number {
  return layout.segmentBytes - TAG_BYTES - (index === 0 ? headerBytes(layout) : 0)
}

/** Where the plaintext of a segment begins. */
export function segmentStart (layout: SegmentLayout, index: number): number {
  return index === 0 ? 0 : segmentRoom(layout, 0) + (index - 1) * segmentRoom(layout, 1)
}

/** An empty plaintext is one segment, too: its tag says that there is nothing. */
export function segmentCount (layout: SegmentLayout, plaintextBytes: number): number {
  const beyondFirst = plaintextBytes - segmentRoom(layout, 0)
  const count = beyondFirst <= 0 ? 1 : 1 + Math.ceil(beyondFirst / segmentRoom(layout, 1))
  invariant(count <= SEGMENTS_MAX, 'segments are counted in four bytes')
  return count
}

/** The segment in which a byte of the plaintext stands. */
export function segmentAt (layout: SegmentLayout, offset: number): number {
  const beyondFirst = offset - segmentRoom(layout, 0)
  return beyondFirst < 0 ? 0 : 1 + Math.floor(beyondFirst / segmentRoom(layout, 1))
}

export function ciphertextBytes (layout: SegmentLayout, plaintextBytes: number): number {
  return headerBytes(layout) + plaintextBytes + segmentCount(layout, plaintextBytes) * TAG_BYTES
}

/** Plaintext that stands in so much ciphertext, padding included; undefined: no ciphertext has that length. */
export function plaintextBytes (layout: SegmentLayout, ciphertext: number): number | undefined {
  const count = Math.ceil(ciphertext / layout.segmentBytes)
  if (count > SEGMENTS_MAX) return undefined
  const plaintext = ciphertext - headerBytes(layout) - count * TAG_BYTES
  return plaintext >= 0 && ciphertextBytes(layout, plaintext) === ciphertext ? plaintext : undefined
}
