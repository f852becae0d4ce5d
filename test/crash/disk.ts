/**
 * A disk whose power can be taken: ext4 in a file, mounted through the loop device, shut down under whoever uses it. Unlike power.ts,
 * which remembers what one process has asked for, nothing here is simulated: the kernel forgets what was not synced, names of files
 * included, and answers everything after it with EIO.
 */
import { execFile, spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { promisify } from 'node:util'

const run = promisify(execFile)

const KEEPER = join(import.meta.dirname, 'disk.py')
/** Sparse: it takes what is written to it. A relay wants 256 MiB free before it makes a mailbox. */
const IMAGE_BYTES = 1024 * 1024 * 1024
const JOURNAL_MIB = 16
/** Where system programs are, for a shell that does not look there. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
const env = { ...process.env, PATH }

/** Why there can be no such disk here; undefined when nothing is known against it. */
function whyNot (): string | undefined {
  if (process.platform !== 'linux') return 'a disk without power needs the loop device and ext4 of Linux'
  if (process.getuid?.() !== 0) return 'mounting a disk needs root'
  for (const command of ['mkfs.ext4', 'python3', 'mount']) if (spawnSync('which', [command], { env }).status !== 0) return `the command ${command} is missing`
  return undefined
}

export class Disk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string
  readonly #folder: string
  readonly #keeper: ChildProcessByStdio<Writable, Readable, null>
  readonly #answers: AsyncIterator<string>

  /** An empty one; or the reason why this machine has none. */
  static async create (): Promise<Disk | string> {
    const reason = whyNot()
    if (reason !== undefined) return reason
    const folder = await mkdtemp(join(tmpdir(), 'skein-disk-'))
    const disk = new Disk(folder, await launch(folder))
    const said = await disk.#next()
    if (said === 'mounted') return disk
    await disk[Symbol.asyncDispose]()
    return `an ext4 file system in a file cannot be mounted here (${said})`
  }

  private constructor (folder: string, keeper: ChildProcessByStdio<Writable, Readable, null>) {
    this.#folder = folder
    this.path = mountPoint(folder)
    this.#keeper = keeper
    this.#answers = createInterface({ input: keeper.stdout })[Symbol.asyncIterator]()
  }

  /** From here on nothing that was not synced will ever have been written. */
  async cut (): Promise<void> { await this.#ask('cut') }

  /** As after a reboot. Whoever used it must be dead: a machine without power runs nothing. */
  async back (): Promise<void> { await this.#ask('back') }

  async [Symbol.asyncDispose] (): Promise<void> {
    const ended = this.#keeper.exitCode === null ? once(this.#keeper, 'exit') : undefined
    this.#keeper.stdin.end()
    await ended
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 3 })
  }

  async #ask (word: string): Promise<void> {
    this.#keeper.stdin.write(`${word}\n`)
    const said = await this.#next()
    if (said !== 'done') throw new Error(`the disk: ${word}: ${said}`)
  }

  async #next (): Promise<string> {
    const { value, done } = await this.#answers.next() as IteratorResult<string, undefined>
    return done === true ? 'its keeper has ended' : value
  }
}

async function launch (folder: string): Promise<ChildProcessByStdio<Writable, Readable, null>> {
  const image = join(folder, 'disk')
  await mkdir(mountPoint(folder))
  await run('truncate', ['-s', String(IMAGE_BYTES), image])
  await run('mkfs.ext4', ['-q', '-F', '-J', `size=${JOURNAL_MIB}`, image], { env })
  // A group of its own: who kills that of the tests leaves it time to unmount.
  const keeper = spawn('python3', ['-I', '-S', KEEPER, image, mountPoint(folder)], { env, stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  keeper.stdin.on('error', () => {})
  return keeper
}

function mountPoint (folder: string): string { return join(folder, 'at') }
