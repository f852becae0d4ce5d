import assert from 'node:assert/strict'
import fc from 'fast-check'
import { seeded } from '../../../testnet/chance.ts'
import { calmIn } from '../../../testnet/report/calm.ts'
import { Histogram, quantileOf } from '../../../testnet/report/histogram.ts'
import { Journal, type Fault } from '../../../testnet/report/journal.ts'
import { levelOf, Track, unbroken } from '../../../testnet/report/series.ts'
import { quantile } from '../../../testnet/scenario/expectation.ts'

describe('a histogram of a record', () => {
  it('tells every percentile to within 0.6 %, and the slowest exactly', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 1, max: 3e9, noNaN: true }), { minLength: 1, maxLength: 200 }), fc.integer({ min: 0, max: 1_000 }), (values, thousandths) => {
      const share = thousandths / 1_000
      const histogram = new Histogram()
      for (const value of values) histogram.add(value)
      const [seen, exact] = [quantileOf(histogram.view(), share) ?? NaN, quantile(values, share) ?? NaN]
      assert.ok(Math.abs(seen / exact - 1) <= 0.006, `${seen} for ${exact}`)
      assert.equal(quantileOf(histogram.view(), 1), Math.max(...values))
    }))
  })

  it('of a million times takes no more room than there are steps', () => {
    const random = seeded(1)
    const histogram = new Histogram()
    for (let index = 0; index < 1_000_000; index++) histogram.add(10 ** (random() * 6))
    const { count, steps } = histogram.view()
    assert.equal(count, 1_000_000)
    // Twenty doublings of 64 steps.
    assert.ok(steps.length <= 20 * 64, String(steps.length))
    assert.ok(JSON.stringify(histogram.view()).length < 32 * 1024)
  })

  it('of nothing has no percentile, and what is faster than a millisecond is one', () => {
    const histogram = new Histogram()
    assert.equal(quantileOf(histogram.view(), 0.5), undefined)
    histogram.add(0)
    assert.equal(quantileOf(histogram.view(), 0.5), 0)
  })
})

describe('a series of a record', () => {
  it('loses nothing of what happened, in whatever order it is told and however long it goes on', () => {
    fc.assert(fc.property(fc.array(fc.record({ atMs: fc.nat(10_000_000), value: fc.integer({ min: -5, max: 5 }) }), { maxLength: 300 }), events => {
      const track = new Track('sum', 100)
      for (const { atMs, value } of events) track.add(atMs, value)
      const { values, stepMs } = track.view()
      assert.ok(values.length <= 512)
      assert.equal(values.reduce<number>((sum, value) => sum + (value ?? 0), 0), events.reduce((sum, { value }) => sum + value, 0))
      for (const { atMs } of events) assert.ok(Math.floor(atMs / stepMs) < values.length)
    }))
  })

  it('of a level keeps the highest, and does not know what nobody has told', () => {
    const track = new Track('most', 100)
    for (const [atMs, value] of [[0, 3], [50, 7], [300, 1]] as const) track.add(atMs, value)
    assert.deepEqual(track.view(), { stepMs: 100, values: [7, null, null, 1] })
    track.add(512 * 100, 2)
    const { stepMs, values } = track.view()
    assert.deepEqual([stepMs, values[0], values[1], values.at(-1)], [200, 7, 1, 2])
  })

  it('of what comes and goes becomes what is there', () => {
    const track = new Track('sum', 10)
    for (const [atMs, change] of [[0, 1], [0, 1], [20, -1], [45, -1]] as const) track.add(atMs, change)
    assert.deepEqual(levelOf(track.view()).values, [2, 2, 1, 1, 0])
  })

  it('is broken where nobody knew for long', () => {
    assert.deepEqual(unbroken([null, 1, null, null, 2, null, null, null, 3]).map(run => run.map(({ value }) => value)), [[1, 2], [3]])
  })
})

