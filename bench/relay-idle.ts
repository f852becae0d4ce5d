/** A relay that nobody needs at the moment: what it holds, and what each user who is only there adds, beside bare libp2p. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Usage } from './answering.ts'
import { Child } from './children.ts'
import type { ClientsCalls } from './clients-process.ts'
import { Program, residentMebibytes } from './program.ts'
import type { RawCalls } from './raw-process.ts'
import type { RelayCalls } from './relay-process.ts'
import { UNLIMITED } from './relay-settings.ts'
import type { Run } from './suite.ts'

const MEBIBYTES = 150
const KIBIBYTES_ABOVE_LIBP2P = 15
const KIBIBYTE = 1024
/** Two processes of clients, so that what they need lies in neither of those that are measured. */
const CLIENT_PROCESSES = 2
/** Buffers of handshakes are given back by then. */
const REST_MS = 2_000

export async function measureRelayIdle (run: Run): Promise<void> {
  await tellProgram(run)
  await tellClients(run)
}

/** The program as it is installed. */
async function tellProgram ({ folder, isQuick, report, note }: Run): Promise<void> {
  note('the package is being built')
  const program = await Program.install(folder)
  const suite = `An idle relay, skein relay up (${program.origin})`
  const home = join(folder, 'idle-relay')
  await program.run(['--home', home, 'relay', 'init', '--key-file'])
  await using raw = new Child<RawCalls>(new URL('./raw-process.ts', import.meta.url), { folder })
  await raw.ask('listen', { wire: 'libp2p', count: 1 })
  await using relay = await program.up(home, ['relay', 'up', '--listen', '/ip4/127.0.0.1/tcp/0'])
  const restMs = isQuick ? 3_000 : 10_000
  note(`a relay is left alone for ${restMs / 1000} s`)
  await sleep(restMs)
  const { rssBytes } = await raw.ask('usage', undefined)
  report({ suite, what: `memory after ${restMs / 1000} s`, value: await residentMebibytes(relay.pid), unit: 'MiB', limit: { value: rssBytes / KIBIBYTE ** 2, of: 'libp2p' }, budget: { type: 'atMost', value: MEBIBYTES } })
}

async function tellClients ({ folder, isQuick, report, note }: Run): Promise<void> {
  const count = isQuick ? 100 : 400
  const suite = `${count} users who only wait at a relay: a connection, a mailbox with one door, an open stream`
  note(`${count} connections with bare libp2p are being made, then ${count} with a relay`)
  await using raw = new Child<RawCalls>(new URL('./raw-process.ts', import.meta.url), { folder })
  const { addresses: [address = ''] } = await raw.ask('listen', { wire: 'libp2p', count: 1 })
  const bare = await growth({ folder, count }, async () => await raw.ask('restingUsage', undefined), async (clients, share) => {
    await clients.ask('bare', { address, count: share })
  })
  await using relay = new Child<RelayCalls>(new URL('./relay-process.ts', import.meta.url), { folder })
  const target = await relay.ask('start', { folder, settings: UNLIMITED })
  const skein = await growth({ folder, count }, async expected => {
    const { peers: { connections, collecting } } = await relay.ask('stats', undefined)
    if (Math.min(connections, collecting) < expected) throw new Error(`the relay has ${connections} connections and ${collecting} open mailboxes, not ${expected}`)
    return await relay.ask('restingUsage', undefined)
  }, async (clients, share) => {
    await clients.ask('owners', { relay: target, count: share })
  })
  report({ suite, what: 'memory for each of them', value: skein.perClientBytes / KIBIBYTE, unit: 'KiB', limit: { value: bare.perClientBytes / KIBIBYTE, of: 'libp2p' }, budget: { type: 'aboveLimit', value: KIBIBYTES_ABOVE_LIBP2P } })
  report({ suite, what: 'of it on the heap of JavaScript', value: skein.perClientHeapBytes / KIBIBYTE, unit: 'KiB', limit: { value: bare.perClientHeapBytes / KIBIBYTE, of: 'libp2p' } })
  report({ suite, what: 'memory of the relay with all of them', value: skein.rssBytes / KIBIBYTE ** 2, unit: 'MiB' })
}

interface Growth { readonly perClientBytes: number, readonly perClientHeapBytes: number, readonly rssBytes: number }

/**
 * What each of `count` clients adds to a process, garbage collected before and after. A few come first: what the first one makes is made
 * once.
 */
async function growth ({ folder, count }: { readonly folder: string, readonly count: number }, usage: (expectedCount: number) => Promise<Usage>, join: (clients: Child<ClientsCalls>, count: number) => Promise<void>): Promise<Growth> {
  await using stack = new AsyncDisposableStack()
  const processes = Array.from({ length: CLIENT_PROCESSES }, () => stack.use(new Child<ClientsCalls>(new URL('./clients-process.ts', import.meta.url), { folder })))
  const firstCount = count / 10
  let joined = 0
  const upTo = async (target: number): Promise<Usage> => {
    await Promise.all(processes.map(clients => join(clients, (target - joined) / CLIENT_PROCESSES)))
    joined = target
    await sleep(REST_MS)
    return await usage(target)
  }
  const before = await upTo(firstCount)
  const after = await upTo(count)
  const added = count - firstCount
  return { perClientBytes: (after.rssBytes - before.rssBytes) / added, perClientHeapBytes: (after.heapBytes - before.heapBytes) / added, rssBytes: after.rssBytes }
}
