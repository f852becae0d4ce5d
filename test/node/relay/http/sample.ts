/** A relay that is made up: figures of a busy one, and an operator's door that remembers what it was asked. */
import { Histogram, DURATION_BOUNDS_MS, SIZE_BOUNDS } from '../../../../node/relay/histogram.ts'
import { RELAY_DEFAULTS, type RelayConfig } from '../../../../node/relay/config.ts'
import type { MailboxView, RelayOperator } from '../../../../node/relay/http/operator.ts'
import type { DayView, RelayStats } from '../../../../node/relay/stats.ts'
import { signerOf } from '../../../../node/crypto/signer.ts'
import { generateNetworkKey, peerIdOf } from '../../../../node/net/identity.ts'

const DAY_MS = 24 * 3_600_000
const QUARTER_MS = 15 * 60_000
export const NOW_MS = Date.UTC(2026, 10, 25, 14, 7)
const TODAY = Math.floor(NOW_MS / DAY_MS)

function counted (bounds: readonly number[], values: readonly number[]): ReturnType<Histogram['view']> {
  const histogram = new Histogram(bounds)
  for (const value of values) histogram.add(value)
  return histogram.view()
}

export function day (change: Partial<DayView> & { readonly day: number }): DayView {
  return { stored: 0, refused: {}, acknowledged: 0, expired: 0, usedBytes: 0, mailboxes: 0, mediaBytes: 0, ...change }
}

/** Some 0.4 GB more each day, unevenly. */
const days = Array.from({ length: 15 }, (_, index) => day({
  day: TODAY - 14 + index,
  stored: 400_000 + 10_000 * index,
  usedBytes: Math.round((12.2 + 0.4 * index + 0.25 * Math.sin(index)) * 1e9),
  mailboxes: 7_600 + 44 * index,
  mediaBytes: (3 + 0.1 * index) * 1e9,
  refused: index === 14 ? { mailboxFull: 611, work: 340, rate: 164, malformed: 52, unknownAlias: 15 } : {}
}))

const quarters = Array.from({ length: 96 }, (_, index) => ({
  fromMs: Math.floor(NOW_MS / QUARTER_MS) * QUARTER_MS - (95 - index) * QUARTER_MS,
  stored: Math.round(900 * (index === 36 ? 1_904 : 300 + 250 * Math.cos(index / 15))),
  refused: index % 7,
  usedBytes: 17.8e9
}))

export function sampleStats (change: Partial<RelayStats> = {}): RelayStats {
  return {
    version: '0.1.0',
    peerId: '12D3KooWSample',
    startedAtMs: NOW_MS - 12 * DAY_MS - 4 * 3_600_000,
    nowMs: NOW_MS,
    state: 'open',
    closed: [],
    trouble: [],
    held: { mailboxes: 8_214, mailboxesBlocked: 2, aliases: 102_113, items: 61_403, bytes: 4.1e9, prekeys: 650_000, shards: 8_000, records: 7_902, remembered: 812_003, oldestAtMs: NOW_MS - 21 * DAY_MS },
    disk: { usedBytes: 17.8e9, capBytes: 25e9, freeBytes: 0.4e9, availableBytes: 110e9 },
    memory: { residentBytes: 148e6, heapBytes: 61e6 },
    loopDelayMs: 1.2,
    deposits: { stored: 41_006_118, storedBytes: 4.2e10, known: 120_400, refused: { mailboxFull: 6_110, work: 3_400, rate: 1_640, malformed: 520, unknownAlias: 150 } },
    answeredMs: counted(DURATION_BOUNDS_MS, [1, 2, 2.5, 3, 3.5, 4, 4.5, 7, 9, 11.4]),
    commits: { count: 1_200_000, failed: 0, groupSizes: counted(SIZE_BOUNDS, [1, 20, 60]), transactionMs: counted(DURATION_BOUNDS_MS, [0.3, 1.2]), flushMs: counted(DURATION_BOUNDS_MS, [0.8, 1.6]) },
    traffic: {
      collected: 40_800_000,
      collectedBytes: 4.1e10,
      acknowledged: 40_700_000,
      expired: 120,
      aliasChanges: 61_000,
      bundlesOneTime: 90_000,
      bundlesLastResort: 12,
      bundlesRefused: 4,
      shardUploads: 30_000,
      recordsPut: 44_000,
      recordsGot: 91_000,
      auditsAsked: 2_113,
      auditsAffirmed: 2_113,
      malformed: 52,
      mailboxesMade: 8_400,
      mailboxesRefused: 31,
      mailboxesClosed: 186
    },
    media: { isOn: true, blobs: 2_114, unfinished: 3, references: 2_390, usedBytes: 4.4e9, capBytes: 20e9, stored: 2_900, receivedBytes: 5.1e9, opened: 4_210, servedBytes: 9.3e9, released: 610, expired: 41, lost: 0, refused: { quota: 12, busy: 4 } },
    peers: { connections: 1_327, depositing: 210, collecting: 480, reservations: 842, reservationsMax: 4_096, dht: 5 },
    stuck: {
      count: 14,
      mailboxes: [
        { name: 'm-3f9c21', items: 1_204, bytes: 18.2e6, oldestAtMs: NOW_MS - 21 * DAY_MS, nextExpiryAtMs: NOW_MS + 9 * DAY_MS },
        { name: 'm-a07e44', items: 688, bytes: 9.1e6, oldestAtMs: NOW_MS - 19 * DAY_MS, nextExpiryAtMs: NOW_MS + 11 * DAY_MS },
        { name: 'm-51d20b', items: 97, bytes: 1.4e6, oldestAtMs: NOW_MS - 16 * DAY_MS, nextExpiryAtMs: NOW_MS + 14 * DAY_MS },
        { name: 'm-e8b4c9', items: 12, bytes: 96_000, oldestAtMs: NOW_MS - 15 * DAY_MS, nextExpiryAtMs: NOW_MS + 15 * DAY_MS }
      ]
    },
    days,
    quarters,
    ...change
  }
}

