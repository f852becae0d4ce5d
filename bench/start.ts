/** How long a node takes from opening its account to listening, in a process that has done nothing before. */
import { join } from 'node:path'
import { Child } from './children.ts'
import { median } from './figures.ts'
import type { RawCalls } from './raw-process.ts'
import type { StartCalls } from './start-process.ts'
import type { Run } from './suite.ts'

const SUITE = 'Starting a node'

export async function measureStart ({ folder, isQuick, report, note }: Run): Promise<void> {
  const home = join(folder, 'start')
  const starts: number[] = []
  const loads: number[] = []
  const bare: number[] = []
  const runCount = isQuick ? 3 : 7
  // The first one makes the account.
  for (let index = 0; index <= runCount; index++) {
    await using raw = new Child<RawCalls>(new URL('./raw-process.ts', import.meta.url), { folder })
    bare.push((await raw.ask('listen', { wire: 'libp2p', count: 1 })).tookMs)
    await using node = new Child<StartCalls>(new URL('./start-process.ts', import.meta.url), { folder })
    const { loadMs, startMs } = await node.ask('start', { home, isNew: index === 0 })
    if (index === 0) continue
    starts.push(startMs)
    loads.push(loadMs)
    note(`start ${index} of ${runCount}: ${startMs.toFixed(0)} ms`)
  }
  report({ suite: SUITE, what: `createNode() and start() of an account, p50 of ${runCount} processes`, value: median(starts), unit: 'ms', limit: { value: median(bare), of: 'libp2p + SQLite' } })
  report({ suite: SUITE, what: 'loading the code before that, from TypeScript', value: median(loads), unit: 'ms' })
}
