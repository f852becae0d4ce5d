/**
 * Editing of a text with one cursor: pure, by graphemes, so that an emoji of seven code points is deleted at once.
 * The same functions serve the composer and the one-line fields of search and go-to.
 */
import { cellsOf, wrapText, type TextRow } from './layout.ts'

/** A text under edit. `cursor` counts UTF-16 units and always stands between two graphemes. */
export interface Editing {
  readonly text: string
  readonly cursor: number
}

export const EMPTY: Editing = { text: '', cursor: 0 }

export function editingOf (text: string): Editing {
  return { text, cursor: text.length }
}

/** Typed or pasted text. Terminals paste `\r` for a line end. */
export function insert (editing: Editing, typed: string): Editing {
  const text = typed.toWellFormed().replace(/\r\n?/g, '\n')
  const { text: before, cursor } = editing
  return { text: before.slice(0, cursor) + text + before.slice(cursor), cursor: cursor + text.length }
}

export type Motion = 'left' | 'right' | 'wordLeft' | 'wordRight' | 'lineStart' | 'lineEnd' | 'start' | 'end'

export function move (editing: Editing, motion: Motion): Editing {
  return { text: editing.text, cursor: target(editing, motion) }
}

/** Deletes from the cursor to where `motion` would lead. */
export function erase (editing: Editing, motion: Motion): Editing {
  const to = target(editing, motion)
  const start = Math.min(to, editing.cursor)
  const end = Math.max(to, editing.cursor)
  return { text: editing.text.slice(0, start) + editing.text.slice(end), cursor: start }
}

/**
 * The cursor a row up or down as the text is wrapped on the screen, or undefined at the first or last row: the caller
 * then does something else with the key.
 */
export function moveByRow (editing: Editing, step: -1 | 1, columnsMax: number): Editing | undefined {
  const rows = wrapText(editing.text, columnsMax)
  const { row, column } = placeIn(rows, editing)
  const next = rows[row + step]
  if (next === undefined) return undefined
  const isSoftBreak = rows[row + step + 1]?.start === next.end
  return { text: editing.text, cursor: offsetAt(editing.text, { row: next, isSoftBreak }, column) }
}

export interface CursorPlace { readonly row: number, readonly column: number }

/** Where the cursor stands in the wrapped text. At a soft break it stands at the beginning of the lower row. */
export function cursorPlace (editing: Editing, columnsMax: number): CursorPlace {
  const { row, column } = placeIn(wrapText(editing.text, columnsMax), editing)
  return { row, column: Math.min(column, columnsMax) }
}

function placeIn (rows: readonly TextRow[], { text, cursor }: Editing): CursorPlace {
  const row = rowOfCursor(rows, cursor)
  return { row, column: columnsBetween(text, rows[row]?.start ?? 0, cursor) }
}

function target ({ text, cursor }: Editing, motion: Motion): number {
  switch (motion) {
    case 'left': return previousBoundary(text, cursor)
    case 'right': return nextBoundary(text, cursor)
    case 'wordLeft': return cursor - (/[\p{L}\p{N}_\p{M}]*[^\p{L}\p{N}_\p{M}]*$/u.exec(text.slice(Math.max(0, cursor - WORD_UNITS_MAX), cursor))?.[0].length ?? 0)
    case 'wordRight': return cursor + (/^[^\p{L}\p{N}_\p{M}]*[\p{L}\p{N}_\p{M}]*/u.exec(text.slice(cursor, cursor + WORD_UNITS_MAX))?.[0].length ?? 0)
    case 'lineStart': return cursor === 0 ? 0 : text.lastIndexOf('\n', cursor - 1) + 1
    case 'lineEnd': return lineEnd(text, cursor)
    case 'start': return 0
    case 'end': return text.length
  }
}

/** A word motion looks no further, so that a text of 60,000 equal letters costs nothing. */
const WORD_UNITS_MAX = 512
/** The longest cluster that a motion steps over at once. */
const CLUSTER_UNITS_MAX = 256

function previousBoundary (text: string, cursor: number): number {
  const from = Math.max(0, cursor - CLUSTER_UNITS_MAX)
  const cells = cellsOf(text.slice(from, cursor))
  return from + (cells.at(-1)?.start ?? 0)
}

function nextBoundary (text: string, cursor: number): number {
  return cursor + (cellsOf(text.slice(cursor, cursor + CLUSTER_UNITS_MAX))[0]?.end ?? 0)
}

function lineEnd (text: string, cursor: number): number {
  const end = text.indexOf('\n', cursor)
  return end === -1 ? text.length : end
}

function rowOfCursor (rows: readonly TextRow[], cursor: number): number {
  let row = rows.length - 1
  while (row > 0 && (rows[row]?.start ?? 0) > cursor) row--
  return row
}

/** The offset in `row` that is nearest to a column. The end of a softly broken row is the next row's beginning, not its own. */
function offsetAt (text: string, { row, isSoftBreak }: { readonly row: TextRow, readonly isSoftBreak: boolean }, column: number): number {
  const cells = cellsOf(text.slice(row.start, row.end))
  let offset = row.start
  let columns = 0
  for (const cell of isSoftBreak ? cells.slice(0, -1) : cells) {
    columns += cell.columns
    if (columns > column) break
    offset = row.start + cell.end
  }
  return offset
}

function columnsBetween (text: string, start: number, end: number): number {
  return cellsOf(text.slice(start, end)).reduce((columns, cell) => columns + cell.columns, 0)
}
