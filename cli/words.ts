/**
 * What messages, contacts and states look like as text: the same words on every surface. Whatever others wrote passes
 * `displaySafe` here, and nowhere else does it reach a terminal.
 */
import { displaySafe } from '../protocols/core/text.ts'
import { stateGlyph, stateWord, type Copies } from '../protocols/message/words.ts'
import type { ContactView, MessageView } from '../protocols/local/schema.ts'
import { clockTime, dayName, isSameDay } from './chat/words.ts'
import type { Look } from './look.ts'
import { attachmentLine } from './media.ts'
import { columnsOf, pad } from './table.ts'

/** Characters of an id that are shown at least: enough to be unambiguous among the messages of some seconds. */
const ID_SHOWN_MIN = 8

/** A seen character that is longer than this, in UTF-16, is no script but a joke. */
const SEGMENT_UNITS_MAX = 16

export function oneLine (text: string): string {
  return displaySafe(text)
}

/** `@bob`, or what they are called when they have no alias. */
export function nameOf ({ alias, label }: ContactView): string {
  return oneLine(alias === undefined ? label : `@${alias}`)
}

export function standingWords ({ standing, isKeyChanged, isVerified }: ContactView): string {
  if (isKeyChanged) return 'signing key changed'
  switch (standing) {
    case 'requested': return 'has not accepted yet'
    case 'pending': return 'asks to be a contact'
    case 'accepted': return isVerified ? 'verified' : 'not verified'
    case 'blocked': return 'blocked'
    case 'removed': return 'removed'
  }
}

/** The mark of a state and its word, where it has one. Someone else's message has no mark. */
export function stateMark ({ state, reason, ...counts }: Pick<MessageView, 'state' | 'reason' | 'copies' | 'copiesOf' | 'copiesEnough'>, { isAscii }: Pick<Look, 'isAscii'>): string {
  const copies = copiesIn(counts)
  switch (state) {
    case 'queued': return copies === undefined || copies.stored === 0 ? (isAscii ? 'o queued' : '○ queued') : copiesMark(copies, isAscii)
    case 'stored': return copies === undefined ? '/// stored' : copiesMark(copies, isAscii)
    case 'delivered': return isAscii ? 'vv' : '✓✓'
    case 'read': return isAscii ? 'vv_' : '✓✓_'
    case 'failed': return reason === undefined ? '! not sent' : `! not sent: ${oneLine(reason)}`
    case 'expired': return '! expired, nobody collected it'
    case 'cancelled': return 'taken back'
    case 'unread': return ''
  }
}

/** As protocols/message/words.ts draws them; undefined: no relay keeps anything of it. */
export function copiesIn ({ copies, copiesOf, copiesEnough }: Pick<MessageView, 'copies' | 'copiesOf' | 'copiesEnough'>): Copies | undefined {
  return copies === undefined || copiesOf === undefined ? undefined : { stored: copies, of: copiesOf, enough: copiesEnough ?? copiesOf }
}

function copiesMark (copies: Copies, isAscii: boolean): string {
  return `${stateGlyph('stored', { ascii: isAscii, copies })} ${stateWord('stored', copies)}`.trim()
}

/** How many characters of these ids tell them apart. */
export function shownIdLength (ids: readonly string[]): number {
  for (let length = ID_SHOWN_MIN; ; length++) {
    if (new Set(ids.map(id => id.slice(0, length))).size === new Set(ids).size) return length
  }
}

/** A conversation as lines: day, then time, author, text, and behind it what became of it and the id. */
export function conversationLines (messages: readonly MessageView[], look: Look): readonly string[] {
  const idLength = shownIdLength(messages.map(({ id }) => id))
  const nameWidth = Math.max(0, ...messages.map(message => columnsOf(authorOf(message))))
  const byId = new Map(messages.map(message => [message.id, message]))
  return messages.flatMap((message, index) => {
    const previous = messages[index - 1]
    const isNewDay = previous === undefined || !isSameDay(Date.parse(previous.sentAt), Date.parse(message.sentAt))
    const quoted = message.replyTo === null ? undefined : byId.get(message.replyTo)
    return [
      ...isNewDay ? [look.dim(dayName(Date.parse(message.sentAt), look.nowMs))] : [],
      ...message.isAfterGap ? [look.dim(`${' '.repeat(nameWidth + 9)}(a message before this one has not arrived yet)`)] : [],
      ...messageLines(message, { look, idLength, nameWidth, quoted })
    ]
  })
}

