/**
 * Receipts for what came through relays leave together and a little later: one envelope answers a whole backlog, and a relay that
 * sees an envelope collected and another one deposited cannot tell by the moment that they belong together (docs/protocols/message.md,
 * "States"). What is owed is in the outbox already: a receipt survives a crash, only its pause does not.
 */
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'
import { RECEIPT_DELAY_MS_MAX, RECEIPT_DELAY_MS_MIN } from '../../protocols/core/limits.ts'
import type { Clock, Random, Timer } from '../ports.ts'

export class DueReceipts {
  readonly #clock: Clock
  readonly #random: Random
  readonly #seal: (device: DeviceId) => void
  readonly #timers = new Map<string, Timer>()

  constructor ({ clock, random, seal }: { readonly clock: Clock, readonly random: Random, readonly seal: (device: DeviceId) => void }) {
    this.#clock = clock
    this.#random = random
    this.#seal = seal
  }

  /** Receipts for a device wait in the outbox. */
  add (device: DeviceId): void {
    const key = idKey(device)
    if (this.#timers.has(key)) return
    const delayMs = RECEIPT_DELAY_MS_MIN + this.#random.fraction() * (RECEIPT_DELAY_MS_MAX - RECEIPT_DELAY_MS_MIN)
    this.#timers.set(key, this.#clock.timer(delayMs, () => {
      this.#timers.delete(key)
      this.#seal(device)
    }))
  }

  stop (): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#timers.clear()
  }
}
