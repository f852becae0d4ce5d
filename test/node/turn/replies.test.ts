import assert from 'node:assert/strict'
import { deviceId } from '../../../protocols/core/ids.ts'
import { Replies } from '../../../node/turn/replies.ts'

const BOB = deviceId(new Uint8Array(16).fill(1))
const CLEO = deviceId(new Uint8Array(16).fill(2))

describe('replies', () => {
  it('answer a first flight, once for all envelopes that are under way with it', () => {
    const replies = new Replies()
    assert.deepEqual([0, 10, 999].map(nowMs => replies.isDue(BOB, true, nowMs)), [true, false, false])
    assert.equal(replies.isDue(BOB, true, 1_000), true)
  })

  it('answer each device by itself', () => {
    const replies = new Replies()
    assert.deepEqual([replies.isDue(BOB, true, 0), replies.isDue(CLEO, true, 0)], [true, true])
  })

  it('answer every five-hundredth envelope of an established session, so that the ratchet turns', () => {
    const replies = new Replies()
    const due = Array.from({ length: 1_000 }, (_, index) => replies.isDue(BOB, false, index) ? index : undefined).filter(index => index !== undefined)
    assert.deepEqual(due, [499, 999])
  })

  it('do not wait for ever when the clock is set back', () => {
    const replies = new Replies()
    replies.isDue(BOB, true, 10_000_000)
    assert.equal(replies.isDue(BOB, true, 5_000), true)
  })
})
