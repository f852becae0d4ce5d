/**
 * The real command as programs outside use it: `bin/skein.js` in processes of its own, with real homes and real nodes on
 * 127.0.0.1. Nothing is asked of the program but what a shell can ask.
 */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { MessageView } from '../../protocols/local/schema.ts'

export const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'skein.js')
const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
/** Machines are shared: only what hangs takes longer. */
const PATIENCE_MS = 45_000

export interface Finished {
  readonly args: readonly string[]
  readonly exit: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  readonly tookMs: number
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** The Node that the launcher is started with. Default: the one that runs the tests. */
  readonly runtime?: string
}

interface Answer<Data> {
  readonly schema: string
  readonly ok: boolean
  readonly data?: Data
  readonly error?: { readonly code: string, readonly exit: number, readonly message: string, readonly hint?: string }
}

/** What a shell of somebody else would hand over: nothing of the tester's own account, and no colours. */
export function environment (more: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SKEIN_|npm_|NODE_OPTIONS$|NO_COLOR$|LC_|LANG$)/i.test(name))
  return { ...Object.fromEntries(kept), LANG: 'C.UTF-8', ...more }
}

/** Runs one command to its end. */
export async function skein (args: readonly string[], { input, env = {}, runtime = process.execPath }: RunOptions = {}): Promise<Finished> {
  const startedAtMs = performance.now()
  const child = spawn(runtime, [LAUNCHER, ...args], { env: environment(env) })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const [stdout, stderr, [exit, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>])
  return { args, exit, signal, stdout, stderr, tookMs: performance.now() - startedAtMs }
}

/** What it printed. @throws AssertionError unless it ended with 0 */
export async function succeed (args: readonly string[], options?: RunOptions): Promise<string> {
  const ended = await skein(args, options)
  assert.equal(ended.exit, 0, `skein ${args.join(' ')}\n${ended.stdout}${ended.stderr}`)
  return ended.stdout
}

/** The `data` of its one object. @throws AssertionError unless that is of its schema and it ended with 0 */
export async function dataOf<Data> (args: readonly string[], options?: RunOptions): Promise<Data> {
  const answer = JSON.parse(await succeed([...args, '--json'], options)) as Answer<Data>
  assert.equal(answer.ok, true)
  assert.match(answer.schema, /^skein\.[a-z.-]+\/1$/)
  assert.ok(answer.data !== undefined, `skein ${args.join(' ')} has an answer`)
  return answer.data
}

/** Its lines of JSON. */
export async function linesOf<Line> (args: readonly string[], options?: RunOptions): Promise<readonly Line[]> {
  return (await succeed([...args, '--json'], options)).split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Line)
}

/** Its error. @throws AssertionError unless it failed with this exit code, said so as JSON on stdout and as a sentence on stderr */
export async function faultOf (exit: number, args: readonly string[], options?: RunOptions): Promise<NonNullable<Answer<never>['error']> & { readonly data: unknown }> {
  const ended = await skein([...args, '--json'], options)
  const said = `skein ${args.join(' ')} ended with ${ended.exit ?? String(ended.signal)}\n${ended.stdout}${ended.stderr}`
  assert.equal(ended.exit, exit, said)
  const answer = JSON.parse(ended.stdout) as Answer<unknown>
  const { error } = answer
  assert.ok(error !== undefined, said)
  assert.deepEqual([answer.ok, error.exit], [false, exit], said)
  assert.match(answer.schema, /^skein\.[a-z.-]+\/1$/)
  assert.ok(error.code !== '' && error.message !== '', said)
  assert.match(ended.stderr, /^error: .+ \(exit \d+\)$/m)
  assert.doesNotMatch(ended.stderr, /\n {4}at /, 'a fault has no stack trace')
  return { ...error, data: answer.data }
}

/** What `skein up --json` says first. */
export interface Ready { readonly account: string, readonly peerId: string, readonly addresses: readonly string[], readonly socket: string }

/** A `skein up` that runs. */
export class Up {
  readonly child: ChildProcessByStdio<null, Readable, Readable>
  readonly ready: Ready
  readonly #stderr: Promise<string>

