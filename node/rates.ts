/** How often somebody may do something: a token bucket for each name, the number of buckets bounded. */
import { draw, isFull, type Bucket, type Rate } from '../protocols/core/rate.ts'
import type { Clock } from './ports.ts'

/** Names remembered. A flood from more of them finds the buckets of the forgotten ones full; quotas and the connection limits hold. */
const NAMES_MAX = 4_096

export class Rates {
  readonly #clock: Clock
  readonly #rate: () => Rate
  readonly #namesMax: number
  readonly #buckets = new Map<string, Bucket>()

  /** @param rate asked at each draw: an operator may change it */
  constructor (clock: Clock, rate: () => Rate, namesMax = NAMES_MAX) {
    this.#clock = clock
    this.#rate = rate
    this.#namesMax = namesMax
  }

  /** Draws one; whether it was there. */
  isAllowed (name: string): boolean { return this.draw(name) === 0 }

  /** Draws one. 0: go on; else how long until the next is there, in milliseconds. */
  draw (name: string): number {
    const nowMs = this.#clock.monotonic()
    if (this.#buckets.size >= this.#namesMax && !this.#buckets.has(name)) this.#forget(nowMs)
    const { bucket, retryAfterMs } = draw(this.#buckets.get(name), this.#rate(), nowMs)
    this.#buckets.set(name, bucket)
    return retryAfterMs
  }

  #forget (nowMs: number): void {
    for (const [name, bucket] of this.#buckets) {
      if (isFull(bucket, this.#rate(), nowMs)) this.#buckets.delete(name)
    }
    if (this.#buckets.size >= this.#namesMax) this.#buckets.clear()
  }
}
