/** Columns that line up, also where a character takes two cells. */
import stringWidth from 'string-width'

export type Alignment = 'left' | 'right'

/** Lines of cells, two spaces apart; cells may be coloured. The last column is not padded. */
export function tableLines (rows: ReadonlyArray<readonly string[]>, alignments: readonly Alignment[] = []): readonly string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, stringWidth(cell))
  }
  return rows.map(row => row.map((cell, column) => pad(cell, widths[column] ?? 0, alignments[column])).join('  ').trimEnd())
}

/** `cell` in as many columns of the terminal as `width` says, or more when it is longer. */
export function pad (cell: string, width: number, alignment: Alignment = 'left'): string {
  const space = ' '.repeat(Math.max(0, width - stringWidth(cell)))
  return alignment === 'right' ? `${space}${cell}` : `${cell}${space}`
}

/** Columns of a terminal that `text` takes. */
export function columnsOf (text: string): number {
  return stringWidth(text)
}