  static async start (home: string, { env = {}, runtime = process.execPath, listen = [LOOPBACK] }: RunOptions & { readonly listen?: readonly string[] } = {}): Promise<Up> {
    const child = spawn(runtime, [LAUNCHER, 'up', '--home', home, ...listen.flatMap(address => ['--listen', address]), '--json'], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
    started.add(child)
    child.once('close', () => started.delete(child))
    const stderr = text(child.stderr)
    const line = await firstLine(child.stdout)
    if (line === undefined) assert.fail(`skein up ended: ${await stderr}`)
    const { schema, ok, data } = JSON.parse(line) as Answer<Ready>
    assert.deepEqual([schema, ok], ['skein.up/1', true], line)
    assert.ok(data !== undefined)
    return new Up({ child, ready: data, stderr })
  }

  private constructor ({ child, ready, stderr }: { readonly child: Up['child'], readonly ready: Ready, readonly stderr: Promise<string> }) {
    this.child = child
    this.ready = ready
    this.#stderr = stderr
  }

  /** Sends a signal and resolves when no process holds its output any more. */
  async end (signal: NodeJS.Signals = 'SIGTERM'): Promise<{ readonly exit: number | null, readonly signal: NodeJS.Signals | null, readonly stderr: string }> {
    const { child } = this
    const closed = once(child, 'close')
    child.kill(signal)
    await closed
    return { exit: child.exitCode, signal: child.signalCode, stderr: await this.#stderr }
  }
}

const started = new Set<ChildProcess>()

/** For `after`: what a failed test has left. */
export async function killAll (): Promise<void> {
  await Promise.all([...started].map(async child => {
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }))
}

async function firstLine (stream: Readable): Promise<string | undefined> {
  const lines: Interface = createInterface({ input: stream })
  const { value, done } = await lines[Symbol.asyncIterator]().next()
  // Whoever does not read on blocks nobody: a node says no more on stdout.
  stream.resume()
  return done === true ? undefined : value
}

export async function makeFolder (): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'skein-e2e-'))
}

export async function removeFolder (folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
}

/** A home with an account, and the commands of its owner. */
export class Person {
  readonly name: string
  readonly home: string
  readonly #runtime: string | undefined
  #up: Up | undefined

  static async create (name: string, { folder, accept = 'ask', runtime }: { readonly folder: string, readonly accept?: 'ask' | 'all', readonly runtime?: string }): Promise<Person> {
    const person = new Person(name, join(folder, name.toLowerCase()), runtime)
    await person.succeed('init', '--name', name, '--key-file', '--accept', accept, '--words-file', `${person.home}.words`)
    return person
  }

  private constructor (name: string, home: string, runtime: string | undefined) {
    this.name = name
    this.home = home
    this.#runtime = runtime
  }

  get node (): Up {
    if (this.#up === undefined) assert.fail(`the node of ${this.name} does not run`)
    return this.#up
  }

  async up (): Promise<Up> {
    this.#up = await Up.start(this.home, this.#options())
    return this.#up
  }

  async down (): Promise<void> {
    const up = this.#up
    this.#up = undefined
    if (up?.child.exitCode === null) await up.end()
  }

  async run (...args: readonly string[]): Promise<Finished> { return await skein(this.#at(args), this.#options()) }
  async succeed (...args: readonly string[]): Promise<string> { return await succeed(this.#at(args), this.#options()) }
  async data<Data> (...args: readonly string[]): Promise<Data> { return await dataOf<Data>(this.#at(args), this.#options()) }
  async lines<Line> (...args: readonly string[]): Promise<readonly Line[]> { return await linesOf<Line>(this.#at(args), this.#options()) }
  async fault (exit: number, ...args: readonly string[]): ReturnType<typeof faultOf> { return await faultOf(exit, this.#at(args), this.#options()) }

  /** The newest messages with somebody, left unread. */
  async messages (who: string, limit = 20): Promise<readonly MessageView[]> {
    return await this.lines<MessageView>('read', who, '--limit', String(limit), '--peek')
  }

  /** Before a `--` everything is an option. */
  #at (args: readonly string[]): readonly string[] { return ['--home', this.home, ...args] }

  #options (): RunOptions { return this.#runtime === undefined ? {} : { runtime: this.#runtime } }
}

/** Bob becomes a contact of Ana: she has his invite, and he accepts. Both nodes run. */
export async function befriend (ana: Person, bob: Person): Promise<void> {
  const { link } = await bob.data<{ readonly link: string }>('me', 'card')
  await ana.succeed('contact', 'add', link, '--as', 'bob')
  const { requests } = await eventually(async () => await bob.data<{ readonly requests: ReadonlyArray<{ readonly id: string }> }>('requests', 'list'), list => list.requests.length === 1)
  await bob.succeed('requests', 'accept', requests[0]?.id ?? '')
  const { id } = await ana.data<{ readonly id: string }>('send', '@bob', 'Hello Bob', '--wait', 'delivered', '--timeout', '30s')
  assert.match(id, /^[0-9A-Z]{26}$/)
}

/** Asks the command again until what it says is right: there is nothing that a shell could wait for. */
export async function eventually<Value> (ask: () => Promise<Value>, isRight: (value: Value) => boolean): Promise<Value> {
  const untilMs = performance.now() + PATIENCE_MS
  for (;;) {
    const value = await ask()
    if (isRight(value)) return value
    if (performance.now() > untilMs) assert.fail(`still ${JSON.stringify(value)}`)
  }
}

/** A process that has ended and that nobody has asked after yet is not alive, though it can be signalled. */
export function isAlive (pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}
