/**
 * The sender's side of one lane: all that waits for one device. Decides when to dial, when to send and how long to wait;
 * what is sent, and in which order, is for the outbox, which reads it from the disk. Law: docs/protocols/deposit.md, "Lanes".
 *
 *            work            opened               refused
 *   idle ───────────▶ dialing ──────▶ open ◀───────────────▶ paused      the channel stays, nothing is sent
 *    ▲                  ▲  │           │      retryDue, hint
 *    │   retryDue, hint │  │ failed    │ closed
 *    │                  │  ▼           ▼
 *    └───────────────── backoff ◀──────┘
 *      nothing waits
 */
import { ACCEPTANCE_RETRY_MS, REFUSED_RETRY_MS_MAX, RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN, RETRY_JITTER } from '../core/limits.ts'
import { afterRefusal } from './refusal.ts'
import type { RefusalReason } from './wire.ts'

/** `attempts`: failures in a row, since the mailbox last answered or a hint said that things have changed. */
export type Lane =
  /** No channel, nothing waits. */
  | { readonly at: 'idle', readonly attempts: number }
  | { readonly at: 'dialing', readonly attempts: number }
  /** A channel that takes deposits. */
  | { readonly at: 'open', readonly attempts: number }
  /** A channel whose mailbox asked us to wait. */
  | { readonly at: 'paused', readonly attempts: number, readonly retryAtMs: number }
  /** No channel; dialled again when it is time. */
  | { readonly at: 'backoff', readonly attempts: number, readonly retryAtMs: number }

/** What a wait is computed from: the wall or monotonic time of all events alike, and chance uniform in [0, 1). */
interface Moment { readonly nowMs: number, readonly fraction: number }

export type LaneEvent =
  /** Something waits to be sent: new, or left over from before a restart. */
  | { readonly type: 'work' }
  /** The channel stands and both hellos agree. Also when the outbox took over a channel that was there already. */
  | { readonly type: 'opened' }
  /** The dial or the hello failed. `isWorkLeft`: whether anything still waits. */
  | { readonly type: 'failed', readonly isWorkLeft: boolean } & Moment
  /** The channel is over, however it ended; what had no answer waits again. */
  | { readonly type: 'closed', readonly isWorkLeft: boolean } & Moment
  /** The mailbox took a deposit. */
  | { readonly type: 'stored' }
  | { readonly type: 'refused', readonly reason: RefusalReason | 'other', readonly retryAfterMs: number } & Moment
  /** A timer went off, perhaps one that is long superseded. */
  | { readonly type: 'retryDue', readonly isWorkLeft: boolean, readonly nowMs: number }
  /** Things have changed for the better: they connected to us, our network changed, a person asked, they accepted us. */
  | { readonly type: 'hint', readonly isWorkLeft: boolean }

export type LaneEffect =
  /** Open a channel; report `opened` or `failed`. */
  | { readonly type: 'dial' }
  /** Send what waits, until the channel's window is full or nothing waits. */
  | { readonly type: 'send' }
  /** Report `retryDue` then. Replaces the lane's earlier timer; one that goes off nevertheless does no harm. */
  | { readonly type: 'timerAt', readonly atMs: number }

export interface LaneStep { readonly next: Lane, readonly effects: readonly LaneEffect[] }

export const IDLE_LANE: Lane = { at: 'idle', attempts: 0 }

/** Pure: one event, one step. Events that mean nothing in a state leave it as it is. */
export function stepLane (lane: Lane, event: LaneEvent): LaneStep {
  switch (event.type) {
    case 'work': return onWork(lane)
    case 'opened': return step({ at: 'open', attempts: lane.attempts }, { type: 'send' })
    case 'failed': return lane.at === 'dialing' ? afterFailure(lane, event) : step(lane)
    case 'closed': return hasChannel(lane) ? afterFailure(lane, event) : step(lane)
    case 'stored': return step(lane.attempts === 0 ? lane : { ...lane, attempts: 0 })
    case 'refused': return onRefused(lane, event)
    case 'retryDue': return onRetryDue(lane, event)
    case 'hint': return resume({ ...lane, attempts: 0 }, event.isWorkLeft)
  }
}

