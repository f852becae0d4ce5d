/** The few signs that the chat draws with, and what stands for them where the locale is not UTF-8. */

export interface Glyphs {
  readonly topLeft: string
  readonly topRight: string
  readonly bottomLeft: string
  readonly bottomRight: string
  readonly horizontal: string
  readonly vertical: string
  readonly teeDown: string
  readonly teeUp: string
  readonly teeRight: string
  readonly teeLeft: string
  /** Beside what is open or selected. */
  readonly bar: string
  readonly cursor: string
  readonly quote: string
  readonly verified: string
  /** In the trace: it happened, it went wrong, it waits now, it is still to come. */
  readonly knot: string
  readonly cross: string
  readonly open: string
  readonly toCome: string
}

const UNICODE: Glyphs = {
  topLeft: '┌',
  topRight: '┐',
  bottomLeft: '└',
  bottomRight: '┘',
  horizontal: '─',
  vertical: '│',
  teeDown: '┬',
  teeUp: '┴',
  teeRight: '├',
  teeLeft: '┤',
  bar: '▌',
  cursor: '›',
  quote: '│',
  verified: '✔',
  knot: '●',
  cross: '×',
  open: '○',
  toCome: '┊'
}

const ASCII: Glyphs = {
  topLeft: '+',
  topRight: '+',
  bottomLeft: '+',
  bottomRight: '+',
  horizontal: '-',
  vertical: '|',
  teeDown: '+',
  teeUp: '+',
  teeRight: '+',
  teeLeft: '+',
  bar: '#',
  cursor: '>',
  quote: '|',
  verified: '=',
  knot: '*',
  cross: 'x',
  open: 'o',
  toCome: ':'
}

export function glyphsOf (kind: 'unicode' | 'ascii'): Glyphs {
  return kind === 'ascii' ? ASCII : UNICODE
}
