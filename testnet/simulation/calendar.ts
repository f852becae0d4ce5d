/** What is to happen and when: a binary heap, since a town of a thousand nodes has a hundred thousand timers. */

export interface Happening {
  readonly atMs: number
  /** Of two at the same moment, the one that was asked for first comes first. */
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

export class Calendar {
  readonly #heap: Happening[] = []

  get next (): Happening | undefined { return this.#heap[0] }

  add (happening: Happening): void {
    const heap = this.#heap
    let index = heap.push(happening) - 1
    while (index > 0) {
      const parent = (index - 1) >>> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, happening)) break
      heap[index] = above
      index = parent
    }
    heap[index] = happening
  }

  /** The earliest one, which is then no longer in it. */
  take (): Happening | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) this.#sink(last)
    return first
  }

  #sink (happening: Happening): void {
    const heap = this.#heap
    let index = 0
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]]
      if (left === undefined) break
      const isRight = right !== undefined && isBefore(right, left)
      const child = isRight ? right : left
      if (isBefore(happening, child)) break
      heap[index] = child
      index = 2 * index + (isRight ? 2 : 1)
    }
    heap[index] = happening
  }
}

function isBefore (one: Happening, other: Happening): boolean { return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order) }
