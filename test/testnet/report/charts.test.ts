/** What the charts decide: where things are, and what is said of them. How it looks is seen in page.test.ts. */
import assert from 'node:assert/strict'
import { seeded } from '../../../testnet/chance.ts'
import { curvesOf, labelPlaces, latencyChart, latencyFinding, nines, percentileRows } from '../../../testnet/report/latency.ts'
import { Histogram } from '../../../testnet/report/histogram.ts'
import { rowsOf, shades, timeline, timelineFinding } from '../../../testnet/report/timeline.ts'
import { elapsedText, timeTicks, tookText } from '../../../testnet/report/times.ts'
import { topology, topologyFinding } from '../../../testnet/report/topology.ts'
import { hardRecords } from './hard.ts'
import { emptyRecord, fault, lossyRecord, relayNode, spreadOf, userNode } from './sample.ts'

describe('times of the network', () => {
  it('are few round ones on an axis, whatever its length', () => {
    for (const endMs of [300, 1_000, 12_345, 59_000, 600_000, 7_200_000, 36_000_000, 30 * 86_400_000]) {
      const ticks = timeTicks(endMs)
      assert.ok(ticks.length >= 2 && ticks.length <= 8, `${endMs}: ${ticks.length}`)
      assert.ok(ticks.every(({ atMs }) => atMs <= endMs))
    }
    assert.deepEqual(timeTicks(12_000).map(({ text }) => text), ['0 s', '2 s', '4 s', '6 s', '8 s', '10 s', '12 s'])
    assert.deepEqual(timeTicks(7_200_000).map(({ text }) => text).slice(0, 2), ['0 min', '20 min'])
  })

  it('are told in the two largest units', () => {
    assert.deepEqual([400, 9_960, 59_400, 725_000, 7_380_000, 273_600_000, -400].map(elapsedText), ['0.4 s', '10 s', '59 s', '12 min 5 s', '2 h 3 min', '3 d 4 h', '−0.4 s'])
    assert.deepEqual([4, 840, 1_840, 313_400].map(tookText), ['4.0 ms', '840 ms', '1.8 s', '5 min 13 s'])
  })
})

describe('the chart of faults', () => {
  it('has a row for each, with how long it lasted', () => {
    const faults = [fault('killed', [1_000, 2_500], { whom: ['bob'] }), fault('cut', [2_000, null], { whom: ['ana'], from: ['relay1'] })]
    assert.deepEqual(rowsOf(emptyRecord({ faults, atMs: 5_000 })), [
      { kind: 'killed', label: 'bob killed', words: '1.5 s', bars: [{ fromMs: 1_000, toMs: 2_500 }] },
      { kind: 'cut', label: 'ana | relay1', words: 'still', bars: [{ fromMs: 2_000, toMs: 5_000 }] }
    ])
  })

  it('has a row for each kind when there are many, and counts also those that were not kept', () => {
    assert.deepEqual(rowsOf(hardRecords().many).map(({ label }) => label), ['500 disks lost', '500 old disks', '6,000 kills', '500 standstills', '500 cuts', '500 wrong clocks'])
  })

  it('draws ten thousand faults as few shapes, each as dark as there was much of it', () => {
    const random = seeded(3)
    const spans = Array.from({ length: 10_000 }, () => 176 + random() * 540).map(from => ({ from, to: from + random() * 0.05 }))
    const shapes = shades(spans)
    assert.ok(shapes.length <= 140)
    assert.ok(shapes.every(({ share }) => share > 0 && share <= 1))
    const covered = shapes.reduce((sum, { from, to, share }) => sum + share * (to - from), 0)
    assert.ok(Math.abs(covered - spans.reduce((sum, { from, to }) => sum + to - from, 0)) < 0.01)
  })

  it('has the bar of a fault above the moment of the curve, to the pixel', () => {
    const { html } = timeline(emptyRecord({ atMs: 10_000, faults: [fault('killed', [4_000, 6_000], { whom: ['bob'] })], faultCounts: { killed: 1 }, backlog: { of: 'messages', series: { stepMs: 1_000, values: [0, 0, 0, 9, 0, 0, 0, 0, 0, 0] } } }))
    const tick = /<line class="gr" x1="([\d.]+)"[^>]*><\/?[^>]*>4 s|x="([\d.]+)"[^>]*>4 s/.exec(html)
    const bar = /<rect class="fault killed" x="([\d.]+)"/.exec(html)
    assert.equal(bar?.[1], tick?.[1] ?? tick?.[2])
  })

  it('says what it shows', () => {
    assert.equal(timelineFinding(emptyRecord()), 'Nothing was broken.')
    assert.equal(timelineFinding(emptyRecord({ faults: [fault('killed', [0, 1], { whom: ['bob'] })], faultCounts: { killed: 1 }, backlog: { of: 'messages', series: { stepMs: 1_000, values: [0, 4, 1, 0] } } })), '1 fault: bob killed. At most 4 messages were on their way at once, after 1.5 s; 0 in the end.')
  })
})

describe('the chart of times', () => {
  it('shows no percentile that has no message above it', () => {
    const random = seeded(5)
    const largest = (count: number): number => Math.max(...curvesOf({ online: spreadOf(count, { medianMs: 50, random }), disturbed: new Histogram().view() })[0]?.points.map(({ nines: at }) => at) ?? [])
    assert.equal(largest(1_000), 3)
    assert.equal(largest(1), nines(0.5))
    assert.deepEqual(percentileRows({ online: spreadOf(150, { medianMs: 50, random }), disturbed: new Histogram().view() }).map(([name]) => name), ['messages', 'p50', 'p90', 'p99', 'slowest'])
  })

  it('never falls', () => {
    const { delivery } = lossyRecord()
    for (const { points } of curvesOf(delivery)) assert.ok(points.every(({ tookMs }, index) => tookMs >= (points[index - 1]?.tookMs ?? 0)))
  })

  it('stands when there is one message, or none', () => {
    const { one } = hardRecords()
    assert.doesNotMatch(latencyChart(one).html, /NaN|Infinity/)
    assert.equal(latencyFinding(one.delivery), '1 message online, both ends well all the while: 12 ms.')
    assert.equal(latencyFinding(emptyRecord().delivery), 'No message was delivered.')
    assert.deepEqual(percentileRows(emptyRecord().delivery), [])
  })

  it('keeps its labels apart', () => {
    assert.deepEqual(labelPlaces([100, 104]), [94, 110])
    assert.deepEqual(labelPlaces([104, 100]), [110, 94])
    assert.deepEqual(labelPlaces([100, 200]), [100, 200])
  })
})

describe('the chart of the topology', () => {
  it('shows a line for each mailbox, dashed where it is cut', () => {
    const nodes = [relayNode('relay1'), relayNode('relay2'), userNode('ana', ['relay1', 'relay2']), userNode('bob', ['relay1']), userNode('carol', null)]
    const { html } = topology({ nodes, partitions: [{ left: ['ana'], right: ['relay1'] }], losses: [] })
    assert.deepEqual([html.match(/class="way"/g)?.length, html.match(/class="way cut"/g)?.length], [2, 1])
  })

  it('says who is away and where something was lost', () => {
    assert.equal(topologyFinding(hardRecords().network), '3 users around 3 relays. bob is down, carol is paused. 1 line cut.')
    assert.equal(topologyFinding(lossyRecord()), '50 users around 5 relays. Messages were lost between user17, user42.')
    assert.equal(topologyFinding(emptyRecord()), '0 users around 0 relays.')
  })
})
