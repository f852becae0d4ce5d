/** The state of an own message, and waiting for it. */
import { idKey, idText, type ContentId } from '../../protocols/core/ids.ts'
import { RefusedError } from '../../protocols/core/errors.ts'
import { DELIVERY_STATE, type DeliveryState } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import type { Message } from '../../store/types.ts'
import type { Arrivals } from '../arrivals.ts'
import type { Copies } from '../../protocols/deposit/copies.ts'
import { countCopies } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import type { Clock } from '../ports.ts'
import { findMessage } from './find.ts'
import type { Handlers } from './handlers.ts'

export type AwaitedState = 'queued' | 'stored' | 'delivered' | 'read'

const AWAITED: readonly DeliveryState[] = ['queued', 'stored', 'delivered', 'read']

export function ownState (message: Pick<Message, 'state'> | undefined): DeliveryState {
  const state = DELIVERY_STATE.enum.find(known => known === message?.state)
  return state ?? 'queued'
}

/** Whether `state` is `awaited` or beyond it. */
export function isReached (state: DeliveryState, awaited: AwaitedState): boolean {
  return AWAITED.indexOf(state) >= AWAITED.indexOf(awaited)
}

/** Whether nothing more will come of a message. */
function isOver (state: DeliveryState): boolean {
  return state === 'failed' || state === 'expired' || state === 'cancelled'
}

export interface WaitParts {
  readonly reader: Reader
  readonly arrivals: Arrivals
  readonly clock: Clock
  readonly directory: Directory
  /** With 'stored': this many signed copies, instead of what is enough. */
  readonly copies?: number | undefined
  /** Without one it waits for as long as it takes. */
  readonly timeoutMs?: number | undefined
}

interface Waited { readonly state: DeliveryState, readonly reason: string | undefined }

/** Resolves when the message is in the state or beyond it, over, or the time is up. */
export async function waitForState (id: ContentId, awaited: AwaitedState, parts: WaitParts): Promise<Waited> {
  const { reader, arrivals, clock, timeoutMs } = parts
  // After listening began, so that nothing falls in between.
  return await new Promise(resolve => {
    const finish = (waited: Waited): void => {
      stopListening()
      timer?.cancel()
      resolve(waited)
    }
    const stopListening = arrivals.listen(idKey(id), (state, reason) => {
      if (isThere(id, { state, awaited }, parts) || isOver(state)) finish(furthest({ state, reason }, whereIs(id, reader)))
    })
    const timer = timeoutMs === undefined ? undefined : clock.timer(timeoutMs, () => finish(whereIs(id, reader)))
    const now = whereIs(id, reader)
    if (isThere(id, { state: now.state, awaited }, parts) || isOver(now.state)) finish(now)
  })
}

/** What is told may be ahead of what is written, and behind it when a commit brought several things. */
function furthest (told: Waited, written: Waited): Waited {
  return AWAITED.indexOf(written.state) > AWAITED.indexOf(told.state) ? written : told
}

/** In the state or beyond it; of copies, as many as were asked for. */
function isThere (id: ContentId, { state, awaited }: { readonly state: DeliveryState, readonly awaited: AwaitedState }, { reader, directory, clock, copies }: Omit<WaitParts, 'timeoutMs' | 'arrivals'>): boolean {
  if (awaited !== 'stored' || copies === undefined || isReached(state, 'delivered')) return isReached(state, awaited)
  return (countCopies(id, { reader, directory, nowMs: clock.now() })?.stored ?? 0) >= copies
}

function whereIs (id: ContentId, reader: Reader): Waited {
  const row = reader.messages.stateOf(id)
  return { state: ownState(row), reason: row?.reason }
}

function copiesView (copies: Copies | undefined): { copies?: number, copiesOf?: number } {
  return copies === undefined ? {} : { copies: copies.stored, copiesOf: copies.of }
}

export function waitOperations (parts: WaitParts): Handlers<'wait'> {
  return {
    wait: async ({ id, state: awaited, copies: wanted, timeoutMs }) => {
      const message = findMessage(id, parts.reader)
      if (!message.isOwn) throw new RefusedError('only own messages have a delivery state to wait for')
      const { state, reason } = await waitForState(message.id, awaited, { ...parts, copies: wanted, timeoutMs })
      const copies = countCopies(message.id, { ...parts, nowMs: parts.clock.now() })
      return { id: idText(message.id), state, isReached: isThere(message.id, { state, awaited }, { ...parts, copies: wanted }), ...reason === undefined ? {} : { reason }, ...copiesView(copies) }
    }
  }
}
