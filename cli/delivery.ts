/** Waiting for what becomes of a message, and how a command ends when it does not come to that. */
import { RefusedError, SkeinError, TimeoutError, UnreachableError, UntrustedError } from '../protocols/core/errors.ts'
import type { Result } from '../protocols/local/operations.ts'
import type { DeliveryState } from '../protocols/local/schema.ts'
import { goalText, type Goal } from './awaited.ts'
import { UnfinishedError, interruption } from './failure.ts'
import type { Session } from './session.ts'
import { durationText } from './time.ts'

export interface Wait {
  readonly id: string
  readonly goal: Goal
  readonly timeoutMs: number
}

/** One question to the node: it answers earlier when the state comes, and bounds longer waits itself. */
const QUESTION_MS_MAX = 60_000

/** Waits until the message is in the state or beyond it, or over, or the time is up. Never throws for how it ends. */
export async function waitFor (session: Session, { id, goal: { state, copies }, timeoutMs }: Wait): Promise<Result<'wait'>> {
  const untilMs = Date.now() + timeoutMs
  for (;;) {
    const restMs = Math.max(0, untilMs - Date.now())
    const answer = await session.api.call('wait', { id, state, ...copies !== undefined && { copies }, timeoutMs: Math.ceil(Math.min(restMs, QUESTION_MS_MAX)) })
    if (answer.isReached || isOver(answer.state) || Date.now() >= untilMs) return answer
  }
}

export function isOver (state: DeliveryState): boolean {
  return state === 'failed' || state === 'expired' || state === 'cancelled'
}

/** The fault of a message that did not get where it was to be; the exit code says why. */
export function notReached ({ id, state, reason, copies, copiesOf }: Result<'wait'>, { goal, timeoutMs }: Wait): UnfinishedError {
  const awaited = goalText(goal)
  const stands = copies === undefined ? state : `${state}, with ${copies} of ${copiesOf ?? copies} copies,`
  const late = new TimeoutError(`the message is still ${stands} after ${durationText(timeoutMs)}, not ${awaited}`, `It is safe here and goes on by itself. See where it is: skein msg trace ${id}`)
  return new UnfinishedError(isOver(state) ? overFault(id, state, reason) : late, { id, state, ...reason !== undefined && { reason }, ...copies !== undefined && { copies } })
}

/** Ctrl-C while we wait: the message does not wait with us. `state` is what we know, so the sentence does not tell it. */
export function interruptedWait (id: string, state: DeliveryState): UnfinishedError {
  const { message, code, exit } = interruption()
  return new UnfinishedError(new SkeinError(message, { code, exit, hint: `The message is safe here and goes on by itself. See where it is: skein msg trace ${id}` }), { id, state })
}

function overFault (id: string, state: DeliveryState, reason = 'no reason was given'): SkeinError {
  const hint = `It is safe here. See what happened: skein msg trace ${id}`
  if (state === 'cancelled') return new RefusedError('the message was taken back', 'It was not delivered.')
  if (state === 'expired') return new UnreachableError('the message expired, nobody collected it', hint)
  if (/\bkey\b|trust|verif/i.test(reason)) return new UntrustedError(`the message was not sent: ${reason}`, hint)
  if (/refus|full|quota|limit|polic|block|too (large|long|many)|accept|declin/i.test(reason)) return new RefusedError(`the message was not sent: ${reason}`, hint)
  return new UnreachableError(`the message was not sent: ${reason}`, hint)
}
