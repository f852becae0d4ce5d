/** Where one writes: the message that is replied to, the text with its cursor, and what will become of it. */
import { displaySafe } from '../../../protocols/core/text.ts'
import { cursorPlace } from '../editor.ts'
import { cutTo, wrapText } from '../layout.ts'
import { geometry, openConversation, openDraft, openStream } from '../select.ts'
import type { ChatState, Draft } from '../shape.ts'
import { composerLine, counted, lengthLine } from '../words.ts'
import { glyphsOf } from './glyphs.ts'
import { quotedLine } from './message.ts'
import { between, BLANK, line, span, type Row } from './row.ts'

export interface Painted {
  readonly rows: readonly Row[]
  /** Where the terminal's cursor stands, counted from the first row; undefined: nowhere. */
  readonly cursor: { readonly x: number, readonly y: number } | undefined
}

export function composerRows (state: ChatState, columns: number): Painted {
  const { composerColumns, composerRows: height } = geometry(state)
  const draft = openDraft(state)
  const wrapped = wrapText(draft.editing.text, composerColumns)
  const place = cursorPlace(draft.editing, composerColumns)
  const top = Math.max(0, Math.min(wrapped.length - height, place.row - Math.floor(height / 2)))
  const reply = replyRows(state, draft, columns)
  const prompt = draft.changes === undefined ? ' > ' : ' * '
  const text = wrapped.slice(top, top + height).map((row, index): Row => [span(index + top === 0 ? prompt : '   ', 'accent'), span(row.shown)])
  const isWriting = state.focus === 'composer' && state.overlay === undefined
  const cursor = isWriting ? { x: 3 + place.column, y: reply.length + place.row - top } : undefined
  return { rows: [...reply, ...text, noteRow(state, draft, columns)], cursor }
}

/** The rule above the composer says what lies below the screen. */
export function composerRule (state: ChatState, newBelow: number): string {
  if (newBelow > 0) return ` ${counted(newBelow, 'message')} below, End `
  return openStream(state).hasNewer ? ' newer messages below, End ' : ''
}

function replyRows (state: ChatState, { replyTo }: Draft, columns: number): Row[] {
  if (replyTo === undefined) return []
  const { quote } = glyphsOf(state.glyphs)
  return [[span(cutTo(` ${quote} reply to ${quotedLine(state, replyTo)}`, columns - 2), 'dim')]]
}

function noteRow (state: ChatState, draft: Draft, columns: number): Row {
  const conversation = openConversation(state)
  if (conversation === undefined) return BLANK
  const length = lengthLine(draft.editing.text)
  const isTooLong = length.includes('too long')
  if (isTooLong) return line(` ${length}`, 'warn')
  const note = draft.changes === undefined ? composerLine(conversation, state.node.answers) : 'Enter replaces the message for everyone. Esc leaves it as it was.'
  const needsYou = conversation.contact.isKeyChanged || !state.node.answers
  return between([span(` ${displaySafe(note)}`, needsYou ? 'warn' : 'dim')], [span(length === '' ? '' : ` ${length} `, 'dim')], columns - 1)
}
