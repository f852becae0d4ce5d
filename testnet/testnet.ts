/** A testnet that runs: its nodes, the cable between them, and every fault that can be asked for. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { LockedError, NotFoundError, UsageError } from '../protocols/core/errors.ts'
import type { LaidCable, NatKind } from './cable/kinds.ts'
import { layCable } from './cable/lay.ts'
import { PERFECT, Rules, type Link } from './cable/rules.ts'
import type { Handlers, NodeView, StatusView } from './control/operations.ts'
import { Disks } from './disks/disks.ts'
import type { Layout } from './layout.ts'
import { hostsOf, type Host } from './host.ts'
import { Member } from './member.ts'
import type { Ground } from './net.ts'
import { hasPublishedKeys, open, prepare } from './opening.ts'
import type { Plan } from './plan.ts'
import { Journal, nodeKey } from './report/journal.ts'
import { bringBack, keepSnapshot, requireSnapshot } from './snapshots.ts'
import { linkText } from './words.ts'

export interface TestnetOptions {
  readonly layout: Layout
  readonly plan: Plan
  readonly interrupted: AbortSignal
  /** A line for whoever waits. */
  readonly tell: (text: string) => void
}

export class Testnet {
  readonly rules: Rules
  /** What was done to it. */
  readonly journal = new Journal(() => Date.now())
  readonly #options: TestnetOptions
  readonly #cable: LaidCable
  readonly #disks: Disks | undefined
  readonly #hosts: readonly Host[]
  readonly #members: ReadonlyMap<string, Member>
  readonly #ports = new Map<number, string>()
  readonly #timers = new Set<NodeJS.Timeout>()

