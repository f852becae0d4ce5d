/** The search and go-to panes: a field above, what was found below. */
import type { MessageView } from '../../../protocols/local/schema.ts'
import { displaySafe } from '../../../protocols/core/text.ts'
import { cutTo } from '../layout.ts'
import { matchingConversations } from '../match.ts'
import { conversationOf, openConversation } from '../select.ts'
import type { ChatState, Overlay } from '../shape.ts'
import { grouped, shortTime } from '../words.ts'
import type { PaintedPane } from './conversation.ts'
import { fieldRow } from './field.ts'
import { glyphsOf } from './glyphs.ts'
import type { PaneSize } from './list.ts'
import { bodyText } from './message.ts'
import { between, BLANK, line, span, type Row } from './row.ts'

type Search = Extract<Overlay, { readonly type: 'search' }>
type GoTo = Extract<Overlay, { readonly type: 'goTo' }>

export function searchRows (state: ChatState, search: Search, size: PaneSize): PaintedPane {
  const conversation = openConversation(state)
  const where = search.scope === 'everywhere' || conversation === undefined ? 'everywhere' : `in ${cutTo(displaySafe(conversation.contact.label), 24)}`
  const field = fieldRow(` Search ${where}: `, search.field, size.columns)
  const results = resultRows(state, search, { columns: size.columns, rows: size.rows - 2 })
  return { rows: [field.row, BLANK, ...results], cursor: { x: field.x, y: 0 }, rule: undefined }
}

export function goToRows (state: ChatState, goTo: GoTo, { columns, rows }: PaneSize): PaintedPane {
  const field = fieldRow(' Go to: ', goTo.field, columns)
  const matches = matchingConversations(state, goTo.field.text)
  const items = matches.map(({ contact }, index): Row => {
    const unread = contact.unread === 0 ? [] : [span(`${grouped(contact.unread)} unread`, 'accent')]
    return chosen(state, index === goTo.cursor, between([span(cutTo(displaySafe(contact.label), columns - 16))], unread, columns - 5))
  })
  const shown = items.length === 0 ? [line('   Nobody of that name.', 'dim')] : around(items, { cursor: goTo.cursor, rows: rows - 2, height: 1 })
  return { rows: [field.row, BLANK, ...shown], cursor: { x: field.x, y: 0 }, rule: undefined }
}

function resultRows (state: ChatState, search: Search, { columns, rows }: PaneSize): Row[] {
  const query = search.field.text.trim()
  if (query === '') return [line('   Type a word. Tab searches here or everywhere. / again types it as a message.', 'dim')]
  const { found } = search
  if (found?.query !== query) return []
  if (found.messages.length === 0) return [line('   Nothing found.', 'dim')]
  const items = found.messages.flatMap((message, index) => resultPair(state, message, { isChosen: index === search.cursor, query, columns }))
  const more = found.hasMore ? [line(`   The newest ${grouped(found.messages.length)} are shown. More words find less.`, 'dim')] : []
  return [...around(items, { cursor: search.cursor * 2, rows: rows - more.length, height: 2 }), ...more]
}

interface ResultOptions { readonly isChosen: boolean, readonly query: string, readonly columns: number }

function resultPair (state: ChatState, message: MessageView, { isChosen, query, columns }: ResultOptions): Row[] {
  const where = conversationOf(state, message.with)?.contact.label ?? message.fromLabel
  const who = message.isOwn ? `${where}, you wrote` : where
  const head = between([span(cutTo(displaySafe(who), columns - 18), 'bold')], [span(shortTime(Date.parse(message.sentAt), state.nowMs), 'dim')], columns - 5)
  return [chosen(state, isChosen, head), [span('     '), ...snippetAround(bodyText(message), query, columns - 7)]]
}

/** The text around the first place that holds a word of the query, which stands out. */
function snippetAround (text: string, query: string, columns: number): Row {
  const flat = text.replace(/\s+/g, ' ')
  const folded = flat.toLowerCase()
  const words = query.toLowerCase().split(/\s+/)
  const places = words.map(word => ({ word, at: folded.indexOf(word) })).filter(({ at }) => at !== -1)
  const first = places.sort((left, right) => left.at - right.at)[0]
  // Folding may change lengths (Turkish İ): then nothing is marked rather than the wrong letters.
  if (first === undefined || folded.length !== flat.length) return [span(cutTo(flat, columns))]
  const from = Math.max(0, first.at - Math.floor(columns / 3))
  const before = `${from > 0 ? '\u2026' : ''}${flat.slice(from, first.at).toWellFormed()}`
  const match = cutTo(flat.slice(first.at, first.at + first.word.length), columns)
  const after = flat.slice(first.at + first.word.length, first.at + first.word.length + columns).toWellFormed()
  return [span(cutTo(before, columns)), span(match, 'accent'), span(after)]
}

function chosen (state: ChatState, isChosen: boolean, row: Row): Row {
  return [span(isChosen ? ` ${glyphsOf(state.glyphs).cursor} ` : '   ', 'accent'), ...row]
}

/** The part of a list in which the cursor's item is whole, the cursor in its middle where possible. */
function around (items: readonly Row[], { cursor, rows, height }: { readonly cursor: number, readonly rows: number, readonly height: number }): Row[] {
  const fitting = Math.max(height, rows - rows % height)
  const middle = cursor - Math.floor(fitting / 2 / height) * height
  const top = Math.max(0, Math.min(items.length - fitting, middle))
  return items.slice(top, top + fitting)
}
