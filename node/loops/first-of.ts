/**
 * Two ways to the same answer, from somebody who may be away and from those that stand in for them: the second one is only taken when the
 * first is slow, or leads nowhere. It costs the others something, and it is rarely needed.
 */
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { HEDGE_MS_MIN } from '../../protocols/core/limits.ts'
import type { Clock } from '../ports.ts'

export interface TwoWays<Value> {
  readonly first: () => Promise<Value>
  readonly second: () => Promise<Value>
  readonly clock: Clock
  /** When neither way leads anywhere, in words. */
  readonly failure: string
}

/** @throws UnreachableError when neither way leads anywhere */
export async function firstOf<Value> ({ first, second, clock, failure }: TwoWays<Value>): Promise<Value> {
  const { promise: slow, resolve: isSlow } = Promise.withResolvers<false>()
  const timer = clock.timer(HEDGE_MS_MIN, () => isSlow(false))
  const trying = first()
  try {
    return await Promise.any([trying, unlessWon(trying, { slow, second })])
  } catch (thrown) {
    throw causeOf(thrown, failure)
  } finally {
    timer.cancel()
  }
}

async function unlessWon<Value> (trying: Promise<Value>, { slow, second }: { readonly slow: Promise<false>, readonly second: () => Promise<Value> }): Promise<Value> {
  const isWon = await Promise.race([slow, trying.then(() => true, () => false)])
  return isWon ? await trying : await second()
}

/** Of two faults none when both are of the network; anything else is a bug, and must be seen. */
function causeOf (thrown: unknown, failure: string): unknown {
  const causes: unknown[] = thrown instanceof AggregateError ? thrown.errors as unknown[] : [thrown]
  return causes.find(cause => !(cause instanceof UnreachableError || cause instanceof MalformedError)) ?? new UnreachableError(failure)
}
