/** Going somewhere: opening a conversation or the requests, jumping to a message, leaving what was open. */
import type { MessageView } from '../../protocols/local/schema.ts'
import { streamPaint, type StreamPaint } from './paint/message.ts'
import { EMPTY_STREAM, conversationOf, geometry, openAccount, openStream, streamOf, withStream } from './select.ts'
import type { ChatState, Effect, Notice, Reach, Step, Stream } from './shape.ts'
import { atEnd, startingAt } from './viewport.ts'

/** Messages that one read asks for: some screens. */
export const PAGE = 60
/** The first page holds all that is unread, up to this. */
const FIRST_PAGE_MAX = 500
/** Conversations whose messages stay in memory. */
const STREAMS_MAX = 16
const NOTICE_MS = 8_000
const FAILURE_NOTICE_MS = 30_000

export function stay (state: ChatState): Step {
  return { state, effects: [] }
}

export function act (state: ChatState, ...effects: readonly Effect[]): Step {
  return { state, effects }
}

export function withNotice (state: ChatState, text: string, tone: Notice['tone'] = 'plain'): ChatState {
  return { ...state, notice: { text, tone, untilMs: state.nowMs + (tone === 'danger' ? FAILURE_NOTICE_MS : NOTICE_MS) } }
}

/** The open conversation's stream as it is painted, and the rows that it has. */
export function streamShape (state: ChatState): { readonly paint: StreamPaint, readonly height: number } {
  const { streamColumns, streamRows } = geometry(state)
  return { paint: streamPaint(state, streamColumns), height: streamRows }
}

export function openConversationStep (before: ChatState, account: string): Step {
  const left = leave(before, account)
  const listCursor = Math.max(0, left.conversations.findIndex(({ contact }) => contact.account === account))
  const state: ChatState = { ...left, open: { type: 'conversation', account }, focus: 'composer', overlay: undefined, listCursor }
  const stream = streamOf(state, account)
  if (stream.messages.length > 0) return stay(atUnread(state))
  const unread = conversationOf(state, account)?.contact.unread ?? 0
  return load(state, account, { reach: { to: 'latest' }, limit: Math.min(FIRST_PAGE_MAX, Math.max(PAGE, unread + 20)) })
}

export function openRequestsStep (before: ChatState): Step {
  const state = leave(before, undefined)
  return stay({ ...state, open: { type: 'requests' }, focus: 'requests', overlay: undefined, listCursor: state.conversations.length, requestCursor: 0 })
}

/** Opens the conversation of a found message and selects it there. */
export function jumpTo (before: ChatState, message: MessageView): Step {
  const opened = openAccount(before) === message.with ? stay({ ...before, overlay: undefined }) : openConversationStep(before, message.with)
  const state: ChatState = { ...withStream(opened.state, message.with, stream => ({ ...stream, selected: message.id })), focus: 'stream' }
  if (openStream(state).messages.some(({ id }) => id === message.id)) return stay(showSelected(state))
  return load(state, message.with, { reach: { to: 'around', id: message.id }, limit: PAGE })
}

/** Puts the selected message a third down the screen: what came before it explains it. */
export function showSelected (state: ChatState): ChatState {
  const account = openAccount(state)
  const { paint, height } = streamShape(state)
  const index = paint.messages.findIndex(({ id }) => id === paint.stream.selected)
  if (account === undefined || index === -1) return state
  const anchor = startingAt(paint, index, { height, above: Math.floor(height / 3) })
  return withStream(state, account, stream => ({ ...stream, anchor }))
}

/** Puts the separator above the first unread message, and the screen where reading goes on. */
export function atUnread (state: ChatState): ChatState {
  const account = openAccount(state)
  const { messages } = openStream(state)
  const from = messages.findIndex(message => message.state === 'unread')
  const first = messages[from]
  if (account === undefined || first === undefined) return state
  const count = messages.filter(message => message.state === 'unread').length
  const marked = withStream(state, account, stream => ({ ...stream, unread: { from: first.id, count } }))
  const { paint, height } = streamShape(marked)
  return withStream(marked, account, stream => ({ ...stream, anchor: startingAt(paint, from, { height, above: 0 }) }))
}

export interface Load {
  readonly reach: Reach
  readonly limit: number
}

export function load (state: ChatState, account: string, { reach, limit }: Load): Step {
  return act(withStream(state, account, stream => ({ ...stream, loading: 'yes' })), { do: 'load', account, reach, limit })
}

/** The newest messages in place of a window further back. */
export function toEnd (state: ChatState): Step {
  const account = openAccount(state)
  if (account === undefined) return stay(state)
  const there = withStream(state, account, stream => ({ ...stream, anchor: { at: 'end' } }))
  return openStream(there).hasNewer ? load(there, account, { reach: { to: 'latest' }, limit: PAGE }) : stay(there)
}

/** True when the newest message is on the screen, where it is read. */
export function isReading (state: ChatState): boolean {
  if (openAccount(state) === undefined || geometry(state).mainColumns === 0) return false
  if (state.overlay !== undefined && state.overlay.type !== 'react' && state.overlay.type !== 'confirm') return false
  const { paint, height } = streamShape(state)
  return !paint.stream.hasNewer && atEnd(paint, paint.stream.anchor, height)
}

function leave (state: ChatState, next: string | undefined): ChatState {
  const account = openAccount(state)
  if (account === undefined || account === next) return state
  const left = withStream(state, account, stream => ({ ...stream, unread: undefined, selected: undefined }))
  return { ...left, streams: kept(left.streams, account) }
}

/** The streams opened last. A text that is under way is never forgotten. */
function kept (streams: ReadonlyMap<string, Stream>, latest: string): ReadonlyMap<string, Stream> {
  const ordered = new Map(streams)
  ordered.delete(latest)
  ordered.set(latest, streams.get(latest) ?? EMPTY_STREAM)
  for (const [account, stream] of ordered) {
    if (ordered.size <= STREAMS_MAX) break
    if (stream.sending.length === 0) ordered.delete(account)
  }
  return ordered
}
