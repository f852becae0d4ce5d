import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_MIN, SIGNED_PREKEY_ROTATION_MS } from '../../../protocols/core/limits.ts'
import { isRefillNeeded, refillOf, type Stock } from '../../../protocols/prekeys/stock.ts'

const NOW_MS = 1_795_000_000_000
const full: Stock = { oneTime: ONE_TIME_PREKEYS, oneTimeKem: ONE_TIME_PREKEYS, signedAtMs: NOW_MS, lastResortAtMs: NOW_MS }

describe('the stock of prekeys', () => {
  it('is made whole when a device is new', () => {
    const refill = refillOf({ oneTime: 0, oneTimeKem: 0, signedAtMs: undefined, lastResortAtMs: undefined }, NOW_MS)
    assert.deepEqual(refill, { oneTime: ONE_TIME_PREKEYS, oneTimeKem: ONE_TIME_PREKEYS, isSignedDue: true, isLastResortDue: true })
  })

  it('is left alone while there is enough', () => {
    assert.ok(!isRefillNeeded(refillOf(full, NOW_MS)))
    assert.ok(!isRefillNeeded(refillOf({ ...full, oneTime: ONE_TIME_PREKEYS_MIN }, NOW_MS)))
  })

  it('is refilled to the full below the least, each kind by itself', () => {
    const refill = refillOf({ ...full, oneTime: ONE_TIME_PREKEYS_MIN - 1 }, NOW_MS)
    assert.deepEqual([refill.oneTime, refill.oneTimeKem], [ONE_TIME_PREKEYS - ONE_TIME_PREKEYS_MIN + 1, 0])
    assert.ok(isRefillNeeded(refill))
  })

  it('never ends below the least nor above the full stock', () => {
    fc.assert(fc.property(fc.nat({ max: ONE_TIME_PREKEYS }), oneTime => {
      const after = oneTime + refillOf({ ...full, oneTime }, NOW_MS).oneTime
      assert.ok(after >= ONE_TIME_PREKEYS_MIN && after <= ONE_TIME_PREKEYS)
    }))
  })

  it('rotates the signed and the last-resort key weekly, also after the clock was set back', () => {
    assert.ok(!refillOf(full, NOW_MS + SIGNED_PREKEY_ROTATION_MS - 1).isSignedDue)
    assert.ok(refillOf(full, NOW_MS + SIGNED_PREKEY_ROTATION_MS).isSignedDue)
    assert.ok(refillOf(full, NOW_MS - SIGNED_PREKEY_ROTATION_MS).isLastResortDue)
  })
})
