/**
 * One message as rows: separators above it, quote, text, reactions. Own messages stand right with time and state at the
 * end of their last row; those of others stand left with the label before and the time at the right edge.
 */
import type { MessageView } from '../../../protocols/local/schema.ts'
import { displaySafe } from '../../../protocols/core/text.ts'
import { stateGlyph, stateWord } from '../../../protocols/message/words.ts'
import { columnsOf, cutTo, padEnd, wrapText, type TextRow } from '../layout.ts'
import type { ChatState, Stream } from '../shape.ts'
import { openStream } from '../select.ts'
import { clockTime, dayName, isSameDay } from '../words.ts'
import { attachmentLine } from '../../media.ts'
import { copiesIn } from '../../words.ts'
import { glyphsOf } from './glyphs.ts'
import { BLANK, centred, rowColumns, span, type Row, type Span, type Tone } from './row.ts'

/** What the rows of a stream depend on. */
export interface StreamPaint {
  readonly state: ChatState
  readonly stream: Stream
  /** The loaded messages, then those that the node has not taken yet. */
  readonly messages: readonly MessageView[]
  /** Between the borders. */
  readonly columns: number
}

const SENDING = 'sending:'
const LABEL_COLUMNS_MAX = 12
/** A text column below this is unreadable: label and time then get rows of their own. */
const BODY_COLUMNS_MIN = 20
/** Own texts leave this free on their left, so that the eye sees whose they are. */
const OWN_INDENT = 8
const REACTIONS_MAX = 8

export function streamPaint (state: ChatState, columns: number): StreamPaint {
  const stream = openStream(state)
  return { state, stream, messages: stream.sending.length === 0 ? stream.messages : [...stream.messages, ...sendingViews(state, stream)], columns }
}

/** The rows of a message, made one by one as they are shown: a text of 60,000 line ends has as many. */
export interface Block {
  readonly height: number
  /** How many of its first rows are separators: they come and go with the messages before it. */
  readonly above: number
  readonly rowAt: (row: number) => Row
}

/** The message at `index`, with the separators above it. */
export function messageBlock (paint: StreamPaint, index: number): Block {
  const message = paint.messages[index]
  if (message === undefined) return { height: 0, above: 0, rowAt: () => BLANK }
  const above = separators(paint, index, message)
  const parts = message.isOwn ? ownParts(paint, message) : receivedParts(paint, message)
  const margin = bar(paint, paint.state.focus === 'stream' && paint.stream.selected === message.id)
  return {
    above: above.length,
    height: above.length + parts.head.length + parts.bodyCount + parts.tail.length,
    rowAt: row => above[row] ?? [margin, ...partAt(parts, row - above.length)]
  }
}

/** A message without its separators and left margin. */
interface Parts {
  readonly head: readonly Row[]
  readonly bodyCount: number
  readonly bodyAt: (row: number) => Row
  readonly tail: readonly Row[]
}

function partAt ({ head, bodyCount, bodyAt, tail }: Parts, row: number): Row {
  const inBody = row - head.length
  return head[row] ?? (inBody < bodyCount ? bodyAt(inBody) : tail[inBody - bodyCount] ?? BLANK)
}

function sendingViews (state: ChatState, stream: Stream): MessageView[] {
  return stream.sending.map(({ key, text, replyTo, startedAtMs }) => {
    const at = new Date(startedAtMs).toISOString()
    const { account } = state.status
    return { id: SENDING + key, with: '', from: account, fromLabel: 'me', isOwn: true, kind: 'text', text, state: 'queued', sentAt: at, receivedAt: at, edited: false, deleted: false, replyTo: replyTo ?? null, reactions: [], isAfterGap: false }
  })
}

function bar ({ state }: StreamPaint, isSelected: boolean): Span {
  return isSelected ? span(glyphsOf(state.glyphs).bar, 'accent') : span(' ')
}

function separators ({ state, stream, messages, columns }: StreamPaint, index: number, message: MessageView): Row[] {
  const rows: Row[] = []
  const previous = messages[index - 1]
  const sentAtMs = Date.parse(message.sentAt)
  const { horizontal } = glyphsOf(state.glyphs)
  if (previous === undefined || !isSameDay(Date.parse(previous.sentAt), sentAtMs)) {
    rows.push(centred(span(dayName(sentAtMs, state.nowMs), 'dim'), span(' '), columns))
  }
  if (stream.unread?.from === message.id) rows.push([span(' '), ...centred(span(`${stream.unread.count} unread`, 'accent'), span(horizontal, 'accent'), columns - 2), span(' ')])
  if (message.isAfterGap) rows.push(centred(span('An earlier message is on its way', 'dim'), span(' '), columns))
  return rows
}

