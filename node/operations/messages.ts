/** Reading: conversations, messages, search, read marks. */
import { UsageError } from '../../protocols/core/errors.ts'
import type { Reader } from '../../store/reader.ts'
import { TAIL_ROWS_MAX } from '../../store/tables/search.ts'
import type { Writer } from '../../store/writer.ts'
import type { Contact, Message } from '../../store/types.ts'
import { resolveContact } from '../contacts/resolve.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Round } from '../turn/round.ts'
import type { Turn } from '../turn/turn.ts'
import { findMessage } from './find.ts'
import type { Handlers } from './handlers.ts'
import type { Views } from './views.ts'

const PAGE_DEFAULT = 50
/** Rows indexed in one transaction on behalf of a search that waits. */
const INDEX_ROWS = 1_024
/** Messages marked as read in one transaction. */
const MARK_MAX = 1_000

export interface MessageParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly account: OwnAccount
  readonly views: Views
}

export function messageOperations (parts: MessageParts): Handlers<'read' | 'mark-read' | 'conversations' | 'search' | 'message.show'> {
  const { reader, views } = parts
  return {
    read: async ({ with: who, limit = PAGE_DEFAULT, before, after, mark = false }) => {
      if (before !== undefined && after !== undefined) throw new UsageError('a page lies before a message or after one', 'Name one of the two.')
      const contact = resolveContact(who, reader)
      await parts.turn.settled()
      const found = reader.messages.page(contact.contact, {
        limit: limit + 1,
        ...before === undefined ? {} : { before: findMessage(before, reader) },
        ...after === undefined ? {} : { after: findMessage(after, reader) }
      })
      const hasMore = found.length > limit
      // One more than asked for tells whether there is more; it lies at the far end.
      const messages = hasMore ? after === undefined ? found.slice(1) : found.slice(0, -1) : found
      if (mark) await markRead(messages.filter(message => message.state === 'unread'), contact, parts)
      return { messages: messages.map(message => views.message(message)), hasMore }
    },
    'mark-read': async ({ with: who, upTo }) => {
      const contact = resolveContact(who, reader)
      const last = upTo === undefined ? undefined : findMessage(upTo, reader)
      let marked = 0
      for (;;) {
        const unread = reader.messages.unread(contact.contact, MARK_MAX).filter(message => last === undefined || message.positionUs <= last.positionUs)
        if (unread.length === 0) return { marked }
        marked += await markRead(unread, contact, parts)
      }
    },
    conversations: () => ({
      conversations: reader.conversations.list().flatMap(({ contact, lastRow }) => {
        const row = reader.contacts.byNumber(contact)
        if (row === undefined || row.standing === 'pending') return []
        const last = lastRow === 0 ? undefined : reader.messages.byRow(lastRow)
        return [{ contact: views.contact(row), ...last === undefined ? {} : { last: views.message(last) } }]
      })
    }),
    search: async ({ query, with: who, limit = PAGE_DEFAULT, before }) => {
      await catchUp(parts)
      const found = reader.search.find(query, {
        limit: limit + 1,
        ...who === undefined ? {} : { contact: resolveContact(who, reader).contact },
        ...before === undefined ? {} : { beforeRow: findMessage(before, reader).row }
      })
      return { messages: found.slice(0, limit).map(message => views.message(message)), hasMore: found.length > limit }
    },
    'message.show': async ({ id }) => {
      await parts.turn.settled()
      return { message: views.message(findMessage(id, reader)) }
    }
  }
}

/** What is not in the index is scanned, and only so far: after a burst the index is brought up first, so that nothing is missed. */
async function catchUp ({ reader, turn }: MessageParts): Promise<void> {
  while (reader.messages.count() - reader.search.watermark() > TAIL_ROWS_MAX) {
    if (await turn.write(writer => writer.search.indexNext(INDEX_ROWS)) === 0) return
  }
}

async function markRead (messages: readonly Message[], contact: Contact, { turn, account }: MessageParts): Promise<number> {
  if (messages.length === 0) return 0
  return await turn.write((writer, round) => {
    const marked = messages.filter(message => writer.messages.markRead(message.id, round.nowMs))
    const { unread } = writer.read.conversations.of(contact.contact)
    writer.conversations.setUnread(contact.contact, Math.max(0, unread - marked.length))
    for (const message of marked) round.tellMessage('message.read', contact.contact, message.id)
    if (account.own.sendsReadReceipts && contact.standing === 'accepted') queueReadReceipts(marked, contact, { writer, round })
    return marked.length
  })
}

function queueReadReceipts (marked: readonly Message[], contact: Contact, { writer, round }: { readonly writer: Writer, readonly round: Round }): void {
  const refs = marked.map(message => ({ kind: 'read' as const, id: message.id }))
  if (refs.length === 0) return
  for (const device of writer.read.devices.ofContact(contact.contact)) {
    if (!device.isListed) continue
    for (let start = 0; start < refs.length; start += READ_REFS_MAX) {
      writer.outbox.waiting({ deviceId: device.deviceId, contact: contact.contact, refs: refs.slice(start, start + READ_REFS_MAX), queuedAtMs: round.nowMs, expiresAtMs: round.nowMs + READ_LIFETIME_MS })
    }
    round.seal(device.deviceId)
  }
}

/** References in one outbox row. */
const READ_REFS_MAX = 64
/** A read mark that could not be told for this long interests nobody. */
const READ_LIFETIME_MS = 30 * 24 * 3_600_000
