/**
 * Network namespaces that nobody else sees and that nobody has to tidy up: they hang on one process that ends when its standard input does,
 * so that the kernel takes them apart with us, however we end.
 */
import { spawn, spawnSync, type ChildProcessByStdio, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { SYSTEM_ENVIRONMENT, UnfitError, whyNotAsRoot } from '../../fitness.ts'

const COMMANDS = ['unshare', 'nsenter', 'mount', 'ip', 'nft'] as const
/** Every part that a testnet is built of, once. */
const TRIAL = `
ip netns add trial
ip netns exec trial sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'
ip -n trial link add one type veth peer name other
ip netns exec trial nft -f - <<'END'
table ip trial {
  chain through { type filter hook forward priority 0; ip saddr 11.0.1.0/24 numgen random mod 1000000 < 1 drop; }
  chain out { type nat hook postrouting priority 100; snat to 11.0.1.1 fully-random; }
}
END
ip netns del trial
`

export class Spaces implements AsyncDisposable {
  readonly #holder: ChildProcessByStdio<Writable, Readable, Readable>
  /** Where `ip netns` keeps them: a folder of the holder's own. */
  readonly #folder: string

  /** @throws UnfitError */
  static async open (): Promise<Spaces> {
    const reason = whyNotAsRoot(COMMANDS)
    if (reason !== undefined) throw unfit(reason)
    const folder = join(realpathSync('/var/run'), 'netns')
    // Slave: what is unmounted elsewhere is not kept alive by a copy here. Detached: a Ctrl-C is not for it.
    const holder = spawn('unshare', ['--mount', '--propagation', 'slave', 'sh', '-euc', `mkdir -p ${folder}; mount -t tmpfs -o mode=755 spaces ${folder}; echo ready; exec cat`], { env: SYSTEM_ENVIRONMENT, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    const spaces = new Spaces(holder, folder)
    try {
      await Promise.race([once(holder.stdout, 'data'), failureOf(holder)])
      spaces.run(TRIAL)
      return spaces
    } catch (error) {
      await spaces[Symbol.asyncDispose]()
      throw unfit(error instanceof Error ? error.message : String(error))
    }
  }

  private constructor (holder: ChildProcessByStdio<Writable, Readable, Readable>, folder: string) {
    this.#holder = holder
    this.#folder = folder
    holder.stdin.on('error', () => undefined)
  }

  /** A shell script that sees all namespaces by their names. It takes milliseconds, in which nothing else shall happen. */
  run (script: string): void {
    const [command, ...args] = [...this.#inside(), 'sh', '-eu']
    const { status, stderr, error } = spawnSync(command, args, { input: script, encoding: 'utf8', env: SYSTEM_ENVIRONMENT })
    if (status !== 0) throw new Error((error?.message ?? stderr.trim()) || `a script ended with ${status ?? 'a signal'}`)
  }

  /** A program that sees all namespaces by their names. */
  start (args: readonly string[]): ChildProcessWithoutNullStreams {
    const [command = '', ...rest] = [...this.#inside(), ...args]
    return spawn(command, rest, { env: SYSTEM_ENVIRONMENT, stdio: 'pipe', detached: true })
  }

  /** What puts a command into one of them, and leaves all else as it is. */
  enter (space: string): readonly string[] { return ['nsenter', `--net=/proc/${this.#holder.pid ?? 0}/root${join(this.#folder, space)}`] }

  async [Symbol.asyncDispose] (): Promise<void> {
    const { exitCode, signalCode, pid } = this.#holder
    if (exitCode !== null || signalCode !== null || pid === undefined) return
    const ended = once(this.#holder, 'exit')
    this.#holder.stdin.end()
    await ended
  }

  #inside (): readonly string[] { return ['nsenter', `--mount=/proc/${this.#holder.pid ?? 0}/ns/mnt`] }
}

/** Why there can be no namespaces with NAT here; undefined: there can. */
export async function whyNoSpaces (): Promise<string | undefined> {
  try {
    await (await Spaces.open())[Symbol.asyncDispose]()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

async function failureOf (holder: ChildProcessByStdio<Writable, Readable, Readable>): Promise<never> {
  const said = text(holder.stderr)
  await once(holder, 'exit')
  throw new Error((await said).trim())
}

function unfit (reason: string): UnfitError { return new UnfitError(`there can be no network namespaces here: ${reason}`, 'The cable that needs no right: skein testnet up --cable userspace') }
