/** From what was done to a network: when something was the matter with whom. */
import { Disturbances } from '../scenario/disturbances.ts'
import type { Fault, Journal } from './journal.ts'

export interface Calm { readonly disturbances: Disturbances, readonly wrongClocks: Disturbances }

/** From now on. */
export function calmIn (journal: Journal): Calm {
  const disturbances = new Disturbances()
  const wrongClocks = new Disturbances()
  /** Somebody may be cut off and killed at a time, and is well only when both are over. */
  const openOf = new Map<string, number>()
  journal.listen({
    begun: fault => {
      for (const name of disturbedBy(fault)) {
        openOf.set(name, (openOf.get(name) ?? 0) + 1)
        disturbances.begin(name, fault.beginMs)
        if (fault.kind === 'wrong clock') wrongClocks.begin(name, fault.beginMs)
      }
    },
    ended: fault => {
      const endMs = fault.endMs ?? fault.beginMs
      for (const name of disturbedBy(fault)) {
        const open = (openOf.get(name) ?? 1) - 1
        openOf.set(name, open)
        if (open === 0) disturbances.end(name, endMs)
        if (fault.kind === 'wrong clock') wrongClocks.end(name, endMs)
      }
    }
  })
  return { disturbances, wrongClocks }
}

/** One who is cut off from all others is disturbed; the others have each other. */
function disturbedBy ({ whom, from }: Fault): readonly string[] {
  if (from.length === 0 || whom.length < from.length) return whom
  return from.length < whom.length ? from : [...whom, ...from]
}
