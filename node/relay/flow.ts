/** Back-pressure: who may be read from, while what was read waits for the disk. */

/** Bytes of bodies that wait for their commit, from everybody together: what a flood can make us hold. */
const WAITING_BYTES_MAX = 32 * 1024 * 1024

/** Shared by all streams of a relay. */
export class Flow {
  #bytes = 0
  #held: Array<() => void> = []

  get waitingBytes (): number { return this.#bytes }

  add (bytes: number): void { this.#bytes += bytes }

  release (bytes: number): void {
    this.#bytes -= bytes
    if (this.#bytes > WAITING_BYTES_MAX / 2 || this.#held.length === 0) return
    const held = this.#held
    this.#held = []
    for (const resume of held) resume()
  }

  /** Settles when there is room for more; undefined when there is. */
  room (): Promise<void> | undefined {
    if (this.#bytes < WAITING_BYTES_MAX) return undefined
    return new Promise(resolve => { this.#held.push(resolve) })
  }
}
