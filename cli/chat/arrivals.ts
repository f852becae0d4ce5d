/** What comes from the node: events of the stream, and answers to what the chat asked. Every arrival may come twice, or late. */
import type { ContactView, EventView, MessageView, RequestView } from '../../protocols/local/schema.ts'
import { editingOf } from './editor.ts'
import { act, atUnread, isReading, openConversationStep, showSelected, stay, streamShape, withNotice } from './navigate.ts'
import { draftOf, openAccount, openStream, streamOf, withDraft, withStream } from './select.ts'
import { NO_DRAFT, type ChatState, type Conversation, type Effect, type Input, type Stream, type Step } from './shape.ts'
import { pinned } from './viewport.ts'
import { upserted, windowed } from './window.ts'
import { failureLine } from './words.ts'

type InputOf<Type extends Input['type']> = Extract<Input, { readonly type: Type }>

export function onEvent (state: ChatState, event: EventView): Step {
  switch (event.type) {
    case 'message.received': case 'message.state': case 'message.changed': case 'message.read': case 'attachment.state': return onMessage(state, event)
    case 'contact.added': case 'contact.accepted': case 'contact.changed':
    case 'contact.devices_changed': return act(withContact(state, event.contact), { do: 'refresh' })
    case 'request.received': return act(withRequest(state, event.request), { do: 'refresh' })
    case 'contact.key_changed': return act(withNotice(withContact(state, event.contact), keyChanged(state, event), 'danger'), { do: 'refresh' })
    case 'node.trouble': return act(event.text === undefined ? state : withNotice(state, event.text), { do: 'refresh' })
    // What a newer node tells: read again.
    default: return act(state, { do: 'refresh' })
  }
}

export function onRefreshed (before: ChatState, { status, conversations, requests }: InputOf<'refreshed'>): Step {
  const account = openAccount(before)
  // The open conversation stays, even if its contact was removed elsewhere.
  const gone = before.conversations.find(({ contact }) => contact.account === account && !conversations.some(other => other.contact.account === account))
  const all = gone === undefined ? conversations : [...conversations, gone]
  const state: ChatState = { ...before, node: { answers: true }, status, conversations: all, requests, requestCursor: Math.max(0, Math.min(requests.length - 1, before.requestCursor)) }
  return account === undefined || !isBehind(state, account) ? stay(state) : act(state, reloadOf(openStream(state), account))
}

export function onLoaded (before: ChatState, input: InputOf<'loaded'>): Step {
  const { account, reach } = input
  const isFirst = streamOf(before, account).messages.length === 0
  const held = reach.to === 'newer' && openAccount(before) === account ? heldScreen(before, account) : before
  const state = withStream(held, account, stream => windowed(stream, input))
  const loaded = streamOf(state, account)
  const missing = missingQuotes(state, loaded)
  const asked = missing.length === 0 ? state : { ...state, quotes: withQuotes(state.quotes, new Map(missing.map(id => [id, undefined]))) }
  const effects: Effect[] = missing.length === 0 ? [] : [{ do: 'quote', ids: missing }]
  if (openAccount(state) !== account) return act(asked, ...effects)
  if (reach.to === 'around') return act(showSelected(asked), ...effects)
  return act(isFirst && reach.to === 'latest' ? atUnread(asked) : asked, ...effects)
}

/** What is read on from far back comes below the screen, not under the reader's eyes. */
function heldScreen (state: ChatState, account: string): ChatState {
  const { paint, height } = streamShape(state)
  return withStream(state, account, stream => ({ ...stream, anchor: pinned(paint, stream.anchor, height) }))
}

export function onSent (state: ChatState, { account, key, message }: InputOf<'sent'>): Step {
  const settled = withStream(state, account, stream => ({ ...stream, sending: stream.sending.filter(sending => sending.key !== key) }))
  if (message === undefined) return act(settled, reloadOf(streamOf(settled, account), account), { do: 'refresh' })
  return act(withMessage(settled, message).state, { do: 'refresh' })
}

export function onChanged (state: ChatState, message: MessageView): Step {
  const { state: after, effects } = withMessage(state, message)
  const isTraced = state.overlay?.type === 'trace' && state.overlay.id === message.id
  return act(after, ...effects, ...(isTraced ? [{ do: 'trace', id: message.id } as const] : []))
}

