/** A node that nobody writes to: what it holds and what it does. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Child } from './children.ts'
import { Program, residentMebibytes } from './program.ts'
import type { RawCalls } from './raw-process.ts'
import type { Run } from './suite.ts'

const MEBIBYTES = 120
const PERCENT = 1
/** What Linux counts CPU time in for its processes: USER_HZ, the same on all architectures that Node runs on. */
const TICK_MS = 10

export async function measureIdle (run: Run): Promise<void> {
  const { folder, isQuick, report, note } = run
  note('the package is being built')
  const program = await Program.install(folder)
  const suite = `An idle node, skein up (${program.origin})`
  const home = join(folder, 'idle')
  await program.init(home)
  // From then on its files are in the memory of the system.
  await (await program.up(home))[Symbol.asyncDispose]()
  await using raw = new Child<RawCalls>(new URL('./raw-process.ts', import.meta.url), { folder })
  await raw.ask('listen', { wire: 'libp2p', count: 1 })
  await using node = await program.up(home)
  const restMs = isQuick ? 3_000 : 10_000
  const watchMs = isQuick ? 5_000 : 20_000
  note(`a node is left alone for ${(restMs + watchMs) / 1000} s`)
  await sleep(restMs)
  const { rssBytes } = await raw.ask('usage', undefined)
  report({ suite, what: `memory after ${restMs / 1000} s`, value: await residentMebibytes(node.pid), unit: 'MiB', limit: { value: rssBytes / 2 ** 20, of: 'libp2p' }, budget: { type: 'atMost', value: MEBIBYTES } })
  const before = await cpuMs(node.pid)
  await sleep(watchMs)
  report({ suite, what: `CPU over ${watchMs / 1000} s`, value: (await cpuMs(node.pid) - before) / watchMs * 100, unit: '%', budget: { type: 'atMost', value: PERCENT } })
  report({ suite, what: 'from starting the process until it is ready', value: node.readyMs, unit: 'ms' })
}

/** utime and stime, the 14th and 15th field of proc_pid_stat(5); the second, a name in brackets, may hold spaces. */
async function cpuMs (pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
