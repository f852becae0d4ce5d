/**
 * The chat client as a machine: a state and an input give the next state and what is to be done. Pure: time comes with the
 * input, everything else through effects. Every key, every event and every answer of the node comes through here.
 */
import { onAnswered, onChanged, onEvent, onFailed, onLoaded, onMarked, onRefreshed, onSent, withQuotes } from './arrivals.ts'
import { act, isReading, load, PAGE, stay, streamShape } from './navigate.ts'
import { onPaste, onPress } from './press/press.ts'
import { openAccount, openConversation, openStream, withStream } from './select.ts'
import type { ChatState, Conversation, Effect, Input, Step } from './shape.ts'
import { atEnd, atStart } from './viewport.ts'
import type { RequestView, StatusView } from '../../protocols/local/schema.ts'

export interface Beginning {
  readonly nowMs: number
  readonly columns: number
  readonly rows: number
  readonly glyphs: ChatState['glyphs']
  readonly status: StatusView
  readonly conversations: readonly Conversation[]
  readonly requests: readonly RequestView[]
}

export function initialState (beginning: Beginning): ChatState {
  return {
    ...beginning,
    streams: new Map(),
    drafts: new Map(),
    quotes: new Map(),
    open: { type: 'none' },
    focus: 'list',
    listCursor: 0,
    requestCursor: 0,
    overlay: undefined,
    node: { answers: true },
    notice: undefined
  }
}

export function step (before: ChatState, input: Input, nowMs: number): Step {
  const { state, effects } = onInput({ ...before, nowMs }, input)
  const settled = settle(withCursorKept(before, state))
  return { state: settled.state, effects: [...effects, ...settled.effects] }
}

/** The list's cursor stays on its conversation, wherever that moves. */
function withCursorKept (before: ChatState, state: ChatState): ChatState {
  if (state.conversations === before.conversations || state.listCursor !== before.listCursor) return state
  const isOnRequests = before.listCursor === before.conversations.length && before.conversations.length > 0
  const account = before.conversations[before.listCursor]?.contact.account
  const index = state.conversations.findIndex(({ contact }) => contact.account === account)
  return { ...state, listCursor: isOnRequests ? state.conversations.length : Math.max(0, index) }
}

function onInput (state: ChatState, input: Input): Step {
  switch (input.type) {
    case 'press': return onPress(state, input.press)
    case 'paste': return onPaste(state, input.text)
    case 'resized': return stay({ ...state, columns: input.columns, rows: input.rows })
    case 'tick': return stay(state.notice !== undefined && state.notice.untilMs <= state.nowMs ? { ...state, notice: undefined } : state)
    case 'event': return onEvent(state, input.event)
    case 'streamOpen': return state.node.answers ? act(state, { do: 'refresh' }) : stay(state)
    case 'nodeLost': return stay(state.node.answers ? { ...state, node: { answers: false, lastKnownAtMs: state.nowMs } } : state)
    case 'nodeFound': return onNodeFound(state)
    case 'refreshed': return onRefreshed(state, input)
    case 'loaded': return onLoaded(state, input)
    case 'quoted': return stay({ ...state, quotes: withQuotes(state.quotes, input.messages) })
    case 'sending': return stay(withStream(state, input.account, stream => ({ ...stream, sending: [...stream.sending, input.sending] })))
    case 'sent': return onSent(state, input)
    case 'marked': return onMarked(state, input)
    case 'changed': return onChanged(state, input.message)
    case 'traced': return stay(state.overlay?.type === 'trace' && state.overlay.id === input.id ? { ...state, overlay: { ...state.overlay, trace: input.trace } } : state)
    case 'found': return stay(isAwaited(state, input) ? { ...state, overlay: { ...state.overlay, found: input.found } } : state)
    case 'answered': return onAnswered(state, input)
    case 'failed': return onFailed(state, input)
  }
}

type Searching = ChatState & { readonly overlay: Extract<ChatState['overlay'], { readonly type: 'search' }> }

/** Not an answer to what stood in the field before. */
function isAwaited (state: ChatState, input: Extract<Input, { readonly type: 'found' }>): state is Searching {
  const { overlay } = state
  if (overlay?.type !== 'search') return false
  const account = overlay.scope === 'conversation' ? openAccount(state) : undefined
  return overlay.field.text.trim() === input.found.query && account === input.account
}

/** After a silence everything may have changed: what is open is read again, the rest when it is opened. */
function onNodeFound (state: ChatState): Step {
  const account = openAccount(state)
  const streams = new Map([...state.streams].filter(([of, { sending }]) => of === account || sending.length > 0))
  const found: ChatState = { ...state, node: { answers: true }, streams, notice: undefined }
  if (account === undefined) return act(found, { do: 'refresh' })
  const { messages, hasNewer } = openStream(found)
  if (hasNewer) return act(found, { do: 'refresh' })
  const loading = load(found, account, { reach: { to: 'latest' }, limit: Math.max(PAGE, Math.min(1_000, messages.length)) })
  return act(loading.state, { do: 'refresh' }, ...loading.effects)
}

/** What follows from where one is: older messages at the top, newer ones at the end of a window, read marks at the end. */
function settle (state: ChatState): Step {
  const account = openAccount(state)
  const stream = openStream(state)
  const first = stream.messages[0]
  const last = stream.messages.at(-1)
  const isIdle = stream.loading === 'no' && state.node.answers
  if (account === undefined) return stay(state)
  if (first === undefined || last === undefined) return isIdle && stream.hasOlder ? load(state, account, { reach: { to: 'latest' }, limit: PAGE }) : stay(state)
  const { paint, height } = streamShape(state)
  if (isIdle && stream.hasOlder && atStart(paint, stream.anchor, height)) return load(state, account, { reach: { to: 'older', before: first.id }, limit: PAGE })
  if (isIdle && stream.hasNewer && atEnd(paint, stream.anchor, height)) return load(state, account, { reach: { to: 'newer', after: last.id }, limit: PAGE })
  return hasUnread(state) && state.node.answers && stream.markedUpTo !== last.id && isReading(state) ? markRead(state, account, last.id) : stay(state)
}

function hasUnread (state: ChatState): boolean {
  return (openConversation(state)?.contact.unread ?? 0) > 0 || openStream(state).messages.some(message => message.state === 'unread')
}

function markRead (state: ChatState, account: string, upTo: string): Step {
  const effect: Effect = { do: 'markRead', account, upTo }
  return act(withStream(state, account, stream => ({ ...stream, markedUpTo: upTo })), effect)
}
