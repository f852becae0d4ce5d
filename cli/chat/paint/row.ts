/** A row of the screen as spans of text with a tone. A fitted row has exactly the columns of its pane, whatever it holds. */
import { cellsOf, columnsOf, cutTo, printable } from '../layout.ts'

/** How a span looks. Every meaning is also in a shape or a word: without colour nothing is lost. */
export type Tone = 'plain' | 'bold' | 'dim' | 'accent' | 'warn' | 'danger' | 'chosen'

export interface Span {
  readonly text: string
  readonly tone: Tone
}

export type Row = readonly Span[]

export const BLANK: Row = []

export function span (text: string, tone: Tone = 'plain'): Span {
  return { text, tone }
}

/** One span as a row. */
export function line (text: string, tone: Tone = 'plain'): Row {
  return [span(text, tone)]
}

export function rowColumns (row: Row): number {
  return columnsOf(row.map(({ text }) => text).join(''))
}

/** Exactly `columns` wide: filled with spaces, or cut at the end with an ellipsis. */
export function fit (row: Row, columns: number): Row {
  const printed = row.map(({ text, tone }): Span => ({ text: printable(text), tone }))
  const taken = rowColumns(printed)
  if (taken <= columns) return taken === columns ? printed : [...printed, span(' '.repeat(columns - taken))]
  return cutRow(printed, columns)
}

/** `left` and `right` at the two edges; the left one gives way. */
export function between (left: Row, right: Row, columns: number): Row {
  const rightColumns = rowColumns(right)
  return [...fit(left, Math.max(0, columns - rightColumns)), ...right]
}

/** `text` in the middle of a rule, or of spaces. */
export function centred (text: Span, filler: Span, columns: number): Row {
  const cut = cutTo(text.text, Math.max(1, columns - 4))
  const room = Math.max(0, columns - columnsOf(cut) - 2)
  const before = Math.floor(room / 2)
  return fit([span(filler.text.repeat(before), filler.tone), span(` ${cut} `, text.tone), span(filler.text.repeat(room - before), filler.tone)], columns)
}

/** The row with every character outside ASCII replaced by one of the same width: what other locales print, they would garble. */
export function asciiRow (row: Row): Row {
  return row.map(({ text, tone }) => ({ text: asciiText(text), tone }))
}

function asciiText (text: string): string {
  if (/^[\u0020-\u007e]*$/.test(text)) return text
  return cellsOf(text).map(cell => {
    if (cell.shown === '\u2026') return '~'
    const plain = cell.shown.normalize('NFKD').replace(/\p{M}/gu, '')
    const sign = /^[\u0020-\u007e]$/.test(plain) ? plain : '?'
    return cell.columns === 0 ? '' : sign.padEnd(cell.columns, ' ')
  }).join('')
}

function cutRow (row: Row, columns: number): Row {
  const kept: Span[] = []
  let room = columns - 1
  for (const { text, tone } of row) {
    let shown = ''
    for (const cell of cellsOf(text)) {
      if (cell.columns > room) return [...kept, span(`${shown}\u2026${' '.repeat(Math.max(0, room))}`, tone)]
      shown += cell.shown
      room -= cell.columns
    }
    kept.push({ text: shown, tone })
  }
  return kept
}
