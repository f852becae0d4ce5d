/**
 * `skein relay bench`: how many durable deposits a second this machine takes. A relay of its own on the same disk, real connections over
 * loopback, clients in this process; beside it how often the disk can flush, which is the limit of everything that is durable.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { RefusedError } from '../../protocols/core/errors.ts'
import { openRelayStore } from '../../store/relay/relay-store.ts'
import { signerOf } from '../crypto/signer.ts'
import { generateNetworkKey, secretOf } from '../net/identity.ts'
import { Libp2pNetwork } from '../net/network.ts'
import { VERSION } from '../version.ts'
import { realClock, realRandom } from '../world.ts'
import { depositAll, makeDoors, startClient } from './bench-client.ts'
import { RELAY_DEFAULTS, type RelayConfig } from './config.ts'
import { quantile } from './http/recent.ts'
import type { Vitals } from './pressure.ts'
import { RelayCore } from './relay-core.ts'

export interface BenchPlan {
  /** An existing folder on the disk that is measured; what is made there is removed. */
  readonly folder: string
  readonly clients: number
  readonly deposits: number
  readonly envelopeBytes: number
}

export interface BenchResult {
  readonly clients: number
  /** Stored, durable and signed for. */
  readonly deposits: number
  readonly refused: number
  readonly envelopeBytes: number
  readonly seconds: number
  readonly depositsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Deposits that shared one transaction and one flush, a mean. */
  readonly depositsPerCommit: number
  /** Of this disk: small writes, each flushed, one after the other. */
  readonly flushesPerSecond: number
}

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
const FLUSH_TRIAL_MS = 1_000
const FLUSH_BYTES = 4_096
/** The database, its log, and what deletes leave. */
const SPACE_FACTOR = 3
const SPACE_MIN_BYTES = 64 * 1024 * 1024
const LIMITLESS = 1e9
const NO_VITALS: Vitals = { residentBytes: 0, heapBytes: 0, availableBytes: undefined }

/**
 * @throws RefusedError when the disk has no room for it
 * @throws StorageError when it cannot be written
 */
export async function benchRelay (plan: BenchPlan): Promise<BenchResult> {
  const spaceBytes = SPACE_MIN_BYTES + SPACE_FACTOR * plan.deposits * plan.envelopeBytes
  const { bavail, bsize } = await statfs(plan.folder)
  if (bavail * bsize < spaceBytes) throw new RefusedError('the disk has no room for this measurement', 'Nothing was written. Take fewer --deposits.')
  const folder = await mkdtemp(join(plan.folder, 'bench-'))
  try {
    const flushesPerSecond = flushRate(join(folder, 'flush'))
    return { ...await measure(plan, { folder, spaceBytes }), flushesPerSecond }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Flushes of a second, as the database does them: it writes over what is there already, so that no flush has to grow the file. */
export function flushRate (path: string): number {
  const file = openSync(path, 'w+')
  const block = realRandom.bytes(FLUSH_BYTES)
  try {
    writeSync(file, block, 0, FLUSH_BYTES, 0)
    fdatasyncSync(file)
    const beginMs = realClock.monotonic()
    let count = 0
    for (; realClock.monotonic() - beginMs < FLUSH_TRIAL_MS; count += 1) {
      writeSync(file, block, 0, FLUSH_BYTES, 0)
      fdatasyncSync(file)
    }
    return count / ((realClock.monotonic() - beginMs) / 1_000)
  } finally {
    closeSync(file)
  }
}

async function measure (plan: BenchPlan, { folder, spaceBytes }: { readonly folder: string, readonly spaceBytes: number }): Promise<Omit<BenchResult, 'flushesPerSecond'>> {
  const { clients, deposits, envelopeBytes } = plan
  await using stack = new AsyncDisposableStack()
  const { core, network } = await startRelay({ folder, capBytes: spaceBytes }, stack)
  const relay = { peerId: network.peerId, addresses: network.addresses() }
  const owner = await startClient(relay, stack)
  const { doors, close } = await makeDoors(owner, clients)
  const depositors = await Promise.all(doors.map(async door => ({ door, client: await startClient(relay, stack) })))
  const count = Math.ceil(deposits / clients)
  const beginMs = realClock.monotonic()
  const tallies = await Promise.all(depositors.map(async ({ door, client }) => await depositAll(client, { door, count, envelopeBytes })))
  const seconds = (realClock.monotonic() - beginMs) / 1_000
  close()
  const stored = tallies.reduce((sum, tally) => sum + tally.stored, 0)
  const { answeredMs, commits: { groupSizes } } = core.stats()
  return {
    clients,
    deposits: stored,
    refused: tallies.reduce((sum, tally) => sum + tally.refused, 0),
    envelopeBytes,
    seconds,
    depositsPerSecond: stored / seconds,
    p50Ms: quantile(answeredMs, 0.5) ?? 0,
    p99Ms: quantile(answeredMs, 0.99) ?? 0,
    depositsPerCommit: groupSizes.count === 0 ? 0 : groupSizes.sum / groupSizes.count
  }
}

async function startRelay ({ folder, capBytes }: { readonly folder: string, readonly capBytes: number }, stack: AsyncDisposableStack): Promise<{ readonly core: RelayCore, readonly network: Libp2pNetwork }> {
  const store = stack.adopt(openRelayStore({ path: join(folder, 'relay.db'), isNew: true, capBytes }), opened => { opened.close() })
  const networkKey = generateNetworkKey()
  const network = new Libp2pNetwork({ networkKey, listen: [LOOPBACK], agentVersion: `skein/${VERSION}`, clock: realClock })
  stack.defer(async () => { await network.stop() })
  const core = new RelayCore({
    store,
    ports: { clock: realClock, random: realRandom, network, signer: signerOf(secretOf(networkKey)), vitals: () => NO_VITALS },
    config: benchConfig(capBytes),
    version: VERSION,
    reach: () => undefined
  })
  await network.start()
  core.start()
  stack.defer(async () => { await core.stop() })
  return { core, network }
}

/** What is measured is the work: no quota and no brake is in the way. */
function benchConfig (capBytes: number): RelayConfig {
  const endless = { burst: LIMITLESS, perSecond: LIMITLESS }
  const { quotas, rates, thresholds } = RELAY_DEFAULTS
  return {
    ...RELAY_DEFAULTS,
    capBytes,
    quotas: { ...quotas, aliasItemsMax: LIMITLESS, aliasBytesMax: capBytes, mailboxItemsMax: LIMITLESS, mailboxBytesMax: capBytes },
    rates: { ...rates, depositsPerPeer: endless, depositsPerAlias: endless, requestsPerPeer: endless },
    thresholds: { ...thresholds, capShare: 1, availableBytesMin: 0, residentBytesMax: Infinity, loopDelayMsMax: Infinity }
  }
}
