/**
 * What was wrong in a network and when: written where a fault is made, whoever asked for it, so that nothing is told that did not
 * happen. The times are of the clock that it is given; a simulator gives a virtual one.
 */

export type FaultKind = 'killed' | 'disk lost' | 'old disk' | 'died' | 'no power' | 'disk full' | 'standstill' | 'wrong clock' | 'cut' | 'slow' | 'router' | 'upgraded' | 'prekeys taken'

export interface Fault {
  readonly kind: FaultKind
  /** Names of nodes. */
  readonly whom: readonly string[]
  /** With a cut: the other side. */
  readonly from: readonly string[]
  /** `1 h slow`; empty where the kind says all. */
  readonly detail: string
  /** With a clock: by how much it is wrong. */
  readonly skewMs?: number
  readonly beginMs: number
  /** null: it lasts. */
  readonly endMs: number | null
}

export type Begun = Pick<Fault, 'kind' | 'whom' | 'skewMs'> & Partial<Pick<Fault, 'from' | 'detail'>>

export interface Listener {
  readonly begun: (fault: Fault) => void
  readonly ended: (fault: Fault) => void
}

/** Five hours of a proof, in which there is one every two seconds. All are counted. */
const KEPT_MAX = 10_000

/** What ends something that was done to a node. */
export function nodeKey (name: string, of: 'down' | 'paused' | 'clock' | 'power' | 'disk' | 'router' | 'slow' | 'version' | 'prekeys'): string { return `${name} ${of}` }

export class Journal {
  readonly #nowMs: () => number
  readonly #kept: Fault[] = []
  readonly #open = new Map<unknown, { fault: Fault, readonly index: number }>()
  readonly #counts = new Map<FaultKind, number>()
  #listener: Listener | undefined

  constructor (nowMs: () => number) { this.#nowMs = nowMs }

  /** The first ones, in the order in which they began. */
  get faults (): readonly Fault[] { return this.#kept }

  /** Those that last. */
  get open (): readonly Fault[] { return [...this.#open.values()].map(({ fault }) => fault) }

  /** Of all, also of those that are not kept. */
  get counts (): Readonly<Partial<Record<FaultKind, number>>> { return Object.fromEntries(this.#counts) }

  /** A run begins: what is over is not of it. */
  forget (): void {
    this.#kept.length = 0
    this.#counts.clear()
    for (const [key, { fault }] of this.#open) {
      this.#open.set(key, { fault, index: this.#kept.length })
      this.#kept.push(fault)
      this.#count(fault.kind, 1)
    }
  }

  listen (listener: Listener): void { this.#listener = listener }

  /** @param key what ends it; what it stood for until now is over */
  begin (key: unknown, { kind, whom, skewMs, from = [], detail = '' }: Begun): void {
    this.end(key)
    const fault: Fault = { kind, whom, from, detail, ...skewMs !== undefined && { skewMs }, beginMs: this.#nowMs(), endMs: null }
    this.#open.set(key, { fault, index: this.#kept.length })
    if (this.#kept.length < KEPT_MAX) this.#kept.push(fault)
    this.#count(kind, 1)
    this.#listener?.begun(fault)
  }

  /** It turns out to be more than it seemed: who was killed lost the disk, too. */
  becomes (key: unknown, kind: FaultKind): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#count(open.fault.kind, -1)
    this.#count(kind, 1)
    this.#change(open, { kind })
  }

  /** Does nothing when there is none. */
  end (key: unknown): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#change(open, { endMs: this.#nowMs() })
    this.#open.delete(key)
    this.#listener?.ended(open.fault)
  }

  #change (open: { fault: Fault, readonly index: number }, change: Partial<Fault>): void {
    open.fault = { ...open.fault, ...change }
    if (open.index < this.#kept.length) this.#kept[open.index] = open.fault
  }

  #count (kind: FaultKind, by: number): void {
    const count = (this.#counts.get(kind) ?? 0) + by
    if (count > 0) this.#counts.set(kind, count)
    else this.#counts.delete(kind)
  }
}
