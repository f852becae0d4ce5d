/**
 * The hybrid logical clock: physical time that never goes back and always passes what was seen, so that comparing two
 * clocks agrees with cause and effect (Kulkarni et al., "Logical Physical Clocks", 2014, in one number: the microseconds
 * below a millisecond are the logical part). Law: docs/protocols/message.md, "Clock".
 */
import { CLOCK_AHEAD_MS_MAX } from '../core/limits.ts'

/**
 * The highest clock that a content may carry, 2^52 µs: the year 2112. A position (order.ts) grows by one per message above
 * its parents', so half of the safe integers stay free above it, more than anyone can send.
 */
export const HLC_US_MAX = 2 ** 52

export interface ClockReading {
  /** Our wall clock, milliseconds since 1970. */
  readonly nowMs: number
  /** The clock we go on from, microseconds: the highest of all our own and all that `observeHlc` has let in; 0 at first. */
  readonly knownUs: number
}

/**
 * The clock of a content that we write now: above every clock that we know, never below the wall clock. At HLC_US_MAX it
 * stands still, and ids decide.
 */
export function nextHlc ({ nowMs, knownUs }: ClockReading): number {
  return Math.min(HLC_US_MAX, Math.max(wallUs(nowMs), knownUs + 1))
}

/**
 * What we go on from after seeing somebody else's clock. One that is further ahead than CLOCK_AHEAD_MS_MAX counts as being
 * exactly that far ahead: else one wrong clock would poison all others for good. What we write still sorts after what we
 * have seen, because positions look at parents and not only at clocks (order.ts).
 */
export function observeHlc ({ nowMs, knownUs, seenUs }: ClockReading & { readonly seenUs: number }): number {
  const clampedUs = Math.min(seenUs, wallUs(nowMs) + CLOCK_AHEAD_MS_MAX * 1000)
  return Math.max(knownUs, clampedUs)
}

/** A wall clock may stand before 1970, or carry a fraction. */
function wallUs (nowMs: number): number {
  return Math.max(0, Math.floor(nowMs)) * 1000
}