function ownParts (paint: StreamPaint, message: MessageView): Parts {
  const usable = paint.columns - 2
  const meta = ownMeta(paint, message)
  const metaColumns = rowColumns(meta)
  const beside = usable - metaColumns - 2 - OWN_INDENT
  const isBeside = beside >= BODY_COLUMNS_MIN
  const body = wrappedBody(message, isBeside ? beside : usable - 2)
  const quote = quoteRow(paint, message, isBeside ? beside : usable - 2)
  const width = Math.max(quote === undefined ? 0 : rowColumns(quote), body.columns)
  const left = span(' '.repeat(Math.max(0, usable - width - (isBeside ? metaColumns + 2 : 0))))
  const tail = [...(isBeside ? [] : [meta]), ...reasonRows(message, usable), ...reactionRows(paint, message, usable)]
  return {
    head: quote === undefined ? [] : [[left, ...quote]],
    bodyCount: body.rows.length,
    bodyAt: index => {
      const shown = body.rows[index]?.shown ?? ''
      const rest = width - (body.rows[index]?.columns ?? 0)
      // One row ends where its quote ends; more of them begin together, or they could not be read.
      const isAlone = body.rows.length === 1
      const text = [left, span(isAlone ? ' '.repeat(rest) : ''), span(shown, bodyTone(message))]
      return isBeside && index === body.rows.length - 1 ? [...text, span(' '.repeat(isAlone ? 2 : rest + 2)), ...meta] : text
    },
    tail: tail.map(row => [span(' '.repeat(Math.max(0, usable - rowColumns(row)))), ...row])
  }
}

function ownMeta ({ state }: StreamPaint, message: MessageView): Row {
  const time = clockTime(Date.parse(message.sentAt))
  const edited = message.edited && !message.deleted ? [span('edited ', 'dim')] : []
  if (message.id.startsWith(SENDING)) return [...edited, span('saving  ', 'dim'), span(`${time}    `, 'dim')]
  if (message.state === 'unread') return [...edited, span(time, 'dim')]
  const tone: Tone = message.state === 'failed' ? 'danger' : message.state === 'read' ? 'accent' : message.state === 'expired' ? 'warn' : 'dim'
  const copies = copiesIn(message)
  const word = stateWord(message.state, copies).toLowerCase()
  const glyph = stateGlyph(message.state, { ascii: state.glyphs === 'ascii', copies })
  return [...edited, span(word === '' ? '' : `${word}  `, tone), span(`${time} `, 'dim'), span(padEnd(glyph, 3), tone)]
}

function receivedParts (paint: StreamPaint, message: MessageView): Parts {
  const usable = paint.columns - 2
  const label = cutTo(displaySafe(firstWord(message.fromLabel)), LABEL_COLUMNS_MAX)
  const meta = `${message.edited && !message.deleted ? 'edited ' : ''}${clockTime(Date.parse(message.sentAt))}`
  const beside = usable - columnsOf(label) - meta.length - 5
  if (beside < BODY_COLUMNS_MIN) return receivedBelow(paint, message, { label, meta })
  const body = wrappedBody(message, beside)
  const indent = span(' '.repeat(columnsOf(label) + 2))
  const quote = quoteRow(paint, message, beside)
  return {
    head: quote === undefined ? [] : [[indent, ...quote]],
    bodyCount: body.rows.length,
    bodyAt: index => {
      const row = body.rows[index]
      const text = span(row?.shown ?? '', bodyTone(message))
      if (index > 0) return [indent, text]
      return [span(label, 'bold'), span('  '), text, span(' '.repeat(beside - (row?.columns ?? 0) + 3)), span(meta, 'dim')]
    },
    tail: reactionRows(paint, message, beside).map(row => [indent, ...row])
  }
}

