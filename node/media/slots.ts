/** So many at a time: the others wait in the order in which they came. */

export class Slots {
  #free: number
  readonly #waiting: Array<() => void> = []

  constructor (count: number) {
    this.#free = count
  }

  /** Resolves when there is a place; call what it resolves with to give it back, once. */
  async take (): Promise<() => void> {
    if (this.#free > 0) this.#free -= 1
    else await new Promise<void>(resolve => { this.#waiting.push(resolve) })
    return () => {
      const next = this.#waiting.shift()
      if (next === undefined) this.#free += 1
      else next()
    }
  }
}
