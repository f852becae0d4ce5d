import assert from 'node:assert/strict'
import fc from 'fast-check'
import { streamPaint, type StreamPaint } from '../../../cli/chat/paint/message.ts'
import { EMPTY_STREAM } from '../../../cli/chat/select.ts'
import type { Anchor } from '../../../cli/chat/shape.ts'
import { initialState } from '../../../cli/chat/state.ts'
import { atEnd, hiddenRows, revealed, scrolled, startingAt, viewOf } from '../../../cli/chat/viewport.ts'
import type { MessageView } from '../../../protocols/local/schema.ts'
import { contact, message, NOW_MS, status } from './fake-node.ts'

const END: Anchor = { at: 'end' }
const bob = contact('Bob')

function paintOf (messages: readonly MessageView[], columns = 60): StreamPaint {
  const state = initialState({ nowMs: NOW_MS, columns: columns + 32, rows: 30, glyphs: 'unicode', status: status(), conversations: [{ contact: bob, last: undefined }], requests: [] })
  return streamPaint({ ...state, open: { type: 'conversation', account: bob.account }, streams: new Map([[bob.account, { ...EMPTY_STREAM, messages }]]) }, columns)
}

const heights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 12 })
const height = fc.integer({ min: 1, max: 14 })

function withHeights (rows: readonly number[]): StreamPaint {
  return paintOf(rows.map((count, index) => message(bob, Array.from({ length: count }, (_, row) => `m${index} r${row}`).join('\n'), { isOwn: index % 2 === 0 })))
}

function texts (paint: StreamPaint, anchor: Anchor, rows: number): string[] {
  return viewOf(paint, anchor, rows).rows.map(row => row.map(part => part.text).join('').trim())
}

describe('the part of a conversation that is on the screen', () => {
  it('is its end at first, and whole when it fits', () => {
    const paint = withHeights([1, 1, 1])
    assert.equal(texts(paint, END, 3).length, 3)
    assert.equal(texts(paint, END, 10).length, 4)
    assert.match(texts(paint, END, 10)[0] ?? '', /Today/)
  })

  it('moves row by row and nothing is left out, up to the start and down to the end', () => {
    fc.assert(fc.property(heights, height, (rows, screen) => {
      const paint = withHeights(rows)
      const all = texts(paint, END, 1_000)
      let anchor: Anchor = END
      for (let top = Math.max(0, all.length - screen); top >= 0; top--) {
        assert.deepEqual(texts(paint, anchor, screen), all.slice(top, top + screen))
        anchor = scrolled(paint, anchor, { height: screen, by: -1 })
      }
      for (let top = 0; top <= all.length - screen; top++) {
        assert.deepEqual(texts(paint, anchor, screen), all.slice(top, top + screen))
        anchor = scrolled(paint, anchor, { height: screen, by: 1 })
      }
      assert.deepEqual(anchor, END)
    }))
  })

  it('does not move when older messages are put above it', () => {
    fc.assert(fc.property(heights, heights, height, (older, newer, screen) => {
      const below = newer.map((count, index) => message(bob, Array.from({ length: count }, (_, row) => `m${index} r${row}`).join('\n')))
      const above = older.map(count => message(bob, 'x\n'.repeat(count)))
      const before = paintOf(below)
      const anchor = scrolled(before, END, { height: screen, by: -3 })
      if (anchor.at === 'end') return
      const after = paintOf([...above, ...below])
      const isDayRow = (row: string): boolean => row === 'Today'
      const shown = texts(before, anchor, screen).filter(row => !isDayRow(row))
      assert.deepEqual(texts(after, anchor, screen).slice(0, shown.length), shown)
    }))
  })

  it('can be put so that any message is on it', () => {
    fc.assert(fc.property(heights, height, fc.nat(), (rows, screen, pick) => {
      const paint = withHeights(rows)
      const index = pick % rows.length
      for (const from of [END, scrolled(paint, END, { height: screen, by: -1_000 })]) {
        const anchor = revealed(paint, from, { height: screen, index })
        const hidden = hiddenRows(paint, anchor, { height: screen, index })
        const blockHeight = (rows[index] ?? 0) + (index === 0 ? 1 : 0)
        assert.ok(hidden.above + hidden.below <= Math.max(0, blockHeight - screen), JSON.stringify({ anchor, hidden }))
      }
      assert.ok(viewOf(paint, startingAt(paint, index, { height: screen, above: 0 }), screen).top.index <= index)
    }))
  })

  it('is the end when its message is gone', () => {
    assert.ok(atEnd(withHeights([1, 2]), { at: 'message', id: 'gone', row: 0 }, 5))
  })

  it('lays out only what is shown of 500 messages, and a message of 30,000 rows at once', () => {
    let touched = 0
    const messages = Array.from({ length: 500 }, (_, index) => Object.defineProperty(message(bob, ''), 'text', {
      get: () => {
        touched++
        return index % 2 === 0 ? 'x\n'.repeat(30_000) : 'short'
      }
    }))
    const paint = paintOf(messages)
    const anchor = scrolled(paint, END, { height: 30, by: -100 })
    assert.equal(texts(paint, anchor, 30).length, 30)
    assert.ok(touched <= 4, `${touched} were laid out`)
  })
})
