/**
 * The dashboard's parts, as HTML: functions of the relay's figures. The first rendering and every later one are the same, so the
 * page is whole without a script. Only figures and the relay's own names of mailboxes are on it.
 */
import { countText, latencyText, sizeText, spanText } from '../../../protocols/core/quantity.ts'
import { refusalWords } from '../../../protocols/local/refusals.ts'
import type { DayView, RelayStats } from '../stats.ts'
import { bar, depositRates, depositsChart, diskChart, diskFinding, rateText, sparkline } from './charts.ts'
import { forecastDisk, forecastMedia, type Forecast } from './forecast.ts'
import { html, type Markup } from './markup.ts'
import { readinessOf } from './readiness.ts'
import type { Pace } from './recent.ts'
import { refusedToday } from './status.ts'
import { clockText, dayText } from './times.ts'

export interface Figures {
  readonly stats: RelayStats
  readonly pace: Pace
  /** Share of the cap from which no new mailbox is made. */
  readonly fullShare: number
  /** After how long a mailbox counts as stuck. */
  readonly stuckAfterMs: number
}

const DAY_MS = 24 * 3_600_000
const FORECAST_ALERT_DAYS = 14
const REFUSALS_SHOWN = 6
const STUCK_SHOWN = 5
const SPARK_DAYS = 14

/** Every part by the id of its element, in the order of the page. */
export function sections (figures: Figures): Readonly<Record<SectionId, Markup>> {
  const { stats } = figures
  const forecast = forecastDisk({ days: stats.days, usedBytes: stats.disk.usedBytes, capBytes: stats.disk.capBytes })
  return {
    state: state(stats),
    alerts: alerts(figures, forecast),
    deposits: depositsFigure(figures),
    mailboxes: mailboxesFigure(stats),
    disk: diskFigure(stats),
    media: mediaCard(stats),
    lost: lostFigure(stats),
    forecast: forecastCard(figures, forecast),
    rate: rateCard(stats),
    refused: refusedCard(stats),
    stuck: stuckCard(figures),
    peers: peersCard(stats)
  }
}

export type SectionId = 'state' | 'alerts' | 'deposits' | 'mailboxes' | 'disk' | 'media' | 'lost' | 'forecast' | 'rate' | 'refused' | 'stuck' | 'peers'

function state (stats: RelayStats): Markup {
  const { isReady, reasons } = readinessOf(stats)
  return isReady ? html`<i class="dot"></i>Ready` : html`<i class="dot off"></i><b>Not ready: ${reasons.join(', ')}</b>`
}

function alerts ({ stats, fullShare }: Figures, forecast: Forecast | undefined): Markup {
  const { fullInDays } = forecast ?? {}
  // A disk that refuses writes is trouble already, and a relay that drains takes nobody on purpose.
  const short = readinessOf({ state: stats.state, closed: stats.closed.filter(reason => reason !== 'storage' && reason !== 'draining') }).closed
  const isFilling = fullInDays !== undefined && fullInDays <= FORECAST_ALERT_DAYS
  return html`${stats.trouble.map(text => note('danger', { strong: text }))}
${stats.state === 'draining' ? note('warn', { strong: 'This relay is draining.', rest: 'Its users were told to move. What waits here can still be collected; nothing new is taken.', command: 'skein relay drain --off' }) : undefined}
${short.length > 0 ? note('warn', { strong: `No new mailboxes: ${short.join(', ')}.`, rest: 'Those that are here go on: mail for them is taken and handed out.' }) : undefined}
${isFilling
  ? note('warn', {
    strong: `The disk is full ${fullInDays < 1 ? 'within a day' : `in ${Math.floor(fullInDays)} ${Math.floor(fullInDays) === 1 ? 'day' : 'days'}`} at this week’s rate.`,
    rest: `From ${Math.round(fullShare * 100)} % new mailboxes are refused; mail already here stays safe and is never dropped.`,
    command: 'skein relay limits disk.cap 50GB'
  })
  : undefined}`
}

interface NoteWords { readonly strong: string, readonly rest?: string, readonly command?: string }

function note (kind: 'warn' | 'danger', { strong, rest, command }: NoteWords): Markup {
  return html`<div class="note ${kind}"><svg class="i" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3 18 16.500H2zM10 8v4M10 14.300v.01"/></svg><p><b>${strong}</b>${rest === undefined ? undefined : html` ${rest}`}</p>${command === undefined ? undefined : html`<code>${command}</code>`}</div>`
}

function figure ({ title, value, unit, spark, below }: { readonly title: string, readonly value: string, readonly unit?: string, readonly spark?: Markup | undefined, readonly below: string }): Markup {
  return html`<h2>${title}</h2><p class="value"><b>${value}</b>${unit === undefined ? undefined : html` <small>${unit}</small>`}</p>${spark}<p class="below">${below}</p>`
}

