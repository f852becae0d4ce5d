/** The network's time, as it stands on axes and in tables: counted from the beginning of the run. */
import { latencyText } from '../../protocols/core/quantity.ts'

const [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS] = [1_000, 60_000, 3_600_000, 24 * 3_600_000] as const
const STEPS_MS = [
  ...[0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30].map(count => count * SECOND_MS),
  ...[1, 2, 5, 10, 20, 30].map(count => count * MINUTE_MS),
  ...[1, 2, 4, 6, 12].map(count => count * HOUR_MS),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map(count => count * DAY_MS)
]
const TICKS_MAX = 7

export interface TimeTick { readonly atMs: number, readonly text: string }

/** From 0 to the end, at round times, all in one unit. */
export function timeTicks (endMs: number): readonly TimeTick[] {
  const stepMs = STEPS_MS.find(candidate => endMs / candidate <= TICKS_MAX) ?? Math.ceil(endMs / TICKS_MAX)
  const [unit, unitMs] = stepMs < MINUTE_MS ? ['s', SECOND_MS] : stepMs < HOUR_MS ? ['min', MINUTE_MS] : stepMs < DAY_MS ? ['h', HOUR_MS] : ['d', DAY_MS]
  return Array.from({ length: Math.floor(endMs / stepMs) + 1 }, (_, index) => ({ atMs: index * stepMs, text: `${Math.round(index * stepMs / unitMs * 10) / 10} ${unit}` }))
}

/** `0.4 s`, `42 s`, `12 min 5 s`, `2 h 3 min`, `3 d 4 h` */
export function elapsedText (ms: number): string {
  // A wrong clock may put something before the beginning.
  if (ms < 0) return `−${elapsedText(-ms)}`
  if (ms < 9_950) return `${(ms / SECOND_MS).toFixed(1)} s`
  const seconds = Math.round(ms / SECOND_MS)
  if (seconds < 60) return `${seconds} s`
  const [big, bigUnit, small, smallUnit] = seconds < 3_600
    ? [Math.floor(seconds / 60), 'min', seconds % 60, 's']
    : seconds < 86_400 ? [Math.floor(seconds / 3_600), 'h', Math.floor(seconds % 3_600 / 60), 'min'] : [Math.floor(seconds / 86_400), 'd', Math.floor(seconds % 86_400 / 3_600), 'h']
  return `${big} ${bigUnit}${small === 0 ? '' : ` ${small} ${smallUnit}`}`
}

/** How long something took: `12 ms`, `1.8 s`, `5 min 13 s`. */
export function tookText (ms: number): string { return ms < 9_950 ? latencyText(ms) : elapsedText(ms) }
