/** `skein send` beside a running node: what a person or a script waits for until the shell is back. */
import { once } from 'node:events'
import { join } from 'node:path'
import { Child, launch } from './children.ts'
import { percentile } from './figures.ts'
import type { PeopleCalls } from './people-process.ts'
import { findOlderNode, Program } from './program.ts'
import type { Run } from './suite.ts'

const WALL_MS = 150

interface Runtime { readonly path: string, readonly version: string, readonly times: number[], readonly bare: number[] }

export async function measureSend (run: Run): Promise<void> {
  const { folder, isQuick, report, note } = run
  note('the package is being built')
  const program = await Program.install(folder)
  const suite = `skein send with a running node (${program.origin}), from start to end of the process`
  const home = join(folder, 'send')
  await program.init(home)
  await using friend = new Child<PeopleCalls>(new URL('./people-process.ts', import.meta.url), { folder })
  const { links } = await friend.ask('start', { count: 1 })
  await using running = new AsyncDisposableStack()
  running.use(await program.up(home))
  await program.run(['--home', home, 'contact', 'add', links[0] ?? '', '--as', 'friend'])
  await program.run(['--home', home, 'send', '@friend', 'hello', '--wait', 'delivered'])
  const runCount = isQuick ? 7 : 20
  const runtimes = runtimesHere()
  for (let index = 0; index < runCount; index++) {
    for (const { path, times, bare } of runtimes) {
      bare.push(await bareMs(path))
      times.push((await program.run(['--home', home, 'send', '@friend', `message ${index}`], path)).tookMs)
    }
  }
  for (const { version, times, bare } of runtimes) {
    report({ suite, what: `started by Node ${version}, p50 of ${runCount}`, value: percentile(times, 0.5), unit: 'ms', limit: { value: percentile(bare, 0.5), of: 'node -e 0' }, budget: { type: 'atMost', value: WALL_MS } })
  }
}

function runtimesHere (): Runtime[] {
  const older = findOlderNode()
  return [{ path: process.execPath, version: process.version }, ...older === undefined ? [] : [older]].map(found => ({ ...found, times: [], bare: [] }))
}

/** A Node that does nothing. */
async function bareMs (path: string): Promise<number> {
  const startMs = performance.now()
  const child = launch(path, ['-e', '0'], { stdio: 'ignore' })
  await once(child, 'exit')
  return performance.now() - startMs
}
