/** How long messages took: percentiles on an axis of nines, time logarithmic, so that the slowest thousandth is as wide as the first nine tenths. */
import { html, type Markup } from '../../node/page/markup.ts'
import { gridLine, pathOf, round, type Point, type Scale } from '../../node/page/marks.ts'
import { countText } from '../../protocols/core/quantity.ts'
import { quantileOf, type HistogramRecord } from './histogram.ts'
import type { ExpectationRecord, RunRecord } from './record.ts'
import { tookText } from './times.ts'

const WIDTH = 700
const HEIGHT = 280
const LEFT = 64
const RIGHT = 572
const TOP = 14
const BOTTOM = 226
/** Where the curve is looked at; what lies between is a line. */
const SHARES = [0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999, 0.9995, 0.9999, 0.99995, 0.99999, 0.999999]
const TICKS: ReadonlyArray<readonly [number, string]> = [[0.5, 'p50'], [0.9, 'p90'], [0.99, 'p99'], [0.999, 'p99.9'], [0.9999, 'p99.99'], [0.99999, 'p99.999'], [0.999999, 'p99.9999']]
/** Below each other, labels need so many pixels. */
const LABEL_HEIGHT = 16

export interface Curve {
  readonly name: 'online' | 'disturbed'
  readonly label: string
  readonly histogram: HistogramRecord
  /** How many nines, and the time. The last is the slowest message. */
  readonly points: ReadonlyArray<{ readonly nines: number, readonly tookMs: number }>
}

export function nines (share: number): number { return -Math.log10(1 - share) }

/** Those that have anything to show. No percentile is shown that has not at least one message above it. */
export function curvesOf ({ online, disturbed }: RunRecord['delivery']): readonly Curve[] {
  return ([['online', 'online', online], ['disturbed', 'disturbed', disturbed]] as const).filter(([, , { count }]) => count > 0).map(([name, label, histogram]) => {
    const shares = SHARES.filter(share => (1 - share) * histogram.count >= 1)
    const points = shares.map(share => ({ nines: nines(share), tookMs: quantileOf(histogram, share) ?? 0 }))
    return { name, label, histogram, points: [...points, { nines: Math.max(nines(0.5), Math.log10(histogram.count)), tookMs: histogram.maxMs }] }
  })
}

export function latencyChart ({ delivery, expectations }: Pick<RunRecord, 'delivery' | 'expectations'>): Markup {
  const curves = curvesOf(delivery)
  const limits = limitsIn(expectations)
  const all = curves.flatMap(({ points }) => points)
  const ninesMin = nines(0.5)
  const ninesMax = Math.max(1, ...all.map(point => point.nines)) * 1.02
  const times = [...all.map(({ tookMs }) => Math.max(1, tookMs)), ...limits.map(({ limitMs }) => limitMs)]
  const low = Math.floor(Math.log10(Math.min(...times)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...times) * 1.01)))
  const x: Scale = at => LEFT + (at - ninesMin) / (ninesMax - ninesMin) * (RIGHT - LEFT)
  const y: Scale = ms => BOTTOM - (Math.log10(Math.max(1, ms)) - low) / (high - low) * (BOTTOM - TOP)
  return html`<svg class="chart" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${latencyFinding(delivery)}">
${Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index)).map(ms => gridLine(y(ms), { left: LEFT, right: RIGHT, text: decadeText(ms) }))}
${TICKS.filter(([share]) => nines(share) <= ninesMax).map(([share, text]) => html`<line class="gr" x1="${round(x(nines(share)))}" x2="${round(x(nines(share)))}" y1="${TOP}" y2="${BOTTOM}"/><text x="${round(x(nines(share)))}" y="${BOTTOM + 20}" text-anchor="middle">${text}</text>`)}
<text x="${(LEFT + RIGHT) / 2}" y="${BOTTOM + 42}" text-anchor="middle">share of messages that took no longer</text>
${limits.map(({ limitMs }) => html`<line class="near" x1="${LEFT}" x2="${RIGHT}" y1="${round(y(limitMs))}" y2="${round(y(limitMs))}"/>`)}
${curves.map(curve => curveMarks(curve, curve.points.map(point => ({ x: x(point.nines), y: y(point.tookMs) }))))}
${labelPlaces(curves.map(({ points }) => y(points.at(-1)?.tookMs ?? 1))).map((place, index) => endLabel(curves[index], { x: x(curves[index]?.points.at(-1)?.nines ?? 0), y: place }))}
${limits.map(({ text, limitMs }) => html`<text class="over" x="${RIGHT - 6}" y="${round(y(limitMs) + 15)}" text-anchor="end">expected: ${text}</text>`)}
</svg>`
}

