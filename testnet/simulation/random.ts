/** Chance from a seed: the same seed is the same history. */
import type { Random } from '../../node/ports.ts'

/** A stream of chance of its own for each purpose, so that one more draw here does not change everything there. */
export class SeededRandom implements Random {
  #state: number

  constructor (seed: number, purpose: string) {
    this.#state = seed >>> 0
    for (const character of purpose) this.#state = Math.imul(this.#state ^ character.charCodeAt(0), 0x01000193) >>> 0
    this.#next()
  }

  /** Mulberry32: 32 bits of state are plenty for a schedule. */
  #next (): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  fraction (): number { return this.#next() / 2 ** 32 }

  bytes (length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#next() & 255)
  }

  /** An integer in [0, limit). */
  below (limit: number): number { return Math.floor(this.fraction() * limit) }

  chance (probability: number): boolean { return this.fraction() < probability }

  pick<Item> (items: readonly [Item, ...Item[]]): Item { return items[this.below(items.length)] ?? items[0] }
}
