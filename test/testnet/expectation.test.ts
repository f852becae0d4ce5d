import assert from 'node:assert/strict'
import { UsageError } from '../../protocols/core/errors.ts'
import { parseExpectation, quantile, type Seen } from '../../testnet/scenario/expectation.ts'

const GOOD: Seen = { messages: 100, lost: 0, duplicates: 0, reordered: 0, deliveryMs: [10, 20, 30, 4_000], onlineDeliveryMs: [10, 20, 30], settleMs: 900 }

describe('an expectation', () => {
  for (const [line, bad] of [
    ['lost == 0', { lost: 1 }],
    ['duplicates == 0', { duplicates: 2 }],
    ['messages >= 100', { messages: 99 }],
    ['order == causal', { reordered: 1 }],
    ['p99(delivery|online) < 3s', { onlineDeliveryMs: [10, 3_000] }],
    ['p50(delivery) <= 20ms', { deliveryMs: [10, 21, 22] }],
    ['p99.9(delivery) < 5s', { deliveryMs: [5_000] }],
    ['equal within 1s', { settleMs: 1_001 }],
    ['equal within 1s', { lost: 1 }]
  ] as const) {
    it(`holds or not: ${line}, ${JSON.stringify(bad)}`, () => {
      const { judge, text } = parseExpectation(`  ${line.replace(' ', '   ')} `)
      assert.equal(text, line)
      assert.equal(judge(GOOD), undefined)
      assert.match(judge({ ...GOOD, ...bad }) ?? '', /\w/)
    })
  }

  it('about times does not hold where nothing was delivered', () => {
    assert.match(parseExpectation('p99(delivery|online) < 3s').judge({ ...GOOD, onlineDeliveryMs: [] }) ?? '', /no message/)
  })

  it('that nobody understands is refused, and says what can be expected', () => {
    for (const line of ['', 'lost', 'lost = 0', 'lost == none', 'losses == 0', 'order == total', 'p99(delivery) < fast', 'p999(delivery) < 1s', 'p99(receipt) < 1s', 'equal', 'equal within a while']) {
      assert.throws(() => parseExpectation(line), (error: unknown) => error instanceof UsageError, line)
    }
  })
})

describe('a quantile', () => {
  it('is a value that was seen', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index)
    for (const [share, value] of [[0, 1], [0.5, 50], [0.99, 99], [1, 100]] as const) assert.equal(quantile(values, share), value)
    assert.equal(quantile([], 0.5), undefined)
  })
})
