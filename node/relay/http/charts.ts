/**
 * The two charts of the dashboard and its small lines, as SVG. They are drawn at the size at which they are shown: text is
 * never scaled. Colours and dashes are classes of web/page/page.css, for the page forbids styles within it.
 */
import { countText, sizeText } from '../../../protocols/core/quantity.ts'
import { gridLine, pathOf, round, ticks, type Point, type Scale } from '../../page/marks.ts'
import { html, type Markup } from '../../page/markup.ts'
import type { DayView, QuarterView } from '../stats.ts'
import type { Forecast } from './forecast.ts'
import { clockText, dayText } from './times.ts'

const DAY_MS = 24 * 3_600_000
const QUARTER_SECONDS = 15 * 60
const TOP = 14
const BOTTOM = 210
const LABEL_Y = 232

export interface DiskChart {
  readonly days: readonly DayView[]
  readonly forecast: Forecast | undefined
  readonly usedBytes: number
  readonly capBytes: number
  /** Share of the cap from which no new mailbox is made. */
  readonly fullShare: number
  readonly nowMs: number
}

/** Two weeks behind, three ahead. */
const DISK = { width: 712, left: 56, right: 612, daysBefore: 14, daysAfter: 21 } as const

export function diskChart ({ days, forecast, usedBytes, capBytes, fullShare, nowMs }: DiskChart): Markup {
  const { width, left, right, daysBefore, daysAfter } = DISK
  const today = Math.floor(nowMs / DAY_MS)
  const x: Scale = day => left + (day - today + daysBefore) / (daysBefore + daysAfter) * (right - left)
  const yMax = Math.max(capBytes, usedBytes) * 1.15
  const y: Scale = bytes => BOTTOM - bytes / yMax * (BOTTOM - TOP)
  const now = { x: x(today), y: y(usedBytes) }
  const measured = days.filter(({ day }) => day >= today - daysBefore && day < today).map(({ day, usedBytes: bytes }) => ({ x: x(day), y: y(bytes) }))
  return html`<svg class="chart" width="${width}" height="240" viewBox="0 0 ${width} 240" role="img" aria-label="${diskFinding({ forecast, usedBytes, capBytes, nowMs })}">
${ticks(yMax).map(value => gridLine(y(value), { left, right, text: roundSizeText(value) }))}
${[-14, -7, 0, 7, 14, 21].map(offset => html`<text x="${round(x(today + offset))}" y="${LABEL_Y}" text-anchor="middle"${offset === 0 ? html` class="k"` : undefined}>${offset === 0 ? 'today' : dayText(nowMs + offset * DAY_MS)}</text>`)}
<line class="gr" x1="${round(now.x)}" x2="${round(now.x)}" y1="${TOP}" y2="${BOTTOM}"/>
${forecast === undefined ? undefined : forecastParts({ forecast, now, x, y, capBytes, today, nowMs })}
${measured.length > 0 ? html`<path class="line c1" d="${pathOf([...measured, now])}"/>` : undefined}
<line class="cap" x1="${left}" x2="${right}" y1="${round(y(capBytes))}" y2="${round(y(capBytes))}"/><text class="k" x="${right + 8}" y="${round(y(capBytes) + 4)}">cap ${roundSizeText(capBytes)}</text>
${fullShare < 1 ? html`<line class="near" x1="${left}" x2="${right}" y1="${round(y(capBytes * fullShare))}" y2="${round(y(capBytes * fullShare))}"/><text x="${right + 8}" y="${round(Math.max(y(capBytes * fullShare) + 4, y(capBytes) + 19))}">${Math.round(fullShare * 100)} %</text>` : undefined}
<circle class="dot c1" cx="${round(now.x)}" cy="${round(now.y)}" r="4"/><text class="k" x="${round(now.x + 9)}" y="${round(Math.min(now.y + 17, BOTTOM - 4))}">${sizeText(usedBytes)}</text>
</svg>`
}

/** The finding, in words. */
export function diskFinding ({ forecast, usedBytes, capBytes, nowMs }: Pick<DiskChart, 'forecast' | 'usedBytes' | 'capBytes' | 'nowMs'>): string {
  const now = `Disk use is ${sizeText(usedBytes)} of ${sizeText(capBytes)}.`
  if (forecast === undefined) return `${now} A forecast begins after three days.`
  const { fullInDays, earliestInDays, latestInDays } = forecast
  if (fullInDays === undefined || fullInDays > FAR_DAYS) return `${now} At the rate of the last 7 days it is not full within a year.`
  const date = (inDays: number | undefined): string => inDays === undefined || inDays > FAR_DAYS ? 'later than in a year' : dayText(nowMs + inDays * DAY_MS)
  return `${now} At the rate of the last 7 days it is full on ${date(fullInDays)}, between ${date(earliestInDays)} and ${date(latestInDays)}.`
}

const FAR_DAYS = 365

interface ForecastParts { readonly forecast: Forecast, readonly now: Point, readonly x: Scale, readonly y: Scale, readonly capBytes: number, readonly today: number, readonly nowMs: number }