/** On a narrow screen: label and time above, the text below. */
function receivedBelow (paint: StreamPaint, message: MessageView, { label, meta }: { readonly label: string, readonly meta: string }): Parts {
  const usable = paint.columns - 2
  const indent = span('  ')
  const quote = quoteRow(paint, message, usable - 2)
  const body = wrappedBody(message, usable - 2)
  const first: Row = [span(label, 'bold'), span(' '.repeat(Math.max(1, usable - columnsOf(label) - meta.length))), span(meta, 'dim')]
  return {
    head: quote === undefined ? [first] : [first, [indent, ...quote]],
    bodyCount: body.rows.length,
    bodyAt: index => [indent, span(body.rows[index]?.shown ?? '', bodyTone(message))],
    tail: reactionRows(paint, message, usable - 2).map(row => [indent, ...row])
  }
}

interface Body {
  /** What it was wrapped to. */
  readonly columnsMax: number
  readonly rows: readonly TextRow[]
  /** Of its widest row. */
  readonly columns: number
}

/** Wrapping 60,000 bytes takes milliseconds, and a message does not change: it comes as a new value when it does. */
const bodies = new WeakMap<MessageView, Body>()

function wrappedBody (message: MessageView, columnsMax: number): Body {
  const known = bodies.get(message)
  if (known?.columnsMax === columnsMax) return known
  const rows = wrapText(bodyText(message), columnsMax)
  const body = { columnsMax, rows, columns: rows.reduce((widest, row) => Math.max(widest, row.columns), 0) }
  bodies.set(message, body)
  return body
}

/** What stands for the message: its text, or why there is none. */
export function bodyText (message: MessageView): string {
  if (message.deleted) return message.isOwn ? '(you deleted this message)' : '(deleted this message)'
  if (message.kind === 'unsupported') return 'Written by a newer version. Update to read it.'
  const files = (message.attachments ?? []).map(attachment => attachmentLine(attachment, message.isOwn))
  const text = displaySafe(message.text, { areLinesKept: true })
  return files.length === 0 ? text : [...text === '' ? [] : [text], ...files].join('\n')
}

function bodyTone (message: MessageView): Tone {
  return message.deleted || message.kind === 'unsupported' || message.id.startsWith(SENDING) ? 'dim' : 'plain'
}

function quoteRow ({ state }: StreamPaint, message: MessageView, columns: number): Row | undefined {
  if (message.replyTo === null || message.deleted) return undefined
  const { quote } = glyphsOf(state.glyphs)
  return [span(cutTo(`${quote} ${quotedLine(state, message.replyTo)}`, columns), 'dim')]
}

/** A message in one line, as a quote or as the one that is replied to. */
export function quotedLine (state: ChatState, id: string): string {
  const quoted = openStream(state).messages.find(message => message.id === id) ?? state.quotes.get(id)
  if (quoted === undefined) return 'an earlier message'
  return `${displaySafe(firstWord(quoted.fromLabel))}: ${oneLine(bodyText(quoted))}`
}

/** Only its beginning can be seen, so no more is looked at. */
export function oneLine (text: string): string {
  return text.slice(0, ONE_LINE_UNITS_MAX).replace(/\s+/g, ' ').trim()
}

const ONE_LINE_UNITS_MAX = 512

function firstWord (label: string): string {
  return label.trim().split(/\s+/)[0] ?? label
}

function reasonRows (message: MessageView, columns: number): Row[] {
  if (message.state !== 'failed' || message.reason === undefined) return []
  return wrapText(`${displaySafe(message.reason)} It is safe here.`, columns).map(row => [span(row.shown, 'danger')])
}

/** The same signs together, mine in brackets. */
function reactionRows ({ state }: StreamPaint, { reactions }: MessageView, columns: number): Row[] {
  if (reactions.length === 0) return []
  const counts = new Map<string, { count: number, isMine: boolean }>()
  for (const { from, emoji } of reactions) {
    const entry = counts.get(emoji) ?? { count: 0, isMine: false }
    counts.set(emoji, { count: entry.count + 1, isMine: entry.isMine || from === state.status.account })
  }
  const shown = [...counts].slice(0, REACTIONS_MAX).map(([emoji, { count, isMine }]) => {
    const sign = `${cutTo(displaySafe(emoji), 8)}${count > 1 ? ` ${count}` : ''}`
    return isMine ? `[${sign}]` : sign
  })
  const rest = counts.size > REACTIONS_MAX ? [`+${counts.size - REACTIONS_MAX}`] : []
  return [[span(cutTo([...shown, ...rest].join('  '), columns))]]
}
