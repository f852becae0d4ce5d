/**
 * When prekeys are made, and how many. Law: docs/protocols/prekeys.md, "Stock".
 */
import { ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_MIN, SIGNED_PREKEY_ROTATION_MS } from '../core/limits.ts'

export interface Stock {
  /** One-time keys that nobody has been given yet. */
  readonly oneTime: number
  readonly oneTimeKem: number
  /** When the newest of each kind was made; undefined: there is none. */
  readonly signedAtMs: number | undefined
  readonly lastResortAtMs: number | undefined
}

export interface Refill {
  /** One-time keys to make. */
  readonly oneTime: number
  readonly oneTimeKem: number
  readonly isSignedDue: boolean
  readonly isLastResortDue: boolean
}

/** What to make now. */
export function refillOf (stock: Stock, nowMs: number): Refill {
  return {
    oneTime: missing(stock.oneTime),
    oneTimeKem: missing(stock.oneTimeKem),
    isSignedDue: isRotationDue(stock.signedAtMs, nowMs),
    isLastResortDue: isRotationDue(stock.lastResortAtMs, nowMs)
  }
}

export function isRefillNeeded ({ oneTime, oneTimeKem, isSignedDue, isLastResortDue }: Refill): boolean {
  return oneTime > 0 || oneTimeKem > 0 || isSignedDue || isLastResortDue
}

/** In one go from below the least to the full stock: a transaction per key given away would be dear. */
function missing (count: number): number {
  return count < ONE_TIME_PREKEYS_MIN ? ONE_TIME_PREKEYS - count : 0
}

/** A key from the future was made by a clock that has been set back; waiting for it could take years. */
function isRotationDue (madeAtMs: number | undefined, nowMs: number): boolean {
  return madeAtMs === undefined || Math.abs(nowMs - madeAtMs) >= SIGNED_PREKEY_ROTATION_MS
}
