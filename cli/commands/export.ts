/** `skein export`: messages as a file that needs no Skein to be read. */
import { pipe } from 'it-pipe'
import { UsageError } from '../../protocols/core/errors.ts'
import { displaySafe } from '../../protocols/core/text.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import type { ContactView, MessageView } from '../../protocols/local/schema.ts'
import { clockTime, counted, isSameDay } from '../chat/words.ts'
import type { Invocation } from '../command.ts'
import { writeNewFile } from '../new-file.ts'
import { jsonLine } from '../output.ts'
import type { Output } from '../output.ts'
import { messagesSince } from '../pages.ts'
import { parseInstant } from '../time.ts'
import { authorOf, bodyOf, nameOf } from '../words.ts'
import { MESSAGE_SCHEMA } from './read.ts'

/** What is written, one after the other: a conversation begins, or a message of it follows. */
type Item = { readonly type: 'conversation', readonly contact: ContactView } | { readonly type: 'message', readonly message: MessageView }

/** Small writes cost a system call each. */
const CHUNK_CHARACTERS = 64 * 1024
const PROGRESS_MESSAGES = 1_000

export async function exportMessages ({ arguments: [who], flags, session, output }: Invocation): Promise<void> {
  const format = flags.choice('format', ['jsonl', 'md']) ?? 'jsonl'
  const since = flags.text('since')
  const sinceMs = since === undefined ? -Infinity : parseInstant(since, output.look.nowMs, '--since')
  const path = flags.text('output') ?? '-'
  if (path === '-' && output.isJson && format === 'md') throw new UsageError('--json and --format md do not go together on standard output', 'Choose a file with --output.')
  const contacts = await chosenContacts(who, session.api)
  const progress = new Progress(output)
  await pipe(
    itemsOf(contacts, session.api, sinceMs),
    items => progress.count(items),
    format === 'md' ? markdownLines : jsonLines,
    inChunks,
    async chunks => path === '-' ? await writeOut(chunks, output) : await writeNewFile(path, chunks, { isReplacing: flags.isOn('force') })
  )
  progress.end()
  if (path === '-') return
  const { messageCount } = progress
  await output.result({ messages: messageCount, conversations: contacts.length, output: path }, `${counted(messageCount, 'message')} of ${counted(contacts.length, 'conversation')} in ${path}`)
}

async function chosenContacts (who: string | undefined, api: LocalApi): Promise<readonly ContactView[]> {
  if (who !== undefined) return [(await api.call('contact.show', { who })).contact]
  const { conversations } = await api.call('conversations', {})
  return conversations.map(({ contact }) => contact)
}

async function * itemsOf (contacts: readonly ContactView[], api: LocalApi, sinceMs: number): AsyncGenerator<Item> {
  for (const contact of contacts) {
    yield { type: 'conversation', contact }
    for await (const message of messagesSince(api, contact.account, sinceMs)) yield { type: 'message', message }
  }
}

async function * jsonLines (items: AsyncIterable<Item>): AsyncGenerator<string> {
  for await (const item of items) {
    if (item.type === 'message') yield jsonLine({ schema: MESSAGE_SCHEMA, ...item.message })
  }
}

/** Not `Today`: the file is read on another day. */
const WEEKDAY = new Intl.DateTimeFormat('en', { weekday: 'long' })

async function * markdownLines (items: AsyncIterable<Item>): AsyncGenerator<string> {
  let previousMs: number | undefined
  for await (const item of items) {
    if (item.type === 'conversation') {
      previousMs = undefined
      yield `# ${escapeMarkdown(nameOf(item.contact))}\n\nAccount ${item.contact.account}\n`
      continue
    }
    const sentMs = Date.parse(item.message.sentAt)
    if (previousMs === undefined || !isSameDay(previousMs, sentMs)) yield `\n## ${isoDay(sentMs)} ${WEEKDAY.format(sentMs)}\n`
    previousMs = sentMs
    yield markdownMessage(item.message, sentMs)
  }
}

function markdownMessage (message: MessageView, sentMs: number): string {
  const remarks = [...message.edited ? ['edited'] : [], ...message.reactions.map(({ emoji }) => displaySafe(emoji))]
  // Two spaces at a line's end keep the line in Markdown.
  const body = escapeMarkdown(bodyOf(message)).replaceAll('\n', '  \n')
  return `\n**${escapeMarkdown(authorOf(message))}** ${clockTime(sentMs)}${remarks.length === 0 ? '' : ` (${remarks.join(', ')})`}  \n${body}\n`
}

/** Written by people who did not mean Markdown, or meant to fool its reader: shown as it is. */
function escapeMarkdown (text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>~&]/g, character => `\\${character}`)
}

function isoDay (atMs: number): string {
  const at = new Date(atMs)
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(part => String(part).padStart(2, '0')).join('-')
}

async function * inChunks (lines: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = ''
  for await (const line of lines) {
    chunk += line
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}

async function writeOut (chunks: AsyncIterable<string>, output: Output): Promise<void> {
  for await (const chunk of chunks) await output.raw(chunk)
}

/** Counts what passes, and says so now and then. */
class Progress {
  messageCount = 0
  readonly #output: Output
  constructor (output: Output) { this.#output = output }

  async * count (items: AsyncIterable<Item>): AsyncGenerator<Item> {
    for await (const item of items) {
      if (item.type === 'message' && ++this.messageCount % PROGRESS_MESSAGES === 0) this.#output.progress(counted(this.messageCount, 'message'))
      yield item
    }
  }

  end (): void {
    if (this.messageCount >= PROGRESS_MESSAGES) this.#output.progress('')
  }
}
