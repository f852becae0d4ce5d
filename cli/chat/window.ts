/** The loaded window of a conversation: how pages and single messages join it without a gap and without doubles. */
import type { MessageView } from '../../protocols/local/schema.ts'
import type { Reach, Stream } from './shape.ts'

/** Messages of one conversation that stay in memory; reading on far back lets go of the other end. */
const WINDOW_MAX = 2_000

export interface Page {
  readonly reach: Reach
  readonly messages: readonly MessageView[]
  /** There is more in the direction of the page; for a page around a message, on the older side. */
  readonly hasMore: boolean
  /** For a page around a message: there is more on the newer side. */
  readonly hasNewer: boolean
}

export function windowed (stream: Stream, page: Page): Stream {
  const loaded: Stream = { ...stream, loading: 'no' }
  switch (page.reach.to) {
    case 'latest': return { ...loaded, messages: page.messages, hasOlder: page.hasMore && page.messages.length > 0, hasNewer: false }
    case 'around': return { ...loaded, messages: page.messages, hasOlder: page.hasMore, hasNewer: page.hasNewer }
    // A window that was replaced meanwhile does not join this page.
    case 'older': return stream.messages[0]?.id === page.reach.before ? older(loaded, page) : loaded
    case 'newer': return stream.messages.at(-1)?.id === page.reach.after ? newer(loaded, page) : loaded
  }
}

/**
 * A message that came by itself. `isMisplaced`: it belongs somewhere among those that are loaded, and only the node knows
 * where; the window has to be read again.
 */
export function upserted (stream: Stream, message: MessageView): { readonly stream: Stream, readonly isMisplaced: boolean } {
  const { messages } = stream
  const index = messages.findIndex(({ id }) => id === message.id)
  if (index !== -1) {
    // What was missing before it has come: it may have to move.
    const hasMoved = messages[index]?.isAfterGap === true && !message.isAfterGap
    return { stream: { ...stream, messages: messages.with(index, message) }, isMisplaced: hasMoved }
  }
  const last = messages.at(-1)
  const first = messages[0]
  if (stream.hasNewer || (first === undefined && stream.hasOlder)) return { stream, isMisplaced: false }
  if (stream.hasOlder && first !== undefined && message.sentAt < first.sentAt) return { stream, isMisplaced: false }
  const isMisplaced = last !== undefined && message.sentAt < last.sentAt && !message.isOwn
  const fillsGap = messages.some(other => other.isAfterGap)
  return { stream: trimmedAtStart({ ...stream, messages: [...messages, message] }), isMisplaced: isMisplaced || fillsGap }
}

function older (stream: Stream, { messages, hasMore }: Page): Stream {
  const fresh = without(messages, stream.messages)
  const all = [...fresh, ...stream.messages]
  const hasOlder = hasMore && fresh.length > 0
  if (all.length <= WINDOW_MAX) return { ...stream, messages: all, hasOlder }
  return { ...stream, messages: all.slice(0, WINDOW_MAX), hasOlder, hasNewer: true }
}

function newer (stream: Stream, { messages, hasMore }: Page): Stream {
  const fresh = without(messages, stream.messages)
  return trimmedAtStart({ ...stream, messages: [...stream.messages, ...fresh], hasNewer: hasMore && fresh.length > 0 })
}

function trimmedAtStart (stream: Stream): Stream {
  if (stream.messages.length <= WINDOW_MAX) return stream
  return { ...stream, messages: stream.messages.slice(-WINDOW_MAX), hasOlder: true }
}

function without (messages: readonly MessageView[], known: readonly MessageView[]): MessageView[] {
  const ids = new Set(known.map(({ id }) => id))
  return messages.filter(({ id }) => !ids.has(id))
}
