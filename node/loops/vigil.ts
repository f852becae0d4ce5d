/**
 * Notices that the world changed while we did not look: the machine slept, or the network is another one. Connections may be
 * dead then without knowing it, so all of them are dropped and everything that waits is tried at once.
 */
import type { Clock, Network, Timer } from '../ports.ts'

/** How often to look. Reading the clock and the interfaces costs microseconds. */
const LOOK_MS = 10_000
/**
 * A timer that is this much late by the wall clock means a suspend, or a clock that was set: looking again does no harm. The
 * monotonic clock tells nothing, since on some systems it goes on while the machine sleeps.
 */
const SLEPT_MS = 20_000

export interface VigilParts {
  readonly clock: Clock
  readonly network: Network
  /** The machine woke up: connections are gone. */
  readonly onWoken: () => void
  /** Our addresses are others now. */
  readonly onAddresses: () => void
}

export class Vigil {
  readonly #parts: VigilParts
  #timer: Timer | undefined
  #lookedAtMs = 0
  #addresses = ''

  constructor (parts: VigilParts) {
    this.#parts = parts
  }

  start (): void {
    this.#lookedAtMs = this.#parts.clock.now()
    this.#addresses = this.#parts.network.addresses().join()
    this.#arm()
  }

  stop (): void {
    this.#timer?.cancel()
  }

  #arm (): void {
    this.#timer = this.#parts.clock.timer(LOOK_MS, () => {
      this.#look()
      this.#arm()
    })
  }

  #look (): void {
    const { clock, network, onWoken, onAddresses } = this.#parts
    const nowMs = clock.now()
    const sleptMs = nowMs - this.#lookedAtMs - LOOK_MS
    this.#lookedAtMs = nowMs
    if (sleptMs > SLEPT_MS) {
      void network.disconnectAll()
      onWoken()
    }
    const addresses = network.addresses().join()
    if (addresses === this.#addresses) return
    this.#addresses = addresses
    onAddresses()
  }
}