/** In words, for whoever cannot see it. */
export function latencyFinding (delivery: RunRecord['delivery']): string {
  const curves = curvesOf(delivery)
  if (curves.length === 0) return 'No message was delivered.'
  return curves.map(({ name, histogram }) => {
    const late = histogram.count < 100 ? '' : `, 99 % within ${tookText(quantileOf(histogram, 0.99) ?? 0)}`
    if (histogram.count === 1) return `1 message ${who(name)}: ${tookText(histogram.maxMs)}.`
    return `${countText(histogram.count)} messages ${who(name)}: half within ${tookText(quantileOf(histogram, 0.5) ?? 0)}${late}, the slowest ${tookText(histogram.maxMs)}.`
  }).join(' ')
}

function who (name: Curve['name']): string { return name === 'online' ? 'online, both ends well all the while' : 'disturbed, with an end that was away or not well' }

/** For the table: as many as the larger one reaches. */
export function percentileRows (delivery: RunRecord['delivery']): ReadonlyArray<readonly string[]> {
  const curves = [delivery.online, delivery.disturbed]
  const most = Math.max(...curves.map(({ count }) => count))
  if (most === 0) return []
  const cell = (histogram: HistogramRecord, share: number): string => histogram.count > 0 && (share === 1 || (1 - share) * histogram.count >= 1) ? tookText(quantileOf(histogram, share) ?? 0) : ''
  return [
    ['messages', ...curves.map(({ count }) => countText(count))],
    ...TICKS.filter(([share]) => (1 - share) * most >= 1).map(([share, text]) => [text, ...curves.map(histogram => cell(histogram, share))]),
    ['slowest', ...curves.map(histogram => cell(histogram, 1))]
  ]
}

function limitsIn (expectations: readonly ExpectationRecord[]): ReadonlyArray<{ readonly text: string, readonly limitMs: number }> {
  return expectations.flatMap(({ text, limitMs }) => limitMs === null || limitMs < 1 ? [] : [{ text, limitMs }])
}

/** A line, and a dot with its time: at the 99th percentile where there is one, else at the end. */
function curveMarks ({ name, histogram, points: values }: Curve, points: readonly Point[]): Markup {
  const colour = name === 'online' ? 'c1' : 'c3'
  const late = values.findIndex(({ nines: at }) => at >= nines(0.99) - 1e-9)
  const marked = late === -1 || late === values.length - 1 ? points.at(-1) : points[late]
  const tookMs = late === -1 || late === values.length - 1 ? histogram.maxMs : values[late]?.tookMs ?? 0
  if (marked === undefined) return html``
  return html`${points.length > 1 ? html`<path class="line ${colour}${name === 'online' ? '' : ' dotted'}" d="${pathOf(points)}"/>` : undefined}
<circle class="dot ${colour}" cx="${round(marked.x)}" cy="${round(marked.y)}" r="4"/><text class="k" x="${round(marked.x - 6)}" y="${round(Math.max(TOP + 10, marked.y - 10))}" text-anchor="end">${tookText(tookMs)}</text>`
}

function endLabel (curve: Curve | undefined, { x, y }: Point): Markup {
  return html`<text class="k ${curve?.name === 'online' ? 't1' : 't3'}" x="${round(Math.min(x, RIGHT) + 10)}" y="${round(y + 4)}">${curve?.label ?? ''}</text>`
}

/** Apart, in the order in which they come. */
export function labelPlaces (ys: readonly number[]): readonly number[] {
  const [one, other] = ys
  if (one === undefined || other === undefined || Math.abs(one - other) >= LABEL_HEIGHT) return ys
  const middle = (one + other) / 2
  return one <= other ? [middle - LABEL_HEIGHT / 2, middle + LABEL_HEIGHT / 2] : [middle + LABEL_HEIGHT / 2, middle - LABEL_HEIGHT / 2]
}

/** `10 ms`, `100 s`, `17 min`, `2.8 h` */
function decadeText (ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms <= 100_000) return `${ms / 1_000} s`
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`
  return `${(ms / 3_600_000).toFixed(ms < 36_000_000 ? 1 : 0)} h`
}
