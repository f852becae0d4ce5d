/** Runs one target: every input gives a value or MalformedError, soon. What fails is reported with what replays it. */
import { toString } from 'uint8arrays'
import { MalformedError } from '../../protocols/core/errors.ts'
import { Dice, input } from './mutate.ts'
import type { FuzzTarget } from './targets.ts'

export interface FuzzOptions {
  readonly runs: number
  readonly seed: number
  /** For one input; a decoder takes microseconds, so that only a runaway reaches it, even on a busy machine. */
  readonly timeMsMax: number
}

export interface FuzzReport {
  /** Inputs that were values. Too few mean that the seeds are bad and only the first check is tested. */
  readonly values: number
  readonly malformed: number
}

/** @throws Error naming target, seed, run and input when an input is neither or takes too long */
export function fuzz (target: FuzzTarget, { runs, seed, timeMsMax }: FuzzOptions): FuzzReport {
  const dice = new Dice(seed)
  const counts = { values: 0, malformed: 0 }
  for (let run = 0; run < runs; run++) {
    const bytes = input(dice, target.seeds)
    const startedAtMs = performance.now()
    const outcome = outcomeOf(target, bytes)
    const tookMs = performance.now() - startedAtMs
    if (outcome instanceof Error) throw new Error(failure(target, { seed, run, bytes, what: `threw ${outcome.name}` }), { cause: outcome })
    if (tookMs > timeMsMax) throw new Error(failure(target, { seed, run, bytes, what: `took ${Math.round(tookMs)} ms` }))
    counts[outcome]++
  }
  return counts
}

function outcomeOf (target: FuzzTarget, bytes: Uint8Array): 'values' | 'malformed' | Error {
  try {
    target.decode(bytes)
    return 'values'
  } catch (thrown) {
    if (thrown instanceof MalformedError) return 'malformed'
    return thrown instanceof Error ? thrown : new Error('something that is no error')
  }
}

interface Failure { readonly seed: number, readonly run: number, readonly bytes: Uint8Array, readonly what: string }

function failure (target: FuzzTarget, { seed, run, bytes, what }: Failure): string {
  return `${target.name} ${what} (SKEIN_FUZZ_SEED=${seed} SKEIN_FUZZ_RUNS=${run + 1}) on ${toString(bytes, 'hex')}`
}
