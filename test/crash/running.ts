/** A `skein … up` in a process of its own that ends by itself, or without being asked. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { environment, LAUNCHER } from '../e2e/skein.ts'

export interface Ended { readonly exit: number | null, readonly signal: NodeJS.Signals | null, readonly stderr: string }

export class Running<Ready> implements AsyncDisposable {
  readonly ready: Ready
  /** Resolves when it has ended, by itself or by us, and nobody holds its output any more. */
  readonly ended: Promise<Ended>
  readonly #child: ChildProcess

  /** Resolves when it says that it runs. @throws AssertionError with what it said instead */
  static async start<Ready> (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Running<Ready>> {
    const child = spawn(process.execPath, [LAUNCHER, ...args, '--json'], { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] })
    const ended = endOf(child, text(child.stderr))
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    child.stdout.resume()
    const { ok, data } = JSON.parse(value ?? '{}') as { readonly ok?: boolean, readonly data?: Ready }
    if (ok !== true || data === undefined) {
      const { exit, stderr } = await ended
      assert.fail(`skein ${args.slice(0, 2).join(' ')} ended with ${exit}: ${value} ${stderr}`)
    }
    return new Running({ child, ended, ready: data })
  }

  private constructor ({ child, ended, ready }: { readonly child: ChildProcess, readonly ended: Promise<Ended>, readonly ready: Ready }) {
    this.#child = child
    this.ended = ended
    this.ready = ready
  }

  /** Sends a signal, if it is still there, and resolves with its end. */
  async end (signal: NodeJS.Signals): Promise<Ended> {
    this.#child.kill(signal)
    return await this.ended
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.end('SIGKILL') }
}

async function endOf (child: ChildProcess, stderr: Promise<string>): Promise<Ended> {
  await once(child, 'close')
  return { exit: child.exitCode, signal: child.signalCode, stderr: await stderr }
}
