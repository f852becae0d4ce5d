/** The real clock and the real chance, behind the ports of ports.ts: the only place that asks for them. */
import { randomFillSync } from 'node:crypto'
import type { Clock, Random, Timer } from './ports.ts'

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  timer (delayMs, fire): Timer {
    const timeout = setTimeout(fire, delayMs)
    timeout.unref()
    return { cancel: () => { clearTimeout(timeout) } }
  },
  soon: run => { setImmediate(run) }
}

/** A call into the generator costs microseconds whatever its length, and most ids take 10 or 16 bytes. */
const POOL_BYTES = 8 * 1024
const pool = new Uint8Array(POOL_BYTES)
let spentBytes = POOL_BYTES

export const realRandom: Random = {
  bytes (length): Uint8Array {
    const bytes = new Uint8Array(length)
    if (length > POOL_BYTES) return randomFillSync(bytes)
    if (spentBytes + length > POOL_BYTES) {
      randomFillSync(pool)
      spentBytes = 0
    }
    const slice = pool.subarray(spentBytes, spentBytes + length)
    bytes.set(slice)
    // What was handed out may become a key: it must not stay readable here, and must never be handed out again.
    slice.fill(0)
    spentBytes += length
    return bytes
  },
  fraction: () => Math.random()
}
