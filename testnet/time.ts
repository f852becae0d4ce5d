/** Time as talk and faults take it: of this computer, or of a simulated world. */
import { setTimeout as delay } from 'node:timers/promises'

export interface Time {
  /** A clock on the wall that nobody puts wrong. */
  readonly nowMs: () => number
  /** Of a stop-watch; only differences mean anything. */
  readonly passedMs: () => number
  /** Rejects when it is interrupted meanwhile. */
  readonly delay: (delayMs: number, interrupted?: AbortSignal) => Promise<void>
}

export const REAL_TIME: Time = {
  nowMs: () => Date.now(),
  passedMs: () => performance.now(),
  delay: async (delayMs, interrupted) => { await delay(delayMs, undefined, interrupted === undefined ? {} : { signal: interrupted }) }
}

/** Is aborted when so much time has passed, or with `interrupted`. */
export function deadlineOf (delayMs: number, { time, interrupted }: { readonly time: Time, readonly interrupted: AbortSignal }): AbortSignal {
  const deadline = new AbortController()
  void time.delay(delayMs, interrupted).then(() => { deadline.abort() }, () => { deadline.abort() })
  return deadline.signal
}
