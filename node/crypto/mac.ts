/** Hashes and MACs by the system's own library: on a relay's hot path, for each deposit. */
import { hash, timingSafeEqual } from 'node:crypto'
import { invariant } from '../../protocols/core/invariant.ts'
import { HASH_BYTES } from '../../protocols/core/signed.ts'

export function sha256 (bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

/** Of SHA-256, in bytes: what HMAC pads its key to. */
const BLOCK_BYTES = 64
const INNER = 0x36
const OUTER = 0x5c

/**
 * HMAC-SHA256 (RFC 2104), of a key of at most 64 bytes. Node's own `createHmac` makes a key object of every key first, which takes
 * four times as long as the hashing.
 */
export function macOf (key: Uint8Array, input: Uint8Array): Uint8Array {
  invariant(key.byteLength <= BLOCK_BYTES, 'a MAC key is at most one block')
  const inner = padded(key, INNER, input.byteLength)
  inner.set(input, BLOCK_BYTES)
  const outer = padded(key, OUTER, HASH_BYTES)
  outer.set(sha256(inner), BLOCK_BYTES)
  return sha256(outer)
}

/** Whether `mac` is that of `input`: takes as long for a good one as for a bad one. */
export function isMacOf (mac: Uint8Array, key: Uint8Array, input: Uint8Array): boolean {
  const right = macOf(key, input)
  return mac.byteLength === right.byteLength && timingSafeEqual(mac, right)
}

/** Whether two keys are the same: takes as long for a near miss as for anything else. */
export function isSameKey (left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && timingSafeEqual(left, right)
}

/** Whether two texts are the same: takes as long for a near miss as for anything else. */
export function isSameSecret (left: string, right: string): boolean {
  return timingSafeEqual(sha256(Buffer.from(left)), sha256(Buffer.from(right)))
}

/** The key as a block, with room for what is hashed behind it. */
function padded (key: Uint8Array, pad: number, roomBytes: number): Buffer {
  const bytes = Buffer.allocUnsafe(BLOCK_BYTES + roomBytes).fill(pad, 0, BLOCK_BYTES)
  for (let index = 0; index < key.byteLength; index++) bytes[index] = (key[index] ?? 0) ^ pad
  return bytes
}
