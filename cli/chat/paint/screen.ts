/**
 * The whole screen as rows, each exactly as wide as the terminal: the frame with its titles, the panes, the keys and the
 * notice. This is all that the view draws, and what tests look at.
 */
import { displaySafe } from '../../../protocols/core/text.ts'
import { columnsOf, cutTo } from '../layout.ts'
import { geometry, openAccount, openConversation, SCREEN_COLUMNS_MIN, SCREEN_ROWS_MIN, type Geometry } from '../select.ts'
import type { ChatState } from '../shape.ts'
import { counted, presence } from '../words.ts'
import { conversationRows, type PaintedPane } from './conversation.ts'
import { fieldRow } from './field.ts'
import { footerRows } from './footer.ts'
import { glyphsOf, type Glyphs } from './glyphs.ts'
import { keysRows } from './keys.ts'
import { listRows, type PaneSize } from './list.ts'
import { requestRows } from './requests.ts'
import { asciiRow, BLANK, fit, line, rowColumns, span, type Row, type Span } from './row.ts'
import { goToRows, searchRows } from './search.ts'
import { traceRows } from './trace.ts'
import { REACTIONS } from '../reactions.ts'

export interface Screen {
  readonly rows: readonly Row[]
  readonly cursor: { readonly x: number, readonly y: number } | undefined
}

export function paintScreen (state: ChatState): Screen {
  const { rows, cursor } = state.columns < SCREEN_COLUMNS_MIN || state.rows < SCREEN_ROWS_MIN ? tooSmall(state) : framed(state)
  return { rows: state.glyphs === 'ascii' ? rows.map(asciiRow) : rows, cursor }
}

function framed (state: ChatState): Screen {
  const shape = geometry(state)
  const list = shape.listColumns === 0 ? undefined : listRows(state, { columns: shape.listColumns, rows: shape.innerRows })
  const main = shape.mainColumns === 0 ? undefined : mainRows(state, { columns: shape.mainColumns, rows: shape.innerRows })
  const body = Array.from({ length: shape.innerRows }, (_, row) => innerRow(state, { shape, list, main }, row))
  const foot = footer(state)
  const rows = [topBorder(state, shape), ...body, bottomBorder(state, shape), ...foot.rows].map(row => fit(row, state.columns))
  const left = shape.listColumns === 0 ? 1 : shape.listColumns + 2
  const inMain = main?.cursor === undefined ? undefined : { x: left + main.cursor.x, y: main.cursor.y + 1 }
  return { rows, cursor: foot.cursor ?? inMain }
}

function tooSmall (state: ChatState): Screen {
  const rows = [fit(line(`Too small (${SCREEN_COLUMNS_MIN} by ${SCREEN_ROWS_MIN})`), state.columns), ...Array.from({ length: Math.max(0, state.rows - 1) }, () => fit(BLANK, state.columns))]
  return { rows, cursor: undefined }
}

function mainRows (state: ChatState, size: PaneSize): PaintedPane {
  switch (state.overlay?.type) {
    case 'search': return searchRows(state, state.overlay, size)
    case 'goTo': return goToRows(state, state.overlay, size)
    case 'keys': return keysRows(state.overlay.top, size)
    case 'trace': return traceRows(state, state.overlay, size)
    case 'react': case 'confirm': case undefined: return state.open.type === 'requests' ? requestRows(state, size) : conversationRows(state, size)
  }
}

interface Panes {
  readonly shape: Geometry
  readonly list: readonly Row[] | undefined
  readonly main: PaintedPane | undefined
}

function innerRow (state: ChatState, { shape, list, main }: Panes, row: number): Row {
  const glyphs = glyphsOf(state.glyphs)
  const isRule = main?.rule?.row === row
  const edge = span(glyphs.vertical, 'dim')
  const listPart = list === undefined ? [] : [...fit(list[row] ?? BLANK, shape.listColumns), span(isRule ? glyphs.teeRight : glyphs.vertical, 'dim')]
  const first = span(list === undefined && isRule ? glyphs.teeRight : glyphs.vertical, 'dim')
  if (main === undefined) return [first, ...listPart]
  const mainPart = isRule ? rule(main.rule.text, shape.mainColumns, glyphs) : fit(main.rows[row] ?? BLANK, shape.mainColumns)
  return [first, ...listPart, ...mainPart, isRule ? span(glyphs.teeLeft, 'dim') : edge]
}

