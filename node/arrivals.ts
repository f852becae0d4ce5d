/**
 * Who waits for a message to be delivered or read, in this process. A state is announced as soon as it is proven (the
 * acknowledgement of the recipient's device is in memory), which is a little before the mark of it is on disk: if we crash in
 * between, the envelope goes out again, is known there, and is acknowledged again.
 */
import type { OwnState } from '../store/types.ts'

type Listener = (state: OwnState, reason: string | undefined) => void

export class Arrivals {
  readonly #listeners = new Map<string, Set<Listener>>()

  /** `key`: the message id's text. Returns the function that stops listening. */
  listen (key: string, listener: Listener): () => void {
    const known = this.#listeners.get(key)
    if (known === undefined) this.#listeners.set(key, new Set([listener]))
    else known.add(listener)
    return () => {
      const listeners = this.#listeners.get(key)
      listeners?.delete(listener)
      if (listeners?.size === 0) this.#listeners.delete(key)
    }
  }

  get isAnybodyWaiting (): boolean { return this.#listeners.size > 0 }

  announce (key: string, state: OwnState, reason?: string): void {
    const listeners = this.#listeners.get(key)
    if (listeners === undefined) return
    for (const listener of [...listeners]) listener(state, reason)
  }
}