function depositsFigure ({ stats, pace }: Figures): Markup {
  const { p50Ms, p99Ms } = pace
  const latency = p50Ms === undefined || p99Ms === undefined ? 'none in the last minute' : `p50 ${latencyText(p50Ms)}, p99 ${latencyText(p99Ms)}, durable`
  const rates = depositRates(stats.quarters, stats.nowMs).map(({ perSecond }) => perSecond)
  return figure({ title: 'Deposits', value: rateText(pace.depositsPerSecond), unit: '/s', spark: sparkline(rates, 'c2'), below: latency })
}

function mailboxesFigure ({ held, days, nowMs }: RelayStats): Markup {
  const waiting = `${countText(held.items)} ${held.items === 1 ? 'envelope waits' : 'envelopes wait'}`
  const oldest = held.oldestAtMs === undefined ? '' : `, oldest ${spanText(nowMs - held.oldestAtMs)}`
  return figure({ title: 'Mailboxes', value: countText(held.mailboxes), spark: sparkline(lately(days, day => day.mailboxes), 'c2'), below: `${waiting}${oldest}` })
}

function diskFigure ({ disk, days }: RelayStats): Markup {
  const below = `${Math.round(disk.usedBytes / Math.max(1, disk.capBytes) * 100)} %, of it free pages ${sizeText(disk.freeBytes)}`
  const [used = '', usedUnit = ''] = sizeText(disk.usedBytes).split(' ')
  const cap = sizeText(disk.capBytes)
  const isSameUnit = cap.endsWith(` ${usedUnit}`)
  return figure({ title: 'Disk', value: used, unit: isSameUnit ? `of ${cap}` : `${usedUnit} of ${cap}`, spark: sparkline(lately(days, day => day.usedBytes), 'c1'), below })
}

function mediaCard (stats: RelayStats): Markup {
  const { isOn, blobs, unfinished, usedBytes, capBytes, receivedBytes, servedBytes, refused, lost } = stats.media
  const { fullInDays } = forecastMedia(stats) ?? {}
  const title = heading('Files', isOn ? `${countText(blobs)}, encrypted, of users who are away` : 'none are taken: media.on is off')
  if (!isOn && blobs === 0) return html`${title}<p class="empty">This relay keeps no files.</p>`
  const columns = [
    ['On the disk', `${sizeText(usedBytes)} of ${sizeText(capBytes)}`],
    ['Full in', fullInDays === undefined ? 'not within sight' : spanText(fullInDays * DAY_MS)],
    ['Unfinished', countText(unfinished)],
    ['Came', sizeText(receivedBytes)],
    ['Left', sizeText(servedBytes)],
    ['Refused', countText(Object.values(refused).reduce((sum, count) => sum + count, 0))],
    ['Lost from the disk', countText(lost)]
  ] as const
  return html`${title}<div class="wide" tabindex="0" role="group" aria-label="Files of users in figures"><table><thead><tr>${columns.map(([name]) => html`<th scope="col" class="num">${name}</th>`)}</tr></thead><tbody><tr>${columns.map(([, value]) => html`<td class="num">${value}</td>`)}</tr></tbody></table></div>`
}

function lostFigure ({ traffic: { auditsAsked, auditsAffirmed }, deposits, startedAtMs }: RelayStats): Markup {
  const below = auditsAsked === 0
    ? 'nobody has audited this relay yet'
    : `${countText(auditsAffirmed)} of ${countText(auditsAsked)} audits answered yes`
  return figure({ title: 'Lost', value: countText(auditsAsked - auditsAffirmed), unit: `of ${countText(deposits.stored)} since ${clockText(startedAtMs)}, ${dayText(startedAtMs)}`, below })
}

function forecastCard ({ stats, fullShare }: Figures, forecast: Forecast | undefined): Markup {
  const { days, disk: { usedBytes, capBytes }, nowMs } = stats
  const rows = days.slice(-SPARK_DAYS).map(({ day, usedBytes: bytes }) => [dayText(day * DAY_MS), sizeText(bytes)])
  const how = forecast === undefined ? 'A forecast begins after three days.' : 'Line: measured. Dashes: at the rate of the last 7 days. Band: 10th to 90th percentile of the days.'
  return html`${heading('Disk forecast', how)}<div class="wide" tabindex="0" role="group" aria-label="Chart of disk use">${diskChart({ days, forecast, usedBytes, capBytes, fullShare, nowMs })}</div>
<p class="said">${diskFinding({ forecast, usedBytes, capBytes, nowMs })}</p>${numbers('forecast-numbers', ['Day', 'Disk use'], rows)}`
}

