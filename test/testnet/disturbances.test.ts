import assert from 'node:assert/strict'
import { Disturbances } from '../../testnet/scenario/disturbances.ts'

describe('disturbances', () => {
  it('are those of the nodes that are asked about, while they last and a little longer', () => {
    const disturbances = new Disturbances()
    disturbances.begin('bob', 20_000)
    disturbances.end('bob', 30_000)
    for (const [names, fromMs, toMs, isCalm] of [
      [['ana', 'bob'], 0, 19_999, true],
      [['ana', 'bob'], 0, 20_000, false],
      [['ana', 'bob'], 39_000, 39_001, false],
      [['ana', 'bob'], 41_000, 41_001, true],
      [['ana', 'carol'], 20_000, 30_000, true]
    ] as const) assert.equal(disturbances.isCalm(names, fromMs, toMs), isCalm, `${names.join()} ${fromMs}`)
  })

  it('last until they end, and once more is the same', () => {
    const disturbances = new Disturbances()
    disturbances.begin('bob', 10)
    disturbances.begin('bob', 20)
    assert.equal(disturbances.isCalm(['bob'], 1e9, 1e9), false)
    disturbances.end('bob', 30)
    disturbances.end('bob', 40)
    assert.equal(disturbances.isCalm(['bob'], 1e9, 1e9), true)
    assert.equal(disturbances.isCalm(['bob'], 10, 15), false)
  })
})
