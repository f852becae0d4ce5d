import assert from 'node:assert/strict'
import { bisect } from '../../../testnet/simulation/bisect.ts'
import { Founding } from '../../../testnet/simulation/founding.ts'
import { simulate } from '../../../testnet/simulation/play.ts'
import { checkScenario } from '../../../testnet/scenario/read.ts'

const SIZE = { users: 3, relays: 3 }
const LATE = {
  name: 'late',
  ...SIZE,
  talk: { messages: 40, over: '8s' },
  faults: [
    { at: '500ms', pause: 'ana', for: '500ms' },
    { at: '1s', crash: 'relay2', for: '1s' },
    { at: '1s', crash: 'bob', for: '8s' },
    { at: '2s', clock: 'carol', skew: '5s', for: '1s' },
    { at: '3s', slow: ['carol'], delay: '80ms', for: '1s' },
    { at: '4s', partition: [['ana'], ['relay1']], for: '1s' }
  ],
  expect: ['lost == 0', 'p99(delivery) < 3s']
}
const interrupted = new AbortController().signal

describe('a scenario that fails', function () {
  this.timeout(180_000)
  let founding: Founding
  before(async () => { founding = await Founding.of(SIZE) })
  after(() => { founding.close() })

  const smallestOf = async (value: object): Promise<NonNullable<Awaited<ReturnType<typeof bisect>>>> => {
    const found = await bisect({ read: checkScenario('late', value), founding, seed: 1, interrupted, tell: () => {} })
    assert.ok(found)
    return found
  }

  it('is left with the one fault that it needs, and fails by itself', async () => {
    const { scenario, faultsBefore } = await smallestOf(LATE)
    assert.deepEqual([faultsBefore, scenario.faults], [6, [{ at: '1s', crash: 'bob', for: '8s' }]])
    assert.ok(scenario.talk.messages < 40)
    const { expectations } = checkScenario('smallest', JSON.parse(JSON.stringify(scenario)))
    const { verdict } = await simulate({ founding, scenario, expectations, seed: scenario.seed ?? 0, interrupted, tell: () => {} })
    assert.deepEqual(verdict?.failures.map(({ expectation }) => expectation), ['p99(delivery) < 3s'])
  })

  it('by chance alone is left with what chance did, said as a fault', async () => {
    const { scenario, faultsBefore } = await smallestOf({ ...LATE, faults: [{ at: '0s', trouble: true, for: '8s' }], expect: ['p99(delivery) < 200ms'] })
    assert.ok(faultsBefore > 1)
    assert.ok((scenario.faults ?? []).length <= faultsBefore && scenario.faults?.every(({ trouble }) => trouble === undefined))
  })

  it('and does not is none', async () => {
    assert.equal(await bisect({ read: checkScenario('fine', { ...LATE, expect: ['lost == 0'] }), founding, seed: 1, interrupted, tell: () => {} }), undefined)
  })
})
