/**
 * How large a file looks: filled up with zeros to the size that Padmé gives (Nikitin and others, "Reducing Metadata Leakage from Encrypted
 * Files and Communication with PURBs", PETS 2019, section 4). Law: docs/protocols/media.md, "Blob".
 */
import { invariant } from '../core/invariant.ts'

/** Below it every file looks alike: most texts, icons and stickers. */
export const PADDED_BYTES_MIN = 4_096
/** 2 PiB: padded by an eighth at most, it stays below the 2^32 segments of 1 MiB that four bytes can count. */
export const FILE_BYTES_MAX = 2 ** 51

/**
 * Of a size with the exponent E only the first bits are kept, as many as E itself takes: the rest is rounded up. In whole numbers
 * alone: powers of two divide exactly, and a logarithm of floating point is wrong beside them.
 */
export function paddedBytes (bytes: number): number {
  invariant(Number.isSafeInteger(bytes) && bytes >= 0 && bytes <= FILE_BYTES_MAX, 'a file has 0 to 2^51 bytes')
  if (bytes <= PADDED_BYTES_MIN) return PADDED_BYTES_MIN
  const exponent = exponentOf(bytes)
  const step = 2 ** (exponent - exponentOf(exponent) - 1)
  return Math.ceil(bytes / step) * step
}

/** The largest n with 2^n ≤ value. */
function exponentOf (value: number): number {
  let exponent = 0
  for (let power = 2; power <= value; power *= 2) exponent++
  return exponent
}
