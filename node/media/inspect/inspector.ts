/**
 * Starts a process for each file that is looked into, one after another, and ends it when it takes too long. A process, and not a thread: it
 * can be killed while a decoder is busy, it takes its memory with it, and when a decoder is broken into there is nothing of the node in it.
 */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { lstat, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { asError, NotFoundError, StorageError, UsageError } from '../../../protocols/core/errors.ts'
import type { Clock } from '../../ports.ts'
import { realClock } from '../../world.ts'
import { EXIT_MEMORY, UNKNOWN } from './job.ts'
import type { Job, Report } from './job.ts'
import type { Inspection, InspectOptions, Inspector, StripResult } from './inspection.ts'
import { refusal } from './strip/refusal.ts'

/** What one file may cost. Larger in tests of their own and nowhere else. */
export interface InspectorLimits {
  readonly inspectMsMax: number
  /** Copies may take that, and so much more for every byte: disks that are slower are not waited for. */
  readonly copyBytesPerSMin: number
  readonly memoryBytesMax: number
}

/**
 * Measured on two cores under load: a JPEG of 200 megapixels takes 1.5 s and 151 MiB; progressive, the worst a camera may write, 6 s and
 * 715 MiB; an AVIF of 24 megapixels 4 s and 524 MiB. An interlaced PNG of 256 megapixels would take 1.1 GiB.
 */
const LIMITS: InspectorLimits = { inspectMsMax: 30_000, copyBytesPerSMin: 5_000_000, memoryBytesMax: 768 * 1024 * 1024 }
/** Only a hostile file makes what our own code holds, besides decoded pixels, as large as this. */
const HEAP_MIB_MAX = 256
/** Next to this file, as source or compiled. */
const PROGRAM = path.join(import.meta.dirname, `child${path.extname(import.meta.filename)}`)

/** How a process ended: with its answer, or without one. */
type Ending = Exclude<Report, { readonly is: 'seen' }> | { readonly is: 'too large' | 'too slow' | 'crashed' }
type Seen = Extract<Report, { readonly is: 'seen' }>
interface Ended { readonly seen: Seen, readonly ending: Ending }
interface Order { readonly job: Job, readonly msMax: number, readonly signal: AbortSignal | undefined }

export function createInspector ({ clock = realClock, limits = LIMITS }: { readonly clock?: Clock, readonly limits?: InspectorLimits } = {}): Inspector {
  const memoryBytesMax = limits.memoryBytesMax
  let last: Promise<void> = Promise.resolve()
  /** Pictures take much memory for a moment: one after the other. Who waits may leave at once; who is at it is ended first. */
  const inTurn = async (order: Order): Promise<Ended> => {
    const before = last
    const { promise: done, resolve } = Promise.withResolvers<undefined>()
    last = before.then(async () => await done)
    try {
      await untilAborted(before, order.signal)
      return await runChild(order, clock)
    } finally { resolve(undefined) }
  }
  return {
    async inspect (path, { signal }: InspectOptions = {}): Promise<Inspection> {
      const bytes = await sizeOf(path)
      const { seen, ending } = await inTurn({ job: { do: 'inspect', path, memoryBytesMax }, msMax: limits.inspectMsMax, signal })
      if (ending.is === 'inspection') return ending.inspection
      if (ending.is === 'fault' || ending.is === 'stripped') throw new StorageError('The file could not be read.', 'Is it still there?')
      return { type: seen.type, bytes, width: seen.width, height: seen.height, durationMs: 0, isVoice: false, trouble: ending.is }
    },
    async strip (path, outPath, { signal }: InspectOptions = {}): Promise<StripResult> {
      const msMax = limits.inspectMsMax + await sizeOf(path) / limits.copyBytesPerSMin * 1_000
      await mustNotExist(outPath)
      try {
        const { seen, ending } = await inTurn({ job: { do: 'strip', path, outPath, memoryBytesMax }, msMax, signal })
        if (ending.is === 'stripped') return ending.result
        await rm(outPath, { force: true })
        if (ending.is === 'fault' || ending.is === 'inspection') throw new StorageError('The file could not be copied without its metadata.', 'Is there room on the disk?')
        return refusal(seen.type, ending.is)
      } catch (thrown) {
        await rm(outPath, { force: true })
        throw thrown
      }
    }
  }
}

async function sizeOf (path: string): Promise<number> {
  const found = await stat(path).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') throw new NotFoundError('There is no such file.')
    throw new StorageError('The file cannot be read.', 'Check its permissions.', thrown)
  })
  // A pipe would be waited for, a device has no end.
  if (!found.isFile()) throw new UsageError('Only regular files can be sent.')
  return found.size
}

async function mustNotExist (outPath: string): Promise<void> {
  const found = await lstat(outPath).catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new StorageError('The place for the copy cannot be used.', undefined, thrown)
  })
  if (found !== undefined) throw new StorageError('There is a file already where the copy belongs.')
}

async function untilAborted (turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) { await turn; return }
  const { promise: never, reject } = Promise.withResolvers<undefined>()
  const stop = (): void => reject(asError(signal.reason))
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  try {
    await Promise.race([turn, never])
  } finally { signal.removeEventListener('abort', stop) }
}

async function runChild ({ job, msMax, signal }: Order, clock: Clock): Promise<Ended> {
  signal?.throwIfAborted()
  const child = startChild()
  let seen: Seen = { is: 'seen', type: UNKNOWN, width: 0, height: 0 }
  let ending: Ending = { is: 'crashed' }
  const end = (how: Ending): void => {
    ending = how
    child.kill('SIGKILL')
  }
  const stop = (): void => end({ is: 'crashed' })
  const timer = clock.timer(msMax, () => end({ is: 'too slow' }))
  signal?.addEventListener('abort', stop)
  child.on('message', (report: Report) => {
    if (report.is === 'seen') seen = report
    else ending = report
  })
  try {
    const ended = gone(child)
    child.send(job, undefined, undefined, () => { /* it is gone already: `ended` tells */ })
    if (await ended === EXIT_MEMORY) ending = { is: 'too large' }
    signal?.throwIfAborted()
    return { seen, ending }
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', stop)
  }
}

function startChild (): ChildProcess {
  return fork(PROGRAM, [], {
    // Nothing of ours: passwords stand in the environment, and whatever preloads us is no business of its.
    env: process.env['SystemRoot'] === undefined ? {} : { SystemRoot: process.env['SystemRoot'] },
    execArgv: [`--max-old-space-size=${HEAP_MIB_MAX}`],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc']
  })
}

/** Its exit code, after all that it had to say. */
async function gone (child: ChildProcess): Promise<number | undefined> {
  return await new Promise(resolve => {
    child.once('error', () => resolve(undefined))
    child.once('close', code => resolve(code ?? undefined))
  })
}