/** The dashed line to the cap with its band, both cut off where the chart ends. */
function forecastParts ({ forecast, now, x, y, capBytes, today, nowMs }: ForecastParts): Markup {
  const { growth, fullInDays, earliestInDays, latestInDays } = forecast
  const usedBytes = (BOTTOM - now.y) / (BOTTOM - y(capBytes)) * capBytes
  const endOf = (bytesPerDay: number, inDays: number | undefined): Point => {
    const days = Math.min(inDays ?? DISK.daysAfter, DISK.daysAfter)
    return { x: x(today + days), y: y(Math.min(capBytes, Math.max(0, usedBytes + bytesPerDay * days))) }
  }
  const early = endOf(growth.highBytesPerDay, earliestInDays)
  const late = endOf(growth.lowBytesPerDay, latestInDays)
  // Where one edge has reached the cap, the band goes along it until the other has.
  const corner = early.y < late.y ? { x: late.x, y: Math.min(early.y, late.y) } : late
  const end = endOf(growth.bytesPerDay, fullInDays)
  const isFullInSight = fullInDays !== undefined && fullInDays <= DISK.daysAfter
  return html`<path class="band" d="${pathOf([now, early, corner, late])}Z"/><path class="line c1 dashed" d="${pathOf([now, end])}"/>
${isFullInSight ? html`<circle class="dot open c1" cx="${round(end.x)}" cy="${round(end.y)}" r="4"/><text class="k" x="${round(end.x)}" y="${round(end.y - 10)}" text-anchor="middle">full ${dayText(nowMs + fullInDays * DAY_MS)}</text>` : undefined}`
}

const RATE = { width: 488, left: 44, right: 478, quarters: 96 } as const

/** New deposits a second, quarter hours of the last day. */
export function depositsChart ({ quarters, nowMs }: { readonly quarters: readonly QuarterView[], readonly nowMs: number }): Markup {
  const { width, left, right, quarters: span } = RATE
  const rates = depositRates(quarters, nowMs)
  const spanMs = span * QUARTER_SECONDS * 1_000
  const x: Scale = atMs => left + Math.max(0, 1 - (nowMs - atMs) / spanMs) * (right - left)
  const yMax = Math.max(1, ...rates.map(({ perSecond }) => perSecond)) * 1.05
  const y: Scale = perSecond => BOTTOM - perSecond / yMax * (BOTTOM - TOP)
  const points = rates.map(({ atMs, perSecond }) => ({ x: x(atMs), y: y(perSecond) }))
  const peak = peakOf(rates)
  const last = points.at(-1)
  return html`<svg class="chart" width="${width}" height="240" viewBox="0 0 ${width} 240" role="img" aria-label="${depositsFinding(rates)}">
${ticks(yMax).map(value => gridLine(y(value), { left, right, text: rateText(value) }))}
${[24, 18, 12, 6].map(hours => html`<text x="${round(x(nowMs - hours * 3_600_000))}" y="${LABEL_Y}" text-anchor="${hours === 24 ? 'start' : 'middle'}">${clockText(nowMs - hours * 3_600_000)}</text>`)}
<text x="${right}" y="${LABEL_Y}" text-anchor="end">now</text>
${points.length > 1 ? html`<path class="line c2" d="${pathOf(points)}"/>` : undefined}
${peak === undefined ? undefined : peakMark(peak, { x: x(peak.atMs), y: y(peak.perSecond) })}
${last === undefined ? undefined : html`<circle class="dot c2" cx="${round(last.x)}" cy="${round(last.y)}" r="3"/>`}
</svg>`
}

export interface DepositRate { readonly atMs: number, readonly perSecond: number }

/** Each quarter at its middle; the one that is not over, at now. */
export function depositRates (quarters: readonly QuarterView[], nowMs: number): readonly DepositRate[] {
  return quarters.map(({ fromMs, stored }) => {
    const seconds = Math.min(QUARTER_SECONDS, Math.max(1, (nowMs - fromMs) / 1_000))
    const isOver = seconds === QUARTER_SECONDS
    return { atMs: isOver ? fromMs + QUARTER_SECONDS * 500 : nowMs, perSecond: stored / seconds }
  })
}

function depositsFinding (rates: readonly DepositRate[]): string {
  const now = rates.at(-1)
  if (now === undefined) return 'No figures of deposits yet.'
  const peak = peakOf(rates)
  return `Deposits a second over the last 24 hours: now ${rateText(now.perSecond)}${peak === undefined ? '' : `, peak ${rateText(peak.perSecond)} at ${clockText(peak.atMs)}`}.`
}

/** `0.4`, `3.1`, `412` */
export function rateText (perSecond: number): string {
  return perSecond < 10 && perSecond > 0 ? perSecond.toFixed(1) : countText(perSecond)
}

/** `20 GB`, on an axis. */
function roundSizeText (bytes: number): string {
  return sizeText(bytes).replace('.0 ', ' ')
}

function peakOf (rates: readonly DepositRate[]): DepositRate | undefined {
  const peak = rates.reduce<DepositRate | undefined>((best, rate) => best === undefined || rate.perSecond > best.perSecond ? rate : best, undefined)
  return peak === undefined || peak.perSecond === 0 ? undefined : peak
}

/** Its words stand on the side that has room. */
function peakMark ({ atMs, perSecond }: DepositRate, { x, y }: Point): Markup {
  const isLeft = x > (RATE.left + RATE.right) / 2
  return html`<circle class="dot c2" cx="${round(x)}" cy="${round(y)}" r="3"/><text class="k" x="${round(isLeft ? x - 9 : x + 9)}" y="${round(Math.max(y + 4, TOP + 8))}"${isLeft ? html` text-anchor="end"` : undefined}>${rateText(perSecond)} at ${clockText(atMs)}</text>`
}