export function onMarked (state: ChatState, { account, upTo }: InputOf<'marked'>): Step {
  const marked = withStream(state, account, stream => {
    const last = stream.messages.findIndex(({ id }) => id === upTo)
    return { ...stream, messages: stream.messages.map((message, index) => message.state === 'unread' && index <= last ? { ...message, state: 'read' } : message) }
  })
  return act(marked, { do: 'refresh' })
}

export function onAnswered (state: ChatState, { id, answer, contact }: InputOf<'answered'>): Step {
  const requests = state.requests.filter(request => request.id !== id)
  const without: ChatState = { ...withContact(state, contact), requests, requestCursor: Math.max(0, Math.min(requests.length - 1, state.requestCursor)) }
  if (answer !== 'accept') return act(withNotice(without, answer === 'decline' ? 'Declined.' : 'Declined and blocked.'), { do: 'refresh' })
  if (contact === undefined) return act(without, { do: 'refresh' })
  const opened = openConversationStep(withNotice(without, `${contact.label} is a contact now.`), contact.account)
  return act(opened.state, ...opened.effects, { do: 'refresh' })
}

/** Nothing that was typed is lost: it goes back to where it came from, before what was typed since. */
export function onFailed (before: ChatState, { effect, key, reason, hint }: InputOf<'failed'>): Step {
  const state = isQuiet(before, effect) ? before : withNotice(before, failureLine(effect, reason, hint), 'danger')
  if (effect.do === 'send') return stay(returned(state, effect, key))
  if (effect.do === 'edit') return stay(returnedChange(state, effect))
  if (effect.do === 'load') return stay(withStream(state, effect.account, stream => ({ ...stream, loading: 'failed' })))
  const isTraceEmpty = effect.do === 'trace' && state.overlay?.type === 'trace' && state.overlay.trace === undefined
  return stay(isTraceEmpty ? { ...state, overlay: undefined } : state)
}

function onMessage (state: ChatState, { type, message, contact }: EventView): Step {
  const known = withContact(state, contact)
  if (message === undefined) return act(known, { do: 'refresh' })
  const { state: after, effects } = withMessage(known, message)
  const counted = type === 'message.received' && message.state === 'unread' ? countedUnread(known, after, message) : after
  const isTraced = state.overlay?.type === 'trace' && state.overlay.id === message.id
  return act(counted, ...effects, { do: 'refresh' }, ...(isTraced ? [{ do: 'trace', id: message.id } as const] : []))
}

/** The message in its stream and, when it is the newest, in the list. */
function withMessage (state: ChatState, message: MessageView): Step {
  const stream = state.streams.get(message.with)
  const listed = { ...state, conversations: bumped(state.conversations, message) }
  if (stream === undefined) return stay(listed)
  const placed = upserted(stream, message)
  const after = withStream(listed, message.with, () => placed.stream)
  return placed.isMisplaced ? act(after, reloadOf(stream, message.with)) : stay(after)
}

/** A message that comes while one reads further up gets the separator; one that is read at once does not. */
function countedUnread (before: ChatState, state: ChatState, message: MessageView): ChatState {
  if (openAccount(state) !== message.with || isReading(before) || openStream(before).messages.some(({ id }) => id === message.id)) return state
  return withStream(state, message.with, stream => {
    const from = stream.unread === undefined ? undefined : stream.messages.find(({ id }) => id === stream.unread?.from)
    const isOver = from === undefined || from.state !== 'unread'
    return { ...stream, unread: isOver ? { from: message.id, count: 1 } : { from: from.id, count: (stream.unread?.count ?? 0) + 1 } }
  })
}

/** The conversation with its newest message, at the top when the message is new. */
function bumped (conversations: readonly Conversation[], message: MessageView): readonly Conversation[] {
  const conversation = conversations.find(({ contact }) => contact.account === message.with)
  if (conversation === undefined) return conversations
  const { last } = conversation
  if (last?.id === message.id) return conversations.map(other => other === conversation ? { ...other, last: message } : other)
  if (last !== undefined && Date.parse(last.sentAt) > Date.parse(message.sentAt)) return conversations
  return [{ ...conversation, last: message }, ...conversations.filter(other => other !== conversation)]
}

