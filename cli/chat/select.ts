/** What can be read off the state: the open conversation, its stream and draft, and how the screen is divided. */
import type { MessageView } from '../../protocols/local/schema.ts'
import { wrapText } from './layout.ts'
import { NO_DRAFT, type ChatState, type Conversation, type Draft, type Stream } from './shape.ts'
import { silentNodeLine } from './words.ts'

export const EMPTY_STREAM: Stream = { messages: [], hasOlder: true, hasNewer: false, loading: 'no', anchor: { at: 'end' }, selected: undefined, unread: undefined, sending: [], markedUpTo: undefined }

export function openAccount (state: ChatState): string | undefined {
  return state.open.type === 'conversation' ? state.open.account : undefined
}

export function conversationOf (state: ChatState, account: string | undefined): Conversation | undefined {
  return account === undefined ? undefined : state.conversations.find(({ contact }) => contact.account === account)
}

export function openConversation (state: ChatState): Conversation | undefined {
  return conversationOf(state, openAccount(state))
}

export function streamOf (state: ChatState, account: string | undefined): Stream {
  return (account === undefined ? undefined : state.streams.get(account)) ?? EMPTY_STREAM
}

export function openStream (state: ChatState): Stream {
  return streamOf(state, openAccount(state))
}

export function draftOf (state: ChatState, account: string | undefined): Draft {
  return (account === undefined ? undefined : state.drafts.get(account)) ?? NO_DRAFT
}

export function openDraft (state: ChatState): Draft {
  return draftOf(state, openAccount(state))
}

export function selectedMessage (state: ChatState): MessageView | undefined {
  const stream = openStream(state)
  return stream.messages.find(({ id }) => id === stream.selected)
}

/** A message that the stream or its quotes know. */
export function knownMessage (state: ChatState, id: string): MessageView | undefined {
  return openStream(state).messages.find(message => message.id === id) ?? state.quotes.get(id)
}

export function withStream (state: ChatState, account: string, change: (stream: Stream) => Stream): ChatState {
  return { ...state, streams: new Map(state.streams).set(account, change(streamOf(state, account))) }
}

export function withDraft (state: ChatState, account: string, draft: Draft): ChatState {
  return { ...state, drafts: new Map(state.drafts).set(account, draft) }
}

/** From here on both panes stand side by side. */
const TWO_PANES_COLUMNS_MIN = 90
const LIST_COLUMNS = 29
const COMPOSER_ROWS_MAX = 8
/** Top and bottom border, the keys and the notice. */
const FRAME_ROWS = 4
/** Below this nothing fits; the screen only says so. */
export const SCREEN_COLUMNS_MIN = 30
export const SCREEN_ROWS_MIN = 10

export interface Geometry {
  /** Rows between the borders. */
  readonly innerRows: number
  /** Columns of the list between its borders; 0 when it is folded away. */
  readonly listColumns: number
  /** Columns of the conversation between its borders; 0 when the list stands in its place. */
  readonly mainColumns: number
  /** Columns of the stream of messages, also while the list stands in its place. */
  readonly streamColumns: number
  readonly streamRows: number
  /** Columns in which the composer's text wraps: a space on both sides, the prompt, and room for the cursor. */
  readonly composerColumns: number
  readonly composerRows: number
}

/** What is said above the conversation while the node is silent. */
export function silenceRows ({ node }: ChatState, columns: number): readonly string[] {
  return node.answers ? [] : wrapText(`! ${silentNodeLine(node.lastKnownAtMs)}`, columns - 2).map(({ shown }) => shown)
}

export function geometry (state: ChatState): Geometry {
  const innerRows = state.rows - FRAME_ROWS
  const isWide = state.columns >= TWO_PANES_COLUMNS_MIN
  const isListShown = isWide || (state.focus === 'list' && state.overlay === undefined)
  const listColumns = isListShown ? (isWide ? LIST_COLUMNS : state.columns - 2) : 0
  const streamColumns = isWide ? state.columns - LIST_COLUMNS - 3 : state.columns - 2
  const mainColumns = isWide || !isListShown ? streamColumns : 0
  const composerColumns = streamColumns - 5
  const draft = openDraft(state)
  const wanted = wrapText(draft.editing.text, composerColumns).length
  const composerRows = Math.max(1, Math.min(wanted, COMPOSER_ROWS_MAX, Math.floor(innerRows / 3)))
  const above = (draft.replyTo === undefined ? 0 : 1) + silenceRows(state, streamColumns).length
  // The rule above the composer and the line below it.
  const streamRows = Math.max(1, innerRows - composerRows - above - 2)
  return { innerRows, listColumns, mainColumns, streamColumns, streamRows, composerColumns, composerRows }
}
