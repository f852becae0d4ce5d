import assert from 'node:assert/strict'
import fc from 'fast-check'
import { cursorPlace, editingOf, EMPTY, erase, insert, move, moveByRow, type Editing, type Motion } from '../../../cli/chat/editor.ts'
import { cellsOf } from '../../../cli/chat/layout.ts'
import { nastyText } from './nasty.ts'

const MOTIONS: readonly Motion[] = ['left', 'right', 'wordLeft', 'wordRight', 'lineStart', 'lineEnd', 'start', 'end']
const edit = fc.oneof(
  fc.constantFrom(...MOTIONS).map(motion => (editing: Editing) => move(editing, motion)),
  fc.constantFrom(...MOTIONS).map(motion => (editing: Editing) => erase(editing, motion)),
  nastyText.map(text => (editing: Editing) => insert(editing, text)),
  fc.constantFrom<-1 | 1>(-1, 1).map(step => (editing: Editing) => moveByRow(editing, step, 12) ?? editing)
)

/** The text with a bar where the cursor stands. */
function shown ({ text, cursor }: Editing): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`
}

function at (marked: string): Editing {
  return { text: marked.replace('|', ''), cursor: marked.indexOf('|') }
}

describe('editing a text', () => {
  it('keeps the cursor inside the text and never splits a surrogate pair, whatever is pressed', () => {
    fc.assert(fc.property(fc.array(edit, { maxLength: 30 }), edits => {
      let editing = EMPTY
      for (const change of edits) {
        editing = change(editing)
        assert.ok(editing.cursor >= 0 && editing.cursor <= editing.text.length)
        assert.ok(editing.text.isWellFormed())
        assert.ok(editing.text.slice(0, editing.cursor).isWellFormed())
        const place = cursorPlace(editing, 12)
        assert.ok(place.row >= 0 && place.column >= 0 && place.column <= 12)
      }
    }))
  })

  it('goes through a text grapheme by grapheme, there and back', () => {
    fc.assert(fc.property(nastyText, text => {
      const wellFormed = text.toWellFormed().replace(/\r\n?/g, '\n')
      let editing = insert(EMPTY, wellFormed)
      let steps = 0
      while (editing.cursor > 0) {
        editing = move(editing, 'left')
        steps++
      }
      assert.equal(steps, cellsOf(wellFormed).length)
      while (editing.cursor < wellFormed.length) {
        editing = move(editing, 'right')
        steps--
      }
      assert.equal(steps, 0)
    }))
  })

  it('deletes an emoji of many code points at once', () => {
    assert.equal(shown(erase(editingOf('a👨‍👩‍👧‍👦'), 'left')), 'a|')
    assert.equal(shown(erase(at('|🇩🇪x'), 'right')), '|x')
  })

  it('moves and deletes by words', () => {
    assert.equal(shown(move(at('the old ferry|'), 'wordLeft')), 'the old |ferry')
    assert.equal(shown(move(at('the |old ferry'), 'wordRight')), 'the old| ferry')
    assert.equal(shown(erase(at('the old, |ferry'), 'wordLeft')), 'the |ferry')
    assert.equal(shown(erase(at('naïve café|'), 'wordLeft')), 'naïve |')
  })

  it('knows lines', () => {
    assert.equal(shown(move(at('one\ntw|o'), 'lineStart')), 'one\n|two')
    assert.equal(shown(move(at('o|ne\ntwo'), 'lineEnd')), 'one|\ntwo')
    assert.equal(shown(move(at('|\n'), 'lineStart')), '|\n')
  })

  it('takes the line ends of every terminal as one kind', () => {
    assert.equal(insert(EMPTY, 'a\rb\r\nc\nd').text, 'a\nb\nc\nd')
  })

  it('moves by the rows that are seen, and says when there is none', () => {
    const wrapped = at('the ferry goes at |eight')
    const above = moveByRow(wrapped, -1, 10)
    assert.equal(above === undefined ? '' : shown(above), 'the ferry |goes at eight')
    assert.equal(moveByRow(at('the| ferry'), -1, 20), undefined)
    assert.equal(moveByRow(at('the| ferry'), 1, 20), undefined)
  })

  it('walks through every row of a wrapped text, up and down', () => {
    fc.assert(fc.property(nastyText, text => {
      let editing: Editing | undefined = insert(EMPTY, text)
      const height = cursorPlace(editing, 12).row
      for (let row = height; editing !== undefined; row--) {
        assert.equal(cursorPlace(editing, 12).row, row)
        editing = moveByRow(editing, -1, 12)
      }
    }))
  })
})
