/** When who was down, cut off, standing still or wrong: what arrives late meanwhile is not late. */

interface Disturbance {
  readonly name: string
  readonly fromMs: number
  toMs: number
}

/** A node that comes back finds its relays and contacts again in this time (docs/protocols/transport.md, "Liveness"). */
const RECOVERY_MS = 10_000

export class Disturbances {
  readonly #all: Disturbance[] = []
  readonly #open = new Map<string, Disturbance>()

  /** Something has happened to it; once more is the same. */
  begin (name: string, atMs: number): void {
    if (this.#open.has(name)) return
    const disturbance = { name, fromMs: atMs, toMs: Infinity }
    this.#open.set(name, disturbance)
    this.#all.push(disturbance)
  }

  end (name: string, atMs: number): void {
    const disturbance = this.#open.get(name)
    if (disturbance !== undefined) disturbance.toMs = atMs
    this.#open.delete(name)
  }

  /** Whether nothing was wrong with any of these from the one moment to the other, nor shortly before. */
  isCalm (names: readonly string[], fromMs: number, toMs: number): boolean {
    return !this.#all.some(({ name, fromMs: begin, toMs: end }) => names.includes(name) && begin <= toMs && end + RECOVERY_MS >= fromMs)
  }
}
