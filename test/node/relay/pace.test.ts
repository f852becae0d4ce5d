import assert from 'node:assert/strict'
import { Pace } from '../../../node/relay/pace.ts'

describe('the pace of housekeeping', () => {
  it('begins at its smallest, grows while slices are quick, and is halved by each that is slow', () => {
    const pace = new Pace({ min: 16, max: 512 })
    assert.equal(pace.size, 16)
    for (let slice = 0; slice < 50; slice++) pace.took(1)
    assert.equal(pace.size, 512)
    pace.took(400)
    assert.equal(pace.size, 256)
    for (let slice = 0; slice < 50; slice++) pace.took(400)
    assert.equal(pace.size, 16)
  })

  it('settles where a slice takes a fortieth of a second, whatever a page costs', () => {
    for (const costMs of [0.01, 0.05, 0.2, 1]) {
      const pace = new Pace({ min: 16, max: 1_024 })
      const durations = Array.from({ length: 200 }, () => {
        const durationMs = pace.size * costMs
        pace.took(durationMs)
        return durationMs
      })
      assert.ok(Math.max(...durations) < 32, `${costMs} ms: ${Math.max(...durations)} ms`)
    }
  })
})
