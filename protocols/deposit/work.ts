/**
 * Proof of work at an open gate: writing to one stranger costs nothing that one notices, writing to a million does. Law:
 * docs/protocols/mailbox.md, "Gates".
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, fromString } from 'uint8arrays'
import { WORK_BITS_MAX, WORK_BITS_MIN, WORK_BYTES } from '../core/limits.ts'

const DOMAIN = concat([fromString('skein/gate/v1'), Uint8Array.of(0)])

/** What work is done for: this deposit, on this stream, so that none can be kept in stock. */
export function workChallenge ({ nonce, alias, depositId }: { readonly nonce: Uint8Array, readonly alias: Uint8Array, readonly depositId: Uint8Array }): Uint8Array {
  return concat([DOMAIN, nonce, alias, depositId])
}

export function hasWork (challenge: Uint8Array, work: Uint8Array, bits: number): boolean {
  return work.byteLength === WORK_BYTES && leadingZeros(sha256(concat([challenge, work]))) >= bits
}

/**
 * Tries `count` values from `from` on. Some microseconds each: whoever does it for long does other things in between.
 * @returns undefined: none of them is work
 */
export function searchWork (challenge: Uint8Array, { bits, from, count }: { readonly bits: number, readonly from: number, readonly count: number }): Uint8Array | undefined {
  // What comes before the value is hashed once, and nothing is made anew for each: this runs a hundred thousand times.
  const before = sha256.create().update(challenge)
  const scratch = before.clone()
  const work = new Uint8Array(WORK_BYTES)
  const hash = new Uint8Array(scratch.outputLen)
  const view = new DataView(work.buffer)
  for (let value = from; value < from + count; value++) {
    view.setUint32(0, Math.floor(value / 2 ** 32))
    view.setUint32(4, value % 2 ** 32)
    before._cloneInto(scratch).update(work).digestInto(hash)
    if (leadingZeros(hash) >= bits) return work
  }
  return undefined
}

/** What a gate asks for while `pending` requests wait: one bit more for each doubling. */
export function workBitsFor (pending: number): number {
  return Math.min(WORK_BITS_MAX, WORK_BITS_MIN + Math.floor(Math.log2(pending + 1)))
}

function leadingZeros (bytes: Uint8Array): number {
  let bits = 0
  for (const byte of bytes) {
    if (byte !== 0) return bits + Math.clz32(byte) - 24
    bits += 8
  }
  return bits
}
