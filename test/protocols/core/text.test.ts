import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NAME_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { checkName, checkText, cleanName, displaySafe, utf8Bytes } from '../../../protocols/core/text.ts'
import { texts } from './arbitraries.ts'
import { assertMalformed, valueOrMalformed } from './codec.ts'

/** Any UTF-16, halves of surrogate pairs and controls included. */
const wild = fc.array(fc.oneof(
  fc.nat({ max: 0xffff }),
  fc.nat({ max: 0x20 }),
  fc.constantFrom(0x1b, 0x7f, 0x9b, 0xd800, 0xdfff, 0x202e, 0x2066, 0x2069, 0x2028, 0x0a, 0x0d)
)).map(units => String.fromCharCode(...units))

describe('text from people', () => {
  it('is measured as it travels, in bytes of UTF-8', () => {
    fc.assert(fc.property(texts, text => { assert.equal(utf8Bytes(text), new TextEncoder().encode(text).byteLength) }))
  })

  it('may hold every character, NUL and line ends too', () => {
    for (const text of ['\0', 'a\0b', 'line\r\nline', '\u001b[31m', '👩‍👩‍👧', 'שלום']) assert.equal(checkText(text, 100, 'text'), text)
  })

  it('is refused when empty, too long or not well-formed', () => {
    assertMalformed(() => checkText('', 10, 'text'), /must not be empty/)
    assertMalformed(() => checkText('aaaa', 3, 'text'), /at most 3 bytes/)
    assertMalformed(() => checkText('ää', 3, 'text'), /at most 3 bytes/)
    assertMalformed(() => checkText('a\ud800', 10, 'text'), /well-formed Unicode/)
    assert.equal(checkText('ä', 2, 'text'), 'ä')
  })

  it('never shows in an error', () => {
    for (const text of ['secret\ud800', 'secret'.repeat(9)]) {
      assert.throws(() => checkText(text, 20, 'text'), (error: unknown) => error instanceof Error && !error.message.includes('secret'))
    }
  })
})

describe('a name that its owner chooses', () => {
  it('is one line without controls', () => {
    assert.equal(checkName('Ana María 🌱', 'name'), 'Ana María 🌱')
    for (const name of ['a\0b', 'a\nb', 'a\u001b[2J', 'a\u202eb', 'a\u0085b', 'a\u2066b']) assertMalformed(() => checkName(name, 'name'), /control characters/)
    assertMalformed(() => checkName(' Ana', 'name'), /begin or end with a space/)
    assertMalformed(() => checkName('x'.repeat(NAME_BYTES_MAX + 1), 'name'), /at most/)
  })

  it('that passes is left alone when others clean it', () => {
    fc.assert(fc.property(wild, name => {
      if (valueOrMalformed(() => checkName(name, 'name')) === 'value' && !/\s\s|[^\S ]/u.test(name)) assert.equal(cleanName(name), name)
    }))
  })
})

describe('a name that somebody else chose', () => {
  it('is cleaned to what its owner could have chosen, or to nothing', () => {
    fc.assert(fc.property(wild, name => {
      const clean = cleanName(name)
      if (clean !== '') assert.equal(checkName(clean, 'name'), clean)
    }))
  })

  it('is cut between characters', () => {
    const clean = cleanName('🌱'.repeat(60))
    assert.equal(clean, '🌱'.repeat(NAME_BYTES_MAX / 4))
  })
})

describe('text of others on a terminal', () => {
  // eslint-disable-next-line no-control-regex -- the characters that must not be there
  const dangerous = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u2028\u2029]/

  it('never holds an escape, a control or a direction override, whatever was sent', () => {
    fc.assert(fc.property(wild, text => {
      const safe = displaySafe(text)
      assert.ok(!dangerous.test(safe) && !safe.includes('\n') && safe.isWellFormed())
      assert.ok(!dangerous.test(displaySafe(text, { areLinesKept: true })))
    }))
  })

  it('is shown as it is when nothing in it is dangerous', () => {
    fc.assert(fc.property(texts, text => {
      if (!dangerous.test(text)) assert.equal(displaySafe(text, { areLinesKept: true }), text)
    }))
    assert.equal(displaySafe('مرحبا \u200f(a)'), 'مرحبا \u200f(a)')
  })

  it('is safe already when it has been made safe', () => {
    fc.assert(fc.property(wild, text => { assert.equal(displaySafe(displaySafe(text)), displaySafe(text)) }))
  })

  it('shows what it replaces', () => {
    assert.equal(displaySafe('\u001b[2J\u0007\u007f\u009b'), '␛[2J␇␡\ufffd')
    assert.equal(displaySafe('abc\u202edef'), 'abc\ufffddef')
    assert.equal(displaySafe('a\r\nb\rc'), 'a␊b␊c')
    assert.equal(displaySafe('a\r\nb\tc', { areLinesKept: true }), 'a\nb  c')
  })
})
