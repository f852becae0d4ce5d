/** When the disk is full, as far as the last days tell. Decides purely: the same days give the same answer. */
import type { DayView, RelayStats } from '../stats.ts'

/** Growth is taken from this many days: a week has both working days and a weekend. */
const DAYS_LOOKED_AT = 7
/** Fewer steps between days tell nothing. */
const STEPS_MIN = 2

/** Bytes a day: the middle of the last days, and their 10th and 90th percentile. */
export interface Growth {
  readonly bytesPerDay: number
  readonly lowBytesPerDay: number
  readonly highBytesPerDay: number
}

export interface Forecast {
  readonly growth: Growth
  /** Days from now until the cap; undefined when it is not reached at this rate. */
  readonly fullInDays: number | undefined
  readonly earliestInDays: number | undefined
  readonly latestInDays: number | undefined
}

/** undefined while there are too few days. */
export function forecastDisk ({ days, usedBytes, capBytes }: { readonly days: readonly DayView[], readonly usedBytes: number, readonly capBytes: number }): Forecast | undefined {
  const growth = growthOf(days)
  if (growth === undefined) return undefined
  const daysUntilFull = (bytesPerDay: number): number | undefined => bytesPerDay > 0 ? Math.max(0, capBytes - usedBytes) / bytesPerDay : undefined
  return {
    growth,
    fullInDays: daysUntilFull(growth.bytesPerDay),
    earliestInDays: daysUntilFull(growth.highBytesPerDay),
    latestInDays: daysUntilFull(growth.lowBytesPerDay)
  }
}

/** The same for the files of users, which have a cap of their own. */
export function forecastMedia ({ days, media: { usedBytes, capBytes } }: Pick<RelayStats, 'days' | 'media'>): Forecast | undefined {
  return forecastDisk({ days: days.map(day => ({ ...day, usedBytes: day.mediaBytes })), usedBytes, capBytes })
}

function growthOf (days: readonly DayView[]): Growth | undefined {
  const recent = days.slice(-DAYS_LOOKED_AT - 1)
  const steps = recent.slice(1).map((today, index) => {
    const before = recent[index] ?? today
    // A day on which the relay did not run is missing: its growth is spread over those between.
    return (today.usedBytes - before.usedBytes) / Math.max(1, today.day - before.day)
  })
  if (steps.length < STEPS_MIN) return undefined
  const [first, last] = [recent[0], recent.at(-1)]
  if (first === undefined || last === undefined) return undefined
  const sorted = steps.toSorted((left, right) => left - right)
  return {
    // The mean and not the median: one day of a week on which everything comes counts.
    bytesPerDay: (last.usedBytes - first.usedBytes) / Math.max(1, last.day - first.day),
    lowBytesPerDay: percentile(sorted, 0.1),
    highBytesPerDay: percentile(sorted, 0.9)
  }
}

/** Between the two nearest of them. */
function percentile (sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? 0
  const above = sorted[Math.ceil(place)] ?? below
  return below + (above - below) * (place - Math.floor(place))
}
