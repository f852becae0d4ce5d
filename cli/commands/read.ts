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
  const sinceMs = since === undefined ? -Infinity : parseInstant(since, output.look.nowMs, '--since')
  const before = flags.text('before')
  // One more than is shown: what is shown stands behind it.
  const page = await session.api.call('read', { with: who, limit: Math.min(limit + 1, READ_LIMIT_MAX), ...before !== undefined && { before } })
  const shown = page.messages.slice(-limit).filter(({ sentAt }) => Date.parse(sentAt) >= sinceMs)
  const anchor = page.messages[page.messages.indexOf(shown[0] as MessageView) - 1]
  await printMessages(shown, output)
  if (shown.length === 0) output.note(since === undefined ? 'No messages yet. Write the first: skein send' : 'No messages since then.')
  else if (since === undefined && (page.hasMore || anchor !== undefined)) output.note(`There is more before it: skein read ${who} --before ${shown[0]?.id ?? ''}`)
  // After they are written: what nobody saw stays unread.
  if (!flags.isOn('peek')) await markShown(session.api, { who, shown, anchor })
}

/** One line of JSON each, or a conversation for people. */
export async function printMessages (messages: readonly MessageView[], output: Output): Promise<void> {
  if (!output.isJson) {
    if (messages.length > 0) await output.line(conversationLines(messages, output.look).join('\n'))
    return
  }
  for (const message of messages) await output.record(MESSAGE_SCHEMA, message, '')
}

interface Shown { readonly who: string, readonly shown: readonly MessageView[], readonly anchor: MessageView | undefined }

/** Only what was shown: there may be unread ones before it, and new ones have perhaps come since. */
async function markShown (api: LocalApi, { who, shown, anchor }: Shown): Promise<void> {
  const last = shown.findLast(({ state }) => state === 'unread')
  if (last === undefined) return
  if (anchor === undefined) await api.call('mark-read', { with: who, upTo: last.id })
  else await api.call('read', { with: who, after: anchor.id, limit: shown.length, mark: true })
}
