/** A process of a testnet and the nodes in it: one, as the command starts it, or a pack of several. */
import { join } from 'node:path'
import { NodeProcess, type Ready, type SkeinOptions } from '../cli/skein-process.ts'
import { LockedError } from '../protocols/core/errors.ts'
import type { Place } from './cable/kinds.ts'
import { environmentOf, packEnvironment } from './inside/environment.ts'
import type { Layout } from './layout.ts'
import type { PlannedNode } from './plan.ts'
import { nodeKey, type FaultKind, type Journal } from './report/journal.ts'

export interface HostOptions {
  readonly layout: Layout
  readonly placeOf: (name: string) => Place
  /** Where it is written down what is done to it. */
  readonly journal: Journal
  readonly interrupted: AbortSignal
}

/** Each relay has a dashboard, and one computer one port 4782. */
const RELAY_ENVIRONMENT = { SKEIN_RELAY_HTTP: '127.0.0.1:0' }

/** A tenth of it on a machine that does nothing else: to load the program, and to start each node. */
const PACK_ANSWER_MS_MAX = 20_000
const PACKED_MS_MAX = 5_000

interface Running {
  readonly process: NodeProcess<unknown>
  readonly ready: ReadonlyMap<string, Ready>
}

export class Host {
  readonly nodes: readonly PlannedNode[]
  /** The folder of another version of Skein, of which the process is; undefined: this one. Changed while it is down. */
  release: string | undefined
  readonly #options: HostOptions
  #running: Running | undefined
  #starting: Promise<void> | undefined
  #isPaused = false
  /** It goes because we want it. */
  #isEnding = false
  #known: ReadonlyMap<string, Ready> = new Map()

  constructor (nodes: readonly PlannedNode[], options: HostOptions) {
    this.nodes = nodes
    this.release = nodes[0]?.release
    this.#options = options
  }

  get isUp (): boolean { return this.#running !== undefined }

  get isPaused (): boolean { return this.isUp && this.#isPaused }

  get pid (): number | undefined { return this.#running?.process.pid }

  /** What it said of one of its nodes when it was last ready. */
  readyOf (name: string): Ready | undefined { return this.#known.get(name) }

  /** Does nothing when it is up. @throws SkeinError */
  async start (): Promise<void> {
    if (this.isUp) return
    this.#starting ??= this.#start()
    await this.#starting
  }

  async #start (): Promise<void> {
    try {
      await this.#begin()
    } finally {
      this.#starting = undefined
    }
  }

  async #begin (): Promise<void> {
    const running = await this.#launch()
    this.#running = running
    this.#known = running.ready
    this.#isPaused = false
    this.#isEnding = false
    this.#over('down')
    void this.#watch(running)
  }

  /** As a computer that loses its power: nothing is finished, and what is on the disk stays there. */
  async kill (): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#isEnding = true
    this.#over('paused')
    this.#begun('down', 'killed')
    running.process.signal('SIGKILL')
    await running.process.gone
    this.#running = undefined
  }

  /** Also one that is just starting. */
  async stop (): Promise<void> {
    await Promise.allSettled([this.#starting])
    const running = this.#running
    this.#isEnding = true
    this.#over('paused')
    if (this.#isPaused) running?.process.signal('SIGCONT')
    await running?.process.stop()
    this.#running = undefined
  }

  /** @throws LockedError when it is down */
  pause (): void {
    const isPaused = this.isPaused
    this.#halt('SIGSTOP', true)
    if (!isPaused) this.#begun('paused', 'standstill')
  }

  /** @throws LockedError when it is down */
  resume (): void {
    this.#halt('SIGCONT', false)
    this.#over('paused')
  }

  /** How a command is run in the place of one of its nodes. */
  environmentFor ({ name, kind }: PlannedNode): Record<string, string> {
    const { layout, placeOf } = this.#options
    return { ...environmentOf({ name, cablePort: placeOf(name).cablePort, skewFile: layout.skewFileOf(name) }), ...kind === 'relay' && RELAY_ENVIRONMENT }
  }

  optionsFor (node: PlannedNode): SkeinOptions {
    const { layout, placeOf, interrupted } = this.#options
    const { enter, listen } = placeOf(node.name)
    return { log: layout.logOf(node.name), interrupted, environment: this.environmentFor(node), enter, listen, launcher: this.release === undefined ? undefined : join(this.release, 'bin', 'skein.js') }
  }

  #halt (signal: NodeJS.Signals, isPaused: boolean): void {
    if (this.#running === undefined) {
      const [name = ''] = this.nodes.map(node => node.name)
      throw new LockedError(`${name} is down`, `Start it with: skein testnet start ${name}`)
    }
    this.#running.process.signal(signal)
    this.#isPaused = isPaused
  }

  async #launch (): Promise<Running> {
    const [first, ...others] = this.nodes
    if (first === undefined) throw new RangeError('a process has a node')
    const { layout, placeOf, interrupted } = this.#options
    if (others.length === 0 && first.pack === undefined) {
      const process = await NodeProcess.start(first.kind === 'relay' ? ['relay', 'up'] : ['up'], layout.homeOf(first.name), this.optionsFor(first))
      return { process, ready: new Map([[first.name, process.ready]]) }
    }
    const nodes = this.nodes.map(({ name, kind }) => ({ name, kind, home: layout.homeOf(name), log: layout.logOf(name), skewFile: layout.skewFileOf(name) }))
    const environment = { ...packEnvironment({ nodes, cablePort: placeOf(first.name).cablePort }), ...RELAY_ENVIRONMENT }
    const process = await NodeProcess.launch<Readonly<Record<string, Ready>>>(['testnet', 'pack'], { log: layout.logOf(first.pack ?? first.name), interrupted, environment, answerMsMax: PACK_ANSWER_MS_MAX + nodes.length * PACKED_MS_MAX })
    return { process, ready: new Map(Object.entries(process.ready)) }
  }

  /** To all of its nodes. */
  #begun (of: 'down' | 'paused', kind: FaultKind): void { for (const { name } of this.nodes) this.#options.journal.begin(nodeKey(name, of), { kind, whom: [name] }) }

  #over (of: 'down' | 'paused'): void { for (const { name } of this.nodes) this.#options.journal.end(nodeKey(name, of)) }

  async #watch (running: Running): Promise<void> {
    await running.process.gone
    if (this.#running === running) this.#running = undefined
    // Nobody asked for it: a crash of its own, or somebody's signal.
    if (!this.#isEnding) this.#begun('down', 'died')
  }
}

/** Those of one pack share a process; everybody else has one. */
export function hostsOf (nodes: readonly PlannedNode[], options: HostOptions): readonly Host[] {
  const groups = new Map<string, PlannedNode[]>()
  for (const node of nodes) {
    // No name of a node has a slash.
    const key = node.pack ?? `/${node.name}`
    groups.set(key, [...groups.get(key) ?? [], node])
  }
  return [...groups.values()].map(group => new Host(group, options))
}
