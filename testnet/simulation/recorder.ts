/** Writes down what is done to a net, as faults of a scenario: what chance made can then be said, and made smaller. */
import type { Link } from '../cable/rules.ts'
import type { Net, Player } from '../net.ts'
import type { Fault } from '../scenario/schema.ts'

type Act = Omit<Fault, 'at' | 'for'>
interface Done { readonly act: Act, readonly atMs: number, readonly lastsMs: number | undefined }

export class Recorder implements Net {
  readonly members: readonly Player[]
  readonly #net: Net
  readonly #nowMs: () => number
  readonly #open = new Map<string, Done>()
  readonly #closed: Done[] = []

  /** @param nowMs counted as faults count */
  constructor (net: Net, nowMs: () => number) {
    this.#net = net
    this.#nowMs = nowMs
    this.members = net.members.map(member => this.#recorded(member))
  }

  /** In their order. */
  get faults (): readonly Fault[] {
    return [...this.#closed, ...this.#open.values()]
      .sort((left, right) => left.atMs - right.atMs)
      .map(({ atMs, lastsMs, act }) => ({ at: text(atMs), ...act, ...lastsMs !== undefined && { for: text(lastsMs) } }))
  }

  member (name: string): Player { return this.members.find(member => member.name === name) ?? this.#net.member(name) }

  async start (name: string): Promise<void> {
    this.#end(`crash ${name}`)
    await this.#net.start(name)
  }

  async crash (name: string, losesDisk = false): Promise<void> {
    if (this.member(name).isUp) this.#begin(`crash ${name}`, { crash: name, ...losesDisk && { loseDisk: true } })
    await this.#net.crash(name, losesDisk)
  }

  async keepCopy (name: string): Promise<void> {
    // The copy of the beginning is made for each oldDisk anyway.
    if (this.#nowMs() > 0) this.#once({ keepDisk: name })
    await this.#net.keepCopy(name)
  }

  async restoreCopy (name: string): Promise<void> {
    this.#once({ oldDisk: name })
    await this.#net.restoreCopy(name)
  }

  partition (left: readonly string[], right: readonly string[]): () => void {
    const key = `partition ${left.join()} ${right.join()}`
    this.#begin(key, { partition: [[...left], [...right]] })
    const heal = this.#net.partition(left, right)
    return () => {
      this.#end(key)
      heal()
    }
  }

  heal (): void {
    for (const key of [...this.#open.keys()]) if (key.startsWith('partition ')) this.#end(key)
    this.#net.heal()
  }

  linkOf (name: string): Link { return this.#net.linkOf(name) }

  async link (names: readonly string[], link: Link): Promise<void> {
    const key = `slow ${names.join()}`
    const { delayMs, jitterMs, bytesPerSecond } = link
    for (const open of [...this.#open.keys()]) if (open === key || (names.length === 0 && open.startsWith('slow '))) this.#end(open)
    if (names.length > 0 && (delayMs > 0 || jitterMs > 0 || bytesPerSecond !== undefined)) this.#begin(key, { slow: [...names], delay: text(delayMs), jitter: text(jitterMs), ...bytesPerSecond !== undefined && { kbitPerSecond: bytesPerSecond * 8 / 1000 } })
    await this.#net.link(names, link)
  }

  #recorded (member: Player): Player {
    const { name } = member
    const clock = (skewMs: number): void => {
      this.#end(`clock ${name}`)
      if (skewMs !== 0) this.#begin(`clock ${name}`, { clock: name, skew: `${Math.round(skewMs)}ms` })
      member.skew(skewMs)
    }
    return {
      name,
      kind: member.kind,
      get isUp () { return member.isUp },
      get isPaused () { return member.isPaused },
      get address () { return member.address },
      api: member.api,
      pause: () => {
        member.pause()
        this.#begin(`pause ${name}`, { pause: name })
      },
      resume: () => {
        this.#end(`pause ${name}`)
        member.resume()
      },
      skew: clock
    }
  }

  #once (act: Act): void { this.#closed.push({ act, atMs: this.#nowMs(), lastsMs: undefined }) }

  #begin (key: string, act: Act): void { if (!this.#open.has(key)) this.#open.set(key, { act, atMs: this.#nowMs(), lastsMs: undefined }) }

  #end (key: string): void {
    const open = this.#open.get(key)
    if (open === undefined) return
    this.#open.delete(key)
    this.#closed.push({ ...open, lastsMs: this.#nowMs() - open.atMs })
  }
}

function text (ms: number): string { return `${Math.max(0, Math.round(ms))}ms` }
