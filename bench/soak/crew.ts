/** The processes of a soak: relays and users as the command starts them, with homes of their own, killed and started again. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, openSync, closeSync, readdirSync, rmSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { connect } from '../../cli/client.ts'
import type { LocalApi } from '../../protocols/local/operations.ts'
import { ended, launch, LEAN } from '../children.ts'
import { Wire } from './fabric.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'skein.js')
/** A start takes half a second; one on a machine that does ten things at once takes twenty times that. */
const START_MS_MAX = 60_000

interface Answer { readonly ok: boolean, readonly data?: unknown, readonly error?: { readonly message: string } }

/** Runs one command to its end and returns its data. */
async function command (args: readonly string[], log: string): Promise<unknown> {
  const { child, line } = begin(args, log)
  const closed = once(child, 'close')
  const said = await line
  await closed
  if (said === undefined) throw new Error(`skein ${args.slice(0, 2).join(' ')} said nothing; see ${log}`)
  return dataOf(said, args)
}

function dataOf (line: string, args: readonly string[]): unknown {
  const { ok, data, error } = JSON.parse(line) as Answer
  if (!ok) throw new Error(`skein ${args.slice(0, 2).join(' ')}: ${error?.message ?? 'failed'}`)
  return data
}

function begin (args: readonly string[], log: string): { readonly child: ChildProcess, readonly line: Promise<string | undefined> } {
  const stderr = openSync(log, 'a')
  try {
    const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKEIN_')))
    const child = launch(process.execPath, [...LEAN, LAUNCHER, ...args, '--json'], { env: environment, stdio: ['ignore', 'pipe', stderr] })
    return { child, line: firstLine(child) }
  } finally {
    closeSync(stderr)
  }
}

async function firstLine (child: ChildProcess): Promise<string | undefined> {
  if (child.stdout === null) return undefined
  const timer = setTimeout(() => { child.kill('SIGKILL') }, START_MS_MAX)
  try {
    const { value, done } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    child.stdout.resume()
    return done === true ? undefined : value
  } finally {
    clearTimeout(timer)
  }
}

/** A process that can be killed and comes back with what its disk has. */
abstract class Member {
  readonly name: string
  readonly home: string
  readonly log: string
  #child: ChildProcess | undefined

  constructor (name: string, folder: string) {
    this.name = name
    this.home = join(folder, name)
    this.log = join(folder, `${name}.log`)
  }

  get isUp (): boolean { return this.#child !== undefined }

  protected async start (args: readonly string[]): Promise<unknown> {
    const { child, line } = begin(args, this.log)
    const said = await line
    if (said === undefined) throw new Error(`${this.name} did not start; see ${this.log}`)
    this.#child = child
    return dataOf(said, args)
  }

  /** As a machine that loses its process does: nothing is finished. */
  async kill (): Promise<void> {
    const child = this.#child
    this.#child = undefined
    child?.kill('SIGKILL')
    if (child !== undefined) await ended(child)
  }
}

export class Relay extends Member {
  readonly #folder: string
  #port = 0
  #wire: Wire | undefined
  #peerId = ''

  constructor (name: string, folder: string) {
    super(name, folder)
    this.#folder = folder
  }

  get wire (): Wire {
    if (this.#wire === undefined) throw new Error(`${this.name} was not begun`)
    return this.#wire
  }

  /** As users know it: through the wire. */
  get address (): string { return `/ip4/127.0.0.1/tcp/${this.wire.port}/p2p/${this.#peerId}` }

  async init (): Promise<void> {
    await command(['relay', 'init', '--home', this.home, '--key-file'], this.log)
    this.#wire = await Wire.lay(() => this.#port)
  }

  async up (): Promise<void> {
    const ready = await this.start(['relay', 'up', '--home', this.home, '--listen', `/ip4/127.0.0.1/tcp/${this.#port}`]) as { readonly peerId: string, readonly addresses: readonly string[] }
    this.#peerId = ready.peerId
    this.#port = Number(/\/tcp\/(\d+)/.exec(ready.addresses[0] ?? '')?.[1] ?? this.#port)
  }

  /** The disk is gone; the operator has the key and the settings in a safe place. Only while it is down. */
  loseDisk (): void {
    for (const file of this.#databaseFiles()) rmSync(join(this.home, file), { force: true })
  }

  /** What a backup would hold. Only while it is down: a copy of a running database would be none. */
  keepCopy (): void {
    const copy = this.#copyFolder()
    rmSync(copy, { recursive: true, force: true })
    mkdirSync(copy)
    for (const file of this.#databaseFiles()) cpSync(join(this.home, file), join(copy, file))
  }

  /** Back to the copy, if one was made. Only while it is down. */
  restoreCopy (): boolean {
    const copy = this.#copyFolder()
    if (!existsSync(copy)) return false
    this.loseDisk()
    for (const file of readdirSync(copy)) cpSync(join(copy, file), join(this.home, file))
    return true
  }

  async end (): Promise<void> {
    await this.kill()
    await this.#wire?.[Symbol.asyncDispose]()
  }

  #copyFolder (): string { return join(this.#folder, `${this.name}.copy`) }

  #databaseFiles (): string[] { return readdirSync(this.home).filter(file => /^relay\.db(-wal|-shm)?$/.test(file)) }
}

export class User extends Member {
  readonly api: LocalApi
  account = ''

  constructor (name: string, folder: string) {
    super(name, folder)
    this.api = connect(this.home)
  }

  async init (): Promise<void> {
    await command(['init', '--home', this.home, '--name', this.name, '--key-file', '--accept', 'all', '--words-file', `${this.home}.words`], this.log)
  }

  async up (): Promise<void> {
    const ready = await this.start(['up', '--home', this.home, '--listen', '/ip4/127.0.0.1/tcp/0']) as { readonly account: string }
    this.account = ready.account
  }
}
