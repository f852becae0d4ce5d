/** Proof of work for a gate, in slices: a node that is asked for a lot of it goes on with everything else meanwhile. */
import { searchWork } from '../../protocols/deposit/work.ts'
import type { Clock } from '../ports.ts'

export interface WorkParts {
  readonly bits: number
  readonly clock: Clock
  /** Looked at between slices. */
  readonly isWanted: () => boolean
}

/** Values tried between two turns of the loop: some milliseconds. */
const SLICE = 1_024

/** undefined: it is not wanted any more. */
export async function findWork (challenge: Uint8Array, { bits, clock, isWanted }: WorkParts): Promise<Uint8Array | undefined> {
  for (let from = 0; ; from += SLICE) {
    await new Promise<void>(resolve => { clock.soon(resolve) })
    if (!isWanted()) return undefined
    const value = searchWork(challenge, { bits, from, count: SLICE })
    if (value !== undefined) return value
  }
}
