import assert from 'node:assert/strict'
import fc from 'fast-check'
import { draw, isFull, type Bucket } from '../../../protocols/core/rate.ts'

const rate = { burst: 20, perSecond: 2 }

describe('a rate', () => {
  it('allows a burst, then a steady stream', () => {
    let bucket: Bucket | undefined
    for (let count = 0; count < 20; count++) {
      const drawn = draw(bucket, rate, 0)
      assert.ok(drawn.isAllowed)
      bucket = drawn.bucket
    }
    assert.deepEqual(draw(bucket, rate, 0), { isAllowed: false, bucket: { left: 0, atMs: 0 }, retryAfterMs: 500 })
    assert.ok(draw(bucket, rate, 500).isAllowed)
  })

  it('never allows more than burst and rate together, however the draws are spread', () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 2_000 }), { maxLength: 200 }), pausesMs => {
      let bucket: Bucket | undefined
      let nowMs = 0
      let allowed = 0
      for (const pauseMs of pausesMs) {
        nowMs += pauseMs
        const drawn = draw(bucket, rate, nowMs)
        bucket = drawn.bucket
        if (drawn.isAllowed) allowed++
      }
      assert.ok(allowed <= rate.burst + nowMs / 1000 * rate.perSecond + 1e-6)
    }))
  })

  it('tells when the next draw succeeds', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), left => {
      const { retryAfterMs, isAllowed } = draw({ left, atMs: 1_000 }, rate, 1_000)
      assert.ok(!isAllowed)
      assert.ok(draw({ left, atMs: 1_000 }, rate, 1_000 + retryAfterMs).isAllowed)
    }))
  })

  it('is forgotten when it is full again, and not before', () => {
    assert.ok(!isFull({ left: 0, atMs: 0 }, rate, 9_999))
    assert.ok(isFull({ left: 0, atMs: 0 }, rate, 10_000))
  })
})
