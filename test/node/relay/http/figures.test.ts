import assert from 'node:assert/strict'
import fc from 'fast-check'
import { refusalWords } from '../../../../protocols/local/refusals.ts'
import { forecastDisk } from '../../../../node/relay/http/forecast.ts'
import { html } from '../../../../node/page/markup.ts'
import { metricsText } from '../../../../node/relay/http/metrics.ts'
import { quantile, Recent } from '../../../../node/relay/http/recent.ts'
import { diskFinding } from '../../../../node/relay/http/charts.ts'
import { refusedToday } from '../../../../node/relay/http/status.ts'
import { Histogram } from '../../../../node/relay/histogram.ts'
import { day, emptyStats, NOW_MS, sampleStats } from './sample.ts'

const GB = 1e9

describe('the forecast of the disk', () => {
  const growing = (perDay: readonly number[]): ReturnType<typeof day>[] => {
    const until = (index: number): number => perDay.slice(0, index).reduce((sum, bytes) => sum + bytes, 0)
    return [0, ...perDay].map((_, index) => day({ day: index, usedBytes: until(index) }))
  }

  it('says nothing before three days have passed', () => {
    assert.equal(forecastDisk({ days: [], usedBytes: 0, capBytes: GB }), undefined)
    assert.equal(forecastDisk({ days: growing([GB]), usedBytes: GB, capBytes: 2 * GB }), undefined)
  })

  it('goes on at the rate of the last week', () => {
    const forecast = forecastDisk({ days: growing([1, 1, 1, 1, 1, 1, 1, 1].map(part => part * GB)), usedBytes: 8 * GB, capBytes: 12 * GB })
    assert.equal(forecast?.fullInDays, 4)
    assert.equal(forecast.earliestInDays, 4)
  })

  it('has a band that the uneven days of the week span', () => {
    const forecast = forecastDisk({ days: growing([1, 3, 1, 3, 1, 3, 2].map(part => part * GB)), usedBytes: 14 * GB, capBytes: 34 * GB })
    assert.ok(forecast?.fullInDays !== undefined && forecast.earliestInDays !== undefined && forecast.latestInDays !== undefined)
    assert.ok(forecast.earliestInDays < forecast.fullInDays && forecast.fullInDays < forecast.latestInDays)
  })

  it('has no end while the disk empties', () => {
    const forecast = forecastDisk({ days: growing([-1, -1, -1].map(part => part * GB)), usedBytes: GB, capBytes: 2 * GB })
    assert.equal(forecast?.fullInDays, undefined)
    assert.match(diskFinding({ forecast, usedBytes: GB, capBytes: 2 * GB, nowMs: NOW_MS }), /not full within a year/)
  })

  it('spreads over the days that are missing', () => {
    const days = [day({ day: 0 }), day({ day: 4, usedBytes: 4 * GB }), day({ day: 5, usedBytes: 5 * GB })]
    assert.equal(forecastDisk({ days, usedBytes: 5 * GB, capBytes: 10 * GB })?.fullInDays, 5)
  })
})

