/**
 * What the chat client knows and shows: one immutable value. `state.ts` steps it, `paint/` draws it, `model.ts` carries
 * out the effects that a step asks for. Nothing here knows a terminal or the API's transport.
 */
import type { ContactView, EventView, MessageView, RequestView, StatusView, TraceStep } from '../../protocols/local/schema.ts'
import { EMPTY, type Editing } from './editor.ts'
import type { Press } from './keys.ts'

export interface Conversation {
  readonly contact: ContactView
  /** The newest message, if there is one. */
  readonly last: MessageView | undefined
}

/** Where a conversation is scrolled to: its end, or a message whose row `row` is the first one on the screen; its separators have negative rows. */
export type Anchor = { readonly at: 'end' } | { readonly at: 'message', readonly id: string, readonly row: number }

/** A text that the node has not taken yet. */
export interface Sending {
  /** Also the idempotency key, so that asking twice sends once. */
  readonly key: string
  readonly text: string
  readonly replyTo: string | undefined
  readonly startedAtMs: number
}

/** What is loaded of one conversation: a gapless window of its messages, in the node's order. */
export interface Stream {
  readonly messages: readonly MessageView[]
  readonly hasOlder: boolean
  /** True when the window does not reach the newest message: after a jump far back. */
  readonly hasNewer: boolean
  /** `failed` until the next key press, so that a node that does not answer is not asked in a loop. */
  readonly loading: 'no' | 'yes' | 'failed'
  readonly anchor: Anchor
  /** The message that single-letter keys act on. */
  readonly selected: string | undefined
  /** The separator that stays until the conversation is left. */
  readonly unread: { readonly from: string, readonly count: number } | undefined
  readonly sending: readonly Sending[]
  /** The newest message that we asked to mark as read. */
  readonly markedUpTo: string | undefined
}

export interface Draft {
  readonly editing: Editing
  readonly replyTo: string | undefined
  /** The own message that Enter changes, and what stood in the composer before. */
  readonly changes: { readonly id: string, readonly kept: Editing } | undefined
  /** A text that came back, with the key it was sent under: the same text goes out under the same key. */
  readonly returned: { readonly text: string, readonly key: string } | undefined
}

export const NO_DRAFT: Draft = { editing: EMPTY, replyTo: undefined, changes: undefined, returned: undefined }

export type Focus = 'list' | 'composer' | 'stream' | 'requests'

/** What lies over the conversation and takes all keys. */
export type Overlay =
  | { readonly type: 'search', readonly field: Editing, readonly scope: 'conversation' | 'everywhere', readonly found: Found | undefined, readonly cursor: number }
  | { readonly type: 'goTo', readonly field: Editing, readonly cursor: number }
  | { readonly type: 'keys', readonly top: number }
  | { readonly type: 'trace', readonly id: string, readonly trace: Trace | undefined, readonly top: number }
  | { readonly type: 'react', readonly id: string, readonly field: Editing }
  | { readonly type: 'confirm', readonly question: string, readonly yes: Effect }

export interface Found {
  readonly query: string
  readonly messages: readonly MessageView[]
  readonly hasMore: boolean
}

export interface Trace {
  readonly message: MessageView
  readonly headline: string
  readonly steps: readonly TraceStep[]
  readonly next: readonly TraceStep[]
}

export interface Notice {
  readonly text: string
  readonly tone: 'danger' | 'plain'
  readonly untilMs: number
}

export interface ChatState {
  readonly nowMs: number
  readonly columns: number
  readonly rows: number
  readonly status: StatusView
  /** Conversations in the order of the list: newest message first. */
  readonly conversations: readonly Conversation[]
  readonly requests: readonly RequestView[]
  readonly streams: ReadonlyMap<string, Stream>
  readonly drafts: ReadonlyMap<string, Draft>
  /** Replied-to messages that lie outside the loaded window; undefined: asked for, or not there. */
  readonly quotes: ReadonlyMap<string, MessageView | undefined>
  /** Account id of the open conversation, or the requests. */
  readonly open: { readonly type: 'none' } | { readonly type: 'conversation', readonly account: string } | { readonly type: 'requests' }
  readonly focus: Focus
  /** Index of the list's cursor; one behind the last conversation is the requests entry. */
  readonly listCursor: number
  readonly requestCursor: number
  readonly overlay: Overlay | undefined
  readonly node: { readonly answers: true } | { readonly answers: false, readonly lastKnownAtMs: number }
  readonly notice: Notice | undefined
  readonly glyphs: 'unicode' | 'ascii'
}

/** How a message window was asked for. */
export type Reach = { readonly to: 'latest' } | { readonly to: 'older', readonly before: string } | { readonly to: 'newer', readonly after: string } | { readonly to: 'around', readonly id: string }

/** What a step wants done. The model does it and answers with an input. */
export type Effect =
  | { readonly do: 'refresh' }
  | { readonly do: 'load', readonly account: string, readonly reach: Reach, readonly limit: number }
  | { readonly do: 'quote', readonly ids: readonly string[] }
  | { readonly do: 'markRead', readonly account: string, readonly upTo: string }
  | { readonly do: 'send', readonly account: string, readonly text: string, readonly replyTo: string | undefined, readonly key: string | undefined }
  | { readonly do: 'edit', readonly account: string, readonly id: string, readonly text: string }
  | { readonly do: 'delete', readonly id: string }
  | { readonly do: 'react', readonly id: string, readonly emoji: string }
  | { readonly do: 'trace', readonly id: string }
  | { readonly do: 'retry', readonly id: string }
  | { readonly do: 'cancel', readonly id: string }
  | { readonly do: 'search', readonly query: string, readonly account: string | undefined }
  | { readonly do: 'answer', readonly id: string, readonly answer: 'accept' | 'decline' | 'block' }
  | { readonly do: 'quit' }

/** What can happen to the chat. */
export type Input =
  | { readonly type: 'press', readonly press: Press }
  | { readonly type: 'paste', readonly text: string }
  | { readonly type: 'resized', readonly columns: number, readonly rows: number }
  | { readonly type: 'tick' }
  | { readonly type: 'event', readonly event: EventView }
  | { readonly type: 'streamOpen' }
  | { readonly type: 'nodeLost' }
  | { readonly type: 'nodeFound' }
  | { readonly type: 'refreshed', readonly status: StatusView, readonly conversations: readonly Conversation[], readonly requests: readonly RequestView[] }
  | { readonly type: 'loaded', readonly account: string, readonly reach: Reach, readonly messages: readonly MessageView[], readonly hasMore: boolean, readonly hasNewer: boolean }
  | { readonly type: 'quoted', readonly messages: ReadonlyMap<string, MessageView | undefined> }
  | { readonly type: 'sending', readonly account: string, readonly sending: Sending }
  | { readonly type: 'sent', readonly account: string, readonly key: string, readonly message: MessageView | undefined }
  | { readonly type: 'marked', readonly account: string, readonly upTo: string }
  | { readonly type: 'changed', readonly message: MessageView }
  | { readonly type: 'traced', readonly id: string, readonly trace: Trace }
  | { readonly type: 'found', readonly account: string | undefined, readonly found: Found }
  | { readonly type: 'answered', readonly id: string, readonly answer: 'accept' | 'decline' | 'block', readonly contact: ContactView | undefined }
  | { readonly type: 'failed', readonly effect: Effect, readonly key: string | undefined, readonly reason: string, readonly hint: string | undefined }

export interface Step {
  readonly state: ChatState
  readonly effects: readonly Effect[]
}
