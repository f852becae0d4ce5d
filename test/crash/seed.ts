/** Chance that can be repeated: which pass of a step kills, how much is written in between. */
import { randomInt } from 'node:crypto'

/** CRASH_SEED, or a new one: whoever uses it prints it. */
export function seedOfThisRun (): number {
  const given = Number.parseInt(process.env['CRASH_SEED'] ?? '', 10)
  return Number.isNaN(given) ? randomInt(2 ** 31) : given
}
