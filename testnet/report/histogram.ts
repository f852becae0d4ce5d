/**
 * How long things took, of however many: counts in logarithmic steps, as HDR histograms keep them (Tene). A million times take
 * no more room than a thousand. What is read from it is at most 0.6 % off; count, least and most are exact.
 */

/** As it stands in a record. */
export interface HistogramRecord {
  readonly count: number
  readonly minMs: number
  readonly maxMs: number
  /** Number of the step and how many fell into it, rising; empty steps are left out. */
  readonly steps: ReadonlyArray<readonly [number, number]>
}

/** Steps in each doubling: neighbours differ by 2^(1/64), 1.1 %, and the middle of a step by half of that from its ends. */
const STEPS_EACH_DOUBLING = 64

export class Histogram {
  readonly #steps = new Map<number, number>()
  #count = 0
  #minMs = Infinity
  #maxMs = 0

  add (tookMs: number): void {
    const step = stepOf(tookMs)
    this.#steps.set(step, (this.#steps.get(step) ?? 0) + 1)
    this.#count += 1
    this.#minMs = Math.min(this.#minMs, tookMs)
    this.#maxMs = Math.max(this.#maxMs, tookMs)
  }

  view (): HistogramRecord {
    return { count: this.#count, minMs: this.#count === 0 ? 0 : this.#minMs, maxMs: this.#maxMs, steps: [...this.#steps].sort(([left], [right]) => left - right) }
  }
}

export const EMPTY_HISTOGRAM: HistogramRecord = { count: 0, minMs: 0, maxMs: 0, steps: [] }

/** The nearest rank. undefined: there is nothing in it. */
export function quantileOf ({ count, minMs, maxMs, steps }: HistogramRecord, share: number): number | undefined {
  if (count === 0) return undefined
  const rank = Math.max(1, Math.ceil(share * count))
  if (rank === count) return maxMs
  let before = 0
  for (const [step, inStep] of steps) {
    before += inStep
    if (before >= rank) return Math.min(maxMs, Math.max(minMs, 2 ** ((step + 0.5) / STEPS_EACH_DOUBLING)))
  }
  return maxMs
}

/** What takes less than a millisecond takes one: clocks of nodes tell no less. */
function stepOf (tookMs: number): number { return Math.floor(Math.log2(Math.max(1, tookMs)) * STEPS_EACH_DOUBLING) }
