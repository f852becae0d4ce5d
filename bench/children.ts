/**
 * Child processes, as the parent of a benchmark sees them: asked by message and ended for certain. Whatever is measured runs in
 * them, with what `skein up` runs with, so that the parent's work and garbage count for nobody.
 */
import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** As bin/skein.js starts a node that stays: a small young generation, compact code, one heap of the C library. */
export const LEAN = ['--max-semi-space-size=1', '--optimize-for-size'] as const
export const LEAN_ENVIRONMENT = { MALLOC_ARENA_MAX: '1' } as const

/** What a child answers, by name: each takes one value and gives one, both as JSON has them. */
export type Calls = Readonly<Record<string, (request: never) => unknown>>

type RequestOf<Own extends Calls, Name extends keyof Own> = Parameters<Own[Name]> extends [] ? undefined : Parameters<Own[Name]>[0]
type ReplyOf<Own extends Calls, Name extends keyof Own> = Awaited<ReturnType<Own[Name]>>

export interface Question { readonly id: number, readonly name: string, readonly request: unknown }
export type Answer = { readonly id: number, readonly reply: unknown } | { readonly id: number, readonly fault: string }

/** A child that has lost its parent ends by itself within five seconds (answering.ts); this is for one that hangs. */
const END_MS_MAX = 8_000

const alive = new Set<ChildProcess>()

export interface ChildOptions {
  /** Where its temporary files lie. */
  readonly folder: string
  /** A command that puts the one after it somewhere else, into a network namespace for example. */
  readonly enter?: readonly string[]
}

/** One of the scripts beside this file, in a process of its own. */
export class Child<Own extends Calls> implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  #asked = 0

  constructor (script: URL, { folder, enter = [] }: ChildOptions) {
    const [command, ...line] = [...enter, process.execPath, ...LEAN, fileURLToPath(script)]
    this.#process = watched(spawn(command, line, { env: { ...process.env, ...LEAN_ENVIRONMENT, TMPDIR: folder }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }))
    this.#process.on('message', message => { this.#take(message as Answer) })
    this.#process.once('exit', () => { this.#fail(new Error('the child process is gone')) })
  }

  /** @throws what the child threw, as text; or that it is gone */
  async ask<Name extends keyof Own & string> (name: Name, request: RequestOf<Own, Name>): Promise<ReplyOf<Own, Name>> {
    if (!this.#process.connected) throw new Error('the child process is gone')
    const id = this.#asked++
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(id, waiting)
    const question: Question = { id, name, request }
    this.#process.send(question)
    return await waiting.promise as ReplyOf<Own, Name>
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    await ended(this.#process)
  }

  #take (answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('fault' in answer) waiting?.reject(new Error(answer.fault))
    else waiting?.resolve(answer.reply)
  }

  #fail (error: Error): void {
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
  }
}

/** Any other program, ended with us as well. */
export function launch (program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return watched(spawn(program, args, options))
}

/** Resolves when the process is gone; one that takes too long is killed. */
export async function ended (child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => { child.kill('SIGKILL') }, END_MS_MAX)
  await once(child, 'exit')
  clearTimeout(timer)
}

/** Ends every process that was started here: the time is up, or somebody has pressed Ctrl-C. */
export function killAll (): void {
  for (const child of alive) child.kill('SIGKILL')
}

function watched (child: ChildProcess): ChildProcess {
  alive.add(child)
  child.once('exit', () => { alive.delete(child) })
  return child
}