describe('the pace of a relay', () => {
  const answered = (values: readonly number[]): ReturnType<Histogram['view']> => {
    const histogram = new Histogram([1, 2, 5, 10])
    for (const value of values) histogram.add(value)
    return histogram.view()
  }

  it('is that of the last ten seconds, once it was looked at before', () => {
    const recent = new Recent()
    const stats = emptyStats()
    const at = (stored: number, nowMs: number): number => recent.pace({ ...stats, deposits: { ...stats.deposits, stored } }, nowMs).depositsPerSecond
    at(1_000, 0)
    assert.equal(at(1_500, 5_000), 100)
    assert.equal(at(4_500, 20_000), 200)
  })

  it('is the mean since the start when it is looked at for the first time', () => {
    const stats = emptyStats()
    assert.equal(new Recent().pace({ ...stats, deposits: { ...stats.deposits, stored: 30 } }, 0).depositsPerSecond, 10)
  })

  it('tells how long answers took in the last minute, not since the start', () => {
    const recent = new Recent()
    const slow = answered([9, 9, 9, 9])
    recent.pace({ ...emptyStats(), answeredMs: slow }, 0)
    const { p50Ms, p99Ms } = recent.pace({ ...emptyStats(), answeredMs: answered([9, 9, 9, 9, 1.5, 1.5]) }, 1_000)
    assert.ok(p50Ms !== undefined && p50Ms <= 2)
    assert.ok(p99Ms !== undefined && p99Ms <= 2)
    // After a pause, what was before is not the last minute: since the start is all that is known.
    assert.ok((recent.pace({ ...emptyStats(), answeredMs: answered([9, 9, 9, 9, 1.5, 1.5]) }, 200_000).p50Ms ?? 0) > 5)
  })

  it('has quantiles within the bounds of what was counted', () => {
    assert.equal(quantile(answered([]), 0.5), undefined)
    fc.assert(fc.property(fc.array(fc.double({ min: 0.01, max: 9.9, noNaN: true }), { minLength: 1 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const found = quantile(answered(values), share)
      assert.ok(found !== undefined && found > 0 && found <= 10)
    }))
  })
})

describe('metrics', () => {
  it('have a help text each, a unit in their name, and begin with the relay', async () => {
    const text = await metricsText(sampleStats())
    const named = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
    const helped = new Map([...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(match => [match[1], match[2]]))
    assert.ok(named.length > 45)
    for (const [, name = '', type] of named) {
      assert.match(name, /^skein_relay_[a-z0-9_]+$/)
      assert.ok((helped.get(name) ?? '').length > 15, `${name} has no help`)
      if (type === 'counter') assert.match(name, /_total$/)
      if (type === 'histogram') assert.match(name, /_(seconds|entries)$/)
    }
  })

  it('carry the figures of the relay', async () => {
    const text = await metricsText(sampleStats({ closed: ['memory'] }))
    for (const line of [
      'skein_relay_mailboxes 8214',
      'skein_relay_deposits_refused_total{reason="mailboxFull"} 6110',
      'skein_relay_closed{reason="memory"} 1',
      'skein_relay_closed{reason="cap"} 0',
      'skein_relay_deposit_answer_seconds_bucket{le="0.005"} 7',
      'skein_relay_deposit_answer_seconds_bucket{le="+Inf"} 10',
      'skein_relay_deposit_answer_seconds_count 10',
      'skein_relay_oldest_waiting_seconds 1814400'
    ]) assert.ok(text.split('\n').includes(line), line)
  })

  it('leave out what is off', async () => {
    assert.doesNotMatch(await metricsText(emptyStats()), /^skein_relay_dht_peers /m)
  })
})

describe('what is filled into a page', () => {
  it('never becomes part of it', () => {
    fc.assert(fc.property(fc.string(), text => {
      assert.doesNotMatch(html`<p title="${text}">${text}</p>`.html.replace(/^<p title="/, '').replaceAll(/">|<\/p>$/g, ''), /[<>"]/)
    }))
  })

  it('is joined when it is a list, and nothing when it is undefined', () => {
    assert.equal(html`<ul>${['a', 'b'].map(item => html`<li>${item}</li>`)}${undefined}</ul>`.html, '<ul><li>a</li><li>b</li></ul>')
  })
})

describe('what was refused today', () => {
  it('is nothing while the last day that is written down is another one', () => {
    const { days, nowMs } = sampleStats()
    assert.equal(refusedToday({ days, nowMs })['mailboxFull'], 611)
    assert.deepEqual(refusedToday({ days, nowMs: nowMs + 24 * 3_600_000 }), {})
    assert.deepEqual(refusedToday({ days: [], nowMs }), {})
  })
})

describe('words for refusals', () => {
  it('say where a refusal comes from, also one that is newer than they are', () => {
    assert.equal(refusalWords('mailboxFull').cause, 'Its owner is away. Nothing to do')
    assert.equal(refusalWords('toString').name, 'toString')
  })
})
