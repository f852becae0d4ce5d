/** Values as they come from outside, for properties. */
import fc from 'fast-check'
import { accountId, deviceId, envelopeId } from '../../../protocols/core/ids.ts'

export function bytesOf (length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length })
}

export function bytesUpTo (maxLength: number, minLength = 1): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength, maxLength })
}

export const accountIds = bytesOf(32).map(accountId)
export const deviceIds = bytesOf(16).map(deviceId)
export const envelopeIds = bytesOf(16).map(envelopeId)

/** Unsigned 32-bit numbers, the ends included. */
export const uint32s = fc.nat({ max: 0xffffffff })
export const instants = fc.nat({ max: 8_639_999_000_000 }).map(seconds => seconds * 1000)
/** From 1: sequences and counters. */
export const counts = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER })
export const peerIdTexts = fc.stringMatching(/^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/)

/** Any characters of Unicode, controls and all; half of them from the first few thousand, where the scripts and controls are. */
export const texts = fc.array(fc.oneof(fc.nat({ max: 0x30ff }), fc.nat({ max: 0xd7ff }), fc.integer({ min: 0xe000, max: 0x10ffff })))
  .map(codes => String.fromCodePoint(...codes))
