/**
 * A disk for each node: ext4 in a file, mounted through the loop device where its home is, so that it can be full, and can lose its power. A
 * keeper (disk.py) holds the mounts and takes them away when we end, however that happens.
 */
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { StorageError } from '../../protocols/core/errors.ts'
import { SYSTEM_ENVIRONMENT, UnfitError, whyNotAsRoot } from '../fitness.ts'
import type { Layout } from '../layout.ts'

const COMMANDS = ['mkfs.ext4', 'mount', 'umount', 'python3'] as const
const KEEPER = ['-I', '-S', join(import.meta.dirname, 'disk.py')] as const

/** Why nobody can have a disk of their own here; undefined: nothing is known against it. */
export function whyNoDisks (): string | undefined { return whyNotAsRoot(COMMANDS) }

export class Disks implements AsyncDisposable {
  readonly #keeper: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>
  readonly #full = new Set<string>()
  /** Answers come in the order of questions. */
  #turn: Promise<void> = Promise.resolve()

  /** Makes what is missing, and mounts all. @throws UnfitError */
  static async open (layout: Layout, names: readonly string[]): Promise<Disks> {
    const reason = whyNoDisks()
    if (reason !== undefined) throw unfit(reason)
    for (const folder of [layout.disks, layout.nodes]) mkdirSync(folder, { recursive: true, mode: 0o700 })
    // Detached: a Ctrl-C is not for it.
    const keeper = spawn('python3', [...KEEPER, layout.disks, layout.nodes], { env: SYSTEM_ENVIRONMENT, stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    const disks = new Disks(keeper)
    try {
      await disks.#hear('a file system in a file')
      for (const name of names) await disks.#ask('mount', name)
      return disks
    } catch (error) {
      await disks[Symbol.asyncDispose]()
      throw unfit(error instanceof Error ? error.message : String(error))
    }
  }

  private constructor (keeper: ChildProcessByStdio<Writable, Readable, null>) {
    this.#keeper = keeper
    this.#answers = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]()
    keeper.stdin.on('error', () => undefined)
  }

  isFull (name: string): boolean { return this.#full.has(name) }

  /** From here on nothing that was not synced will ever have been written. */
  async cut (name: string): Promise<void> { await this.#ask('cut', name) }

  /** As after a reboot. Whoever used it must be dead. */
  async back (name: string): Promise<void> {
    await this.#ask('back', name)
    this.#full.delete(name)
  }

  async fill (name: string, leftBytes: number): Promise<void> {
    await this.#ask('fill', `${name} ${leftBytes}`)
    this.#full.add(name)
  }

  async free (name: string): Promise<void> {
    await this.#ask('free', name)
    this.#full.delete(name)
  }

  /** What was written is on them. */
  async [Symbol.asyncDispose] (): Promise<void> {
    const { exitCode, signalCode, pid } = this.#keeper
    if (exitCode !== null || signalCode !== null || pid === undefined) return
    const ended = once(this.#keeper, 'exit')
    this.#keeper.stdin.end()
    await ended
  }

  async #ask (verb: string, words: string): Promise<void> {
    const answered = this.#turn.then(async () => {
      this.#keeper.stdin.write(`${verb} ${words}\n`)
      await this.#hear(`${verb} ${words}`)
    })
    this.#turn = answered.catch(() => undefined)
    await answered
  }

  async #hear (what: string): Promise<void> {
    const { value, done } = await this.#answers.next() as IteratorResult<string, undefined>
    const said = done === true ? 'its keeper has ended' : value
    if (said !== 'done') throw new StorageError(`the disk, ${what}: ${said}`)
  }
}

/** What somebody has left mounted there who was killed together with his keeper; whose keeper is still at it, is waited for. */
export function releaseDisks ({ disks, nodes }: Layout): void {
  if (whyNoDisks() === undefined && existsSync(disks) && existsSync(nodes)) spawnSync('python3', [...KEEPER, disks, nodes], { env: SYSTEM_ENVIRONMENT, input: '' })
}

function unfit (reason: string): UnfitError { return new UnfitError(`nobody can have a disk of their own here: ${reason}`, 'Start the testnet without --disks: all homes then lie on yours.') }
