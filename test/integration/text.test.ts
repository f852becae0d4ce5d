/** Whatever people write arrives as it was written; what is no text is refused by name, before anything is saved. */
import assert from 'node:assert/strict'
import { TEXT_BYTES_MAX } from '../../protocols/core/limits.ts'
import { friends, type Pair } from './nodes.ts'

/** Four UTF-8 bytes each. */
const EMOJI = '🦔'

describe('texts between real nodes', () => {
  let pair: Pair

  before(async () => { pair = await friends() })
  after(async () => { await pair[Symbol.asyncDispose]() })

  const intact: Record<string, string> = {
    'a single character': 'x',
    'line ends of every kind': 'one\ntwo\r\nthree\rfour\u2028five',
    'NUL in the middle': 'before\0after',
    'control characters and escape sequences': '\u001b[31mred\u001b[0m\u0007\u007f\u0085',
    'direction overrides and isolates': '\u202egnp.exe\u202c \u2066left\u2069',
    'combining marks without end': `a${'\u0301'.repeat(500)}`,
    'a family, a flag and a skin tone': '👨‍👩‍👧‍👦 🇨🇭 👍🏿',
    'both Unicode forms of one word': `${'Zürich'.normalize('NFC')} ${'Zürich'.normalize('NFD')}`,
    'spaces at both ends': '  \u00a0kept\u3000 ',
    'text that looks like JSON, SQL and a format': '{"a":1}\'; DROP TABLE messages; -- %s %n',
    'noncharacters and private characters': '\ufffe\uffff\u{10ffff}\ue000',
    [`${TEXT_BYTES_MAX} bytes of letters`]: 'a'.repeat(TEXT_BYTES_MAX),
    [`${TEXT_BYTES_MAX} bytes of emoji`]: EMOJI.repeat(TEXT_BYTES_MAX / 4)
  }
  for (const [what, text] of Object.entries(intact)) {
    it(`arrives as written: ${what}`, async () => {
      const id = await pair.ana.send(pair.bob, text)
      await pair.ana.until(id, 'delivered')
      assert.equal((await pair.bob.message(id)).text, text)
      assert.equal((await pair.ana.message(id)).text, text)
    })
  }

  const refused: Record<string, { readonly text: string, readonly code: string, readonly says: RegExp }> = {
    nothing: { text: '', code: 'malformed', says: /empty/ },
    'half a surrogate pair at the end': { text: 'broken \ud83d', code: 'malformed', says: /Unicode/ },
    'half a surrogate pair at the beginning': { text: '\udd94 broken', code: 'malformed', says: /Unicode/ },
    'one byte too many': { text: 'a'.repeat(TEXT_BYTES_MAX + 1), code: 'refused', says: /60,001.*60,000/ },
    'one emoji too many': { text: EMOJI.repeat(TEXT_BYTES_MAX / 4 + 1), code: 'refused', says: /60,004.*60,000/ }
  }
  for (const [what, { text, code, says }] of Object.entries(refused)) {
    it(`refuses by name: ${what}`, async () => {
      const before = (await pair.ana.read(pair.bob)).length
      await assert.rejects(pair.ana.send(pair.bob, text), { code, message: says })
      const [first] = await pair.ana.read(pair.bob)
      assert.ok(first)
      await assert.rejects(pair.ana.call('edit', { id: first.id, text }), { code, message: says })
      assert.equal((await pair.ana.read(pair.bob)).length, before, 'nothing was saved')
    })
  }

  it('a reply to a message of another conversation is refused by name', async () => {
    await using others = await friends()
    const foreign = await others.ana.send(others.bob, 'elsewhere')
    await assert.rejects(pair.ana.node.send(pair.bob.account, 'huh', { replyTo: foreign }), { code: 'not_found' })
  })
})
