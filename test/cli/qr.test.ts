import assert from 'node:assert/strict'
import { encode } from 'uqr'
import { lookOf } from '../../cli/look.ts'
import { codeLines } from '../../cli/qr.ts'
import { INVITE_LINK_BYTES_MAX } from '../../protocols/core/limits.ts'

const LINK = `skein:i#${'a'.repeat(400)}`
const modules = encode(LINK, { ecc: 'L', border: 4 }).data

function lines (locale: string, color: 'always' | 'never'): readonly string[] {
  const look = lookOf({ color, isTerminal: true, columns: 100, environment: { LANG: locale }, nowMs: 0 })
  return codeLines(LINK, { look, isTerminal: true })
}

/** Back from half blocks to modules: which of the two a character draws. */
function drawnModules (line: string): readonly [readonly boolean[], readonly boolean[]] {
  const characters = Array.from(line)
  return [characters.map(character => '█▀'.includes(character)), characters.map(character => '█▄'.includes(character))]
}

describe('a QR code in a terminal', () => {
  it('is ink on white where there are colours, whatever those of the terminal are', () => {
    const rows = lines('C.UTF-8', 'always').flatMap(line => {
      assert.ok(line.startsWith('\u001b[38;2;0;0;0;48;2;255;255;255m') && line.endsWith('\u001b[0m'))
      // eslint-disable-next-line no-control-regex -- the colours are what is taken away
      return drawnModules(line.replace(/\u001b\[[0-9;]*m/g, ''))
    })
    assert.deepEqual(rows.slice(0, modules.length), modules)
  })

  it('draws the white where there are none, because most grounds are dark', () => {
    const rows = lines('C.UTF-8', 'never').flatMap(drawnModules)
    assert.deepEqual(rows.slice(0, modules.length).map(row => row.map(isDrawn => !isDrawn)), modules)
  })

  it('is drawn in ASCII where the locale is not UTF-8', () => {
    assert.deepEqual(lines('C', 'never').map(line => (line.match(/../g) ?? []).map(pair => pair === '  ')), modules)
  })

  it('of a long invite link fits a terminal of 80 columns', () => {
    const look = lookOf({ color: 'never', isTerminal: true, columns: 80, environment: { LANG: 'C.UTF-8' }, nowMs: 0 })
    assert.ok(codeLines('x'.repeat(INVITE_LINK_BYTES_MAX), { look, isTerminal: true }).every(line => Array.from(line).length <= 80))
  })
})
