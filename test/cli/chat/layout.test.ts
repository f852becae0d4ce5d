import assert from 'node:assert/strict'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { cellsOf, columnsOf, cutTo, padEnd, padStart, printable, wrapText } from '../../../cli/chat/layout.ts'
import { nastyText } from './nasty.ts'

const columns = fc.integer({ min: 6, max: 80 })

describe('text in columns', () => {
  it('measures as the terminal library does, whatever the text', () => {
    fc.assert(fc.property(nastyText, text => {
      const shown = cellsOf(text).map(cell => cell.shown).join('')
      assert.equal(columnsOf(shown), stringWidth(shown))
    }))
  })

  it('does not change what was made printable before', () => {
    fc.assert(fc.property(nastyText, text => {
      const once = printable(text)
      assert.equal(printable(once), once)
    }))
  })

  it('never makes a row wider than asked', () => {
    fc.assert(fc.property(nastyText, columns, (text, columnsMax) => {
      for (const row of wrapText(text, columnsMax)) {
        assert.ok(stringWidth(row.shown) <= columnsMax, JSON.stringify(row))
        assert.equal(row.columns, stringWidth(row.shown))
      }
    }))
  })

  it('puts every character into exactly one row', () => {
    fc.assert(fc.property(nastyText, columns, (text, columnsMax) => {
      const rows = wrapText(text, columnsMax)
      let at = 0
      for (const row of rows) {
        const between = text.slice(at, row.start)
        assert.ok(between === '' || between === '\n', JSON.stringify({ between, row }))
        assert.ok(row.end >= row.start)
        at = row.end
      }
      assert.equal(at, text.length)
    }))
  })

  it('prints nothing that a terminal would obey', () => {
    fc.assert(fc.property(nastyText, columns, (text, columnsMax) => {
      const printed = [...wrapText(text, columnsMax).map(row => row.shown), cutTo(text, columnsMax)].join('')
      // eslint-disable-next-line no-control-regex -- controls are what is looked for
      assert.doesNotMatch(printed, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    }))
  })

  it('fills and cuts to exactly the width', () => {
    fc.assert(fc.property(nastyText, columns, (text, width) => {
      assert.equal(stringWidth(padEnd(text, width)), width)
      assert.equal(stringWidth(padStart(text, width)), width)
      assert.ok(stringWidth(cutTo(text, width)) <= width)
    }))
  })

  it('breaks after words, and hides the spaces at the edge', () => {
    assert.deepEqual(wrapText('the ferry goes at eight', 10).map(row => row.shown), ['the ferry', 'goes at', 'eight'])
    assert.deepEqual(wrapText('0123456789abc', 10).map(row => row.shown), ['0123456789', 'abc'])
    assert.deepEqual(wrapText('0123456789 abc', 10).map(row => row.shown), ['0123456789', 'abc'])
    assert.deepEqual(wrapText('a\n\nb', 10).map(row => row.shown), ['a', '', 'b'])
    assert.deepEqual(wrapText('', 10), [{ start: 0, end: 0, shown: '', columns: 0 }])
  })

  it('breaks between wide characters, which are written without spaces', () => {
    assert.deepEqual(wrapText('漢字かな交じり', 6).map(row => row.shown), ['漢字か', 'な交じ', 'り'])
    assert.deepEqual(wrapText('über漢字', 6).map(row => row.shown), ['über漢', '字'])
  })

  it('shows control characters as signs, and a mark without a letter on a circle', () => {
    assert.equal(cutTo('a\u001b[2Jb\u202e', 20), 'a␛[2Jb\ufffd')
    assert.equal(cutTo('\u0301', 20), '\u25cc\u0301')
  })

  it('lays out 60,000 bytes of any script at once', () => {
    for (const text of ['word '.repeat(12_000), '漢字 '.repeat(8_571), 'x\n'.repeat(30_000), '👩🏽 '.repeat(6_666)]) {
      const startedAtMs = performance.now()
      wrapText(`${text} `, 60)
      // Measured: 1 to 40 ms. Ten times that is still not a freeze; more would be a change of the order.
      assert.ok(performance.now() - startedAtMs < 400)
    }
  })
})
