/** How fast it goes now: from the figures of the last minute, kept only while somebody looks. */
import type { HistogramView, RelayStats } from '../stats.ts'

export interface Pace {
  readonly depositsPerSecond: number
  /** Milliseconds from arrival to the signed answer; undefined when nothing was deposited in that time. */
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** How long it was looked at. */
  readonly overMs: number
}

interface Sample { readonly atMs: number, readonly stored: number, readonly answered: HistogramView }

const RATE_MS = 10_000
const PERCENTILE_MS = 60_000

export class Recent {
  readonly #samples: Sample[] = []

  /** Takes the figures in, and tells the pace from them. `nowMs` is monotonic. */
  pace (stats: RelayStats, nowMs: number): Pace {
    const sample = { atMs: nowMs, stored: stats.deposits.stored, answered: stats.answeredMs }
    while (this.#samples.length > 1 && (this.#samples[1]?.atMs ?? nowMs) <= nowMs - PERCENTILE_MS) this.#samples.shift()
    // Somebody looks again after a pause: what was before is not the last minute.
    if (nowMs - (this.#samples.at(-1)?.atMs ?? nowMs) > PERCENTILE_MS) this.#samples.length = 0
    this.#samples.push(sample)
    return paceBetween({ rateFrom: this.#since(nowMs - RATE_MS), percentilesFrom: this.#since(nowMs - PERCENTILE_MS), now: sample, stats })
  }

  /** The newest that is at least that old, else the oldest. */
  #since (atMs: number): Sample | undefined {
    return this.#samples.findLast(sample => sample.atMs <= atMs) ?? this.#samples[0]
  }
}

interface Between { readonly rateFrom: Sample | undefined, readonly percentilesFrom: Sample | undefined, readonly now: Sample, readonly stats: RelayStats }

function paceBetween ({ rateFrom, percentilesFrom, now, stats }: Between): Pace {
  const isFirst = rateFrom === undefined || rateFrom === now
  const overMs = isFirst ? Math.max(1, stats.nowMs - stats.startedAtMs) : now.atMs - rateFrom.atMs
  const stored = isFirst ? now.stored : now.stored - rateFrom.stored
  const answered = percentilesFrom === undefined || percentilesFrom === now ? now.answered : difference(now.answered, percentilesFrom.answered)
  return { depositsPerSecond: stored / (overMs / 1_000), p50Ms: quantile(answered, 0.5), p99Ms: quantile(answered, 0.99), overMs }
}

function difference (later: HistogramView, earlier: HistogramView): HistogramView {
  return { ...later, counts: later.counts.map((count, index) => count - (earlier.counts[index] ?? 0)), sum: later.sum - earlier.sum, count: later.count - earlier.count }
}

/** Interpolated within its step; in the last one, which has no end, its beginning. */
export function quantile ({ bounds, counts, count }: HistogramView, share: number): number | undefined {
  if (count === 0) return undefined
  let before = 0
  for (const [step, inStep] of counts.entries()) {
    if (inStep > 0 && before + inStep >= share * count) {
      const low = bounds[step - 1] ?? 0
      const high = bounds[step] ?? low
      return low + (high - low) * ((share * count - before) / inStep)
    }
    before += inStep
  }
  return bounds.at(-1)
}
