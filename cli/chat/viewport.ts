/**
 * Which rows of a long conversation stand on the screen. Only messages near the screen are laid out: a step costs what is
 * shown, not what is loaded.
 */
import { messageBlock, type StreamPaint } from './paint/message.ts'
import type { Row } from './paint/row.ts'
import type { Anchor } from './shape.ts'

/** A row of the stream: of which message, and which of its rows. */
export interface Place {
  readonly index: number
  readonly row: number
}

export interface View {
  readonly rows: readonly Row[]
  readonly top: Place
  /** The first message that lies wholly below the screen. */
  readonly next: number
  /** The newest loaded message is whole on the screen. */
  readonly isAtEnd: boolean
  /** The first loaded row is on the screen. */
  readonly isAtStart: boolean
}

export function viewOf (paint: StreamPaint, anchor: Anchor, height: number): View {
  const { top, isAtEnd } = topOf(paint, anchor, height)
  const rows: Row[] = []
  let index = top.index
  for (; index < paint.messages.length && rows.length < height; index++) {
    const block = messageBlock(paint, index)
    const first = index === top.index ? top.row : 0
    for (let row = first; row < block.height && rows.length < height; row++) rows.push(block.rowAt(row))
  }
  return { rows, top, next: index, isAtEnd, isAtStart: top.index === 0 && top.row === 0 }
}

/** Whether the newest loaded message is whole on the screen. */
export function atEnd (paint: StreamPaint, anchor: Anchor, height: number): boolean {
  return anchor.at === 'end' || topOf(paint, anchor, height).isAtEnd
}

/** Whether the first loaded row is on the screen. */
export function atStart (paint: StreamPaint, anchor: Anchor, height: number): boolean {
  const { top } = topOf(paint, anchor, height)
  return top.index === 0 && top.row === 0
}

/** Scrolled by rows, down when positive. */
export function scrolled (paint: StreamPaint, anchor: Anchor, { height, by }: { readonly height: number, readonly by: number }): Anchor {
  const { top } = topOf(paint, anchor, height)
  return anchorAt(paint, walk(paint, top, by), height)
}

/** The same screen, held by its first row: what is added below does not move it. */
export function pinned (paint: StreamPaint, anchor: Anchor, height: number): Anchor {
  const { top } = topOf(paint, anchor, height)
  const message = paint.messages[top.index]
  return message === undefined ? anchor : { at: 'message', id: message.id, row: top.row - messageBlock(paint, top.index).above }
}

/** The anchor with which the message at `index` is on the screen, moved as little as possible. */
export function revealed (paint: StreamPaint, anchor: Anchor, { height, index }: { readonly height: number, readonly index: number }): Anchor {
  const { top } = topOf(paint, anchor, height)
  const block = messageBlock(paint, index)
  if (index < top.index || (index === top.index && top.row > 0)) {
    // Coming from below, a message taller than the screen shows its end first.
    return anchorAt(paint, { index, row: Math.max(0, block.height - height) }, height)
  }
  const lowest = walk(paint, { index, row: 0 }, block.height - height)
  const isBelow = lowest.index > top.index || (lowest.index === top.index && lowest.row > top.row)
  if (!isBelow) return anchor
  return anchorAt(paint, block.height > height ? { index, row: 0 } : lowest, height)
}

/** The anchor with which the message at `index` begins `above` rows below the top of the screen, or as near to that as start and end allow. */
export function startingAt (paint: StreamPaint, index: number, { height, above }: { readonly height: number, readonly above: number }): Anchor {
  return anchorAt(paint, walk(paint, { index, row: 0 }, -above), height)
}

/** Rows of the message at `index` that lie above and below the screen. */
export function hiddenRows (paint: StreamPaint, anchor: Anchor, { height, index }: { readonly height: number, readonly index: number }): { readonly above: number, readonly below: number } {
  const { top } = topOf(paint, anchor, height)
  const block = messageBlock(paint, index)
  if (index < top.index) return { above: block.height, below: 0 }
  const above = index === top.index ? top.row : 0
  let before = 0
  for (let at = top.index; at < index && before < height; at++) before += messageBlock(paint, at).height - (at === top.index ? top.row : 0)
  return { above, below: Math.max(0, before + block.height - above - height) }
}

function topOf (paint: StreamPaint, anchor: Anchor, height: number): { readonly top: Place, readonly isAtEnd: boolean } {
  const endTop = walk(paint, { index: paint.messages.length, row: 0 }, -height)
  if (anchor.at === 'end') return { top: endTop, isAtEnd: true }
  const index = paint.messages.findIndex(({ id }) => id === anchor.id)
  if (index === -1) return { top: endTop, isAtEnd: true }
  // After a resize or an edit the message may have fewer rows than it had.
  const block = messageBlock(paint, index)
  const top = { index, row: Math.max(0, Math.min(anchor.row + block.above, block.height - 1)) }
  return isBefore(top, endTop) ? { top, isAtEnd: false } : { top: endTop, isAtEnd: true }
}

function anchorAt (paint: StreamPaint, top: Place, height: number): Anchor {
  const endTop = walk(paint, { index: paint.messages.length, row: 0 }, -height)
  const message = paint.messages[top.index]
  if (message === undefined || !isBefore(top, endTop)) return { at: 'end' }
  return { at: 'message', id: message.id, row: top.row - messageBlock(paint, top.index).above }
}

function isBefore (left: Place, right: Place): boolean {
  return left.index < right.index || (left.index === right.index && left.row < right.row)
}

/** The place `by` rows further, stopping at the first row and behind the last message. */
function walk (paint: StreamPaint, from: Place, by: number): Place {
  let { index } = from
  let row = from.row + by
  while (row < 0 && index > 0) {
    index--
    row += messageBlock(paint, index).height
  }
  if (row < 0) return { index: 0, row: 0 }
  while (index < paint.messages.length) {
    const { height } = messageBlock(paint, index)
    if (row < height) break
    row -= height
    index++
  }
  return index >= paint.messages.length ? { index: paint.messages.length, row: 0 } : { index, row }
}