describe('a journal of faults', () => {
  let nowMs = 0
  const begun = (): { readonly journal: Journal, readonly told: string[] } => {
    nowMs = 0
    const journal = new Journal(() => nowMs)
    const told: string[] = []
    journal.listen({ begun: ({ kind }) => told.push(`begun ${kind}`), ended: ({ kind }) => told.push(`ended ${kind}`) })
    return { journal, told }
  }

  it('tells when each began and ended, and what lasts', () => {
    const { journal, told } = begun()
    journal.begin('bob', { kind: 'killed', whom: ['bob'] })
    nowMs = 10
    journal.begin('line', { kind: 'cut', whom: ['ana'], from: ['carol'] })
    nowMs = 30
    journal.end('bob')
    journal.end('bob')
    assert.deepEqual(journal.faults.map(({ kind, beginMs, endMs }) => [kind, beginMs, endMs]), [['killed', 0, 30], ['cut', 10, null]])
    assert.deepEqual(journal.open.map(({ from }) => from), [['carol']])
    assert.deepEqual(told, ['begun killed', 'begun cut', 'ended killed'])
  })

  it('counts a kill that took the disk as that, and one that replaces another as two', () => {
    const { journal } = begun()
    journal.begin('relay', { kind: 'killed', whom: ['relay1'] })
    journal.becomes('relay', 'disk lost')
    journal.begin('clock', { kind: 'wrong clock', whom: ['bob'], skewMs: 1_000 })
    journal.begin('clock', { kind: 'wrong clock', whom: ['bob'], skewMs: -1_000 })
    assert.deepEqual(journal.counts, { 'disk lost': 1, 'wrong clock': 2 })
    assert.equal(journal.faults[0]?.kind, 'disk lost')
    assert.deepEqual(journal.faults.map(({ endMs }) => endMs), [null, 0, null])
  })

  it('keeps the first ten thousand and counts all', () => {
    const { journal } = begun()
    for (let index = 0; index < 10_500; index++) {
      journal.begin(index, { kind: 'killed', whom: ['bob'] })
      journal.end(index)
    }
    assert.deepEqual([journal.faults.length, journal.counts], [10_000, { killed: 10_500 }])
  })

  it('forgets what was over before a run', () => {
    const { journal } = begun()
    journal.begin('old', { kind: 'killed', whom: ['bob'] })
    journal.end('old')
    journal.begin('lasting', { kind: 'standstill', whom: ['carol'] })
    journal.forget()
    nowMs = 5
    journal.end('lasting')
    assert.deepEqual([journal.counts, journal.faults.map(({ kind, endMs }) => [kind, endMs])], [{ standstill: 1 }, [['standstill', 5]]])
  })

  it('says who was well: not before everything that happened to them is over', () => {
    const { journal } = begun()
    const { disturbances, wrongClocks } = calmIn(journal)
    const act = (atMs: number, run: () => void): void => { nowMs = atMs; run() }
    act(0, () => { journal.begin('cut', { kind: 'cut', whom: ['bob'], from: ['ana', 'carol', 'relay1'] }) })
    act(1_000, () => { journal.begin('kill', { kind: 'killed', whom: ['bob'] }) })
    act(2_000, () => { journal.end('cut') })
    assert.equal(disturbances.isCalm(['bob'], 60_000, 60_001), false)
    act(3_000, () => { journal.end('kill') })
    assert.equal(disturbances.isCalm(['bob'], 60_000, 60_001), true)
    assert.equal(disturbances.isCalm(['ana', 'carol'], 0, 5_000), true)
    assert.equal(wrongClocks.isCalm(['bob'], 0, Infinity), true)
  })

  it('holds both sides of a cut between equals for disturbed', () => {
    const { journal } = begun()
    const { disturbances } = calmIn(journal)
    journal.begin('cut', { kind: 'cut', whom: ['ana'], from: ['relay1'] } satisfies Pick<Fault, 'kind' | 'whom' | 'from'>)
    assert.deepEqual(['ana', 'relay1', 'bob'].map(name => disturbances.isCalm([name], 0, 1)), [false, false, true])
  })
})
