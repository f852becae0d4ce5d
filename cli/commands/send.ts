/** `skein send`: one text, or files, and if asked, what becomes of it. */
import { EXIT, SkeinError, UsageError } from '../../protocols/core/errors.ts'
import type { Params, Result } from '../../protocols/local/operations.ts'
import { AWAITED, parseGoal, type Goal } from '../awaited.ts'
import type { Invocation } from '../command.ts'
import { interruptedWait, isOver, notReached, waitFor } from '../delivery.ts'
import type { Wait } from '../delivery.ts'
import type { Output } from '../output.ts'
import type { Session } from '../session.ts'
import { textFrom } from '../stdin.ts'
import { parseDuration } from '../time.ts'
import type { TakenIn } from './send-files.ts'

/** How long a node that lives only for this command tries to deliver before it goes. */
const OWN_NODE_WAIT_MS = 5_000

export async function send ({ arguments: [to = '', given], flags, home, settings, session, output }: Invocation): Promise<void> {
  const goal = goalFrom(flags.text('wait') ?? settings.text('send.wait'))
  const timeoutMs = parseDuration(flags.text('timeout') ?? settings.text('timeout'), '--timeout')
  const replyTo = flags.text('reply')
  const idempotencyKey = flags.text('idempotencyKey')
  const hasFiles = flags.list('file').length > 0
  // With files the text may be left out; standard input may be one of them.
  const text = hasFiles && given === undefined ? '' : await textFrom(given)
  if (!hasFiles && (flags.text('name') !== undefined || flags.isOn('original'))) throw new UsageError('--name and --original are about a file', 'Name it with --file.')
  if (hasFiles && given === '-' && flags.list('file').includes('-')) throw new UsageError('standard input cannot be the text and a file')
  // Loaded for files alone: a short command stays short.
  const files = hasFiles ? await (await import('./send-files.ts')).takeFiles({ flags, home, session, output, to }) : NO_FILES
  const sent = await sentWith(files, { to, text, ...replyTo !== undefined && { replyTo }, ...idempotencyKey !== undefined && { idempotencyKey } }, session)
  // From here on it cannot be lost. A script that is killed while it waits already has the id.
  await output.line(sent.id)
  const reached = await stateAfter(sent, { session, wait: { id: sent.id, goal, timeoutMs }, output, hasFiles })
  if (output.isJson) await output.result({ ...sent, ...reached }, '')
}

const NO_FILES: TakenIn = { takes: [], drop: async () => {} }

/** What is not sent is dropped, whatever the reason. */
async function sentWith ({ takes, drop }: TakenIn, params: Params<'send'>, session: Session): Promise<Result<'send'>> {
  try {
    return await session.api.call('send', { ...params, ...takes.length > 0 && { attachments: [...takes] } })
  } catch (thrown) {
    await drop()
    throw thrown
  }
}

function goalFrom (text: string): Goal {
  const goal = parseGoal(text)
  if (goal === undefined) throw new UsageError(`--wait takes ${AWAITED.join(', ')}, or stored:N for N copies, not "${text}"`)
  return goal
}

/** What a message has come to, as the answer shows it. */
type Reached = Pick<Result<'wait'>, 'state' | 'copies' | 'copiesOf'>

interface After { readonly session: Session, readonly wait: Wait, readonly output: Output, readonly hasFiles: boolean }

async function stateAfter (sent: Result<'send'>, after: After): Promise<Reached> {
  try {
    return after.wait.goal.state === 'queued' ? await queuedState(sent, after) : await awaitedState(after)
  } catch (thrown) {
    throw thrown instanceof SkeinError && thrown.exit === EXIT.interrupted ? interruptedWait(sent.id, sent.state) : thrown
  }
}

async function awaitedState ({ session, wait, output, hasFiles }: After): Promise<Reached> {
  const answer = await waitFor(session, wait)
  if (!answer.isReached) throw notReached(answer, wait)
  // Copies of the message are of no use without its files.
  if (hasFiles && wait.goal.state === 'stored') await (await import('./send-files.ts')).untilStored({ ...wait, session, output })
  if (!output.isJson) output.note(answer.copies === undefined ? answer.state : `${answer.state}, ${answer.copies} of ${answer.copiesOf ?? answer.copies} copies`)
  return reachedOf(answer)
}

/** A node that runs takes care of the rest. One of our own gets a moment, and we say what came of it. */
async function queuedState (sent: Result<'send'>, { session, output }: After): Promise<Reached> {
  if (!session.isOwnNode()) return { state: sent.state }
  const wait: Wait = { id: sent.id, goal: { state: 'delivered', copies: undefined }, timeoutMs: OWN_NODE_WAIT_MS }
  const answer = await waitFor(session, wait)
  if (isOver(answer.state)) throw notReached(answer, wait)
  output.note(answer.isReached ? answer.state : `${answer.state}; it leaves when your node runs: skein up`)
  return reachedOf(answer)
}

function reachedOf ({ state, copies, copiesOf }: Result<'wait'>): Reached {
  return { state, ...copies !== undefined && { copies }, ...copiesOf !== undefined && { copiesOf } }
}
