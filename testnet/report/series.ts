/** A figure over time, in no more than so many steps however long it goes on: when they are full, two become one. */

/** As it stands in a record. */
export interface Series {
  readonly stepMs: number
  /** The value from `index * stepMs` on, counted from the beginning of the run; null: nobody knew it. */
  readonly values: ReadonlyArray<number | null>
}

/** More than a chart has pixels to tell apart. */
const STEPS_MAX = 512

/** `sum`: what happened in a step; after the first, nothing is 0. `most`: a level, of which the highest counts; nothing is unknown. */
export type Kind = 'sum' | 'most'

export class Track {
  readonly #kind: Kind
  #stepMs: number
  #values: Array<number | null> = []

  /** @param stepMs at the beginning; doubled whenever it gets too long */
  constructor (kind: Kind, stepMs: number) {
    this.#kind = kind
    this.#stepMs = stepMs
  }

  /** In any order of time. What was before the beginning belongs to the first step. */
  add (atMs: number, value: number): void {
    let index = Math.max(0, Math.floor(atMs / this.#stepMs))
    while (index >= STEPS_MAX) {
      this.#halve()
      index = Math.floor(atMs / this.#stepMs)
    }
    while (this.#values.length <= index) this.#values.push(null)
    this.#values[index] = this.#joined(this.#values[index] ?? null, value)
  }

  view (): Series {
    const first = this.#values.findIndex(value => value !== null)
    return { stepMs: this.#stepMs, values: this.#values.map((value, index) => value ?? (this.#kind === 'sum' && index > first ? 0 : null)) }
  }

  #halve (): void {
    this.#stepMs *= 2
    this.#values = Array.from({ length: Math.ceil(this.#values.length / 2) }, (_, index) => {
      const second = this.#values[2 * index + 1] ?? null
      return second === null ? this.#values[2 * index] ?? null : this.#joined(this.#values[2 * index] ?? null, second)
    })
  }

  #joined (one: number | null, other: number): number {
    if (one === null) return other
    return this.#kind === 'sum' ? one + other : Math.max(one, other)
  }
}

export const EMPTY_SERIES: Series = { stepMs: 1_000, values: [] }

/** From what came and went to what is there. */
export function levelOf ({ stepMs, values }: Series): Series {
  let level = 0
  return { stepMs, values: values.map(change => (level += change ?? 0)) }
}

/** A longer silence is a gap in a line: nobody knows what was there. */
const GAP_STEPS_MAX = 3

interface Known { readonly index: number, readonly value: number }

/** Stretches in which the value was known, but for a step or two. */
export function unbroken (values: Series['values']): ReadonlyArray<readonly Known[]> {
  const runs: Known[][] = []
  for (const [index, value] of values.entries()) {
    if (value === null) continue
    const run = runs.at(-1)
    if (run === undefined || index - (run.at(-1)?.index ?? index) > GAP_STEPS_MAX) runs.push([{ index, value }])
    else run.push({ index, value })
  }
  return runs
}
