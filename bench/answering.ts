/** The other end of children.ts: a child that answers what its parent asks, and does not outlive it. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Answer, Calls, Question } from './children.ts'

/** What a child may take to clean up once its parent is gone. */
const DISPOSE_MS_MAX = 5_000

/** CPU time and memory of this process; `mainUs`: of the thread that runs JavaScript. */
export interface Usage { readonly cpuUs: number, readonly mainUs: number, readonly rssBytes: number, readonly heapBytes: number }

/** `dispose` closes everything and removes what was written; called when the parent hangs up, however it ended. */
export function answerCalls (calls: Calls, dispose: () => Promise<void>): void {
  process.on('message', question => { void answer(question as Question, calls) })
  process.once('disconnect', () => { void end(dispose) })
}

export function usage (): Usage {
  const { user, system } = process.cpuUsage()
  const main = process.threadCpuUsage()
  return { cpuUs: user + system, mainUs: main.user + main.system, rssBytes: process.memoryUsage.rss(), heapBytes: process.memoryUsage().heapUsed }
}

/** After two collections: the second frees what finalizers of the first have let go. */
export async function restingUsage (): Promise<Usage> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  for (let count = 0; count < 2; count++) {
    collect()
    await new Promise(resolve => { setImmediate(resolve) })
  }
  return usage()
}

/** Milliseconds since 1970 with fraction: alike in all processes of this machine. */
export function wallMs (): number { return performance.timeOrigin + performance.now() }

async function answer ({ id, name, request }: Question, calls: Calls): Promise<void> {
  try {
    const call = calls[name]
    if (call === undefined) throw new Error(`nobody answers ${name}`)
    tell({ id, reply: await call(request as never) })
  } catch (thrown) {
    tell({ id, fault: thrown instanceof Error ? thrown.stack ?? thrown.message : 'unknown fault' })
  }
}

function tell (answered: Answer): void {
  if (process.connected) process.send?.(answered)
}

async function end (dispose: () => Promise<void>): Promise<void> {
  setTimeout(() => process.exit(1), DISPOSE_MS_MAX).unref()
  await dispose()
  process.exit()
}
