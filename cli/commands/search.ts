/** `skein search`: messages that hold some words, newest first. */
import type { Invocation } from '../command.ts'
import { READ_LIMIT_MAX } from '../config.ts'
import { shortTime } from '../chat/words.ts'
import type { Look } from '../look.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import { tableLines } from '../table.ts'
import { authorOf, bodyOf, cut, shownIdLength } from '../words.ts'
import { printMessages } from './read.ts'

export async function search ({ arguments: [query = ''], flags, settings, session, output }: Invocation): Promise<void> {
  const limit = flags.count('limit', { min: 1, max: READ_LIMIT_MAX }) ?? Number(settings.get('read.limit').value)
  const who = flags.text('with')
  const before = flags.text('before')
  const { messages, hasMore } = await session.api.call('search', { query, limit, ...who !== undefined && { with: who }, ...before !== undefined && { before } })
  if (output.isJson) await printMessages(messages, output)
  else if (messages.length > 0) await output.line(foundLines(messages, output.look).join('\n'))
  if (messages.length === 0) output.note('Nothing was found.')
  if (hasMore) output.note(`There is more: --before ${messages.at(-1)?.id ?? ''}`)
}

function foundLines (messages: readonly MessageView[], look: Look): readonly string[] {
  const idLength = shownIdLength(messages.map(({ id }) => id))
  // Time, author, state mark and id take their columns; the text takes the rest.
  const textWidth = Math.max(20, look.columns - idLength - 30)
  return tableLines(messages.map(message => [
    look.dim(shortTime(Date.parse(message.sentAt), look.nowMs)), look.bold(authorOf(message)), cut(bodyOf(message).replaceAll('\n', ' '), textWidth), look.dim(message.id.slice(0, idLength))
  ]))
}
