/**
 * Things to fetch over the network that must succeed some day: a device list, a prekey bundle. Each is tried at once, then with
 * growing, jittered pauses, and again at once when there is reason for hope. One errand of a kind runs at a time.
 */
import { asError } from '../../protocols/core/errors.ts'
import { retryDelayMs } from '../../protocols/deposit/delivery.ts'
import type { Clock, Random, Timer } from '../ports.ts'

interface Errand {
  readonly work: () => Promise<void>
  readonly onFailed: ((error: Error) => void) | undefined
  attempts: number
  isRunning: boolean
  /** Hope arrived while it ran. */
  isHinted: boolean
  timer: Timer | undefined
}

/** Errands that run at the same time: a start with hundreds of contacts must not dial all of them at once. */
const RUNNING_MAX = 16

export class Errands {
  readonly #clock: Clock
  readonly #random: Random
  readonly #errands = new Map<string, Errand>()
  readonly #ready: string[] = []
  #running = 0
  #isStopped = false

  constructor ({ clock, random }: { readonly clock: Clock, readonly random: Random }) {
    this.#clock = clock
    this.#random = random
  }

  /** Begins an errand, unless one with this key is under way. `work` rejects to be called again later. */
  begin (key: string, work: () => Promise<void>, onFailed?: (error: Error) => void): void {
    if (this.#isStopped || this.#errands.has(key)) return
    this.#errands.set(key, { work, onFailed, attempts: 0, isRunning: false, isHinted: false, timer: undefined })
    this.#enqueue(key)
  }

  /** There is reason to believe that it works now. */
  hint (key: string): void {
    const errand = this.#errands.get(key)
    if (errand === undefined) return
    errand.attempts = 0
    if (errand.isRunning) {
      errand.isHinted = true
      return
    }
    if (errand.timer === undefined) return
    errand.timer.cancel()
    errand.timer = undefined
    this.#enqueue(key)
  }

  hintAll (): void {
    for (const key of [...this.#errands.keys()]) this.hint(key)
  }

  stop (): void {
    this.#isStopped = true
    for (const errand of this.#errands.values()) errand.timer?.cancel()
    this.#errands.clear()
    this.#ready.length = 0
  }

  #enqueue (key: string): void {
    this.#ready.push(key)
    // Not at once: an errand that ends at once and begins another would keep everything else from its turn.
    this.#clock.soon(() => this.#next())
  }

  #next (): void {
    while (this.#running < RUNNING_MAX) {
      const key = this.#ready.shift()
      if (key === undefined) return
      const errand = this.#errands.get(key)
      if (errand !== undefined && !errand.isRunning) void this.#run(key, errand)
    }
  }

  async #run (key: string, errand: Errand): Promise<void> {
    errand.isRunning = true
    this.#running += 1
    try {
      await errand.work()
      this.#errands.delete(key)
    } catch (thrown) {
      this.#again(key, errand, asError(thrown))
    } finally {
      errand.isRunning = false
      this.#running -= 1
      this.#next()
    }
  }

  #again (key: string, errand: Errand, error: Error): void {
    if (this.#isStopped) return
    errand.onFailed?.(error)
    errand.attempts = errand.isHinted ? 0 : errand.attempts + 1
    const delayMs = errand.isHinted ? 0 : retryDelayMs(errand.attempts, this.#random.fraction())
    errand.isHinted = false
    errand.timer = this.#clock.timer(delayMs, () => {
      errand.timer = undefined
      this.#enqueue(key)
    })
  }
}
