/** A blob to a relay and from it, beside a bare libp2p stream of the same bytes; and what it costs the relay in memory. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Child } from './children.ts'
import { median } from './figures.ts'
import type { MediaClientCalls } from './media-relay-client.ts'
import type { MediaCalls } from './media-process.ts'
import type { RelayCalls } from './relay-process.ts'
import { REPETITIONS, type Run } from './suite.ts'

const SUITE = 'A blob to a relay and back, verified, flushed and signed for'
const MIB = 2 ** 20
const LEAVES = 100
const LEAVES_QUICK = 32
const SHARE_OF_BARE = 0.5
const PEAK_MIB = 200

export async function measureMediaRelay ({ folder, isQuick, report, note }: Run): Promise<void> {
  const leaves = isQuick ? LEAVES_QUICK : LEAVES
  const own = join(folder, 'media-relay')
  await mkdir(own, { recursive: true })
  await using holder = new Child<MediaCalls>(new URL('./media-process.ts', import.meta.url), { folder })
  await using taker = new Child<MediaCalls>(new URL('./media-process.ts', import.meta.url), { folder })
  await using relay = new Child<RelayCalls>(new URL('./relay-process.ts', import.meta.url), { folder })
  await using client = new Child<MediaClientCalls>(new URL('./media-relay-client.ts', import.meta.url), { folder })
  const held = await holder.ask('hold', { folder: own, leaves })
  const { peerId, addresses } = await relay.ask('start', { folder, settings: { 'dht.on': 'false', http: 'off' } })
  const { blobBytes } = await client.ask('open', { folder: own, target: { peerId, addresses }, leaves })
  const speeds = { bare: [] as number[], put: [] as number[], get: [] as number[] }
  const speedOf = (tookMs: number): number => blobBytes / 1e6 / (tookMs / 1000)
  // Once for the compiler, and not counted.
  for (let repetition = -1; repetition < REPETITIONS; repetition++) {
    const { tookMs: bareMs } = await taker.ask('fetchRaw', { held })
    const { tookMs: putMs } = await client.ask('put', undefined)
    const { tookMs: getMs } = await client.ask('fetch', undefined)
    await client.ask('release', undefined)
    if (repetition < 0) continue
    speeds.bare.push(speedOf(bareMs))
    speeds.put.push(speedOf(putMs))
    speeds.get.push(speedOf(getMs))
    note(`${leaves} MiB, ${repetition + 1} of ${REPETITIONS}: to ${speedOf(putMs).toFixed(0)} and from ${speedOf(getMs).toFixed(0)} MB/s beside ${speedOf(bareMs).toFixed(0)} MB/s of a bare stream`)
  }
  const limit = { value: median(speeds.bare), of: 'a libp2p stream, neither looked at nor written' }
  const budget = { type: 'shareOfLimit', value: SHARE_OF_BARE } as const
  report({ suite: SUITE, what: `${leaves} MiB to a relay`, value: median(speeds.put), unit: 'MB/s', limit, budget })
  report({ suite: SUITE, what: `${leaves} MiB from a relay`, value: median(speeds.get), unit: 'MB/s', limit, budget })
  report({ suite: SUITE, what: 'the most memory of the relay meanwhile', value: (await relay.ask('peak', undefined)).rssBytes / MIB, unit: 'MiB', budget: { type: 'atMost', value: PEAK_MIB } })
}
