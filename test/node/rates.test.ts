import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Rates } from '../../node/rates.ts'
import { World } from '../../testnet/simulation/world.ts'

function ratesIn (world: World, burst = 3, perSecond = 1): Rates {
  return new Rates(world.clock(() => true, () => 0), () => ({ burst, perSecond }))
}

describe('rates', () => {
  it('allow a burst, then a steady rate, to each peer by itself', async () => {
    const world = new World(1)
    const rates = ratesIn(world)
    assert.deepEqual([1, 2, 3, 4].map(() => rates.isAllowed('bob')), [true, true, true, false])
    assert.equal(rates.isAllowed('cleo'), true)
    await world.advance(1_000)
    assert.deepEqual([1, 2].map(() => rates.isAllowed('bob')), [true, false])
  })

  it('never allow more than the burst and what time gives, however it is asked', async () => {
    await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: 2_000 }), { minLength: 1, maxLength: 40 }), async pauses => {
      const world = new World(1)
      const rates = ratesIn(world)
      const startMs = world.nowMs
      let allowed = 0
      for (const pauseMs of pauses) {
        await world.advance(pauseMs)
        if (rates.isAllowed('bob')) allowed += 1
        assert.ok(allowed <= 3 + (world.nowMs - startMs) / 1000)
      }
    }), { numRuns: 50 })
  })

  it('forget who has rested, so that a crowd takes no memory', async () => {
    const world = new World(1)
    const rates = ratesIn(world)
    for (let time = 0; time < 4; time++) rates.isAllowed('bob')
    for (let peer = 0; peer < 4_094; peer++) rates.isAllowed(`peer ${peer}`)
    assert.equal(rates.isAllowed('bob'), false)
    await world.advance(2_000)
    // The crowd has rested by now, and Bob has not: he is the one whom they remember.
    rates.isAllowed('one more')
    rates.isAllowed('and another')
    assert.deepEqual([1, 2, 3].map(() => rates.isAllowed('bob')), [true, true, false])
  })

  it('of a crowd that does not rest forget everybody rather than grow', () => {
    const rates = ratesIn(new World(1))
    for (let time = 0; time < 4; time++) rates.isAllowed('bob')
    for (let peer = 0; peer < 10_000; peer++) rates.isAllowed(`peer ${peer}`)
    assert.equal(rates.isAllowed('bob'), true)
  })
})
