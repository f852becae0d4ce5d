/**
 * Text in columns: how wide it is, where it breaks, where it is cut. Measures exactly as Ink does (string-width), or the
 * borders on the right would shift. Everything here is pure and total: any text, any width of at least CLUSTER_COLUMNS_MAX.
 */
import stringWidth from 'string-width'
import { displaySafe } from '../../protocols/core/text.ts'

/** One grapheme: what a person calls a character. Offsets are UTF-16 units of the text it was taken from. */
export interface Cell {
  readonly start: number
  readonly end: number
  /** What is printed for it: control characters and oversized clusters are replaced by signs. */
  readonly shown: string
  /** Columns that `shown` takes. */
  readonly columns: number
}

/** A row of wrapped text: UTF-16 units from `start` up to `end`, without the line end that closed it. */
export interface TextRow {
  readonly start: number
  readonly end: number
  /** What is printed, without spaces at its end. */
  readonly shown: string
  readonly columns: number
}

/** A cluster may pile up marks without end, and string-width adds a column for each spacing mark. Burmese syllables take up to 4. */
const CLUSTER_COLUMNS_MAX = 6
const CLUSTER_UNITS_MAX = 48
const REPLACEMENT = '\ufffd'
/** Carries a mark that has no letter to stand on. */
const DOTTED_CIRCLE = '\u25cc'
/** One unit, one column, and nothing that joins: ASCII, letters of Latin and Cyrillic, and the signs that the frame is drawn with. */
const NARROW = /^[\u0020-\u007e\u00c0-\u024f\u0400-\u0481\u048a-\u052f\u2026\u2500-\u257f\u258c\u25cf]*$/
const PRINTABLE_ASCII = /^[\u0020-\u007e]*$/
const IGNORABLE = /^\p{Default_Ignorable_Code_Point}+$/u
/** Letters that join the character after them into one cluster (Grapheme_Cluster_Break=Prepend, Unicode 16), so that a border would lose its column. */
const PREPEND = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u{110bd}\u{110cd}\u{111c2}\u{111c3}\u{113d1}\u{1193f}\u{11941}\u{11a3a}\u{11a84}-\u{11a89}\u{11d46}\u{11f02}]$/u

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' })

/** Columns of text that has passed `displaySafe`. */
export function columnsOf (text: string): number {
  if (NARROW.test(text)) return text.length
  let columns = 0
  // As string-width does, but with what is known of each cluster: its emoji patterns take a microsecond each time.
  for (const { segment } of segmenter.segment(text)) columns += clusterColumns(segment)
  return columns
}

/** The graphemes of one line or of a whole text; a line end is a cell of no columns. */
export function cellsOf (text: string): Cell[] {
  const cells: Cell[] = []
  for (const { segment, index } of segmenter.segment(text)) {
    cells.push({ start: index, end: index + segment.length, ...appearance(segment) })
  }
  return cells
}

/** Text that surely fits one row of `columnsMax`: safe, on one line, cut at its end with an ellipsis. */
export function cutTo (text: string, columnsMax: number): string {
  // Nobody sees more than this of a message of 60,000 bytes in one row.
  const line = text.slice(0, columnsMax * 8 + CLUSTER_UNITS_MAX)
  const cells = cellsOf(line)
  if (line.length === text.length && sum(cells) <= columnsMax) return join(cells)
  let cut = ''
  let columns = 0
  for (const cell of cells) {
    if (columns + cell.columns > columnsMax - 1) break
    cut += cell.shown
    columns += cell.columns
  }
  return columnsMax < 1 ? '' : `${cut.trimEnd()}\u2026`
}

/** Text as it is printed: what would not take the columns that it is counted for is replaced by signs. */
export function printable (text: string): string {
  return NARROW.test(text) ? text : join(cellsOf(text))
}

/** Fills with spaces on the right, after cutting. */
export function padEnd (text: string, columns: number): string {
  const cut = cutTo(text, columns)
  return cut + ' '.repeat(Math.max(0, columns - columnsOf(cut)))
}

/** Fills with spaces on the left, after cutting. */
export function padStart (text: string, columns: number): string {
  const cut = cutTo(text, columns)
  return ' '.repeat(Math.max(0, columns - columnsOf(cut))) + cut
}

/**
 * Breaks text into rows of at most `columnsMax`: at line ends, else after spaces, else between wide characters, else
 * anywhere. Every unit of the text belongs to exactly one row, save the line ends. Never empty.
 */
export function wrapText (text: string, columnsMax: number): readonly TextRow[] {
  const known = recent.find(entry => entry.columnsMax === columnsMax && entry.text === text)
  if (known !== undefined) return known.rows
  const rows = wrapAnew(text, columnsMax)
  if (text.length >= REMEMBERED_UNITS_MIN) recent = [{ text, columnsMax, rows }, ...recent.slice(0, REMEMBERED_MAX - 1)]
  return rows
}

interface Wrapped { readonly text: string, readonly columnsMax: number, readonly rows: readonly TextRow[] }