/** A relay on its first day. */
export function emptyStats (): RelayStats {
  const { held, disk, deposits, answeredMs, traffic, media, peers } = sampleStats()
  const zero = <Counts extends object>(counts: Counts): Counts => Object.fromEntries(Object.keys(counts).map(name => [name, 0])) as Counts
  return sampleStats({
    startedAtMs: NOW_MS - 3_000,
    held: { ...zero(held), oldestAtMs: undefined },
    disk: { ...disk, usedBytes: 49_152, freeBytes: 0 },
    deposits: { ...zero(deposits), refused: {} },
    answeredMs: counted(answeredMs.bounds, []),
    traffic: zero(traffic),
    media: { ...media, blobs: 0, unfinished: 0, references: 0, usedBytes: 0, stored: 0, receivedBytes: 0, opened: 0, servedBytes: 0, released: 0, expired: 0, refused: {} },
    peers: { ...zero(peers), dht: undefined },
    stuck: { count: 0, mailboxes: [] },
    days: [day({ day: TODAY, usedBytes: 49_152 })],
    quarters: []
  })
}

export interface SampleOperator extends RelayOperator {
  /** What was asked of it, in order. */
  readonly asked: readonly string[]
  readonly show: (stats: RelayStats) => void
  /** From now on it has no figures. */
  readonly fail: (fault: Error) => void
}

export const SAMPLE_MAILBOX: MailboxView = { name: 'm-3f9c21', peerId: '12D3KooWOwner', items: 1_204, bytes: 18.2e6, oldestAtMs: NOW_MS - 21 * DAY_MS, nextExpiryAtMs: NOW_MS + 9 * DAY_MS, lastSeenAtMs: NOW_MS - 20 * DAY_MS, isBlocked: false }

export function sampleOperator (first: RelayStats = sampleStats()): SampleOperator {
  const networkKey = generateNetworkKey()
  const asked: string[] = []
  let stats = first
  let fault: Error | undefined
  let config: RelayConfig = { ...RELAY_DEFAULTS, name: 'eu2.geese.net', operator: 'geese@example.org', capBytes: 25e9 }
  return {
    asked,
    peerId: peerIdOf(networkKey),
    // The seed stands in the protobuf form of the key behind a header of four bytes.
    signer: signerOf(networkKey.subarray(4, 36)),
    show: shown => {
      stats = shown
      fault = undefined
    },
    fail: thrown => { fault = thrown },
    config: () => config,
    stats: () => {
      if (fault !== undefined) throw fault
      return stats
    },
    mailboxes: ({ isStuck, limit }) => {
      asked.push(`mailboxes ${isStuck ? 'stuck' : 'largest'} ${limit}`)
      return [SAMPLE_MAILBOX]
    },
    block: async (peerId, isBlocked) => {
      asked.push(`${isBlocked ? 'block' : 'unblock'} ${peerId}`)
      return await Promise.resolve(peerId === SAMPLE_MAILBOX.peerId)
    },
    collectGarbage: async () => {
      asked.push('gc')
      return await Promise.resolve({ expired: 12, releasedBytes: 4_096_000 })
    },
    drain: async isDraining => {
      asked.push(isDraining ? 'drain' : 'open')
      stats = { ...stats, state: isDraining ? 'draining' : 'open' }
      return await Promise.resolve(480)
    },
    configure: changed => {
      asked.push('configure')
      config = changed
    }
  }
}