interface MessageShape { readonly look: Look, readonly idLength: number, readonly nameWidth: number, readonly quoted: MessageView | undefined }

function messageLines (message: MessageView, { look, idLength, nameWidth, quoted }: MessageShape): readonly string[] {
  const indent = ' '.repeat(nameWidth + 9)
  const reply = message.replyTo === null ? [] : [look.dim(`${indent}> ${quoted === undefined ? `reply to ${message.replyTo.slice(0, idLength)}` : `${authorOf(quoted)}: ${cut(bodyOf(quoted).replaceAll('\n', ' '))}`}`)]
  const [first = '', ...rest] = bodyLines(message)
  const name = pad(authorOf(message), nameWidth)
  const lines = [`${look.dim(clockTime(Date.parse(message.sentAt)))}  ${message.isOwn ? name : look.bold(name)}  ${first}`, ...rest.map(line => `${indent}${line}`)]
  const behind = [...remarks(message, look), look.dim(message.id.slice(0, idLength))].join('  ')
  return [...reply, ...lines.slice(0, -1), `${lines.at(-1) ?? ''}  ${behind}`]
}

function remarks (message: MessageView, look: Look): readonly string[] {
  const mark = stateMark(message, look)
  const paint = message.state === 'failed' || message.state === 'expired' ? look.danger : message.state === 'read' ? look.accent : look.dim
  return [
    ...message.edited && !message.deleted ? [look.dim('edited')] : [],
    ...reactionWords(message),
    ...message.isOwn && mark !== '' ? [paint(mark)] : [],
    ...message.state === 'unread' ? [look.accent('new')] : []
  ]
}

/** `♥ 2`: each emoji once, with how many when more than one. */
function reactionWords ({ reactions }: MessageView): readonly string[] {
  const counts = new Map<string, number>()
  for (const { emoji } of reactions) counts.set(emoji, (counts.get(emoji) ?? 0) + 1)
  return [...counts].map(([emoji, count]) => count === 1 ? oneLine(emoji) : `${oneLine(emoji)} ${count}`)
}

export function authorOf ({ isOwn, fromLabel }: MessageView): string {
  return isOwn ? 'me' : oneLine(fromLabel)
}

/** The text as it may be printed, or what stands for it. */
export function bodyOf ({ deleted, kind, text, attachments }: MessageView): string {
  if (deleted) return '(deleted this message)'
  if (kind === 'unsupported') return '(written by a newer version: update to read it)'
  if (text === '' && attachments !== undefined) return attachments.map(({ name }) => displaySafe(name)).join(', ')
  return displaySafe(text, { areLinesKept: true })
}

/** Text and files, each file a line. */
function bodyLines (message: MessageView): readonly string[] {
  const text = bodyOf(message)
  const files = message.deleted ? [] : message.attachments ?? []
  // What stands for a message without text are its files.
  return [...message.kind === 'media' && message.text === '' && !message.deleted ? [] : text.split('\n'), ...files.map(file => attachmentLine(file, message.isOwn))]
}

/** The beginning of a text, as a heading. */
export function cut (text: string, charactersMax = 60): string {
  if (text.length <= charactersMax) return text
  // By what a person sees as one character: half an emoji or a lone accent is worse than a shorter text.
  const seen = Array.from(new Intl.Segmenter().segment(text.slice(0, charactersMax * SEGMENT_UNITS_MAX)), ({ segment }) => segment)
  return seen.length <= charactersMax ? text : `${seen.slice(0, charactersMax - 1).join('')}…`
}

/** `30112 41883 …` in rows of three groups, as both sides read it out. */
export function safetyNumberLines (digits: string): readonly string[] {
  const groups = digits.replace(/\D/g, '').match(/.{1,5}/g) ?? []
  return Array.from({ length: Math.ceil(groups.length / 3) }, (_, row) => groups.slice(row * 3, row * 3 + 3).join('  '))
}
