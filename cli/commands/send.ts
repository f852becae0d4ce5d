/** `skein send`: one text, and if asked, what becomes of it. */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import type { DeliveryState } from '../../protocols/local/schema.ts'
import { AWAITED } from '../awaited.ts'
import type { Invocation } from '../command.ts'
import { oneOf } from '../flags.ts'
import { interruptedWait, isOver, notReached, waitFor } from '../delivery.ts'
import type { Wait } from '../delivery.ts'
import type { Output } from '../output.ts'
import type { Session } from '../session.ts'
import { textFrom } from '../stdin.ts'
import { parseDuration } from '../time.ts'

/** How long a node that lives only for this command tries to deliver before it goes. */
const OWN_NODE_WAIT_MS = 5_000

export async function send ({ arguments: [to = '', given], flags, settings, session, output }: Invocation): Promise<void> {
  const state = oneOf(flags.text('wait') ?? settings.text('send.wait'), AWAITED, '--wait')
  const timeoutMs = parseDuration(flags.text('timeout') ?? settings.text('timeout'), '--timeout')
  const replyTo = flags.text('reply')
  const idempotencyKey = flags.text('idempotencyKey')
  const text = await textFrom(given)
  const sent = await session.api.call('send', { to, text, ...replyTo !== undefined && { replyTo }, ...idempotencyKey !== undefined && { idempotencyKey } })
  // From here on it cannot be lost. A script that is killed while it waits already has the id.
  await output.line(sent.id)
  const reached = await stateAfter(sent, { session, wait: { id: sent.id, state, timeoutMs }, output })
  if (output.isJson) await output.result({ ...sent, state: reached }, '')
}

interface After { readonly session: Session, readonly wait: Wait, readonly output: Output }

async function stateAfter (sent: Result<'send'>, after: After): Promise<DeliveryState> {
  try {
    return after.wait.state === 'queued' ? await queuedState(sent, after) : await awaitedState(after)
  } catch (thrown) {
    throw thrown instanceof SkeinError && thrown.exit === EXIT.interrupted ? interruptedWait(sent.id, sent.state) : thrown
  }
}

async function awaitedState ({ session, wait, output }: After): Promise<DeliveryState> {
  const answer = await waitFor(session, wait)
  if (!answer.isReached) throw notReached(answer, wait)
  if (!output.isJson) output.note(answer.state)
  return answer.state
}

/** A node that runs takes care of the rest. One of our own gets a moment, and we say what came of it. */
async function queuedState (sent: Result<'send'>, { session, output }: After): Promise<DeliveryState> {
  if (!session.isOwnNode()) return sent.state
  const wait: Wait = { id: sent.id, state: 'delivered', timeoutMs: OWN_NODE_WAIT_MS }
  const answer = await waitFor(session, wait)
  if (isOver(answer.state)) throw notReached(answer, wait)
  output.note(answer.isReached ? answer.state : `${answer.state}; it leaves when your node runs: skein up`)
  return answer.state
}
