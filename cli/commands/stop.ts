/** `skein stop`: ends the node that runs, and comes back when it is gone. */
import { setTimeout as delay } from 'node:timers/promises'
import { TimeoutError } from '../../protocols/core/errors.ts'
import { NoNodeError } from '../client.ts'
import type { Invocation } from '../command.ts'
import type { Session } from '../session.ts'
import { durationText, parseDuration } from '../time.ts'

const LOOK_MS = 50

export async function stop ({ flags, settings, session, output, interrupted }: Invocation): Promise<void> {
  const timeoutMs = parseDuration(flags.text('timeout') ?? settings.text('timeout'), '--timeout')
  const untilMs = Date.now() + timeoutMs
  const wasRunning = await answers(session, 'stop')
  for (let isUp = wasRunning; isUp; isUp = await answers(session, 'status')) {
    if (Date.now() > untilMs) throw new TimeoutError(`the node is still stopping after ${durationText(timeoutMs)}`, 'What was queued is safe. Look again with: skein status')
    await delay(LOOK_MS, undefined, { signal: interrupted })
  }
  await output.result({ wasRunning }, wasRunning ? 'The node has stopped. What was queued is safe.' : 'No node runs here.')
}

async function answers (session: Session, question: 'stop' | 'status'): Promise<boolean> {
  try {
    await session.api.call(question, {})
    return true
  } catch (thrown) {
    if (thrown instanceof NoNodeError) return false
    // While it stops it may refuse, or hang up in the middle of an answer: it is still there.
    return true
  }
}
