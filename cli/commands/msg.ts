/** `skein msg …`: one message, its way, and what can be done about it. */
import type { Invocation } from '../command.ts'
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

async function labelOf (account: string, api: Invocation['session']['api']): Promise<string> {
  try {
    return (await api.call('contact.show', { who: account })).contact.label
  } catch {
    return account
  }
}
