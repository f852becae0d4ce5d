/** One node of a testnet: a home of its own and a process, which can be killed and comes back. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../cli/client.ts'
import { runSkein } from '../cli/skein-process.ts'
import { RELAY_BLOBS } from '../node/relay/home-files.ts'
import type { LocalApi } from '../protocols/local/operations.ts'
import type { Place } from './cable/kinds.ts'
import type { InsideView, NodeView } from './control/operations.ts'
import type { Host } from './host.ts'
import { makeRelay, makeUser, nextLife } from './homes/homes.ts'
import type { Layout } from './layout.ts'
import type { Kind, PlannedNode } from './plan.ts'
import { nodeKey, type Journal } from './report/journal.ts'
import { skewText } from './words.ts'

export interface MemberOptions {
  readonly layout: Layout
  /** Its process, which it may share. */
  readonly host: Host
  /** Behind the keys of everybody; undefined: it has keys of its own. */
  readonly seed: string | undefined
  readonly place: () => Place
  /** Where it is written down what is done to it. */
  readonly journal: Journal
  readonly interrupted: AbortSignal
}

export class Member {
  readonly name: string
  readonly kind: Kind
  readonly home: string
  readonly log: string
  readonly host: Host
  /** Of a user's node. */
  readonly api: LocalApi
  readonly #planned: PlannedNode
  readonly #options: MemberOptions

  constructor (planned: PlannedNode, options: MemberOptions) {
    const { layout, interrupted, host } = options
    this.name = planned.name
    this.kind = planned.kind
    this.home = layout.homeOf(this.name)
    this.log = layout.logOf(this.name)
    this.host = host
    this.api = connect(this.home, { signal: interrupted })
    this.#planned = planned
    this.#options = options
  }

  get isUp (): boolean { return this.host.isUp }

  get isPaused (): boolean { return this.host.isPaused }

  /** Where it listens; a relay's as users add it. */
  get address (): string | undefined {
    const { peerId, addresses: [first] = [] } = this.host.readyOf(this.name) ?? {}
    // COMPAT(until 0.2): relays once said where they are without saying who.
    return this.kind === 'user' || first === undefined || first.includes('/p2p/') ? first : `${first}/p2p/${peerId ?? ''}`
  }

  /** The others in its process: what ends it, ends them. */
  get pack (): readonly string[] { return this.host.nodes.flatMap(({ name }) => name === this.name ? [] : [name]) }

  view (): Omit<NodeView, 'nat' | 'disk'> {
    const { name, kind, home, log } = this
    const state = !this.isUp ? 'down' : this.isPaused ? 'paused' : 'up'
    return { name, kind, state, pid: this.host.pid ?? null, pack: this.#planned.pack ?? null, home, log, address: this.address ?? null, skewMs: this.#skewMs() }
  }

  get hasHome (): boolean { return existsSync(join(this.home, this.kind === 'user' ? 'account.db' : 'relay.key')) }

  /** Makes its home, unless it has one: somebody who knows nobody yet. */
  async init (): Promise<void> {
    if (this.hasHome) return
    const { layout, seed } = this.#options
    if (seed === undefined) await this.#initByCommand()
    else if (this.kind === 'relay') makeRelay(this.#planned, { layout, seed })
    else await makeUser(this.#planned, { layout, seed })
  }

  /** Does nothing when it is up. */
  async start (): Promise<void> { await this.host.start() }

  /** As a computer that loses its power: nothing is finished, and what is on the disk stays there. */
  async kill (): Promise<void> { await this.host.kill() }

  async stop (): Promise<void> { await this.host.stop() }

  /** A relay keeps its key and its settings, which its operator has elsewhere; a user keeps nothing, as with a lost phone. Only while it is down. */
  loseDisk (): void {
    this.#options.journal.becomes(nodeKey(this.name, 'down'), 'disk lost')
    if (this.kind === 'user') {
      // The folder itself may be where a disk is mounted.
      rmSync(`${this.home}.words`, { force: true })
      for (const file of readdirSync(this.home)) rmSync(join(this.home, file), { recursive: true, force: true })
      nextLife(this.#options.layout, this.name)
      return
    }
    for (const name of keptForOthers(this.home)) rmSync(join(this.home, name), { recursive: true, force: true })
  }

  /** What a backup of a relay would hold. Only while it is down: a copy of a running database would be none. */
  keepCopy (): void {
    rmSync(this.#copyFolder(), { recursive: true, force: true })
    mkdirSync(this.#copyFolder())
    for (const name of keptForOthers(this.home)) cpSync(join(this.home, name), join(this.#copyFolder(), name), { recursive: true })
  }

  /** Back to that copy. Only while it is down. */
  restoreCopy (): void {
    this.loseDisk()
    this.#options.journal.becomes(nodeKey(this.name, 'down'), 'old disk')
    for (const name of keptForOthers(this.#copyFolder())) cpSync(join(this.#copyFolder(), name), join(this.home, name), { recursive: true })
  }

  /** Its process stands still, as a laptop that sleeps, while the kernel answers for it. @throws LockedError when it is down */
  pause (): void { this.host.pause() }

  /** @throws LockedError when it is down */
  resume (): void { this.host.resume() }

  skew (skewMs: number): void {
    const { layout, journal } = this.#options
    writeFileSync(layout.skewFileOf(this.name), String(skewMs))
    if (skewMs === 0) journal.end(nodeKey(this.name, 'clock'))
    else journal.begin(nodeKey(this.name, 'clock'), { kind: 'wrong clock', whom: [this.name], detail: skewText(skewMs), skewMs })
  }

  /** What a command needs that is run in its place. */
  inside (): InsideView {
    const { enter, listen } = this.#options.place()
    return { home: this.home, enter, environment: { ...this.host.environmentFor(this.#planned), SKEIN_LISTEN: listen } }
  }

  async #initByCommand (): Promise<void> {
    const args = this.kind === 'relay'
      ? ['relay', 'init', '--home', this.home, '--key-file', '--name', this.name]
      : ['init', '--home', this.home, '--key-file', '--name', this.name, '--accept', 'all', '--words-file', `${this.home}.words`]
    await runSkein(args, this.host.optionsFor(this.#planned))
  }

  #copyFolder (): string { return `${this.home}.copy` }

  #skewMs (): number {
    try {
      return Number(readFileSync(this.#options.layout.skewFileOf(this.name), 'utf8'))
    } catch {
      return 0
    }
  }
}

/** In a relay's home: its database, and the folder of blobs. */
function keptForOthers (folder: string): string[] { return readdirSync(folder).filter(name => name === RELAY_BLOBS || /^relay\.db(-wal|-shm)?$/.test(name)) }
