/** A token bucket: a burst, then a steady rate. Decides purely; who keeps the buckets also bounds their number. */

export interface Rate {
  /** Allowed at once after a rest. */
  readonly burst: number
  readonly perSecond: number
}

export interface Bucket {
  /** What is left, with fraction. */
  readonly left: number
  /** When that was so, on a clock that never goes back. */
  readonly atMs: number
}

export interface Drawn {
  readonly isAllowed: boolean
  /** Replaces the bucket that was passed in. */
  readonly bucket: Bucket
  /** How long until the next draw succeeds; 0 when this one did. */
  readonly retryAfterMs: number
}

/** Draws one from a peer's bucket; `undefined` is a full one. `nowMs` is monotonic. */
export function draw (bucket: Bucket | undefined, rate: Rate, nowMs: number): Drawn {
  const refilled = bucket === undefined ? rate.burst : refill(bucket, rate, nowMs)
  if (refilled >= 1) return { isAllowed: true, bucket: { left: refilled - 1, atMs: nowMs }, retryAfterMs: 0 }
  const retryAfterMs = Math.ceil((1 - refilled) / rate.perSecond * 1000)
  return { isAllowed: false, bucket: { left: refilled, atMs: nowMs }, retryAfterMs }
}

/** Whether a bucket is as good as a new one and can be forgotten. */
export function isFull (bucket: Bucket, rate: Rate, nowMs: number): boolean {
  return refill(bucket, rate, nowMs) >= rate.burst
}

function refill (bucket: Bucket, rate: Rate, nowMs: number): number {
  const elapsedMs = Math.max(0, nowMs - bucket.atMs)
  return Math.min(rate.burst, bucket.left + elapsedMs / 1000 * rate.perSecond)
}
