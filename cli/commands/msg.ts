/** `skein msg …`: one message, its way, and what can be done about it. */
import { EXIT, SkeinError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { counted } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { UnfinishedError } from '../failure.ts'
import { traceLines } from '../trace.ts'
import { conversationLines, stateMark } from '../words.ts'

export async function show ({ arguments: [id = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('message.show', { id })
  await output.result(result, conversationLines([result.message], output.look).join('\n'))
}

export async function trace ({ arguments: [id = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('message.trace', { id })
  // The node knows what the contact is called; a trace that fails to say it is still a trace.
  const label = await labelOf(result.message.with, session.api)
  await output.result(result, traceLines(result, { look: output.look, label }).join('\n'))
}

export async function retry ({ arguments: [id = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('message.retry', { id })
  await output.result(result, `Trying again now. It is ${stateMark(result.message, output.look)}.`)
}

export async function cancel ({ arguments: [id = ''], session, output }: Invocation): Promise<void> {
  const result = await session.api.call('message.cancel', { id })
  await output.result(result, 'Taken back. It was not delivered.')
}

/** Exit 11 when a relay does not have what it signed for: the audit has failed, and nothing else. */
export async function audit ({ session, output }: Invocation): Promise<void> {
  const result = await session.api.call('message.audit', {})
  const bad = result.relays.filter(({ isHonest }) => !isHonest)
  if (bad.length === 0) {
    await output.result(result, auditLines(result).join('\n'))
    return
  }
  if (!output.isJson) await output.line(auditLines(result).join('\n'))
  const names = bad.map(({ label }) => displaySafe(label)).join(', ')
  throw new UnfinishedError(new SkeinError(`${names} ${bad.length === 1 ? 'does' : 'do'} not have what ${bad.length === 1 ? 'it' : 'they'} signed for`, { code: 'assertion', exit: EXIT.assertion, hint: 'Your messages are safe here, and lost copies are being deposited again. Tell the recipient, who chose the relay.' }), result)
}

function auditLines ({ sent, delivered, waiting, expired, lost, relays }: Result<'message.audit'>): string[] {
  return [
    `${counted(sent, 'message')}: ${delivered} delivered, ${waiting} waiting, ${expired} expired.`,
    ...relays.map(({ label, promised, held, collected, lost: gone, isReachable }) => `  ${displaySafe(label)}  signed for ${promised}: ${held} held, ${collected} collected, ${gone} lost${isReachable ? '' : '; it did not answer'}`),
    lost === 0 ? 'No copy is missing.' : `${counted(lost, 'copy', 'copies')} lost; each is deposited again.`
  ]
}

async function labelOf (account: string, api: Invocation['session']['api']): Promise<string> {
  try {
    return (await api.call('contact.show', { who: account })).contact.label
  } catch {
    return account
  }
}
