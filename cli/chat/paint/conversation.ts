/** The conversation pane: its stream of messages above the composer, or one sentence where there is none. */
import type { MessageView } from '../../../protocols/local/schema.ts'
import { wrapText } from '../layout.ts'
import { geometry, openConversation, silenceRows } from '../select.ts'
import type { ChatState } from '../shape.ts'
import { viewOf } from '../viewport.ts'
import { composerRows, composerRule, type Painted } from './composer.ts'
import type { PaneSize } from './list.ts'
import { streamPaint, type StreamPaint } from './message.ts'
import { BLANK, line, type Row } from './row.ts'

/** A painted pane, and the row of it that the frame draws as a rule with a text in it. */
export interface PaintedPane extends Painted {
  readonly rule: { readonly row: number, readonly text: string } | undefined
}

export function conversationRows (state: ChatState, size: PaneSize): PaintedPane {
  if (openConversation(state) === undefined) return { rows: sentences(nothingOpen(state), size.columns), cursor: undefined, rule: undefined }
  const { streamRows } = geometry(state)
  const strip = silenceRows(state, size.columns).map(text => line(` ${text}`, 'danger'))
  const paint = streamPaint(state, size.columns)
  const view = viewOf(paint, paint.stream.anchor, streamRows)
  const shown = paint.messages.length === 0 ? sentences(emptyStream(paint), size.columns) : view.rows
  const filler = Array.from({ length: Math.max(0, streamRows - shown.length) }, () => BLANK)
  const composer = composerRows(state, size.columns)
  const above = [...strip, ...shown.slice(0, streamRows), ...filler]
  const newBelow = unreadOf(paint.messages.slice(view.next))
  return {
    rows: [...above, BLANK, ...composer.rows],
    cursor: composer.cursor === undefined ? undefined : { x: composer.cursor.x, y: composer.cursor.y + above.length + 1 },
    rule: { row: above.length, text: composerRule(state, newBelow) }
  }
}

function unreadOf (messages: readonly MessageView[]): number {
  return messages.filter(({ state }) => state === 'unread').length
}

function nothingOpen (state: ChatState): string[] {
  if (state.conversations.length > 0) return ['Choose a conversation: up, down, Enter.', 'Or Ctrl-K and the beginning of a name.']
  return ['Your conversations will be here.', 'To begin, give somebody your card: skein me card. Or add them: skein contact add LINK']
}

function emptyStream ({ stream }: StreamPaint): string[] {
  if (stream.loading === 'failed') return ['The messages are not here: your node did not answer. They are safe in it.']
  return stream.loading === 'yes' || stream.hasOlder ? [] : ['Your messages will be here.', 'Write the first one below.']
}

function sentences (paragraphs: readonly string[], columns: number): Row[] {
  return [BLANK, ...paragraphs.flatMap(text => [...wrapText(text, columns - 4).map(row => line(`  ${row.shown}`)), BLANK])]
}
