/** Faults as bars over the curve of what was on its way, on one axis of time: what a fault does to messages is seen below it. */
import { html, type Markup } from '../../node/page/markup.ts'
import { gridLine, pathOf, round, ticks, type Scale } from '../../node/page/marks.ts'
import { countText } from '../../protocols/core/quantity.ts'
import { faultText, KINDS, kindCountText } from './fault-words.ts'
import type { Fault, FaultKind } from './journal.ts'
import type { RunRecord } from './record.ts'
import { unbroken } from './series.ts'
import { elapsedText, timeTicks } from './times.ts'

const WIDTH = 812
const LEFT = 176
/** Behind it there is room for the words of a bar that lasts to the end. */
const RIGHT = 736
const ROW = 26
const BAR = 12
const TOP = 8
const CURVE = 140
const GAP = 22
const AXIS = 28
/** As many can be told apart by name; more are put together by kind. */
const NAMED_MAX = 9
/** Nothing is too short to be seen. */
const BAR_WIDTH_MIN = 3
/** More bars in a row are no bars any more: the darker, the more of the time. */
const BARS_MAX = 60
const SHADES = 140
/** Characters beside a row. */
const LABEL_MAX = 22

export interface Bar { readonly fromMs: number, readonly toMs: number }

export interface Row {
  readonly kind: FaultKind
  readonly label: string
  /** Beside its only bar. */
  readonly words: string
  readonly bars: readonly Bar[]
}

/** A row for each fault, or for each kind of them where there are many. */
export function rowsOf ({ faults, faultCounts, atMs }: Pick<RunRecord, 'faults' | 'faultCounts' | 'atMs'>): readonly Row[] {
  const barOf = ({ beginMs, endMs }: Fault): Bar => ({ fromMs: beginMs, toMs: endMs ?? atMs })
  if (faults.length <= NAMED_MAX) {
    return faults.map(fault => ({ kind: fault.kind, label: faultText(fault), words: fault.endMs === null ? 'still' : elapsedText(fault.endMs - fault.beginMs), bars: [barOf(fault)] }))
  }
  return KINDS.flatMap(kind => {
    const ofKind = faults.filter(fault => fault.kind === kind)
    return ofKind.length === 0 ? [] : [{ kind, label: kindCountText(kind, faultCounts[kind] ?? ofKind.length), words: '', bars: ofKind.map(barOf) }]
  })
}

export function timeline (record: RunRecord): Markup {
  const { backlog: { of, series: { stepMs, values } }, messages: { lost }, atMs } = record
  const rows = rowsOf(record)
  const endMs = Math.max(atMs, 1_000)
  const x: Scale = ms => LEFT + Math.min(1, Math.max(0, ms / endMs)) * (RIGHT - LEFT)
  const curveTop = TOP + rows.length * ROW + (rows.length === 0 ? 0 : GAP)
  const bottom = curveTop + CURVE
  const most = Math.max(0, ...values.map(value => value ?? 0))
  const yMax = Math.max(4, most) * 1.12
  const y: Scale = count => bottom - count / yMax * CURVE
  const runs = unbroken(values).map(run => run.map(({ index, value }) => ({ x: x((index + 0.5) * stepMs), y: y(value) })))
  const peak = values.indexOf(most)
  const height = bottom + AXIS
  return html`<svg class="chart" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${timelineFinding(record)}">
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M1 0V6"/></pattern></defs>
${timeTicks(endMs).map(({ atMs: tickMs, text }) => html`<line class="gr" x1="${round(x(tickMs))}" x2="${round(x(tickMs))}" y1="${TOP}" y2="${bottom}"/><text x="${round(x(tickMs))}" y="${bottom + 20}" text-anchor="middle">${text}</text>`)}
${rows.map((row, index) => rowMarks(row, { middle: TOP + index * ROW + ROW / 2, x }))}
${ticks(yMax).filter(value => Number.isInteger(value)).map(value => gridLine(y(value), { left: LEFT, right: RIGHT, text: countText(value) }))}
<text class="k" x="0" y="${round(curveTop + CURVE / 2 + 4)}">${of === 'messages' ? 'Undelivered' : 'Open deliveries'}</text>
${runs.map(points => points.length > 1 ? html`<path class="line c1" d="${pathOf(points)}"/>` : points.map(point => html`<circle class="dot c1" cx="${round(point.x)}" cy="${round(point.y)}" r="3"/>`))}
${most > 0 ? peakMark(x((peak + 0.5) * stepMs), y(most), countText(most)) : undefined}
${of === 'messages' && lost !== null && lost > 0 ? html`<text class="k lost" x="${RIGHT}" y="${round(Math.max(curveTop + 12, y(values.at(-1) ?? 0) - 8))}" text-anchor="end">${countText(lost)} never ${lost === 1 ? 'arrives' : 'arrive'}</text>` : undefined}
</svg>`
}

