/** What floods leave of a relay for everybody else: the short form of `npm run soak -- flood`, counted and not timed. */
import assert from 'node:assert/strict'
import { floodReport, runFlood } from '../../bench/soak/flood.ts'

describe('a relay that strangers, a contact and peers flood', function () {
  this.timeout(240_000)

  it('takes every deposit of everybody else, and hands it out', async () => {
    const results = await runFlood({ seconds: 2, users: 4 })
    const told = floodReport(results)
    assert.equal(results.length, 5, told)
    for (const { sent, stored, collected } of results) {
      assert.ok(sent > 0, told)
      assert.deepEqual([stored, collected], [sent, sent], told)
    }
  })
})
