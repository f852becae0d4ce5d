import assert from 'node:assert/strict'
import { realClock, realRandom } from '../../node/world.ts'

describe('the real clock', () => {
  it('fires a timer once, after its delay', async () => {
    const before = realClock.monotonic()
    const alive = setTimeout(() => { /* the clock's timers let the process end, and this test must not */ }, 1000)
    await new Promise<void>(resolve => { realClock.timer(20, resolve) })
    clearTimeout(alive)
    assert.ok(realClock.monotonic() - before >= 19)
  })

  it('does not fire what was cancelled', async () => {
    let hasFired = false
    realClock.timer(1, () => { hasFired = true }).cancel()
    await new Promise<void>(resolve => { setTimeout(resolve, 20) })
    assert.equal(hasFired, false)
  })

  it('runs soon what may wait for the events that are ready', async () => {
    const order: string[] = []
    await new Promise<void>(resolve => {
      realClock.soon(() => {
        order.push('soon')
        resolve()
      })
      queueMicrotask(() => order.push('microtask'))
      order.push('now')
    })
    assert.deepEqual(order, ['now', 'microtask', 'soon'])
  })

  it('knows the time', () => {
    assert.ok(Math.abs(realClock.now() - Date.now()) < 1000)
  })
})

describe('real chance', () => {
  it('gives as many bytes as asked for, below and above its pool', () => {
    for (const length of [0, 1, 16, 8191, 8192, 8193, 100_000]) assert.equal(realRandom.bytes(length).byteLength, length)
  })

  it('never gives the same bytes twice, across refills of the pool', () => {
    const seen = new Set<string>()
    for (let count = 0; count < 5_000; count++) seen.add(Buffer.from(realRandom.bytes(16)).toString('hex'))
    assert.equal(seen.size, 5_000)
  })

  it('gives bytes that are the caller\'s own', () => {
    const first = realRandom.bytes(16)
    const copy = Uint8Array.from(first)
    realRandom.bytes(16)
    realRandom.bytes(8192)
    assert.deepEqual(first, copy)
    assert.equal(first.buffer.byteLength, 16)
  })

  it('gives fractions in [0, 1)', () => {
    for (let count = 0; count < 1000; count++) {
      const fraction = realRandom.fraction()
      assert.ok(fraction >= 0 && fraction < 1)
    }
  })
})
