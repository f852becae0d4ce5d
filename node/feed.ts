/**
 * Tells the clients of this node what happened. The truth is the event table, written in the transaction of what it tells;
 * this is only the bell that says "look again", so a client that missed a ring misses no event.
 */
export class Feed {
  readonly #listeners = new Set<() => void>()

  /** Rings after a commit that appended events. */
  ring (): void {
    for (const listener of this.#listeners) listener()
  }

  /** Calls `listener` at each ring until the returned function is called. */
  listen (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }
}
