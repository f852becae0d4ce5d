/** The list of conversations: two rows each, then the requests, then the connection line. */
import { displaySafe } from '../../../protocols/core/text.ts'
import { stateGlyph, stateWord } from '../../../protocols/message/words.ts'
import { wrapText } from '../layout.ts'
import { draftOf, geometry, openAccount } from '../select.ts'
import type { ChatState, Conversation } from '../shape.ts'
import { connectionLine, grouped, shortTime } from '../words.ts'
import { copiesIn } from '../../words.ts'
import { glyphsOf } from './glyphs.ts'
import { bodyText, oneLine } from './message.ts'
import { between, BLANK, fit, line, span, type Row, type Span, type Tone } from './row.ts'

export interface PaneSize { readonly columns: number, readonly rows: number }

export function listRows (state: ChatState, { columns, rows }: PaneSize): Row[] {
  const foot = footRows(state, columns, rows)
  const room = Math.max(0, rows - 2 - foot.length)
  // Beside it, the other pane says the same.
  const isAlone = geometry(state).mainColumns === 0
  const body = state.conversations.length > 0 ? conversationRows(state, { columns, rows: room }) : isAlone ? emptyRows(columns).slice(0, room) : []
  const filler = Array.from({ length: Math.max(0, room - body.length) }, () => BLANK)
  return [line('  / search', 'dim'), BLANK, ...body, ...filler, ...foot].slice(0, rows)
}

function emptyRows (columns: number): Row[] {
  const paragraphs = ['Your conversations will be here.', 'To begin, show your card: skein me card, or add somebody: skein contact add LINK']
  return paragraphs.flatMap(text => [...wrapText(text, columns - 4).map(row => line(`  ${row.shown}`)), BLANK])
}

/** The cursor stays in the middle, so that one sees where it goes. */
function conversationRows (state: ChatState, { columns, rows }: PaneSize): Row[] {
  const shownCount = Math.max(1, Math.floor(rows / 2))
  const last = Math.max(0, state.conversations.length - shownCount)
  const top = Math.max(0, Math.min(last, state.listCursor - Math.floor(shownCount / 2)))
  return state.conversations.slice(top, top + shownCount).flatMap((conversation, index) => pair(state, conversation, { columns, isUnderCursor: top + index === state.listCursor })).slice(0, rows)
}

function pair (state: ChatState, conversation: Conversation, { columns, isUnderCursor }: { readonly columns: number, readonly isUnderCursor: boolean }): Row[] {
  const { contact, last } = conversation
  const { bar, cursor, verified } = glyphsOf(state.glyphs)
  const isOpen = openAccount(state) === contact.account
  const isChosen = isUnderCursor && state.focus === 'list'
  const margin = span(isChosen ? `${cursor} ` : isOpen ? `${bar} ` : '  ', 'accent')
  const nameTone: Tone = isChosen ? 'chosen' : contact.unread > 0 || isOpen ? 'bold' : 'plain'
  const name = `${displaySafe(contact.label)}${contact.isVerified ? ` ${verified}` : ''}`
  const time = last === undefined ? '' : shortTime(Date.parse(last.sentAt), state.nowMs)
  const unread = contact.unread === 0 ? [] : [span(` ${grouped(contact.unread)}`, 'accent')]
  const inner = columns - 3
  return [
    [margin, ...between([span(name.slice(0, 256), nameTone)], [span(` ${time}`, 'dim')], inner)],
    [span(isOpen ? `${bar} ` : '  ', 'accent'), ...between(snippet(state, conversation), unread, inner)]
  ]
}

/** The second row: what needs you first, else the newest message. */
function snippet (state: ChatState, { contact, last }: Conversation): Row {
  const isOpen = openAccount(state) === contact.account
  const draft = draftOf(state, contact.account)
  if (contact.isKeyChanged) return [span('! new signing key, verify', 'warn')]
  if (!isOpen && draft.editing.text.trim() !== '') return [span('Draft: ', 'accent'), span(oneLine(displaySafe(draft.editing.text.slice(0, 256))))]
  if (contact.standing === 'requested') return [span('has not accepted yet', 'dim')]
  if (contact.standing === 'blocked' || contact.standing === 'removed') return [span(contact.standing, 'dim')]
  if (last === undefined) return [span('no messages yet', 'dim')]
  const text = oneLine(bodyText(last).slice(0, 256))
  if (!last.isOwn || last.state === 'unread') return [span(text, contact.unread > 0 ? 'plain' : 'dim')]
  const copies = copiesIn(last)
  const glyph = stateGlyph(last.state, { ascii: state.glyphs === 'ascii', copies })
  if (last.state === 'failed') return [span(`! not sent${last.reason === undefined ? '' : `: ${oneLine(displaySafe(last.reason))}`}`, 'danger')]
  const word = last.state === 'delivered' || last.state === 'read' ? '' : `${stateWord(last.state, copies).toLowerCase()} `
  return [span(`${glyph.padEnd(3)} ${word}`, last.state === 'read' ? 'accent' : 'dim'), span(text, 'dim')]
}

function footRows (state: ChatState, columns: number, rows: number): Row[] {
  const { bar, cursor } = glyphsOf(state.glyphs)
  const isChosen = state.focus === 'list' && state.listCursor === state.conversations.length
  const isOpen = state.open.type === 'requests'
  const margin: Span = span(isChosen ? `${cursor} ` : isOpen ? `${bar} ` : '  ', 'accent')
  const count = state.requests.length
  const requests: Row = [margin, ...between([span('Requests', isChosen ? 'chosen' : isOpen ? 'bold' : 'plain')], [span(` ${count}`, count > 0 ? 'accent' : 'dim')], columns - 3)]
  const trouble = state.node.answers ? state.status.trouble.slice(0, 1).flatMap(text => wrapped(`! ${displaySafe(text.slice(0, 256))}`, columns, 'warn')) : []
  const connection = wrapped(connectionLine(state), columns, state.node.answers ? 'dim' : 'danger')
  // On a low screen the conversations come first.
  const linesMax = rows < 16 ? 1 : 3
  return [BLANK, requests, ...(rows < 16 ? [] : [BLANK]), ...trouble.slice(0, linesMax), ...connection.slice(0, linesMax)]
}

function wrapped (text: string, columns: number, tone: Tone): Row[] {
  return wrapText(text, columns - 4).map(row => fit(line(`  ${row.shown}`, tone), columns))
}
