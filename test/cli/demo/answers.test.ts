import assert from 'node:assert/strict'
import { answerTo, type Facts } from '../../../cli/demo/answers.ts'

const FACTS: Facts = { sentAtMs: 1_000, receivedAtMs: 1_012, receivedAt: '14:26:03.112', count: 22, address: '/ip4/127.0.0.1/tcp/4001', safetyNumber: '30112 41883 55210' }

describe('Bob in the demo', () => {
  it('says where a message is, and since when', () => {
    for (const text of ['where is my message?', 'Did you get it', 'has it arrived', 'trace']) {
      const { text: said } = answerTo(text, FACTS)
      assert.match(said ?? '', /On my disk since 14:26:03\.112, 12 ms after you wrote it, and it is the 22nd that came/)
    }
  })

  it('counts as people do', () => {
    for (const [count, ordinal] of [[1, '1st'], [2, '2nd'], [3, '3rd'], [4, '4th'], [11, '11th'], [12, '12th'], [21, '21st'], [113, '113th']] as const) {
      assert.ok(answerTo('where', { ...FACTS, count }).text?.includes(`the ${ordinal} that came`), ordinal)
    }
  })

  it('goes away when told to, and says for how long', () => {
    const { text, awayMs = 0 } = answerTo('Go away, Bob', FACTS)
    assert.ok(awayMs > 0 && text?.includes(`${awayMs / 1000} seconds`))
  })

  it('says what waited for him, whatever it is about', () => {
    const { text, awayMs } = answerTo('go away', { ...FACTS, receivedAtMs: 13_300 })
    assert.match(text ?? '', /^I am back\. "go away" waited 12\.3 s/)
    assert.equal(awayMs, undefined)
  })

  it('names what both can compare', () => {
    assert.match(answerTo('Who can read this?', FACTS).text ?? '', /30112 41883 55210/)
    assert.match(answerTo('is there a server', FACTS).text ?? '', /\/ip4\/127\.0\.0\.1\/tcp\/4001/)
  })

  it('echoes the rest, and likes it', () => {
    assert.deepEqual(answerTo('Leaving now', FACTS), { emoji: '👍', text: 'You wrote: Leaving now' })
    const { text = '' } = answerTo('x'.repeat(60_000), FACTS)
    assert.ok(text.length < 300)
    assert.ok(text.isWellFormed() && answerTo('🦢'.repeat(300), FACTS).text?.isWellFormed() === true)
  })
})