/** In words, for whoever cannot see it. */
export function timelineFinding ({ faults, faultCounts, backlog: { of, series: { stepMs, values } } }: RunRecord): string {
  const count = Object.values(faultCounts).reduce((sum, each) => sum + each, 0)
  const broken = count === 0 ? 'Nothing was broken.' : `${countText(count)} ${count === 1 ? 'fault' : 'faults'}${faults.length === 1 && faults[0] !== undefined ? `: ${faultText(faults[0])}` : ''}.`
  const most = Math.max(0, ...values.map(value => value ?? 0))
  const what = of === 'messages' ? most === 1 ? 'message was on its way' : 'messages were on their way' : most === 1 ? 'delivery was open' : 'deliveries were open'
  if (values.every(value => value === null)) return broken
  return `${broken} At most ${countText(most)} ${what} at once${most === 0 ? '' : `, after ${elapsedText((values.indexOf(most) + 0.5) * stepMs)}`}; ${countText(values.at(-1) ?? 0)} in the end.`
}

function rowMarks ({ kind, label, words, bars }: Row, { middle, x }: { readonly middle: number, readonly x: Scale }): Markup {
  const shown = label.length > LABEL_MAX ? `${label.slice(0, LABEL_MAX - 1)}…` : label
  const spans = bars.map(({ fromMs, toMs }) => ({ from: x(fromMs), to: x(toMs) }))
  const [first] = spans
  return html`<text x="${LEFT - 10}" y="${middle + 4}" text-anchor="end"${kind === 'died' ? html` class="k"` : undefined}>${shown}<title>${label}</title></text>
${spans.length > BARS_MAX ? shades(spans).map(({ from, to, share }) => html`<rect class="shade" x="${round(from)}" y="${middle - BAR / 2}" width="${round(to - from)}" height="${BAR}" fill-opacity="${Math.round((0.15 + 0.85 * share) * 100) / 100}"/>`) : spans.map(({ from, to }) => html`<rect class="fault ${kind.replaceAll(' ', '-')}" x="${round(from)}" y="${middle - BAR / 2}" width="${round(Math.max(BAR_WIDTH_MIN, to - from))}" height="${BAR}" rx="2"/>`)}
${words === '' || first === undefined ? undefined : html`<text x="${round(first.to + 8)}" y="${middle + 4}">${words}</text>`}`
}

interface Span { readonly from: number, readonly to: number }

/** Equal pieces of the axis in which there was anything, each with how much of it: of ten thousand faults no more is to be seen. */
export function shades (spans: readonly Span[]): ReadonlyArray<Span & { readonly share: number }> {
  const width = (RIGHT - LEFT) / SHADES
  const covered = new Array<number>(SHADES).fill(0)
  for (const { from, to } of spans) {
    for (let index = Math.max(0, Math.floor((from - LEFT) / width)); index < SHADES && LEFT + index * width < to; index++) {
      covered[index] = (covered[index] ?? 0) + Math.min(to, LEFT + (index + 1) * width) - Math.max(from, LEFT + index * width)
    }
  }
  return covered.flatMap((length, index) => length <= 0 ? [] : [{ from: LEFT + index * width, to: LEFT + (index + 1) * width, share: Math.min(1, length / width) }])
}

function peakMark (x: number, y: number, words: string): Markup {
  const isLeft = x > (LEFT + RIGHT) / 2
  return html`<circle class="dot c1" cx="${round(x)}" cy="${round(y)}" r="3"/><text class="k" x="${round(isLeft ? x - 8 : x + 8)}" y="${round(y + 1)}"${isLeft ? html` text-anchor="end"` : undefined}>${words}</text>`
}
