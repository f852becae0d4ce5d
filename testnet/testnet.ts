/** A testnet that runs: its nodes, the cable between them, and every fault that can be asked for. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { NotFoundError, UsageError } from '../protocols/core/errors.ts'
import { Cable } from './cable/cable.ts'
import { PERFECT, Rules, type Link } from './cable/rules.ts'
import type { Handlers, StatusView } from './control/operations.ts'
import type { Layout } from './layout.ts'
import { hostsOf, type Host } from './host.ts'
import { Member } from './member.ts'
import { hasPublishedKeys, open } from './opening.ts'
import type { Plan } from './plan.ts'
import { bringBack, keepSnapshot, requireSnapshot } from './snapshots.ts'

export interface TestnetOptions {
  readonly layout: Layout
  readonly plan: Plan
  readonly interrupted: AbortSignal
  /** A line for whoever waits. */
  readonly tell: (text: string) => void
}

export class Testnet {
  readonly rules: Rules
  readonly #options: TestnetOptions
  readonly #cable: Cable
  readonly #hosts: readonly Host[]
  readonly #members: ReadonlyMap<string, Member>
  readonly #ports = new Map<number, string>()
  readonly #timers = new Set<NodeJS.Timeout>()

  /** Makes what is missing, starts everybody, and lets them meet. @throws SkeinError when a node does not start: none runs then */
  static async up (options: TestnetOptions): Promise<Testnet> {
    const { layout } = options
    for (const folder of [layout.nodes, join(layout.directory, 'logs')]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    const testnet: { current?: Testnet } = {}
    const rules = new Rules()
    const cable = await Cable.lay({ rules, ownerOf: port => testnet.current?.ownerOf(port), random: Math.random })
    const opened = testnet.current = new Testnet(options, rules, cable)
    try {
      await open({ ...options, members: opened.members, hosts: opened.#hosts, start: async host => { await opened.#startHost(host) } })
      return opened
    } catch (error) {
      await opened.down()
      throw error
    }
  }

  private constructor (options: TestnetOptions, rules: Rules, cable: Cable) {
    const { plan, layout, interrupted } = options
    this.#options = options
    this.rules = rules
    this.#cable = cable
    this.#hosts = hostsOf(plan.nodes, { layout, cablePort: () => cable.port, interrupted })
    const seed = hasPublishedKeys(plan) ? plan.seed : undefined
    const hosts = new Map(this.#hosts.flatMap(host => host.nodes.map(({ name }) => [name, host] as const)))
    this.#members = new Map(plan.nodes.flatMap(node => {
      const host = hosts.get(node.name)
      return host === undefined ? [] : [[node.name, new Member(node, { layout, host, seed, interrupted })] as const]
    }))
    for (const { name, link } of plan.nodes) if (link !== undefined) rules.setLink(name, { bytesPerSecond: undefined, ...link })
  }

  get members (): readonly Member[] { return [...this.#members.values()] }

  /** @throws NotFoundError */
  member (name: string): Member {
    const found = this.#members.get(name)
    if (found === undefined) throw new NotFoundError(`there is no ${name} in this testnet`, `There are: ${[...this.#members.keys()].join(', ')}.`)
    return found
  }

  /** Who listens at a port of this computer. */
  ownerOf (port: number): string | undefined { return this.#ports.get(port) }

  view (): StatusView {
    return {
      directory: this.#options.layout.directory,
      cable: 'userspace',
      nodes: this.members.map(member => member.view()),
      partitions: this.rules.partitions.map(({ left, right }) => ({ left: [...left], right: [...right] })),
      links: [...this.rules.links].map(([name, { delayMs, jitterMs, bytesPerSecond }]) => ({ name, delayMs, jitterMs, bytesPerSecond: bytesPerSecond ?? null }))
    }
  }

  /** Does nothing when it is up. */
  async start (name: string): Promise<void> {
    const member = this.member(name)
    for (const each of this.members) if (each.host === member.host) await each.init()
    await this.#startHost(member.host)
  }

  async crash (name: string, losesDisk = false): Promise<void> {
    const member = this.member(name)
    await member.kill()
    if (losesDisk) member.loseDisk()
  }

  /** Stopped in order, and started as this version: its home is brought to what this version wants. */
  async upgrade (name: string): Promise<void> {
    const { host } = this.member(name)
    await host.stop()
    host.release = undefined
    await this.#startHost(host)
  }

  /** Of a relay: what a backup would hold. It is down for a moment. */
  async keepCopy (name: string): Promise<void> {
    const member = this.member(name)
    await member.kill()
    member.keepCopy()
    await this.start(name)
  }

  /** Its disk is what it was when the copy was made. */
  async restoreCopy (name: string): Promise<void> {
    const member = this.member(name)
    await member.kill()
    member.restoreCopy()
    await this.start(name)
  }

  /** Returns what heals it. @throws UsageError when somebody is on both sides */
  partition (left: readonly string[], right: readonly string[]): () => void {
    for (const name of [...left, ...right]) this.member(name)
    const both = left.find(name => right.includes(name))
    if (both !== undefined || left.length === 0 || right.length === 0) throw new UsageError(both === undefined ? 'a partition has two sides' : `${both} cannot be on both sides of a partition`)
    const partition = { left: new Set(left), right: new Set(right) }
    this.rules.cut(partition)
    return () => {
      this.rules.heal(partition)
      this.#cable.pump()
    }
  }

  heal (): void {
    this.rules.healAll()
    this.#cable.pump()
  }

  /** Of these nodes, or of all: how their lines are. */
  link (names: readonly string[], link: Link): void {
    const whose = names.length === 0 ? [...this.#members.keys()] : names
    for (const name of whose) this.member(name)
    const isPerfect = link.delayMs === 0 && link.jitterMs === 0 && link.bytesPerSecond === undefined
    for (const name of whose) this.rules.setLink(name, isPerfect ? PERFECT : link)
  }

  /** Keeps the state of everybody under this name. Returns where it lies. @throws UsageError */
  async snapshot (name: string): Promise<string> {
    return await this.#whileDown(() => keepSnapshot(name, this.#options.layout))
  }

  /** Everybody is as they were then; what was said since is not. @throws NotFoundError */
  async restore (name: string): Promise<void> {
    const path = requireSnapshot(name, this.#options.layout)
    await this.#whileDown(() => { bringBack(path, this.#options.layout) })
  }

  /** Stops everybody in order. Idempotent. */
  async down (): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all(this.#hosts.map(async host => { await host.stop() }))
    await this.#cable[Symbol.asyncDispose]()
  }

  /** What its socket answers. */
  handlers (onDown: () => void): Handlers {
    const viewOf = (name: string): ReturnType<Member['view']> => this.member(name).view()
    return {
      status: () => this.view(),
      crash: async ({ name, losesDisk }) => {
        await this.crash(name, losesDisk)
        return viewOf(name)
      },
      start: async ({ name }) => {
        await this.start(name)
        return viewOf(name)
      },
      environment: ({ name }) => this.member(name).environment(),
      pause: ({ name }) => {
        this.member(name).pause()
        return viewOf(name)
      },
      resume: ({ name }) => {
        this.member(name).resume()
        return viewOf(name)
      },
      clock: ({ name, skewMs }) => {
        this.member(name).skew(skewMs)
        return viewOf(name)
      },
      partition: ({ left, right, forMs }) => {
        const heal = this.partition(left, right)
        if (forMs !== null) this.#after(forMs, heal)
        return this.view()
      },
      heal: () => {
        this.heal()
        return this.view()
      },
      link: ({ names, delayMs, jitterMs, bytesPerSecond }) => {
        this.link(names, { delayMs, jitterMs, bytesPerSecond: bytesPerSecond ?? undefined })
        return this.view()
      },
      snapshot: async ({ name }) => ({ name, path: await this.snapshot(name) }),
      restore: async ({ name }) => {
        await this.restore(name)
        return this.view()
      },
      down: () => {
        onDown()
        return { nodes: this.members.filter(({ isUp }) => isUp).length }
      }
    }
  }

  async #startHost (host: Host): Promise<void> {
    await host.start()
    for (const { name } of host.nodes) {
      const port = /\/tcp\/(\d+)/.exec(host.readyOf(name)?.addresses[0] ?? '')?.[1]
      if (port !== undefined) this.#ports.set(Number(port), name)
    }
  }

  /** Those who were up come back. */
  async #whileDown<Result> (work: () => Result): Promise<Result> {
    const running = this.#hosts.filter(({ isUp }) => isUp)
    await Promise.all(running.map(async host => { await host.stop() }))
    try {
      return work()
    } finally {
      for (const host of running) await this.#startHost(host)
    }
  }

  #after (delayMs: number, run: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      run()
    }, delayMs)
    this.#timers.add(timer)
  }
}
