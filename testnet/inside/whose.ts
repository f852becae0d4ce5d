/** Which node of a process is at work: where several share one, what one of them starts stays its own through every callback. */
import { AsyncLocalStorage } from 'node:async_hooks'

export interface Inside {
  readonly name: string
  /** Milliseconds by which its clock is wrong, as text; absent: it is right. */
  readonly skewFile: string
}

export const whose = new AsyncLocalStorage<Inside>()