function rule (text: string, columns: number, { horizontal }: Glyphs): Row {
  const room = Math.max(0, columns - columnsOf(text) - 2)
  return fit([span(horizontal.repeat(room), 'dim'), span(text, 'accent'), span(horizontal.repeat(2), 'dim')], columns)
}

function topBorder (state: ChatState, shape: Geometry): Row {
  const { topLeft, topRight, teeDown, horizontal } = glyphsOf(state.glyphs)
  const titles: Row[] = []
  if (shape.listColumns > 0) titles.push(titled(listTitle(state), [], { columns: shape.listColumns, horizontal }))
  if (shape.mainColumns > 0) titles.push(titled(mainTitle(state), elsewhere(state, shape), { columns: shape.mainColumns, horizontal }))
  const [first = BLANK, second] = titles
  return [span(topLeft, 'dim'), ...first, ...(second === undefined ? [] : [span(teeDown, 'dim'), ...second]), span(topRight, 'dim')]
}

function bottomBorder (state: ChatState, shape: Geometry): Row {
  const { bottomLeft, bottomRight, teeUp, horizontal } = glyphsOf(state.glyphs)
  const panes = [shape.listColumns, shape.mainColumns].filter(columns => columns > 0).map(columns => horizontal.repeat(columns))
  return line(`${bottomLeft}${panes.join(teeUp)}${bottomRight}`, 'dim')
}

interface TitleOptions { readonly columns: number, readonly horizontal: string }

/** `─ one ─ two ───`: the first part gives way when there is not room for all. */
function titled (parts: readonly Span[], right: readonly Span[], { columns, horizontal }: TitleOptions): Row {
  const rightColumns = right.length === 0 ? 0 : rowColumns(right) + 3
  const rest = parts.slice(1).reduce((taken, part) => taken + columnsOf(part.text) + 3, 0)
  const row: Span[] = []
  for (const [index, part] of parts.entries()) {
    const room = index === 0 ? Math.max(8, columns - rest - rightColumns - 4) : columns
    row.push(span(`${horizontal} `, 'dim'), span(cutTo(part.text, room), part.tone), span(' '))
  }
  const filler = Math.max(0, columns - rowColumns(row) - rightColumns)
  return fit([...row, span(horizontal.repeat(filler), 'dim'), ...(right.length === 0 ? [] : [span(' '), ...right, span(` ${horizontal}`, 'dim')])], columns)
}

function listTitle (state: ChatState): Span[] {
  return [span('Skein', 'bold'), span(displaySafe(state.status.name))]
}

function mainTitle (state: ChatState): Span[] {
  const { verified } = glyphsOf(state.glyphs)
  const contact = openConversation(state)?.contact
  if (state.open.type === 'requests') return [span('Requests', 'bold')]
  if (contact === undefined) return []
  const key = contact.isKeyChanged ? [span('! new signing key', 'warn')] : contact.isVerified ? [span(`${verified} verified`)] : []
  return [span(displaySafe(contact.label), 'bold'), ...key, span(presence(contact), 'dim')]
}

/** Below this the word beside the number gives way to the name. */
const ELSEWHERE_COLUMNS_MIN = 60

/** When the list is folded away, what waits in it. */
function elsewhere (state: ChatState, shape: Geometry): Span[] {
  if (shape.listColumns > 0) return []
  const open = openAccount(state)
  const unread = state.conversations.reduce((total, { contact }) => contact.account === open ? total : total + contact.unread, 0)
  return unread === 0 ? [] : [span(state.columns < ELSEWHERE_COLUMNS_MIN ? `${unread}` : `${counted(unread, 'unread', 'unread')} elsewhere`, 'accent')]
}

function footer (state: ChatState): Screen {
  const rows = footerRows(state, state.columns)
  if (state.overlay?.type !== 'react') return { rows, cursor: undefined }
  const offers = REACTIONS.map(({ emoji, word }, index) => `${index + 1} ${state.glyphs === 'ascii' ? word : emoji}`).join('  ')
  const field = fieldRow(`  ${offers}   or: `, state.overlay.field, state.columns)
  return { rows: [rows[0] ?? BLANK, field.row], cursor: { x: field.x, y: state.rows - 1 } }
}
