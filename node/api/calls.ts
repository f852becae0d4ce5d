/**
 * Calls of the local API on behalf of clients outside: bounded in number and time, and ended when the server stops.
 */
import { EXIT, LockedError, SkeinError } from '../../protocols/core/errors.ts'
import type { LocalApi, OperationName, Params, Result } from '../../protocols/local/operations.ts'

/** Calls under way: a connection carries one at a time, but one whose client went away goes on. */
const CALLS_MAX = 256
/** A wait that nobody listens to any more ends after this; who still wants to know asks again. */
const WAIT_MS_MAX = 60_000

export interface Calls extends LocalApi {
  /** Answers everything that only waits: `stop` as done, the others with an error of the code `stopping`. Idempotent. */
  readonly end: () => void
}

/** @throws what the operations throw, LockedError when there are too many calls, and an error of the code `stopping` */
export function boundedCalls (api: LocalApi): Calls {
  const waiting = new Set<() => void>()
  let underWay = 0
  let isEnded = false

  async function call<Name extends OperationName> (name: Name, params: Params<Name>): Promise<Result<Name>> {
    if (underWay >= CALLS_MAX) throw new LockedError('the node is busy with other calls', 'Try again in a moment.')
    if (isEnded) throw stopped()
    const interruption = Promise.withResolvers<Result<Name>>()
    const interrupt = (): void => name === 'stop' ? interruption.resolve({}) : interruption.reject(stopped())
    if (isWaiting(name)) waiting.add(interrupt)
    underWay++
    try {
      return await Promise.race([api.call(name, bounded(name, params)), interruption.promise])
    } finally {
      underWay--
      waiting.delete(interrupt)
    }
  }

  function end (): void {
    isEnded = true
    for (const interrupt of waiting) interrupt()
  }

  return { call, end }
}

function isWaiting (name: OperationName): boolean {
  return name === 'stop' || name === 'wait' || name === 'events.page'
}

function bounded<Name extends OperationName> (name: Name, params: Params<Name>): Params<Name> {
  if (name !== 'wait') return params
  const { timeoutMs = WAIT_MS_MAX } = params as Params<'wait'>
  return { ...params, timeoutMs: Math.min(timeoutMs, WAIT_MS_MAX) }
}

/** Its code says that nothing was done: whoever asked may ask the next node. */
function stopped (): SkeinError {
  return new SkeinError('the node is stopping', { code: 'stopping', exit: EXIT.locked, hint: 'What was accepted before is safe. Start it again with: skein up' })
}
