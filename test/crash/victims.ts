/** Processes that wait to be killed: the next ones load while the present one runs, since loading is most of their life. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PATIENCE_MS } from '../integration/nodes.ts'
import type { Orders } from './victim.ts'

const SCRIPT = join(import.meta.dirname, 'victim.ts')

export class Victim {
  /** What it has said, word by word: first the word, then what belongs to it. */
  readonly said: Array<readonly [word: string, rest: string]> = []
  readonly #child: ChildProcess
  /** Resolves when it is dead and every line of it is here. */
  readonly died: Promise<void>
  #waiting: Array<{ readonly word: string, readonly resolve: (rest: string) => void }> = []
  #isDead = false

  constructor (compileCache: string) {
    const child = spawn(process.execPath, [SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: compileCache } })
    this.#child = child
    const lines = createInterface({ input: child.stdout })
    lines.on('line', line => { this.#hear(line) })
    // It may die while it is given its orders.
    child.stdin.on('error', () => {})
    this.died = this.#death(child, once(lines, 'close'))
  }

  get isDead (): boolean { return this.#isDead }

  /** Whether it has been killed, by itself or by us, and did not end by an error of its own. */
  get wasKilled (): boolean { return this.#child.signalCode === 'SIGKILL' }

  /** Resolves with what it says after `word`; undefined when it dies before that. */
  async says (word: string): Promise<string | undefined> {
    const known = this.said.find(([first]) => first === word)
    if (known !== undefined) return known[1]
    const said = new Promise<string>(resolve => { this.#waiting.push({ word, resolve }) })
    return await Promise.race([said, this.died.then(() => undefined)])
  }

  all (word: string): string[] { return this.said.flatMap(([first, rest]) => first === word ? [rest] : []) }

  begin (orders: Orders): void { this.#child.stdin?.write(`${JSON.stringify(orders)}\n`) }

  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.died
  }

  #hear (line: string): void {
    const space = line.indexOf(' ')
    const [word, rest] = space === -1 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)]
    this.said.push([word, rest])
    for (const waiter of this.#waiting) if (waiter.word === word) waiter.resolve(rest)
    this.#waiting = this.#waiting.filter(waiter => waiter.word !== word)
  }

  async #death (child: ChildProcess, heard: Promise<unknown>): Promise<void> {
    await Promise.all([child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined, heard])
    this.#isDead = true
  }
}

export class Victims implements AsyncDisposable {
  readonly #compileCache: string
  readonly #loading: Victim[] = []

  /** `compileCache`: a folder, filled by the first and used by the others. */
  static async prepare (compileCache: string): Promise<Victims> {
    const victims = new Victims(compileCache)
    const first = new Victim(compileCache)
    await first.says('loaded')
    await first.kill()
    victims.#loading.push(new Victim(compileCache), new Victim(compileCache))
    return victims
  }

  private constructor (compileCache: string) { this.#compileCache = compileCache }

  /** One that is loaded and has no orders yet. */
  async next (): Promise<Victim> {
    const victim = this.#loading.shift() ?? new Victim(this.#compileCache)
    this.#loading.push(new Victim(this.#compileCache))
    await victim.says('loaded')
    if (victim.isDead) throw new Error('a victim died before it had orders')
    return victim
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await Promise.all(this.#loading.map(async victim => { await victim.kill() }))
  }
}

/** Rejects when something that must happen does not: a step that is never reached must not look like a test that passed. */
export async function inTime<T> (what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => { reject(new Error(`${what} did not happen in time`)) }, PATIENCE_MS)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