  /** Makes what is missing, starts everybody, and lets them meet. @throws SkeinError when a node does not start: none runs then */
  static async up (options: TestnetOptions): Promise<Testnet> {
    const { layout, plan } = options
    for (const folder of [layout.nodes, join(layout.directory, 'logs')]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    prepare(options)
    const testnet: { current?: Testnet } = {}
    const rules = new Rules()
    const disks = plan.disks === true ? await Disks.open(layout, plan.nodes.map(({ name }) => name)) : undefined
    let cable: LaidCable
    try {
      cable = await layCable(plan, { rules, ownerOf: port => testnet.current?.ownerOf(port), random: Math.random })
    } catch (error) {
      await disks?.[Symbol.asyncDispose]()
      throw error
    }
    const opened = testnet.current = new Testnet(options, { rules, cable, disks })
    try {
      for (const { name, link } of plan.nodes) if (link !== undefined) await opened.link([name], { bytesPerSecond: undefined, ...link })
      await open({ ...options, members: opened.members, hosts: opened.#hosts, placeOf: name => cable.place(name), start: async host => { await opened.#startHost(host) } })
      return opened
    } catch (error) {
      await opened.down()
      throw error
    }
  }

  private constructor (options: TestnetOptions, { rules, cable, disks }: { readonly rules: Rules, readonly cable: LaidCable, readonly disks: Disks | undefined }) {
    const { plan, layout, interrupted } = options
    this.#options = options
    this.rules = rules
    this.#cable = cable
    this.#disks = disks
    this.#hosts = hostsOf(plan.nodes, { layout, placeOf: name => cable.place(name), journal: this.journal, interrupted })
    const seed = hasPublishedKeys(plan) ? plan.seed : undefined
    const hosts = new Map(this.#hosts.flatMap(host => host.nodes.map(({ name }) => [name, host] as const)))
    this.#members = new Map(plan.nodes.flatMap(node => {
      const host = hosts.get(node.name)
      return host === undefined ? [] : [[node.name, new Member(node, { layout, host, seed, place: () => cable.place(node.name), journal: this.journal, interrupted })] as const]
    }))
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

  /** What has gone from one to another over the cable, in bytes; undefined: this cable does not count. */
  bytesBetween (from: string, to: string): number | undefined { return this.#cable.bytesBetween?.(from, to) }

  view (): StatusView {
    return {
      directory: this.#options.layout.directory,
      cable: this.#cable.kind,
      means: this.#cable.means,
      nodes: this.members.map(({ name }) => this.nodeView(name)),
      partitions: this.rules.partitions.map(({ left, right }) => ({ left: [...left], right: [...right] })),
      links: [...this.rules.links].map(([name, { delayMs, jitterMs, bytesPerSecond, loss = 0 }]) => ({ name, delayMs, jitterMs, bytesPerSecond: bytesPerSecond ?? null, loss }))
    }
  }

  /** @throws NotFoundError */
  nodeView (name: string): NodeView {
    const member = this.member(name)
    const disk = this.#disks === undefined ? 'shared' : this.rules.off.has(name) ? 'off' : this.#disks.isFull(name) ? 'full' : 'own'
    return { ...member.view(), nat: this.#cable.natOf(name) ?? null, disk }
  }

  /** Does nothing when it is up. */
  async start (name: string): Promise<void> {
    const member = this.member(name)
    await this.#powerOn(name)
    for (const each of this.members) if (each.host === member.host) await each.init()
    await this.#startHost(member.host)
  }

  async crash (name: string, losesDisk = false): Promise<void> {
    const member = this.member(name)
    await member.kill()
    if (!losesDisk) return
    await this.#powerOn(name)
    member.loseDisk()
  }

  /** Stopped in order, and started as this version: its home is brought to what this version wants. */
  async upgrade (name: string): Promise<void> {
    const { host } = this.member(name)
    this.journal.begin(nodeKey(name, 'version'), { kind: 'upgraded', whom: [name] })
    await host.stop()
    host.release = undefined
    await this.start(name)
    this.journal.end(nodeKey(name, 'version'))
  }

  /** Of a relay: what a backup would hold. It is down for a moment. */
  async keepCopy (name: string): Promise<void> {
    const member = this.member(name)
    await member.kill()
    await this.#powerOn(name)
    member.keepCopy()
    await this.start(name)
  }

  /** Its disk is what it was when the copy was made. */
  async restoreCopy (name: string): Promise<void> {
    const member = this.member(name)
    await member.kill()
    await this.#powerOn(name)
    member.restoreCopy()
    await this.start(name)
  }

  /** Its computer stands without power: nobody hears that a connection is over, and of what it has written there is what it has waited for. @throws UsageError */
  async powerOff (name: string): Promise<void> {
    const member = this.member(name)
    const disks = this.#requireDisks()
    if (this.rules.off.has(name)) return
    this.rules.setOff(name, true)
    this.#cable.recut()
    await disks.cut(name)
    this.journal.begin(nodeKey(name, 'power'), { kind: 'no power', whom: [name] })
    await member.kill()
  }

  /** Nothing more fits on its disk than this. @throws UsageError */
  async fillDisk (name: string, leaveBytes = 0): Promise<void> {
    this.member(name)
    const disks = this.#requireDisks()
    if (this.rules.off.has(name)) throw new LockedError(`${name} has no power`, `Give it back with: skein testnet start ${name}`)
    await disks.fill(name, leaveBytes)
    this.journal.begin(nodeKey(name, 'disk'), { kind: 'disk full', whom: [name] })
  }

  /** There is room again; without power, as soon as there is some. @throws UsageError */
  async freeDisk (name: string): Promise<void> {
    this.member(name)
    const disks = this.#requireDisks()
    if (!this.rules.off.has(name)) await disks.free(name)
    this.journal.end(nodeKey(name, 'disk'))
  }

  /** @throws UsageError */
  async setNat (name: string, kind: NatKind): Promise<void> {
    if (this.member(name).kind === 'relay' && kind !== 'none') throw new UsageError('a relay stands where everybody can reach it', 'Only users are behind routers.')
    await this.#cable.setNat(name, kind)
    this.journal.end(nodeKey(name, 'router'))
    if (kind !== 'none') this.journal.begin(nodeKey(name, 'router'), { kind: 'router', whom: [name], detail: kind })
  }

  /** Returns what heals it. @throws UsageError when somebody is on both sides */
  partition (left: readonly string[], right: readonly string[]): () => void {
    for (const name of [...left, ...right]) this.member(name)
    const both = left.find(name => right.includes(name))
    if (both !== undefined || left.length === 0 || right.length === 0) throw new UsageError(both === undefined ? 'a partition has two sides' : `${both} cannot be on both sides of a partition`)
    const partition = { left: new Set(left), right: new Set(right) }
    this.rules.cut(partition)
    this.#cable.recut()
    this.journal.begin(partition, { kind: 'cut', whom: left, from: right })
    return () => {
      this.rules.heal(partition)
      this.journal.end(partition)
      this.#cable.recut()
    }
  }

  heal (): void {
    for (const partition of this.rules.partitions) this.journal.end(partition)
    this.rules.healAll()
    this.#cable.recut()
  }

  /** Of these nodes, or of all: how their lines are. */
  async link (names: readonly string[], link: Link): Promise<void> {
    const whose = names.length === 0 ? [...this.#members.keys()] : names
    for (const name of whose) this.member(name)
    const isPerfect = link.delayMs === 0 && link.jitterMs === 0 && link.bytesPerSecond === undefined && (link.loss ?? 0) === 0
    this.#cable.requireLink(link)
    for (const name of whose) this.rules.setLink(name, isPerfect ? PERFECT : link)
    for (const name of whose) this.journal.end(nodeKey(name, 'slow'))
    if (!isPerfect) for (const name of whose) this.journal.begin(nodeKey(name, 'slow'), { kind: 'slow', whom: [name], detail: linkText(link) })
    await this.#cable.reline(whose)
  }

  linkOf (name: string): Link { return this.rules.linkOf(name) }

  /** What nodes stand on (net.ts). */
  get ground (): Ground {
    return {
      setNat: async (name, kind) => { await this.setNat(name, kind) },
      fillDisk: async (name, leaveBytes) => { await this.fillDisk(name, leaveBytes) },
      freeDisk: async name => { await this.freeDisk(name) },
      isFull: name => this.#disks?.isFull(name) ?? false,
      powerOff: async name => { await this.powerOff(name) },
      upgrade: async name => { await this.upgrade(name) },
      drain: async (name, take) => {
        this.journal.begin(nodeKey(name, 'prekeys'), { kind: 'prekeys taken', whom: [name] })
        const count = await take()
        this.journal.end(nodeKey(name, 'prekeys'))
        return count
      }
    }
  }

  /** Keeps the state of everybody under this name. Returns where it lies. @throws UsageError */
  async snapshot (name: string): Promise<string> {
    return await this.#whileDown(() => keepSnapshot(name, this.#options.layout))
  }

  /** Everybody is as they were then; what was said since is not. @throws NotFoundError */
  async restore (name: string): Promise<void> {
    const path = requireSnapshot(name, this.#options.layout)
    await this.#whileDown(() => { bringBack(path, this.#options.layout, { isMounted: this.#disks !== undefined }) })
  }

  /** Stops everybody in order. Idempotent. */
  async down (): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await Promise.all(this.#hosts.map(async host => { await host.stop() }))
    await this.#disks?.[Symbol.asyncDispose]()
    await this.#cable[Symbol.asyncDispose]()
  }

  /** What its socket answers. */
  handlers (onDown: () => void): Omit<Handlers, 'record'> {
    return {
      status: () => this.view(),
      crash: async ({ name, losesDisk }) => {
        await this.crash(name, losesDisk)
        return this.nodeView(name)
      },
      start: async ({ name }) => {
        await this.start(name)
        return this.nodeView(name)
      },
      pause: ({ name }) => {
        this.member(name).pause()
        return this.nodeView(name)
      },
      resume: ({ name }) => {
        this.member(name).resume()
        return this.nodeView(name)
      },
      clock: ({ name, skewMs }) => {
        this.member(name).skew(skewMs)
        return this.nodeView(name)
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
      link: async ({ names, delayMs, jitterMs, bytesPerSecond, loss }) => {
        await this.link(names, { delayMs, jitterMs, bytesPerSecond: bytesPerSecond ?? undefined, loss })
        return this.view()
      },
      nat: async ({ name, kind }) => {
        await this.setNat(name, kind)
        return this.nodeView(name)
      },
      powerOff: async ({ name }) => {
        await this.powerOff(name)
        return this.nodeView(name)
      },
      fillDisk: async ({ name, leaveBytes, forMs }) => {
        await (leaveBytes === null ? this.freeDisk(name) : this.fillDisk(name, leaveBytes))
        if (forMs !== null) this.#after(forMs, () => { void this.freeDisk(name) })
        return this.nodeView(name)
      },
      inside: ({ name }) => this.member(name).inside(),
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

  #requireDisks (): Disks {
    if (this.#disks === undefined) throw new UsageError('all homes lie on the disk of this computer', 'Start a testnet in which each has its own, as root on Linux: skein testnet up --disks')
    return this.#disks
  }

  /** Does nothing where there is power. */
  async #powerOn (name: string): Promise<void> {
    if (!this.rules.off.has(name)) return
    await this.#disks?.back(name)
    this.rules.setOff(name, false)
    this.journal.end(nodeKey(name, 'power'))
    this.#cable.recut()
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
    for (const name of this.rules.off) await this.#powerOn(name)
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
