/** How often one peer may ask: a token bucket each, the number of buckets bounded. */
import { draw, isFull, type Bucket, type Rate } from '../../protocols/core/rate.ts'
import type { Clock } from '../ports.ts'

/** Peers remembered; a flood from more of them finds every bucket of the forgotten ones full, and the connection limits hold. */
const PEERS_MAX = 4_096

export class PeerRates {
  readonly #clock: Clock
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor (clock: Clock, rate: Rate) {
    this.#clock = clock
    this.#rate = rate
  }

  isAllowed (peerId: string): boolean {
    const nowMs = this.#clock.monotonic()
    const { isAllowed, bucket } = draw(this.#buckets.get(peerId), this.#rate, nowMs)
    if (this.#buckets.size >= PEERS_MAX) this.#forget(nowMs)
    this.#buckets.set(peerId, bucket)
    return isAllowed
  }

  #forget (nowMs: number): void {
    for (const [peerId, bucket] of this.#buckets) {
      if (isFull(bucket, this.#rate, nowMs)) this.#buckets.delete(peerId)
    }
    if (this.#buckets.size >= PEERS_MAX) this.#buckets.clear()
  }
}
