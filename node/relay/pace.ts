/**
 * How much housekeeping goes into one transaction: as much as the disk and the processor do in a moment that nobody notices. What a
 * page or a row costs differs by a factor of a hundred between machines, between bodies of 1 and 64 KiB, and under load.
 */

/** A transaction with housekeeping in it, until the disk has it: a tenth of a second is what must not be noticed, and others come on top. */
const SLICE_MS = 25

export class Pace {
  readonly #min: number
  readonly #max: number
  #size: number

  /** Begins at the smallest: a first slice that is too large would be noticed. */
  constructor ({ min, max }: { readonly min: number, readonly max: number }) {
    this.#min = min
    this.#max = max
    this.#size = min
  }

  /** Of the next slice. */
  get size (): number { return this.#size }

  /** How long a slice of `size` took: a slow one halves it at once, quick ones bring it back slowly. */
  took (durationMs: number): void {
    const wanted = durationMs > SLICE_MS ? this.#size / 2 : this.#size * 1.25
    this.#size = Math.round(Math.min(this.#max, Math.max(this.#min, wanted)))
  }
}
