/** Checks on single values that arrived from outside; each returns the value as the program uses it. */
import { MalformedError } from './errors.ts'

/** The last instant that a JavaScript Date can hold (ECMA-262, 21.4.1.1): beyond it, formatting a time throws. */
const INSTANT_MS_MAX = 8_640_000_000_000_000

/** @throws MalformedError unless `bytes` has exactly `length` bytes */
export function sizedBytes (bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.byteLength !== length) throw new MalformedError(what, `must be ${length} bytes, not ${bytes.byteLength}`)
  return bytes
}

/** An absent `bytes` field is an empty one. @throws MalformedError unless `bytes` is empty or has exactly `length` bytes */
export function optionalBytes (bytes: Uint8Array, length: number, what: string): Uint8Array | undefined {
  return bytes.byteLength === 0 ? undefined : sizedBytes(bytes, length, what)
}

/** @throws MalformedError unless `bytes` has 1 to `lengthMax` bytes */
export function boundedBytes (bytes: Uint8Array, lengthMax: number, what: string): Uint8Array {
  if (bytes.byteLength < 1 || bytes.byteLength > lengthMax) throw new MalformedError(what, `must be 1 to ${lengthMax} bytes, not ${bytes.byteLength}`)
  return bytes
}

/** A whole number below 2^53 as eight bytes, the highest first: how signed and hashed layouts write times and counts. */
export function bigEndian64 (value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, Math.floor(value / 2 ** 32))
  view.setUint32(4, value % 2 ** 32)
  return bytes
}

/** @throws MalformedError when `value` cannot be held exactly */
export function safeInteger (value: bigint, what: string): number {
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) throw new MalformedError(what, 'must be an integer below 2^53')
  return Number(value)
}

/** Milliseconds since 1970. @throws MalformedError when no calendar reaches that far */
export function instantMs (value: bigint, what: string): number {
  if (value < 0n || value > BigInt(INSTANT_MS_MAX)) throw new MalformedError(what, 'must be a time in milliseconds since 1970')
  return Number(value)
}
