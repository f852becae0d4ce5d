import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Calendar } from '../../../testnet/simulation/calendar.ts'
import { minimise, minimiseCount } from '../../../testnet/simulation/minimise.ts'

describe('what fails, made smaller', () => {
  it('is exactly what is needed, whatever that is and wherever it stands', async () => {
    await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.nat(40), { maxLength: 5 }), fc.integer({ min: 41, max: 60 }), async (needed, length) => {
      const items = Array.from({ length }, (_, index) => index)
      const found = await minimise(items, kept => Promise.resolve(needed.every(item => kept.includes(item))))
      assert.deepEqual(found, [...needed].sort((left, right) => left - right))
    }))
  })

  it('takes few tries where one of many is needed', async () => {
    let tries = 0
    const items = Array.from({ length: 1_000 }, (_, index) => index)
    assert.deepEqual(await minimise(items, kept => { tries += 1; return Promise.resolve(kept.includes(617)) }), [617])
    assert.ok(tries < 50)
  })

  it('finds the smallest count', async () => {
    assert.equal(await minimiseCount(150, 1, count => Promise.resolve(count >= 19)), 19)
    assert.equal(await minimiseCount(150, 1, () => Promise.resolve(false)), 150)
  })
})

describe('a calendar', () => {
  it('gives what is earliest, and of two at once what was asked for first', () => {
    fc.assert(fc.property(fc.array(fc.nat(5), { maxLength: 60 }), times => {
      const calendar = new Calendar()
      for (const [order, atMs] of times.entries()) calendar.add({ atMs, order, run: () => {}, isCancelled: false })
      const taken = times.map(() => calendar.take()).map(happening => [happening?.atMs, happening?.order])
      assert.deepEqual(taken, times.map((atMs, order) => [atMs, order] as const).sort((left, right) => left[0] - right[0] || left[1] - right[1]))
      assert.equal(calendar.take(), undefined)
    }))
  })
})