function withContact (state: ChatState, contact: ContactView | undefined): ChatState {
  if (contact === undefined) return state
  const isKnown = state.conversations.some(other => other.contact.account === contact.account)
  if (isKnown) return { ...state, conversations: state.conversations.map(other => other.contact.account === contact.account ? { ...other, contact } : other) }
  if (contact.standing === 'blocked' || contact.standing === 'removed' || contact.standing === 'pending') return state
  return { ...state, conversations: [{ contact, last: undefined }, ...state.conversations] }
}

function withRequest (state: ChatState, request: RequestView | undefined): ChatState {
  if (request === undefined || state.requests.some(({ id }) => id === request.id)) return state
  return { ...state, requests: [...state.requests, request] }
}

function keyChanged (state: ChatState, event: EventView): string {
  const label = event.contact?.label ?? state.conversations.find(({ contact }) => contact.account === event.with)?.contact.label ?? 'a contact'
  return `${label}: ${event.text ?? 'their signing key changed.'} Nothing is sent to them until you compare: skein contact verify`
}

/** True when the list knows a newer message than the stream: an event was missed. */
function isBehind (state: ChatState, account: string): boolean {
  const stream = streamOf(state, account)
  const last = state.conversations.find(({ contact }) => contact.account === account)?.last
  const first = stream.messages[0]
  if (last === undefined || first === undefined || stream.loading === 'yes' || stream.hasNewer) return false
  // A message that came late may belong far up, where nothing is loaded yet.
  if (stream.hasOlder && last.sentAt < first.sentAt) return false
  return !stream.messages.some(({ id }) => id === last.id)
}

const RELOAD_MAX = 1_000

function reloadOf ({ messages }: Stream, account: string): Effect {
  return { do: 'load', account, reach: { to: 'latest' }, limit: Math.min(RELOAD_MAX, Math.max(60, messages.length + 10)) }
}

const QUOTES_ASKED_MAX = 50
const QUOTES_MAX = 1_000

function missingQuotes (state: ChatState, { messages }: Stream): string[] {
  const loaded = new Set(messages.map(({ id }) => id))
  const wanted = messages.flatMap(({ replyTo }) => replyTo === null || loaded.has(replyTo) || state.quotes.has(replyTo) ? [] : [replyTo])
  return [...new Set(wanted)].slice(-QUOTES_ASKED_MAX)
}

export function withQuotes (known: ChatState['quotes'], more: ChatState['quotes']): ChatState['quotes'] {
  return new Map([...(known.size > QUOTES_MAX ? [] : known), ...more])
}

/** What runs by itself says nothing when it fails: the connection line does. */
function isQuiet (state: ChatState, { do: what }: Effect): boolean {
  return what === 'quote' || what === 'markRead' || (what === 'refresh' && !state.node.answers)
}

function returned (state: ChatState, effect: Extract<Effect, { readonly do: 'send' }>, key: string | undefined): ChatState {
  const { account, text, replyTo } = effect
  const draft = draftOf(state, account)
  const without = withStream(state, account, stream => ({ ...stream, sending: stream.sending.filter(sending => sending.key !== key) }))
  if (draft.changes !== undefined) {
    const kept = joined(text, draft.changes.kept.text)
    return withDraft(without, account, { ...draft, changes: { ...draft.changes, kept: editingOf(kept) } })
  }
  return withDraft(without, account, {
    ...draft,
    editing: editingOf(joined(text, draft.editing.text)),
    replyTo: draft.replyTo ?? replyTo,
    returned: key === undefined ? undefined : { text, key }
  })
}

function returnedChange (state: ChatState, { account, id, text }: Extract<Effect, { readonly do: 'edit' }>): ChatState {
  const draft = draftOf(state, account)
  const kept = draft.changes === undefined ? draft.editing : draft.changes.kept
  return withDraft(state, account, { ...NO_DRAFT, replyTo: draft.replyTo, editing: editingOf(text), changes: { id, kept } })
}

function joined (first: string, second: string): string {
  return second === '' ? first : `${first}\n${second}`
}
