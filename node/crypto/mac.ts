/** Hashes and MACs by the system's own library: on a relay's hot path, for each deposit. */
import { createHmac, hash, timingSafeEqual } from 'node:crypto'

export function sha256 (bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer')
}

/** HMAC-SHA256 (RFC 2104). */
export function macOf (key: Uint8Array, input: Uint8Array): Uint8Array {
  return createHmac('sha256', key).update(input).digest()
}

/** Whether `mac` is that of `input`: takes as long for a good one as for a bad one. */
export function isMacOf (mac: Uint8Array, key: Uint8Array, input: Uint8Array): boolean {
  const right = macOf(key, input)
  return mac.byteLength === right.byteLength && timingSafeEqual(mac, right)
}

/** Whether two texts are the same: takes as long for a near miss as for anything else. */
export function isSameSecret (left: string, right: string): boolean {
  return timingSafeEqual(sha256(Buffer.from(left)), sha256(Buffer.from(right)))
}
