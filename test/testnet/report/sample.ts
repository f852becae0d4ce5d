/** Records of runs that never were, made of the same parts as real ones: each shows what a page has to stand. */
import { seeded } from '../../../testnet/chance.ts'
import { EMPTY_HISTOGRAM, Histogram } from '../../../testnet/report/histogram.ts'
import type { Fault, FaultKind } from '../../../testnet/report/journal.ts'
import type { LossRecord, NodeRecord, RelayRecord, RunRecord } from '../../../testnet/report/record.ts'
import { EMPTY_SERIES, Track } from '../../../testnet/report/series.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Nobody, nothing, no time. */
export function emptyRecord (change: Partial<RunRecord> = {}): RunRecord {
  return {
    version: 1,
    kind: 'scenario',
    name: 'empty',
    seed: 1,
    begunAt: '2026-11-25T12:00:00.000Z',
    atMs: 0,
    tookMs: 0,
    state: 'ended',
    replay: 'skein testnet run empty.yaml --from 1',
    madeBy: { skein: '0.1.0', node: 'v24.0.0', platform: 'linux x64' },
    nodes: [],
    partitions: [],
    links: [],
    faults: [],
    faultCounts: {},
    messages: { sent: 0, lost: 0, duplicated: 0, reordered: 0 },
    backlog: { of: 'messages', series: EMPTY_SERIES },
    delivery: { online: EMPTY_HISTOGRAM, disturbed: EMPTY_HISTOGRAM },
    settleMs: 0,
    relays: [],
    expectations: [],
    losses: [],
    findings: [],
    ...change
  }
}

export function userNode (name: string, relays: readonly string[] | null = []): NodeRecord { return { name, kind: 'user', state: 'up', skewMs: 0, relays } }

export function relayNode (name: string): NodeRecord { return { name, kind: 'relay', state: 'up', skewMs: 0, relays: null } }

/** @param span begin and end; null: it lasts */
export function fault (kind: FaultKind, span: readonly [number, number | null], more: Pick<Fault, 'whom'> & Partial<Fault>): Fault {
  return { kind, from: [], detail: '', beginMs: span[0], endMs: span[1], ...more }
}

/** Two hours of fifty users and five relays, in virtual time; one relay loses its disk and another one lies. */
export function lossyRecord (change: Partial<RunRecord> = {}): RunRecord {
  const random = seeded(7741)
  const relays = Array.from({ length: 5 }, (_, index) => `relay${index + 1}`)
  const users = Array.from({ length: 50 }, (_, index) => `user${index + 1}`)
  const faults = [
    fault('disk lost', [20 * MINUTE_MS, 40 * MINUTE_MS], { whom: ['relay2'] }),
    fault('cut', [35 * MINUTE_MS, 45 * MINUTE_MS], { whom: ['relay1', 'relay3'], from: ['relay4', 'relay5'] }),
    fault('wrong clock', [65 * MINUTE_MS, 100 * MINUTE_MS], { whom: ['user17'], detail: '1 h slow', skewMs: -HOUR_MS }),
    fault('slow', [0, null], { whom: ['user1', 'user2', 'user3'], detail: '80 ms ± 40 ms' })
  ]
  return emptyRecord({
    kind: 'simulation',
    name: 'lost-relay',
    seed: 7741,
    atMs: 2 * HOUR_MS,
    tookMs: 41_000,
    replay: 'skein testnet run lost-relay.yaml --from 7741',
    nodes: [...relays.map(relayNode), ...users.map((name, index) => userNode(name, [0, 1, 2].map(offset => `relay${(index + offset) % 5 + 1}`)))],
    faults,
    faultCounts: { 'disk lost': 1, cut: 1, 'wrong clock': 1, slow: 3 },
    messages: { sent: 10_000, lost: 2, duplicated: 0, reordered: 0 },
    backlog: { of: 'messages', series: waveOf(random) },
    delivery: { online: spreadOf(8_000, { medianMs: 92, random }), disturbed: spreadOf(1_998, { medianMs: 60_000, random }) },
    settleMs: 22_000,
    relays: relays.map((name, index) => relayOf(name, { random, isAwayMin: index === 1 ? [20, 40] : [0, 0] })),
    expectations: [
      { text: 'lost == 0', holds: false, seen: '2', limitMs: null },
      { text: 'duplicates == 0', holds: true, seen: '0', limitMs: null },
      { text: 'order == causal', holds: true, seen: 'the same on both sides', limitMs: null },
      { text: 'p99(delivery|online) < 3s', holds: true, seen: '1.8 s', limitMs: 3_000 },
      { text: 'equal within 60s', holds: true, seen: '22.0 s', limitMs: null }
    ],
    losses: [loss('01M8JD8Q7741A3ZV6PXT5G0HKE', 'user17', 'user42'), loss('01M8JD8Q7741C9B2M1RN7YS4WD', 'user42', 'user17')],
    ...change
  })
}

export function loss (id: string, from: string, to: string): LossRecord {
  const sentAtMs = 19 * MINUTE_MS + 51_000
  return {
    id,
    from,
    to,
    missingAt: to,
    sentAtMs,
    copies: 2,
    headline: `Stored at 2 of 3 relays of ${to}.`,
    steps: [
      { atMs: sentAtMs, text: 'saved on this computer' },
      { atMs: sentAtMs + 4, text: `sealed for a device of ${to}` },
      { atMs: sentAtMs + 30_000, text: 'no device answered: timeout' },
      { atMs: sentAtMs + 30_120, text: 'relay2 keeps a copy until 2026-12-25, and has signed for it' },
      { atMs: sentAtMs + 30_124, text: 'relay4 keeps a copy until 2026-12-25, and has signed for it' }
    ]
  }
}

/** Times whose logarithms are spread evenly around a median, and a long tail. */
export function spreadOf (count: number, { medianMs, random }: { readonly medianMs: number, readonly random: () => number }): ReturnType<Histogram['view']> {
  const histogram = new Histogram()
  for (let index = 0; index < count; index++) histogram.add(medianMs * 10 ** ((random() + random() + random() - 1.5) * (random() < 0.02 ? 2 : 0.6)))
  return histogram.view()
}

function waveOf (random: () => number): ReturnType<Track['view']> {
  const track = new Track('most', MINUTE_MS / 4)
  for (let atMs = 0; atMs < 2 * HOUR_MS; atMs += MINUTE_MS / 4) {
    const minute = atMs / MINUTE_MS
    const swell = minute < 20 || minute > 60 ? 0 : 420 * Math.sin((minute - 20) / 40 * Math.PI) ** 2
    track.add(atMs, Math.round(swell + 20 + random() * 30))
  }
  return track.view()
}

function relayOf (name: string, { random, isAwayMin: [fromMin, toMin] }: { readonly random: () => number, readonly isAwayMin: readonly [number, number] }): RelayRecord {
  const [usedBytes, envelopes, deposits] = [new Track('most', MINUTE_MS), new Track('most', MINUTE_MS), new Track('sum', MINUTE_MS)]
  for (let minute = 0; minute < 120; minute++) {
    if (minute >= fromMin && minute < toMin) continue
    usedBytes.add(minute * MINUTE_MS, 250_000 + 30_000 * (minute - (minute >= toMin ? toMin : 0)))
    envelopes.add(minute * MINUTE_MS, Math.round(random() * 400))
    deposits.add(minute * MINUTE_MS, Math.round(random() * 90))
  }
  return { name, usedBytes: usedBytes.view(), envelopes: envelopes.view(), deposits: deposits.view() }
}
