/** What is hard to draw: hardly anything, very much, and long names. */
import { seeded } from '../../../testnet/chance.ts'
import { Histogram } from '../../../testnet/report/histogram.ts'
import type { RunRecord } from '../../../testnet/report/record.ts'
import { Track } from '../../../testnet/report/series.ts'
import { emptyRecord, fault, loss, lossyRecord, relayNode, spreadOf, userNode } from './sample.ts'

const LONG = 'a-name-of-sixty-letters-that-somebody-has-chosen-on-purpose-x'

export function hardRecords (): Readonly<Record<'empty' | 'one' | 'long' | 'many' | 'network' | 'running' | 'twice', RunRecord>> {
  return { empty: emptyRecord(), one: oneMessage(), long: longNames(), many: manyFaults(), network: network(), running: running(), twice: shownTwice() }
}

function oneMessage (): RunRecord {
  const histogram = new Histogram()
  histogram.add(12)
  const flow = new Track('most', 100)
  flow.add(50, 1)
  flow.add(150, 0)
  return emptyRecord({ name: 'one', atMs: 400, tookMs: 400, nodes: [userNode('ana'), userNode('bob')], messages: { sent: 1, lost: 0, duplicated: 0, reordered: 0 }, backlog: { of: 'messages', series: flow.view() }, delivery: { online: histogram.view(), disturbed: new Histogram().view() }, settleMs: 4 })
}

function longNames (): RunRecord {
  const [ana, relay] = [`${LONG}1`, `${LONG}2`]
  return lossyRecord({
    name: `${LONG} ${LONG}`,
    kind: 'scenario',
    nodes: [userNode(ana, [relay]), userNode('bob', [relay]), { ...relayNode(relay), state: 'down', skewMs: -3_600_000 }],
    partitions: [{ left: [ana], right: [relay] }],
    links: [{ name: ana, delayMs: 80, jitterMs: 40, bytesPerSecond: 250_000 }],
    faults: [fault('cut', [0, 3_000], { whom: [ana], from: [relay, 'bob'] }), fault('died', [60_000, null], { whom: [ana] })],
    faultCounts: { cut: 1, died: 1 },
    relays: [{ name: relay, usedBytes: { stepMs: 1_000, values: [null, 96_000] }, envelopes: { stepMs: 1_000, values: [] }, deposits: { stepMs: 1_000, values: [] } }],
    losses: [loss('01M8JD8Q7741A3ZV6PXT5G0HKE', ana, 'bob'), { ...loss('01M8JD8Q7741C9B2M1RN7YS4WD', 'bob', ana), sentAtMs: null, copies: null, headline: null, steps: [] }]
  })
}

/** Hours of a proof. */
function manyFaults (): RunRecord {
  const random = seeded(1)
  const kinds = ['killed', 'killed', 'disk lost', 'cut', 'standstill', 'wrong clock', 'old disk'] as const
  const faults = Array.from({ length: 3_000 }, (_, index) => fault(kinds[index % kinds.length] ?? 'killed', [index * 4_000, index * 4_000 + random() * 3_000], { whom: ['ana'] }))
  return lossyRecord({ name: 'proof', kind: 'proof', replay: 'skein testnet prove --seed 7741 --messages 1000000 --users 50 --relays 5', faults, faultCounts: { killed: 6_000, 'disk lost': 500, cut: 500, standstill: 500, 'wrong clock': 500, 'old disk': 500 }, messages: { sent: 1_000_000, lost: 0, duplicated: 0, reordered: 0 }, losses: [], atMs: 12_000_000, tookMs: 12_000_000, delivery: { online: spreadOf(200_000, { medianMs: 40, random }), disturbed: spreadOf(50_000, { medianMs: 500, random }) }, expectations: [{ text: 'lost == 0', holds: true, seen: '0', limitMs: null }] })
}

function network (): RunRecord {
  const nodes = [relayNode('relay1'), relayNode('relay2'), relayNode('relay3'), userNode('ana', ['relay1', 'relay2']), { ...userNode('bob', null), state: 'down' as const }, { ...userNode('carol', ['relay3']), state: 'paused' as const, skewMs: 90_000 }]
  return emptyRecord({
    kind: 'testnet',
    name: 'testnet',
    seed: null,
    replay: null,
    state: 'running',
    atMs: 95_000,
    tookMs: 95_000,
    nodes,
    partitions: [{ left: ['ana'], right: ['relay1', 'bob'] }],
    links: [{ name: 'carol', delayMs: 80, jitterMs: 40, bytesPerSecond: null }],
    faults: [fault('killed', [20_000, null], { whom: ['bob'] }), fault('cut', [30_000, null], { whom: ['ana'], from: ['relay1', 'bob'] }), fault('standstill', [70_000, null], { whom: ['carol'] })],
    faultCounts: { killed: 1, cut: 1, standstill: 1 },
    messages: { sent: null, lost: null, duplicated: null, reordered: null },
    backlog: { of: 'deliveries', series: { stepMs: 1_000, values: Array.from({ length: 95 }, (_, index) => index < 10 ? null : Math.max(0, index - 30)) } },
    settleMs: null,
    relays: ['relay1', 'relay2', 'relay3'].map(name => ({ name, usedBytes: { stepMs: 1_000, values: Array.from({ length: 95 }, (_, index) => index < 10 ? null : 100_000 + index * 500) }, envelopes: { stepMs: 1_000, values: [null, 0, 3] }, deposits: { stepMs: 1_000, values: [0, 0, 3] } }))
  })
}

function running (): RunRecord {
  const { nodes, partitions, faults, faultCounts, backlog, relays } = network()
  return emptyRecord({ name: 'storm', state: 'running', atMs: 95_000, tookMs: 95_000, nodes, partitions, faults, faultCounts, backlog, relays, messages: { sent: 1_204, lost: null, duplicated: null, reordered: null }, settleMs: null })
}

function shownTwice (): RunRecord {
  return lossyRecord({ name: 'twice', messages: { sent: 200, lost: 0, duplicated: 1, reordered: 1 }, losses: [], findings: [{ kind: 'duplicate', what: '"<b>12</b> from ana" at bob' }, { kind: 'order', what: 'ana and bob' }] })
}
