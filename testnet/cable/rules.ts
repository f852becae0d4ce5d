/** What the cable between two nodes does to what goes through it. Decides only; cable.ts carries. */

export interface Link {
  /** One way, milliseconds; the jitter is added or taken off by chance, and order is kept. */
  readonly delayMs: number
  readonly jitterMs: number
  /** Each way; undefined: as fast as the machine. */
  readonly bytesPerSecond: number | undefined
  /** Share of packets that are lost, each way; absent: none. */
  readonly loss?: number
}

export interface Partition {
  readonly left: ReadonlySet<string>
  readonly right: ReadonlySet<string>
}

export const PERFECT: Link = { delayMs: 0, jitterMs: 0, bytesPerSecond: undefined }

export class Rules {
  readonly #links = new Map<string, Link>()
  readonly #partitions = new Set<Partition>()
  readonly #off = new Set<string>()

  get partitions (): readonly Partition[] { return [...this.#partitions] }

  get links (): ReadonlyMap<string, Link> { return this.#links }

  /** Between these and those nothing passes, until it is healed. */
  cut (partition: Partition): void { this.#partitions.add(partition) }

  heal (partition: Partition): void { this.#partitions.delete(partition) }

  healAll (): void { this.#partitions.clear() }

  /** Whose computers have no power: they do not even say that a connection is over. */
  get off (): ReadonlySet<string> { return this.#off }

  setOff (name: string, isOff: boolean): void {
    if (isOff) this.#off.add(name)
    else this.#off.delete(name)
  }

  linkOf (name: string): Link { return this.#links.get(name) ?? PERFECT }

  /** Of the line that a node hangs on. */
  setLink (name: string, link: Link): void {
    if (link === PERFECT) this.#links.delete(name)
    else this.#links.set(name, link)
  }

  isCut (one: string, other: string): boolean {
    return this.#off.has(one) || this.#off.has(other) || [...this.#partitions].some(({ left, right }) => (left.has(one) && right.has(other)) || (left.has(other) && right.has(one)))
  }

  /** Two lines one after the other: delays add up, the slower one sets the pace. */
  linkBetween (one: string, other: string): Link {
    const [near, far] = [this.#links.get(one) ?? PERFECT, this.#links.get(other) ?? PERFECT]
    const rates = [near.bytesPerSecond, far.bytesPerSecond].filter(rate => rate !== undefined)
    return { delayMs: near.delayMs + far.delayMs, jitterMs: near.jitterMs + far.jitterMs, bytesPerSecond: rates.length === 0 ? undefined : Math.min(...rates) }
  }
}
