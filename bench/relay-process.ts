/** A child process that is a relay, as `skein relay up` composes one: its own home, its own libp2p, its dashboard. */
import { join } from 'node:path'
import { createRelay, initRelay, type RelayNode } from '../node/relay/relay-node.ts'
import { variableOf } from '../node/relay/settings-table.ts'
import type { RelayStats } from '../node/relay/stats.ts'
import { answerCalls, restingUsage, usage, wallMs } from './answering.ts'
import { startProfiler, type Profiler } from './profiling.ts'
import type { RelaySettingsGiven } from './relay-settings.ts'

/** Between two looks at its figures. */
const LOOK_MS = 5

let relay: RelayNode | undefined
let profiler: Profiler | undefined

const calls = {
  /** Makes a home in `folder` and opens it; says where it is. */
  start: async ({ folder, settings, listen = '/ip4/127.0.0.1/tcp/0' }: { readonly folder: string, readonly settings: RelaySettingsGiven, readonly listen?: string }) => {
    const home = join(folder, `relay-${process.pid}`)
    initRelay({ home, name: 'bench' })
    const environment = Object.fromEntries(Object.entries(settings).map(([name, value]) => [variableOf(name as keyof RelaySettingsGiven), value]))
    relay = await createRelay({ home, listen: [listen], environment })
    await relay.start()
    const addresses = relay.addresses()
    return { peerId: relay.peerId, addresses, address: `${addresses[0] ?? ''}/p2p/${relay.peerId}` }
  },
  stats: () => statsNow(),
  /** When more than `count` items had been handed to owners, since its start. */
  handedOut: async ({ count }: { readonly count: number }) => {
    while (statsNow().traffic.collected <= count) await new Promise(resolve => { setTimeout(resolve, LOOK_MS) })
    return { atMs: wallMs() }
  },
  /** The most that this process has held, in bytes. */
  peak: () => ({ rssBytes: process.resourceUsage().maxRSS * 1024 }),
  usage,
  restingUsage,
  startProfile: async () => { profiler = await startProfiler() },
  stopProfile: async ({ path }: { readonly path: string }) => { await profiler?.stop(path) }
}

export type RelayCalls = typeof calls

answerCalls(calls, async () => { await relay?.stop() })

function statsNow (): RelayStats {
  if (relay === undefined) throw new Error('a relay is started before it is asked')
  return relay.stats()
}
