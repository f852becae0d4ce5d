/** A blob straight from one node to another, beside a bare libp2p stream of the same bytes; what it costs in memory, and what messages notice of it. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from './children.ts'
import { median, percentile } from './figures.ts'
import type { Held, MediaCalls } from './media-process.ts'
import { REPETITIONS, type Run } from './suite.ts'

const SUITE = 'A blob from one node to another, verified and on the disk, two processes'
const MIB = 2 ** 20
const LEAVES = 100
const LEAVES_QUICK = 32
/** Memory must not grow with the file: a gigabyte shows it. */
const LARGE_LEAVES = 1_024
const LARGE_LEAVES_QUICK = 256
const SHARE_OF_BARE = 0.6
const PEAK_MIB = 200
/** What somebody who talks notices. */
const PING_P99_MS = 100
const REST_MS = 2_000

export async function measureMedia (run: Run): Promise<void> {
  await measureSpeed(run)
  await measureMemory(run)
}

async function measureSpeed ({ folder, isQuick, report, note }: Run): Promise<void> {
  const leaves = isQuick ? LEAVES_QUICK : LEAVES
  await using holder = new Child<MediaCalls>(new URL('./media-process.ts', import.meta.url), { folder })
  await using fetcher = new Child<MediaCalls>(new URL('./media-process.ts', import.meta.url), { folder })
  const held = await hold(holder, join(folder, 'media-speed'), leaves)
  const speeds = { bare: [] as number[], skein: [] as number[] }
  // Once for the compiler.
  await fetcher.ask('fetchRaw', { held })
  await fetcher.ask('fetch', { folder: join(folder, 'media-speed-here'), held })
  for (let repetition = 0; repetition < REPETITIONS; repetition++) {
    speeds.bare.push(speedOf(held, (await fetcher.ask('fetchRaw', { held })).tookMs))
    speeds.skein.push(speedOf(held, (await fetcher.ask('fetch', { folder: join(folder, 'media-speed-here'), held })).tookMs))
    note(`${leaves} MiB, ${repetition + 1} of ${REPETITIONS}: ${speeds.skein.at(-1)?.toFixed(0)} MB/s beside ${speeds.bare.at(-1)?.toFixed(0)} MB/s of a bare stream`)
  }
  report({ suite: SUITE, what: `${leaves} MiB`, value: median(speeds.skein), unit: 'MB/s', limit: { value: median(speeds.bare), of: 'a libp2p stream, neither looked at nor written' }, budget: { type: 'shareOfLimit', value: SHARE_OF_BARE } })
  const quiet = (await fetcher.ask('ping', { held, forMs: REST_MS })).pingsMs
  const busy: number[] = []
  for (let repetition = 0; repetition < REPETITIONS; repetition++) busy.push(...(await fetcher.ask('fetch', { folder: join(folder, 'media-speed-here'), held, isPinging: true })).pingsMs)
  for (const share of [0.5, 0.99]) {
    report({ suite: SUITE, what: `a small frame there and back on the same connection meanwhile, p${share * 100}`, value: percentile(busy, share), unit: 'ms', limit: { value: percentile(quiet, share), of: 'the same with nothing else on it' }, ...share === 0.99 && { budget: { type: 'atMost', value: PING_P99_MS } } })
  }
}

async function measureMemory ({ folder, isQuick, report, note }: Run): Promise<void> {
  const leaves = isQuick ? LARGE_LEAVES_QUICK : LARGE_LEAVES
  await using holder = new Child<MediaCalls>(new URL('./media-process.ts', import.meta.url), { folder })
  await using fetcher = new Child<MediaCalls>(new URL('./media-process.ts', import.meta.url), { folder })
  const held = await hold(holder, join(folder, 'media-large'), leaves)
  const { tookMs } = await fetcher.ask('fetch', { folder: join(folder, 'media-large-here'), held })
  note(`${leaves} MiB in ${(tookMs / 1000).toFixed(1)} s`)
  for (const [who, child] of [['who fetches it', fetcher], ['who has it', holder]] as const) {
    const { rssBytes } = await child.ask('peak', undefined)
    report({ suite: SUITE, what: `the most memory while ${leaves} MiB move, ${who}`, value: rssBytes / MIB, unit: 'MiB', budget: { type: 'atMost', value: PEAK_MIB } })
  }
}

async function hold (child: Child<MediaCalls>, folder: string, leaves: number): Promise<Held> {
  await mkdir(folder, { recursive: true })
  return await child.ask('hold', { folder, leaves })
}

/** Megabytes in a second. */
function speedOf ({ blobBytes }: Held, tookMs: number): number { return blobBytes / 1e6 / (tookMs / 1000) }
