/**
 * `skein` as a process of its own, started as a person would and bound to this one: the launcher (bin/skein.js) keeps a channel
 * to whoever started it and stops with it, so that no node outlives a demo or a testnet, not even one that is killed.
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { EXIT, SkeinError, TimeoutError } from '../protocols/core/errors.ts'
import type { ExitCode } from '../protocols/core/errors.ts'
import { invariant } from '../protocols/core/invariant.ts'
import type { ErrorView } from '../protocols/local/operations.ts'

export interface SkeinOptions {
  /** Where its stderr goes; appended. */
  readonly log: string
  readonly interrupted: AbortSignal
  /** For it alone, over what it inherits. Settings of ours (`SKEIN_*`) are not inherited. */
  readonly environment?: Readonly<Record<string, string>>
  /** Of another version: its `bin/skein.js`. */
  readonly launcher?: string | undefined
  /** How long its first line may take; else what one node may. */
  readonly answerMsMax?: number
  /** What puts it where it is to run; else here. */
  readonly enter?: readonly string[]
  /** Where a node listens; else on loopback. */
  readonly listen?: string
}

/** What `skein up --json` and `skein relay up --json` say first. */
export interface Ready { readonly peerId: string, readonly addresses: readonly string[] }

/** Where the nodes listen: nobody outside this computer reaches them. The port is given by the system, and is the same at the next start. */
export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

/** As in bin/skein.js: with this variable, the process ends when the channel to us does. */
const LAUNCHER = 'SKEIN_LAUNCHER'
/** As there: without it, a node would replace itself to get it, and lose the channel. */
const LEAN = '--max-semi-space-size=1'
/** A start takes half a second; a machine that does ten things at once takes twenty times that. */
const ANSWER_MS_MAX = 20_000
/** The launcher itself ends a node that takes longer than 5 s. */
const STOP_MS_MAX = 6_000

/** Runs one command to its end, and returns its result. @throws SkeinError, the command's own where it said one */
export async function runSkein (args: readonly string[], options: SkeinOptions): Promise<unknown> {
  const child = start(args, options)
  try {
    const result = resultOf(await firstLine(child, args, options))
    await end(child)
    return result
  } catch (thrown) {
    await end(child, 'SIGTERM')
    throw thrown
  }
}

/** A process that goes on after it has said that it is ready: of a node, as a rule. */
export class NodeProcess<Said = Ready> {
  readonly pid: number
  readonly ready: Said
  /** Settles when the process is gone, whatever ended it. */
  readonly gone: Promise<undefined>
  readonly #child: ChildProcess

  /** A node, where nobody outside this computer reaches it. @throws SkeinError, the node's own where it said one */
  static async start (command: readonly string[], home: string, options: SkeinOptions): Promise<NodeProcess> {
    return await NodeProcess.launch<Ready>([...command, '--home', home, '--listen', options.listen ?? LOOPBACK], options)
  }

  /** Resolves when it has said its first line. @throws SkeinError, its own where it said one */
  static async launch<Said> (args: readonly string[], options: SkeinOptions): Promise<NodeProcess<Said>> {
    const child = start(args, options)
    try {
      return new NodeProcess<Said>(child, resultOf(await firstLine(child, args, options)) as Said)
    } catch (thrown) {
      await end(child, 'SIGTERM')
      throw thrown
    }
  }

  private constructor (child: ChildProcess, ready: Said) {
    this.#child = child
    this.pid = child.pid ?? 0
    this.ready = ready
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.gone = promise
    if (isGone(child)) resolve(undefined)
    else child.once('exit', () => resolve(undefined))
  }

  signal (name: NodeJS.Signals): void { this.#child.kill(name) }

  /** Stops it as Ctrl-C would, and resolves when it is gone. Idempotent. */
  async stop (): Promise<void> {
    await end(this.#child, 'SIGINT')
  }
}

function start (args: readonly string[], { log, environment, launcher = launcherPath(), enter = [] }: SkeinOptions): ChildProcess {
  const [program, ...line] = [...enter, process.execPath, LEAN, launcher, ...args, '--json']
  const stderr = openSync(log, 'a', 0o600)
  try {
    // Detached: Ctrl-C goes to a whole process group, and a node that is gone before we are told looks like one that failed.
    return spawn(program, line, { env: { ...inheritedEnvironment(), ...environment, [LAUNCHER]: String(process.pid) }, stdio: ['ignore', 'pipe', stderr, 'ipc'], detached: true, windowsHide: true })
  } finally {
    closeSync(stderr)
  }
}

/** Beside the sources, or above the emitted files. */
export function launcherPath (): string {
  const roots = [join(import.meta.dirname, '..'), join(import.meta.dirname, '..', '..')]
  const found = roots.map(root => join(root, 'bin', 'skein.js')).find(path => existsSync(path))
  invariant(found !== undefined, 'the launcher lies in the package')
  return found
}

/** Settings of the person who runs it are not those of the people in it. */
export function inheritedEnvironment (): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SKEIN_')))
}

async function firstLine (child: ChildProcess, [command = '']: readonly string[], { interrupted, answerMsMax = ANSWER_MS_MAX }: SkeinOptions): Promise<string> {
  interrupted.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let said = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString()
    const [line, ...rest] = said.split('\n')
    if (line !== undefined && rest.length > 0) resolve(line)
  })
  child.once('error', reject)
  child.once('close', code => reject(new SkeinError(`skein ${command} ended without a word (${code === null ? 'killed' : `exit ${code}`})`, { code: 'unexpected', exit: EXIT.unexpected })))
  const timer = setTimeout(() => reject(new TimeoutError(`skein ${command} did not answer in ${answerMsMax / 1000} s`)), answerMsMax)
  const abort = (): void => reject(interrupted.reason as Error)
  interrupted.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    interrupted.removeEventListener('abort', abort)
  }
}

function resultOf (line: string): unknown {
  const { ok, data, error } = JSON.parse(line) as { readonly ok: boolean, readonly data?: unknown, readonly error?: ErrorView }
  if (ok) return data
  throw new SkeinError(error?.message ?? 'no reason was given', { code: error?.code ?? 'unexpected', exit: (error?.exit ?? EXIT.unexpected) as ExitCode, hint: error?.hint })
}

async function end (child: ChildProcess, signal?: NodeJS.Signals): Promise<void> {
  if (isGone(child)) return
  const { promise: gone, resolve } = Promise.withResolvers<undefined>()
  child.once('exit', () => resolve(undefined))
  if (signal !== undefined) child.kill(signal)
  const patience = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX)
  await gone
  clearTimeout(patience)
}

function isGone ({ exitCode, signalCode, pid }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null || pid === undefined
}
