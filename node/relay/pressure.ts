/**
 * Whether the relay has room for more users: memory, processor, disk. What is short closes the door to new mailboxes and to
 * nothing else; it opens again by itself. Law: docs/protocols/mailbox.md, "New mailboxes".
 */
import type { Clock, Timer } from '../ports.ts'
import type { Thresholds } from './config.ts'
import type { Closed } from './stats.ts'

/** What the process and its machine have left. */
export interface Vitals {
  readonly residentBytes: number
  readonly heapBytes: number
  /** Of the file system with the database; undefined where it cannot be asked. */
  readonly availableBytes: number | undefined
}

export interface PressureParts {
  readonly clock: Clock
  readonly vitals: () => Vitals
  readonly thresholds: () => Thresholds
  /** How much of the disk cap is used. */
  readonly capShare: () => number
}

const LOOK_MS = 1_000
/** Weight of the newest look in the mean: some five seconds of memory. */
const NEWEST_WEIGHT = 0.2

export class Pressure {
  vitals: Vitals
  /** How far the loop runs behind, a mean of some seconds. */
  loopDelayMs = 0
  readonly #parts: PressureParts
  #timer: Timer | undefined

  constructor (parts: PressureParts) {
    this.#parts = parts
    this.vitals = parts.vitals()
  }

  start (): void { this.#expect() }
  stop (): void { this.#timer?.cancel() }

  /** What is short now. */
  closed (): Closed[] {
    const { capShare } = this.#parts
    const thresholds = this.#parts.thresholds()
    const { residentBytes, availableBytes } = this.vitals
    const short: Closed[] = []
    if (this.loopDelayMs > thresholds.loopDelayMsMax) short.push('load')
    if (residentBytes > thresholds.residentBytesMax) short.push('memory')
    if (availableBytes !== undefined && availableBytes < thresholds.availableBytesMin) short.push('disk')
    if (capShare() > thresholds.capShare) short.push('cap')
    return short
  }

  #expect (): void {
    const { clock, vitals } = this.#parts
    const dueMs = clock.monotonic() + LOOK_MS
    this.#timer = clock.timer(LOOK_MS, () => {
      const lateMs = Math.max(0, clock.monotonic() - dueMs)
      this.loopDelayMs += NEWEST_WEIGHT * (lateMs - this.loopDelayMs)
      this.vitals = vitals()
      this.#expect()
    })
  }
}