/** A long text in the composer is asked for several times for each key. */
let recent: readonly Wrapped[] = []
const REMEMBERED_MAX = 4
const REMEMBERED_UNITS_MIN = 1_000

function wrapAnew (text: string, columnsMax: number): TextRow[] {
  const rows: TextRow[] = []
  let start = 0
  for (const line of text.split('\n')) {
    if (PRINTABLE_ASCII.test(line)) wrapAscii(line, { offset: start, columnsMax }, rows)
    else wrapCells(line, { offset: start, columnsMax }, rows)
    start += line.length + 1
  }
  return rows
}

interface Placement { readonly offset: number, readonly columnsMax: number }

/** The common case without segmenting: a unit is a column. */
function wrapAscii (line: string, { offset, columnsMax }: Placement, rows: TextRow[]): void {
  let start = 0
  while (line.length - start > columnsMax) {
    const space = line.lastIndexOf(' ', start + columnsMax)
    let end = space < start ? start + columnsMax : space + 1
    // Spaces that do not fit any more hang over the edge unseen.
    if (space >= start) while (line.charAt(end) === ' ') end++
    rows.push(asciiRow(line.slice(start, end), offset + start))
    start = end
  }
  if (start < line.length || start === 0) rows.push(asciiRow(line.slice(start), offset + start))
}

function asciiRow (text: string, start: number): TextRow {
  const shown = text.trimEnd()
  return { start, end: start + text.length, shown, columns: shown.length }
}

function wrapCells (line: string, { offset, columnsMax }: Placement, rows: TextRow[]): void {
  const cells = cellsOf(line)
  let first = 0
  while (first < cells.length || first === 0) {
    const next = rowEnd(cells, first, columnsMax)
    rows.push(cellsRow(cells.slice(first, next), offset))
    first = next
    if (cells.length === 0) break
  }
}

/** The index after the last cell of the row that begins at `first`. */
function rowEnd (cells: readonly Cell[], first: number, columnsMax: number): number {
  let columns = 0
  let breakAt = first
  for (let index = first; index < cells.length; index++) {
    const cell = cells[index]
    if (cell === undefined) break
    const isSpace = cell.shown === ' '
    if (!isSpace && columns + cell.columns > columnsMax) return breakAt > first ? breakAt : Math.max(index, first + 1)
    columns += cell.columns
    if (isSpace || isWide(cell) || isWide(cells[index + 1])) breakAt = index + 1
  }
  return cells.length
}

/** Chinese and Japanese are written without spaces. */
function isWide (cell: Cell | undefined): boolean {
  return cell !== undefined && cell.columns > 1
}

function cellsRow (cells: readonly Cell[], offset: number): TextRow {
  let count = cells.length
  while (count > 0 && cells[count - 1]?.shown.trim() === '') count--
  const printed = cells.slice(0, count)
  const shown = join(printed)
  // Where a cluster was left out, its neighbours may have become one.
  const columns = printed.some(cell => cell.shown === '') ? columnsOf(shown) : sum(printed)
  return { start: offset + (cells[0]?.start ?? 0), end: offset + (cells.at(-1)?.end ?? 0), shown, columns }
}

/** Clusters repeat, and measuring one costs microseconds: a message of 60,000 bytes would take a tenth of a second. */
interface Appearance { readonly shown: string, readonly columns: number }
const appearances = new Map<string, Appearance>()
const widths = new Map<string, number>()
const REMEMBERED_CLUSTERS_MAX = 8_192

function appearance (cluster: string): Appearance {
  if (cluster === '\n') return LINE_END
  return remembered(appearances, cluster, () => {
    const shown = shownCluster(cluster)
    return { shown, columns: columnsOf(shown) }
  })
}

const LINE_END: Appearance = { shown: '', columns: 0 }

function clusterColumns (cluster: string): number {
  return remembered(widths, cluster, () => stringWidth(cluster))
}

function remembered<Value> (known: Map<string, Value>, cluster: string, make: () => Value): Value {
  const value = known.get(cluster)
  if (value !== undefined) return value
  const made = make()
  // Filled on purpose with ever new clusters, it must not grow.
  if (known.size >= REMEMBERED_CLUSTERS_MAX) known.clear()
  known.set(cluster, made)
  return made
}

function shownCluster (cluster: string): string {
  if (cluster.length > CLUSTER_UNITS_MAX) return REPLACEMENT
  const safe = displaySafe(cluster)
  if (IGNORABLE.test(safe)) return ''
  if (PREPEND.test(safe)) return REPLACEMENT
  const columns = columnsOf(safe)
  if (columns > CLUSTER_COLUMNS_MAX) return REPLACEMENT
  if (columns > 0) return safe
  return /^\p{M}/u.test(safe) ? DOTTED_CIRCLE + safe : REPLACEMENT
}

function sum (cells: readonly Cell[]): number {
  return cells.reduce((columns, cell) => columns + cell.columns, 0)
}

function join (cells: readonly Cell[]): string {
  return cells.map(cell => cell.shown).join('')
}