function rateCard ({ quarters, nowMs }: RelayStats): Markup {
  const rates = depositRates(quarters, nowMs)
  const rows = rates.map(({ atMs, perSecond }) => [clockText(atMs), rateText(perSecond)])
  return html`${heading('Deposits', 'A second, means of 15 min, last 24 h of this process')}<div class="wide" tabindex="0" role="group" aria-label="Chart of deposits">${depositsChart({ quarters, nowMs })}</div>${numbers('rate-numbers', ['Time', 'Deposits a second'], rows)}`
}

function refusedCard (stats: RelayStats): Markup {
  const refused = Object.entries(refusedToday(stats)).filter(([, count]) => count > 0).toSorted(([, left], [, right]) => right - left)
  const total = refused.reduce((sum, [, count]) => sum + count, 0)
  const most = Math.max(1, ...refused.map(([, count]) => count))
  const shown = refused.slice(0, REFUSALS_SHOWN)
  if (total === 0) return html`${heading('Refused today', '0')}<p class="empty">No deposit was refused since midnight UTC.</p>`
  return html`${heading('Refused today', `${countText(total)}, by reason, since midnight UTC`)}<table><thead class="unseen"><tr><th scope="col">Reason</th><td></td><th scope="col">Deposits</th></tr></thead><tbody>
${shown.map(([reason, count]) => html`<tr><th scope="row">${refusalWords(reason).name}<small>${refusalWords(reason).cause}</small></th><td class="bars">${bar(count / most)}</td><td class="num">${countText(count)}</td></tr>`)}
${refused.length > shown.length ? html`<tr><td colspan="3" class="sec">and ${refused.length - shown.length} rarer reasons: <code>skein relay status --json</code></td></tr>` : undefined}</tbody></table>`
}

function stuckCard ({ stats: { stuck, nowMs }, stuckAfterMs }: Figures): Markup {
  const title = heading('Stuck', `${countText(stuck.count)} ${stuck.count === 1 ? 'mailbox' : 'mailboxes'}, not opened for ${spanText(stuckAfterMs)}`)
  if (stuck.count === 0) return html`${title}<p class="empty">Everybody whose mail waits has been here lately.</p>`
  const shown = stuck.mailboxes.slice(0, STUCK_SHOWN)
  return html`${title}<div class="wide" tabindex="0" role="group" aria-label="Stuck mailboxes"><table><thead><tr><th scope="col">Mailbox</th><th scope="col" class="num">Items</th><th scope="col" class="num">Size</th><th scope="col" class="num">Oldest</th><th scope="col" class="num">Ends in</th></tr></thead><tbody>
${shown.map(({ name, items, bytes, oldestAtMs, nextExpiryAtMs }) => html`<tr><th scope="row" class="mono">${name}</th><td class="num">${countText(items)}</td><td class="num">${sizeText(bytes)}</td><td class="num">${spanText(nowMs - oldestAtMs)}</td><td class="num">${spanText(nextExpiryAtMs - nowMs)}</td></tr>`)}
${stuck.count > shown.length ? html`<tr><td colspan="5" class="sec">and ${countText(stuck.count - shown.length)} smaller: <code>skein relay mailboxes --stuck</code></td></tr>` : undefined}</tbody></table></div>`
}

function peersCard ({ peers }: RelayStats): Markup {
  const { connections, collecting, depositing, reservations, reservationsMax, dht } = peers
  const row = (name: string, count: number | undefined, small?: string): Markup =>
    html`<tr><th scope="row">${name}${small === undefined ? undefined : html`<small>${small}</small>`}</th><td class="num">${count === undefined ? 'off' : countText(count)}</td></tr>`
  return html`${heading('Peers', `${countText(connections)} connected`)}<table><thead class="unseen"><tr><th scope="col">What</th><th scope="col">How many</th></tr></thead><tbody>
${row('Users online', collecting, 'collecting from their mailbox')}
${row('Depositing', depositing, 'streams that bring mail')}
${row('Reservations', reservations, reservationsMax === undefined ? 'for users behind routers' : `for users behind routers, of ${countText(reservationsMax)}`)}
${row('Relays in the DHT', dht)}</tbody></table>`
}

function heading (title: string, more: string): Markup {
  return html`<div class="ch"><h2>${title}</h2><p>${more}</p></div>`
}

/** The figures of a chart, for whoever cannot or will not look at it. */
function numbers (id: string, columns: readonly [string, string], rows: ReadonlyArray<readonly string[]>): Markup {
  if (rows.length === 0) return html`<p class="empty">No figures yet.</p>`
  return html`<details id="${id}"><summary>Show numbers</summary><table><thead><tr><th scope="col">${columns[0]}</th><th scope="col" class="num">${columns[1]}</th></tr></thead><tbody>${rows.map(([name, value]) => html`<tr><th scope="row">${name}</th><td class="num">${value}</td></tr>`)}</tbody></table></details>`
}

function lately (days: readonly DayView[], pick: (day: DayView) => number): readonly number[] {
  return days.slice(-SPARK_DAYS).map(pick)
}
