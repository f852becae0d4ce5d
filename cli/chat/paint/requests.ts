/** People who ask to be a contact: the name that they claim, and what they wrote, inert. */
import type { RequestView } from '../../../protocols/local/schema.ts'
import { displaySafe } from '../../../protocols/core/text.ts'
import { cutTo, wrapText } from '../layout.ts'
import type { ChatState } from '../shape.ts'
import { shortTime } from '../words.ts'
import type { PaintedPane } from './conversation.ts'
import { glyphsOf } from './glyphs.ts'
import type { PaneSize } from './list.ts'
import { between, BLANK, line, span, type Row } from './row.ts'

export function requestRows (state: ChatState, { columns, rows }: PaneSize): PaintedPane {
  if (state.requests.length === 0) {
    const paragraphs = ['People who ask to be a contact will be here.', 'They need your card: skein me card']
    return { rows: [BLANK, ...paragraphs.flatMap(text => [...wrapText(text, columns - 4).map(row => line(`  ${row.shown}`)), BLANK])], cursor: undefined, rule: undefined }
  }
  const cards = state.requests.map((request, index) => card(state, request, { isChosen: index === state.requestCursor, columns }))
  let top = state.requestCursor
  let taken = cards[top]?.length ?? 0
  while (top > 0 && taken + (cards[top - 1]?.length ?? 0) < rows) taken += cards[--top]?.length ?? 0
  return { rows: [BLANK, ...cards.slice(top).flat()].slice(0, rows), cursor: undefined, rule: undefined }
}

function card (state: ChatState, request: RequestView, { isChosen, columns }: { readonly isChosen: boolean, readonly columns: number }): Row[] {
  const { bar, quote } = glyphsOf(state.glyphs)
  const margin = isChosen ? span(`${bar} `, 'accent') : span('  ')
  const name = request.name === '' ? 'Somebody without a name' : `Says to be ${displaySafe(request.name)}`
  const text = wrapText(displaySafe(request.text, { areLinesKept: true }), columns - 6).map((row): Row => [span(`${quote} `, 'dim'), span(row.shown)])
  const keys = isChosen && state.focus === 'requests' ? [line('a accept   d decline   b block', 'accent')] : []
  const inner: Row[] = [
    between([span(cutTo(name, Math.max(8, columns - 16)), 'bold')], [span(shortTime(Date.parse(request.receivedAt), state.nowMs), 'dim')], columns - 4),
    ...wrapText(`account ${displaySafe(request.account)}`, columns - 4).map(row => line(row.shown, 'dim')),
    ...(request.text === '' ? [] : text), ...keys
  ]
  return [...inner.map((row): Row => [margin, ...row]), BLANK]
}
