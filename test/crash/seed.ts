/** Chance that can be repeated: which pass of a step kills, how much is written in between. */
import { randomInt } from 'node:crypto'

/** CRASH_SEED, or a new one: whoever uses it prints it. */
export function seedOfThisRun (): number {
  const given = Number.parseInt(process.env['CRASH_SEED'] ?? '', 10)
  return Number.isNaN(given) ? randomInt(2 ** 31) : given
}

/** Mulberry32 (Tommy Ettinger, public domain): uniform in [0, 1). */
export function seeded (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
