import assert from 'node:assert/strict'
import fc from 'fast-check'
import { didYouMean } from '../../cli/suggest.ts'
import { durationText, parseDuration, parseInstant } from '../../cli/time.ts'
import { UsageError } from '../../protocols/core/errors.ts'

const NOW_MS = Date.parse('2026-11-03T14:30:00.000Z')

describe('a duration', () => {
  for (const [text, durationMs] of [['0', 0], ['250ms', 250], ['30s', 30_000], ['1.5h', 5_400_000], ['2d', 172_800_000], ['1w', 604_800_000]] as const) {
    it(`is read from ${text}`, () => assert.equal(parseDuration(text, '--timeout'), durationMs))
  }

  it('is nothing else', () => {
    for (const text of ['', '5', '-5s', '5 s', 's', '5y', '1e9s', '99999w', 'Infinity']) assert.throws(() => parseDuration(text, '--timeout'), UsageError, text)
  })

  it('is said in one unit that fits', () => {
    assert.deepEqual([0, 250, 30_000, 300_000, 7_200_000, 259_200_000].map(durationText), ['0 ms', '250 ms', '30 s', '5 min', '2 h', '3 d'])
  })

  it('is refused or read, whatever is typed', () => {
    fc.assert(fc.property(fc.string(), text => {
      try {
        assert.ok(parseDuration(text, 'x') >= 0)
      } catch (thrown) {
        assert.ok(thrown instanceof UsageError)
      }
    }))
  })
})

describe('an instant', () => {
  it('is read as a time ago, a day, or a time of a day', () => {
    assert.equal(parseInstant('10m', NOW_MS, '--since'), NOW_MS - 600_000)
    assert.equal(parseInstant('2026-11-01T00:00:00Z', NOW_MS, '--since'), Date.UTC(2026, 10, 1))
    assert.equal(parseInstant('2026-11-01', NOW_MS, '--since'), new Date(2026, 10, 1).getTime())
    assert.equal(parseInstant('2026-11-01 14:30', NOW_MS, '--since'), new Date(2026, 10, 1, 14, 30).getTime())
    const today = new Date(NOW_MS)
    assert.equal(parseInstant('today', NOW_MS, '--since'), new Date(today.getFullYear(), today.getMonth(), today.getDate()).getTime())
    assert.equal(parseInstant('yesterday', NOW_MS, '--since'), new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1).getTime())
  })

  it('is nothing else', () => {
    for (const text of ['', 'whenever', '2026', '2026-13-01', '01.11.2026', '12345']) assert.throws(() => parseInstant(text, NOW_MS, '--since'), UsageError, text)
  })
})

describe('did you mean', () => {
  const known = ['send', 'search', 'status', 'stop', 'read']
  for (const [word, said] of [['snd', 'Did you mean send?'], ['raed', 'Did you mean read?'], ['SEND', 'Did you mean send?'], ['stat', 'Did you mean status or stop?'], ['banana', undefined], ['', undefined]] as const) {
    it(`${word === '' ? 'nothing' : word}: ${said ?? 'nothing'}`, () => assert.equal(didYouMean(word, known), said))
  }

  it('finds a word again after one mistake, whichever it is', () => {
    fc.assert(fc.property(fc.constantFrom(...known), fc.nat(), (word, position) => {
      const place = position % word.length
      assert.match(didYouMean(word.slice(0, place) + word.slice(place + 1), known) ?? '', new RegExp(`\\b${word}\\b`))
    }))
  })
})
