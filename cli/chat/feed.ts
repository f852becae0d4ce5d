/** Keeps the event stream open: when it breaks the chat says so, and tries again with a growing pause until the node answers. */
import { InvariantError } from '../../protocols/core/invariant.ts'
import { SkeinError } from '../../protocols/core/errors.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import type { Input } from './shape.ts'

export interface FeedOptions {
  readonly api: LocalApi
  readonly follow: (signal: AbortSignal) => AsyncIterable<EventView>
  readonly dispatch: (input: Input) => void
  readonly signal: AbortSignal
  /** Resolves after a time, or at once when `signal` aborts. */
  readonly pause: (delayMs: number) => Promise<void>
  readonly now: () => number
}

const PAUSE_MS_MIN = 500
const PAUSE_MS_MAX = 15_000
/** Nobody says when a stream is open. What happened before it was is found by reading once more, this long after. */
const OPENING_MS = 1_000
/** A stream that lived this long was a good one: the next pause is short again. */
const GOOD_STREAM_MS = 5_000

/** Runs until the signal aborts. Rejects only for bugs. */
export async function feedEvents (options: FeedOptions): Promise<void> {
  const { dispatch, signal, pause, now } = options
  let pauseMs = PAUSE_MS_MIN
  while (!signal.aborted) {
    const startedAtMs = now()
    void announceOpen(options)
    await drain(options)
    if (isOver(signal)) return
    if (now() - startedAtMs >= GOOD_STREAM_MS) pauseMs = PAUSE_MS_MIN
    while (!await answers(options)) {
      dispatch({ type: 'nodeLost' })
      await pause(pauseMs)
      pauseMs = Math.min(PAUSE_MS_MAX, pauseMs * 2)
      if (isOver(signal)) return
    }
    dispatch({ type: 'nodeFound' })
    // A node that ends every stream at once must not keep us busy.
    if (now() - startedAtMs < GOOD_STREAM_MS) await pause(PAUSE_MS_MIN)
  }
}

async function drain ({ follow, dispatch, signal }: FeedOptions): Promise<void> {
  try {
    for await (const event of follow(signal)) dispatch({ type: 'event', event })
  } catch (thrown) {
    // However a stream ends, the answer is the same; only bugs are not.
    if (thrown instanceof InvariantError) throw thrown
  }
}

async function announceOpen ({ pause, dispatch, signal }: FeedOptions): Promise<void> {
  await pause(OPENING_MS)
  if (!signal.aborted) dispatch({ type: 'streamOpen' })
}

async function answers ({ api }: FeedOptions): Promise<boolean> {
  try {
    await api.call('status', {})
    return true
  } catch (thrown) {
    if (thrown instanceof SkeinError) return false
    throw thrown
  }
}

/** Read through a function: the compiler believes that nothing aborts between two lines. */
function isOver (signal: AbortSignal): boolean {
  return signal.aborted
}
