/** One node of a testnet: a process as the command starts it, with a home of its own, which can be killed and comes back. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../cli/client.ts'
import { NodeProcess, runSkein, type SkeinOptions } from '../cli/skein-process.ts'
import { LockedError } from '../protocols/core/errors.ts'
import type { LocalApi } from '../protocols/local/operations.ts'
import type { Place } from './cable/kinds.ts'
import type { InsideView, NodeView } from './control/operations.ts'
import { environmentOf } from './inside/environment.ts'
import type { Layout } from './layout.ts'
import type { Kind, PlannedNode } from './plan.ts'
import type { Journal } from './report/journal.ts'
import { skewText } from './words.ts'

export interface MemberOptions {
  readonly layout: Layout
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
  /** Of a user's node. */
  readonly api: LocalApi
  readonly #options: MemberOptions
  #process: NodeProcess | undefined
  #isPaused = false
  /** It goes because we want it. */
  #isEnding = false
  #address: string | undefined

  constructor ({ name, kind }: PlannedNode, options: MemberOptions) {
    const { layout, interrupted } = options
    this.name = name
    this.kind = kind
    this.home = layout.homeOf(name)
    this.log = layout.logOf(name)
    this.api = connect(this.home, { signal: interrupted })
    this.#options = options
  }

  get isUp (): boolean { return this.#process !== undefined }

  get isPaused (): boolean { return this.#process !== undefined && this.#isPaused }

  /** Where it listens; a relay's as users add it. */
  get address (): string | undefined { return this.#address }

  view (): Omit<NodeView, 'nat' | 'disk'> {
    const { name, kind, home, log } = this
    const state = this.#process === undefined ? 'down' : this.#isPaused ? 'paused' : 'up'
    return { name, kind, state, pid: this.#process?.pid ?? null, home, log, address: this.#address ?? null, skewMs: this.#skewMs() }
  }

  /** Makes its home, unless it has one. */
  async init (): Promise<void> {
    if (existsSync(join(this.home, this.kind === 'user' ? 'account.db' : 'relay.key'))) return
    const args = this.kind === 'relay'
      ? ['relay', 'init', '--home', this.home, '--key-file', '--name', this.name]
      : ['init', '--home', this.home, '--key-file', '--name', this.name, '--accept', 'all', '--words-file', `${this.home}.words`]
    await runSkein(args, this.#skein())
  }

  /** Does nothing when it is up. */
  async start (): Promise<void> {
    if (this.#process !== undefined) return
    const running = await NodeProcess.start(this.kind === 'relay' ? ['relay', 'up'] : ['up'], this.home, this.#skein())
    this.#process = running
    this.#isPaused = false
    this.#isEnding = false
    this.#options.journal.end(this.#faultKey('down'))
    this.#address = running.ready.addresses[0]
    void this.#watch(running)
  }

  /** As a computer that loses its power: nothing is finished, and what is on the disk stays there. */
  async kill (): Promise<void> {
    const running = this.#process
    if (running === undefined) return
    this.#isEnding = true
    this.#options.journal.end(this.#faultKey('paused'))
    this.#options.journal.begin(this.#faultKey('down'), { kind: 'killed', whom: [this.name] })
    running.signal('SIGKILL')
    await running.gone
    this.#process = undefined
  }

  async stop (): Promise<void> {
    const running = this.#process
    this.#isEnding = true
    this.#options.journal.end(this.#faultKey('paused'))
    if (this.#isPaused) running?.signal('SIGCONT')
    await running?.stop()
    this.#process = undefined
  }

  /** A relay keeps its key and its settings, which its operator has elsewhere; a user keeps nothing, as with a lost phone. Only while it is down. */
  loseDisk (): void {
    this.#options.journal.becomes(this.#faultKey('down'), 'disk lost')
    if (this.kind === 'user') {
      // The folder itself may be where a disk is mounted.
      rmSync(`${this.home}.words`, { force: true })
      for (const file of readdirSync(this.home)) rmSync(join(this.home, file), { recursive: true, force: true })
      return
    }
    for (const file of this.#databaseFiles(this.home)) rmSync(join(this.home, file), { force: true })
  }

  /** What a backup of a relay would hold. Only while it is down: a copy of a running database would be none. */
  keepCopy (): void {
    rmSync(this.#copyFolder(), { recursive: true, force: true })
    mkdirSync(this.#copyFolder())
    for (const file of this.#databaseFiles(this.home)) cpSync(join(this.home, file), join(this.#copyFolder(), file))
  }

  /** Back to that copy. Only while it is down. */
  restoreCopy (): void {
    this.loseDisk()
    this.#options.journal.becomes(this.#faultKey('down'), 'old disk')
    for (const file of this.#databaseFiles(this.#copyFolder())) cpSync(join(this.#copyFolder(), file), join(this.home, file))
  }

  /** Its process stands still, as a laptop that sleeps, while the kernel answers for it. @throws LockedError when it is down */
  pause (): void {
    this.#running().signal('SIGSTOP')
    if (!this.#isPaused) this.#options.journal.begin(this.#faultKey('paused'), { kind: 'standstill', whom: [this.name] })
    this.#isPaused = true
  }

  /** @throws LockedError when it is down */
  resume (): void {
    this.#running().signal('SIGCONT')
    this.#options.journal.end(this.#faultKey('paused'))
    this.#isPaused = false
  }

  skew (skewMs: number): void {
    const { layout, journal } = this.#options
    writeFileSync(layout.skewFileOf(this.name), String(skewMs))
    if (skewMs === 0) journal.end(this.#faultKey('clock'))
    else journal.begin(this.#faultKey('clock'), { kind: 'wrong clock', whom: [this.name], detail: skewText(skewMs), skewMs })
  }

  /** What a command needs that is run in its place. */
  inside (): InsideView {
    const { enter, listen } = this.#options.place()
    return { home: this.home, enter, environment: { ...this.environment(), SKEIN_LISTEN: listen } }
  }

  environment (): Record<string, string> {
    const { layout, place } = this.#options
    return {
      ...environmentOf({ name: this.name, cablePort: place().cablePort, skewFile: layout.skewFileOf(this.name) }),
      // Each relay has a dashboard, and one computer one port 4782.
      ...this.kind === 'relay' && { SKEIN_RELAY_HTTP: '127.0.0.1:0' }
    }
  }

  #copyFolder (): string { return `${this.home}.copy` }

  #databaseFiles (folder: string): string[] { return readdirSync(folder).filter(name => /^relay\.db(-wal|-shm)?$/.test(name)) }

  #skein (): SkeinOptions {
    const { enter, listen } = this.#options.place()
    return { log: this.log, interrupted: this.#options.interrupted, environment: this.environment(), enter, listen }
  }

  #running (): NodeProcess {
    if (this.#process === undefined) throw new LockedError(`${this.name} is down`, `Start it with: skein testnet start ${this.name}`)
    return this.#process
  }

  #skewMs (): number {
    try {
      return Number(readFileSync(this.#options.layout.skewFileOf(this.name), 'utf8'))
    } catch {
      return 0
    }
  }

  async #watch (running: NodeProcess): Promise<void> {
    await running.gone
    if (this.#process === running) this.#process = undefined
    // Nobody asked for it: a crash of its own, or somebody's signal.
    if (!this.#isEnding) this.#options.journal.begin(this.#faultKey('down'), { kind: 'died', whom: [this.name] })
  }

  #faultKey (of: 'down' | 'paused' | 'clock'): string { return `${this.name} ${of}` }
}
