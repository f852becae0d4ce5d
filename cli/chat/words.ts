/**
 * The chat's words: times, counts, and sentences that say what is true. Plain, short, present tense; a failure says what
 * failed, what is safe, what next, in that order.
 */
import type { ContactView } from '../../protocols/local/schema.ts'
import { TEXT_BYTES_MAX } from '../../protocols/core/limits.ts'
import { utf8Bytes } from '../../protocols/core/text.ts'
import type { ChatState, Conversation, Effect } from './shape.ts'

const DAY_MS = 24 * 3_600_000
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'] as const

/** `14:26` in the computer's time zone. */
export function clockTime (atMs: number): string {
  const at = new Date(atMs)
  return `${two(at.getHours())}:${two(at.getMinutes())}`
}

/** `14:26:03.112`, for the trace. */
export function exactTime (atMs: number): string {
  const at = new Date(atMs)
  return `${clockTime(atMs)}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
}

/** When, as short as it stays clear: today `14:26`, in the last six days `Mon`, else `19 Nov`, in another year `Nov 2024`. */
export function shortTime (atMs: number, nowMs: number): string {
  const days = daysBetween(atMs, nowMs)
  if (days <= 0) return clockTime(atMs)
  const at = new Date(atMs)
  const month = (MONTHS[at.getMonth()] ?? '').slice(0, 3)
  if (days < 7) return (WEEKDAYS[at.getDay()] ?? '').slice(0, 3)
  return at.getFullYear() === new Date(nowMs).getFullYear() ? `${at.getDate()} ${month}` : `${month} ${at.getFullYear()}`
}

/** The day separator: `Today`, `Yesterday`, `Monday 17 November`. */
export function dayName (atMs: number, nowMs: number): string {
  const days = daysBetween(atMs, nowMs)
  if (days === 0) return 'Today'
  if (days === 1) return 'Yesterday'
  const at = new Date(atMs)
  const year = at.getFullYear() === new Date(nowMs).getFullYear() ? '' : ` ${at.getFullYear()}`
  return `${WEEKDAYS[at.getDay()] ?? ''} ${at.getDate()} ${MONTHS[at.getMonth()] ?? ''}${year}`
}

export function isSameDay (leftMs: number, rightMs: number): boolean {
  return daysBetween(leftMs, rightMs) === 0
}

/** `1 message`, `2 messages`, `1,904 messages`. */
export function counted (count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`
}

export function grouped (count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** The connection line at the foot of the list. */
export function connectionLine (state: ChatState): string {
  if (!state.node.answers) return 'Your node does not answer'
  const people = state.conversations.filter(({ contact }) => contact.isConnected).length
  const waiting = state.status.outbox.open
  const direct = people === 0 ? 'Nobody is connected' : `Direct to ${counted(people, 'person', 'people')}`
  return waiting === 0 ? direct : `${direct}; ${counted(waiting, 'message')} ${waiting === 1 ? 'waits' : 'wait'} here`
}

export function silentNodeLine (lastKnownAtMs: number): string {
  return `Your node does not answer. This shows what it last knew, at ${clockTime(lastKnownAtMs)}.`
}

/** What becomes of what is written now, under the composer. */
export function composerLine ({ contact }: Conversation, answers: boolean): string {
  const who = contact.label
  if (!answers) return 'Your node does not answer. What you write stays here.'
  if (contact.standing === 'blocked') return `You blocked ${who}. Nothing is sent. Undo: skein contact unblock`
  if (contact.standing === 'removed') return `You removed ${who}. Nothing is sent.`
  if (contact.isKeyChanged) return `The signing key of ${who} changed. Nothing is sent. Compare: skein contact verify`
  if (contact.standing === 'requested') return `${who} has not accepted yet. This waits here until then.`
  if (contact.standing === 'pending') return `${who} asks to be a contact. Accept under Requests.`
  return contact.isConnected ? `Direct to ${who}.` : `${who} is away. This waits here until you are both online.`
}

/** Said when a text gets near the limit of a message, else empty. */
export function lengthLine (text: string): string {
  if (text.length < TEXT_BYTES_MAX / 4) return ''
  const bytes = utf8Bytes(text.toWellFormed())
  if (bytes > TEXT_BYTES_MAX) return `${grouped(bytes)} of ${grouped(TEXT_BYTES_MAX)} bytes: too long. It is safe here; shorten it.`
  return bytes > TEXT_BYTES_MAX * 0.8 ? `${grouped(bytes)} of ${grouped(TEXT_BYTES_MAX)} bytes` : ''
}

/** How a contact stands, in the title of the conversation. */
export function presence (contact: ContactView): string {
  switch (contact.standing) {
    case 'accepted': return contact.isConnected ? 'direct' : 'away'
    case 'requested': return 'has not accepted yet'
    case 'pending': return 'asks to be a contact'
    case 'blocked': return 'blocked'
    case 'removed': return 'removed'
  }
}

interface Failure {
  readonly failed: string
  /** What is safe, or what became of the text. */
  readonly safe: string
}

/** What failed and what is safe, for each thing that the chat asks the node to do. The reason stands between them. */
function failureOf (effect: Effect): Failure {
  switch (effect.do) {
    case 'send': return { failed: 'Not sent', safe: 'The text is back in the composer.' }
    case 'edit': return { failed: 'Not changed', safe: 'The text is back in the composer.' }
    case 'delete': return { failed: 'Not deleted', safe: 'The message is as it was.' }
    case 'react': return { failed: 'The reaction was not sent', safe: '' }
    case 'refresh': case 'quote': return { failed: 'The list was not updated', safe: '' }
    case 'load': return { failed: 'The messages were not loaded', safe: 'They are safe in your node.' }
    case 'markRead': return { failed: 'Not marked as read', safe: '' }
    case 'trace': return { failed: 'The trace was not loaded', safe: '' }
    case 'retry': return { failed: 'Not tried again', safe: 'The message waits as before.' }
    case 'cancel': return { failed: 'Not taken back', safe: 'The message is as it was.' }
    case 'search': return { failed: 'Not searched', safe: '' }
    case 'answer': return { failed: 'Not answered', safe: 'The request is kept.' }
    case 'quit': return { failed: '', safe: '' }
  }
}

/** A failure in one line: what failed, why, what is safe, what next. */
export function failureLine (effect: Effect, reason: string, hint: string | undefined): string {
  const { failed, safe } = failureOf(effect)
  return [`${failed}: ${sentence(reason)}`, safe, hint === undefined ? '' : sentence(hint)].filter(part => part !== '').join(' ')
}

/** Error messages come with and without a full stop. */
function sentence (text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}

/** Local days, not 24-hour spans: yesterday at 23:59 is a day away at 00:01. Rounded, because days of 23 hours exist. */
function daysBetween (earlierMs: number, laterMs: number): number {
  return Math.round((startOfDay(laterMs) - startOfDay(earlierMs)) / DAY_MS)
}

function startOfDay (atMs: number): number {
  return new Date(atMs).setHours(0, 0, 0, 0)
}

function two (value: number): string {
  return String(value).padStart(2, '0')
}
