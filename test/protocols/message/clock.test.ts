import assert from 'node:assert/strict'
import fc from 'fast-check'
import { HLC_US_MAX, nextHlc, observeHlc } from '../../../protocols/message/clock.ts'

const NOW_MS = 1_763_950_000_000
const AHEAD_US = 5 * 60_000 * 1000

/** Wall clocks jump either way, and may be before 1970. */
const wallMs = fc.double({ min: -1e13, max: 1e13, noNaN: true })
const clockUs = fc.nat({ max: HLC_US_MAX })

describe('the hybrid logical clock', () => {
  it('follows the wall clock while that goes forward', () => {
    assert.equal(nextHlc({ nowMs: NOW_MS, knownUs: 0 }), NOW_MS * 1000)
    assert.equal(nextHlc({ nowMs: NOW_MS + 0.7, knownUs: NOW_MS * 1000 - 5 }), NOW_MS * 1000)
  })

  it('goes on from what it knows when the wall clock stands still or goes back', () => {
    assert.equal(nextHlc({ nowMs: NOW_MS, knownUs: NOW_MS * 1000 }), NOW_MS * 1000 + 1)
    assert.equal(nextHlc({ nowMs: NOW_MS - 3_600_000, knownUs: NOW_MS * 1000 }), NOW_MS * 1000 + 1)
  })

  it('passes everything it has seen, as long as that was not too far ahead', () => {
    fc.assert(fc.property(fc.nat({ max: 4e12 }), fc.array(fc.integer({ min: -1e12, max: AHEAD_US }), { maxLength: 10 }), (nowMs, offsetsUs) => {
      const seen = offsetsUs.map(offsetUs => Math.max(0, nowMs * 1000 + offsetUs))
      const knownUs = seen.reduce((known, seenUs) => observeHlc({ nowMs, knownUs: known, seenUs }), 0)
      assert.ok(seen.every(seenUs => seenUs < nextHlc({ nowMs, knownUs })))
    }))
  })

  it('is pulled at most five minutes ahead by the clocks of others', () => {
    fc.assert(fc.property(fc.nat({ max: 4e12 }), fc.array(clockUs, { maxLength: 10 }), (nowMs, seen) => {
      const knownUs = seen.reduce((known, seenUs) => observeHlc({ nowMs, knownUs: known, seenUs }), 0)
      assert.ok(nextHlc({ nowMs, knownUs }) <= nowMs * 1000 + AHEAD_US + 1)
    }))
  })

  it('always grows, whatever the wall clock does and others say, until it stands at its end', () => {
    fc.assert(fc.property(fc.array(fc.tuple(wallMs, fc.option(clockUs, { nil: undefined }))), steps => {
      let knownUs = 0
      for (const [nowMs, seenUs] of steps) {
        const after = seenUs === undefined ? nextHlc({ nowMs, knownUs }) : observeHlc({ nowMs, knownUs, seenUs })
        assert.ok(Number.isSafeInteger(after) && after >= knownUs && after <= Math.max(HLC_US_MAX, knownUs))
        if (seenUs === undefined) assert.ok(after > knownUs || after === HLC_US_MAX)
        knownUs = after
      }
    }))
  })
})
