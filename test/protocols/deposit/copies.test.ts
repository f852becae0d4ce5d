import assert from 'node:assert/strict'
import fc from 'fast-check'
import { afterFailure, copiesOf, copyDueAtMs, enoughOf, headStartMs, isCopyDue, isStored, leastCopies, NO_COPY, type CopyState } from '../../../protocols/deposit/copies.ts'

const DAY_MS = 24 * 3_600_000
const held: CopyState = { at: 'stored', storedAtMs: 0, expiresAtMs: 30 * DAY_MS }

describe('copies', () => {
  it('are enough when two of three have signed; of one relay, one', () => {
    assert.deepEqual(copiesOf([held, NO_COPY, NO_COPY], 1), { stored: 1, of: 3, enough: 2 })
    assert.equal(isStored(copiesOf([held, NO_COPY, NO_COPY], 1)), false)
    assert.equal(isStored(copiesOf([held, held, { at: 'refused' }], 1)), true)
    assert.equal(isStored(copiesOf([held], 1)), true)
    assert.equal(isStored(copiesOf([], 1)), false)
    assert.deepEqual([0, 1, 2, 3, 5].map(enoughOf), [0, 1, 2, 2, 2])
  })

  it('do not count once they have expired', () => {
    assert.equal(copiesOf([held, held], 30 * DAY_MS).stored, 0)
  })

  it('of a message are those of the device that is worst off', () => {
    const [good, poor] = [copiesOf([held, held, held], 1), copiesOf([held, NO_COPY, NO_COPY], 1)]
    assert.deepEqual(leastCopies([good, poor]), poor)
    assert.deepEqual(leastCopies([copiesOf([held], 1), poor]), poor)
    assert.equal(leastCopies([]), undefined)
  })

  it('are due at once, again after a failure, and anew before they expire', () => {
    assert.equal(isCopyDue(NO_COPY, 0), true)
    const failed = afterFailure(NO_COPY, { nowMs: 1_000, fraction: 0.5 })
    assert.equal(isCopyDue(failed, 1_500), false)
    assert.equal(isCopyDue(failed, 2_000), true)
    assert.equal(isCopyDue(held, 28 * DAY_MS), false)
    assert.equal(isCopyDue(held, 29 * DAY_MS), true)
    assert.equal(isCopyDue({ at: 'stored', storedAtMs: 0, expiresAtMs: 4_000 }, 3_000), true)
    assert.equal(isCopyDue({ at: 'refused' }, Number.MAX_SAFE_INTEGER), false)
  })

  it('wait ever longer between failures, and as long as the relay asks', () => {
    fc.assert(fc.property(fc.nat({ max: 40 }), fc.float({ min: 0, max: Math.fround(0.99), noNaN: true }), fc.nat({ max: 100_000 }), (failures, fraction, retryAfterMs) => {
      let state: CopyState = NO_COPY
      for (let count = 0; count <= failures; count++) state = afterFailure(state, { nowMs: 0, fraction, retryAfterMs })
      assert.ok((copyDueAtMs(state) ?? 0) >= Math.max(retryAfterMs, 800))
      assert.ok((copyDueAtMs(state) ?? 0) <= Math.max(retryAfterMs, 6 * 60_000))
    }))
  })
})

describe('the head start of a direct connection', () => {
  it('is three round trips, within what anybody would wait', () => {
    assert.deepEqual([undefined, 10, 200, 5_000].map(headStartMs), [300, 300, 600, 2_000])
  })
})
