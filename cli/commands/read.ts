/** `skein read`: the newest messages of a conversation, oldest first. */
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import type { Invocation } from '../command.ts'
import { READ_LIMIT_MAX } from '../config.ts'
import type { Output } from '../output.ts'
import { parseInstant } from '../time.ts'
import { conversationLines } from '../words.ts'

export const MESSAGE_SCHEMA = 'skein.message/1'

export async function read ({ arguments: [who = ''], flags, settings, session, output }: Invocation): Promise<void> {
  const limit = flags.count('limit', { min: 1, max: READ_LIMIT_MAX }) ?? Number(settings.get('read.limit').value)
  const since = flags.text('since')
  const sinceMs = since === undefined ? undefined : parseInstant(since, output.look.nowMs, '--since')
  const before = flags.text('before')
  const page = await session.api.call('read', { with: who, limit, ...before !== undefined && { before } })
  const messages = sinceMs === undefined ? page.messages : page.messages.filter(({ sentAt }) => Date.parse(sentAt) >= sinceMs)
  await printMessages(messages, output)
  if (messages.length === 0) output.note(since === undefined ? 'No messages yet. Write the first: skein send' : 'No messages since then.')
  if (page.hasMore && messages.length === page.messages.length) output.note(`There is more before it: skein read ${who} --before ${messages[0]?.id ?? ''}`)
  // After they are written: what nobody saw stays unread.
  if (!flags.isOn('peek')) await markShown(session.api, who, messages)
}

/** One line of JSON each, or a conversation for people. */
export async function printMessages (messages: readonly MessageView[], output: Output): Promise<void> {
  if (!output.isJson) {
    if (messages.length > 0) await output.line(conversationLines(messages, output.look).join('\n'))
    return
  }
  for (const message of messages) await output.record(MESSAGE_SCHEMA, message, '')
}

async function markShown (api: LocalApi, who: string, messages: readonly MessageView[]): Promise<void> {
  const last = messages.findLast(({ state }) => state === 'unread')
  if (last !== undefined) await api.call('mark-read', { with: who, upTo: last.id })
}
