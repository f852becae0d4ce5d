/** Counts of how large something was, in fixed steps: cheap enough for every message. */
import type { HistogramView } from './stats.ts'

export class Histogram {
  readonly #bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0
  #count = 0

  /** @param bounds upper bounds of the steps, rising */
  constructor (bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  add (value: number): void {
    let step = 0
    while (step < this.#bounds.length && value > (this.#bounds[step] ?? 0)) step += 1
    this.#counts[step] = (this.#counts[step] ?? 0) + 1
    this.#sum += value
    this.#count += 1
  }

  view (): HistogramView {
    return { bounds: this.#bounds, counts: [...this.#counts], sum: this.#sum, count: this.#count }
  }
}

/** Milliseconds from a tenth to ten seconds: a flush of a fast disk up to a stall that everybody notices. */
export const DURATION_BOUNDS_MS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000] as const
/** Sizes of groups. */
export const SIZE_BOUNDS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048] as const
