/** When who was down, cut off, standing still or wrong: what arrives late meanwhile is not late. */

interface Disturbance {
  readonly name: string
  readonly fromMs: number
  toMs: number
}

/** A node that comes back finds its relays and contacts again in this time (docs/protocols/transport.md, "Liveness"). */
const RECOVERY_MS = 10_000

export class Disturbances {
  /** In the order of time, each over before the next begins. */
  readonly #all = new Map<string, Disturbance[]>()
  readonly #open = new Map<string, Disturbance>()

  /** Something has happened to it; once more is the same. */
  begin (name: string, atMs: number): void {
    if (this.#open.has(name)) return
    const disturbance = { name, fromMs: atMs, toMs: Infinity }
    this.#open.set(name, disturbance)
    const before = this.#all.get(name)
    if (before === undefined) this.#all.set(name, [disturbance])
    else before.push(disturbance)
  }

  end (name: string, atMs: number): void {
    const disturbance = this.#open.get(name)
    if (disturbance !== undefined) disturbance.toMs = atMs
    this.#open.delete(name)
  }

  /** Whether nothing was wrong with any of these from the one moment to the other, nor shortly before. */
  isCalm (names: readonly string[], fromMs: number, toMs: number): boolean {
    return names.every(name => (lastBegun(this.#all.get(name) ?? [], toMs)?.toMs ?? -Infinity) + RECOVERY_MS < fromMs)
  }
}

/** The last that had begun by then: by halves, for a long proof asks it of a million messages and has thousands of faults. */
function lastBegun (inOrder: readonly Disturbance[], atMs: number): Disturbance | undefined {
  let [low, high] = [0, inOrder.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((inOrder[middle]?.fromMs ?? Infinity) <= atMs) low = middle + 1
    else high = middle
  }
  return inOrder[low - 1]
}
