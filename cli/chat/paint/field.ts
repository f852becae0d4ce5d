/** A one-line field: what it asks, what was typed, and the cursor in it. */
import { displaySafe } from '../../../protocols/core/text.ts'
import type { Editing } from '../editor.ts'
import { cellsOf, columnsOf } from '../layout.ts'
import { span, type Row } from './row.ts'

export interface PaintedField {
  readonly row: Row
  /** Column of the cursor. */
  readonly x: number
}

/** When the text is longer than the row, the part around its cursor is shown. */
export function fieldRow (label: string, { text, cursor }: Editing, columns: number): PaintedField {
  const room = Math.max(4, columns - columnsOf(label) - 2)
  const before = cellsOf(text.slice(0, cursor))
  let taken = 0
  let first = before.length
  while (first > 0 && taken + (before[first - 1]?.columns ?? 0) < room) {
    first--
    taken += before[first]?.columns ?? 0
  }
  let shown = before.slice(first).map(cell => cell.shown).join('')
  const x = columnsOf(label) + columnsOf(shown)
  for (const cell of cellsOf(displaySafe(text.slice(cursor, cursor + columns)))) {
    if (columnsOf(shown) + cell.columns > room) break
    shown += cell.shown
  }
  return { row: [span(label, 'dim'), span(shown)], x }
}