/** The wait after `attempts` failures in a row: 1 s, 2 s, 4 s … 5 min, each ±20 % so that peers do not come back all at once. */
export function retryDelayMs (attempts: number, fraction: number): number {
  // The exponent is bounded on its own: 2 to the power of a year of failures is Infinity.
  const delayMs = Math.min(RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN * 2 ** Math.min(Math.max(attempts - 1, 0), 30))
  return Math.round(delayMs * (1 + RETRY_JITTER * (2 * fraction - 1)))
}

function onWork (lane: Lane): LaneStep {
  if (lane.at === 'idle') return step({ at: 'dialing', attempts: lane.attempts }, { type: 'dial' })
  return lane.at === 'open' ? step(lane, { type: 'send' }) : step(lane)
}

/** A channel that closes while something waits counts as a failure, too: else a peer that hangs up at once has us dial in a loop. */
function afterFailure ({ attempts }: Lane, { isWorkLeft, nowMs, fraction }: Moment & { readonly isWorkLeft: boolean }): LaneStep {
  if (!isWorkLeft) return step({ at: 'idle', attempts })
  return waitUntil('backoff', attempts + 1, nowMs + retryDelayMs(attempts + 1, fraction))
}

function onRefused (lane: Lane, { reason, retryAfterMs, nowMs, fraction }: LaneEvent & { readonly type: 'refused' }): LaneStep {
  if (!hasChannel(lane)) return step(lane)
  const after = afterRefusal(reason)
  // These say something about one envelope only; the next may pass.
  if (after === 'giveUp' || after === 'awaitRetryRequest') return step(lane)
  const attempts = lane.attempts + 1
  const askedMs = after === 'awaitAcceptance' ? ACCEPTANCE_RETRY_MS : Math.min(retryAfterMs, REFUSED_RETRY_MS_MAX)
  const retryAtMs = nowMs + Math.max(askedMs, retryDelayMs(attempts, fraction))
  // A batch has many refusals: the longest wait counts, and they are one failure.
  if (lane.at === 'paused') return lane.retryAtMs >= retryAtMs ? step(lane) : waitUntil('paused', lane.attempts, retryAtMs)
  return waitUntil('paused', attempts, retryAtMs)
}

function onRetryDue (lane: Lane, { nowMs, isWorkLeft }: LaneEvent & { readonly type: 'retryDue' }): LaneStep {
  if (lane.at !== 'backoff' && lane.at !== 'paused') return step(lane)
  // Timers of two clocks may differ by a little, and a superseded one by a lot.
  if (nowMs < lane.retryAtMs) return step(lane, { type: 'timerAt', atMs: lane.retryAtMs })
  return resume(lane, isWorkLeft)
}

function resume (lane: Lane, isWorkLeft: boolean): LaneStep {
  switch (lane.at) {
    case 'idle': case 'backoff':
      if (!isWorkLeft) return step({ at: 'idle', attempts: lane.attempts })
      return step({ at: 'dialing', attempts: lane.attempts }, { type: 'dial' })
    case 'open': case 'paused': return step({ at: 'open', attempts: lane.attempts }, ...(isWorkLeft ? [{ type: 'send' } as const] : []))
    case 'dialing': return step(lane)
  }
}

function hasChannel (lane: Lane): boolean {
  return lane.at === 'open' || lane.at === 'paused'
}

function waitUntil (at: 'backoff' | 'paused', attempts: number, retryAtMs: number): LaneStep {
  return step({ at, attempts, retryAtMs }, { type: 'timerAt', atMs: retryAtMs })
}

function step (next: Lane, ...effects: readonly LaneEffect[]): LaneStep {
  return { next, effects }
}
