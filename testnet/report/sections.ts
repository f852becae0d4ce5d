/** The parts of a testnet's page, as HTML: functions of the record. The file and the live page are made of the same. */
import { html, type Markup } from '../../node/page/markup.ts'
import { heading, numbers, wide } from '../../node/page/parts.ts'
import { countText } from '../../protocols/core/quantity.ts'
import { linkText, skewText } from '../words.ts'
import { countsText, kindText, whomText } from './fault-words.ts'
import { latencyChart, latencyFinding, percentileRows } from './latency.ts'
import { relaysCard } from './load.ts'
import { findingsCard, lossesCard } from './losses.ts'
import type { NodeRecord, RunRecord } from './record.ts'
import { timeline, timelineFinding } from './timeline.ts'
import { elapsedText } from './times.ts'
import { topology } from './topology.ts'
import { verdictOf } from './verdict.ts'

export type SectionId = 'verdict' | 'topology' | 'timeline' | 'delivery' | 'expected' | 'nodes' | 'relays' | 'losses' | 'findings'

/** All or nothing of each: an empty one is not on the page. */
export type Sections = Readonly<Record<SectionId, Markup>>

/** In a table below a chart; the record has the rest. */
const ROWS_MAX = 200
const CURVE_ROWS_MAX = 60
/** So many are listed one by one; of more, those that are not up. */
const NODES_LISTED_MAX = 16
const NOTHING = html``

export function sections (record: RunRecord): Sections {
  return {
    verdict: verdictNote(record),
    topology: topologyCard(record),
    timeline: timelineCard(record),
    delivery: deliveryCard(record),
    expected: expectedCard(record),
    nodes: nodesCard(record),
    relays: relaysCard(record),
    losses: lossesCard(record),
    findings: findingsCard(record)
  }
}

const ICONS = {
  danger: html`<svg class="i" viewBox="0 0 20 20" aria-hidden="true"><circle cx="10" cy="10" r="8"/><path d="M10 6v5M10 14v.01"/></svg>`,
  warn: html`<svg class="i" viewBox="0 0 20 20" aria-hidden="true"><path d="M10 3 18 16.500H2zM10 8v4M10 14.300v.01"/></svg>`
} as const

function verdictNote (record: RunRecord): Markup {
  const { tone, title, more } = verdictOf(record)
  return html`<div class="verdict ${tone}">${tone === 'calm' ? undefined : ICONS[tone]}<div><h2>${title}</h2><p>${more}</p></div>${record.replay === null ? undefined : html`<code>${record.replay}</code>`}</div>`
}

function topologyCard (record: RunRecord): Markup {
  const { nodes, partitions, losses } = record
  if (nodes.length === 0) return html`${heading('Topology', '')}<p class="empty">Nobody is in it.</p>`
  const words = [
    ...nodes.some(({ state }) => state !== 'up') ? [html`<span>dashed: not up</span>`] : [],
    ...partitions.length > 0 ? [html`<span>dashes between: cut</span>`] : [],
    ...losses.length > 0 ? [html`<b class="lost">red: lost here</b>`] : [],
    ...nodes.some(({ kind }) => kind === 'relay') ? [html`<span>lines: mailboxes</span>`] : []
  ]
  return html`${heading('Topology', record.state === 'ended' ? 'in the end' : 'now')}${wide('Chart of the topology', topology(record))}
<p class="legend">${words}</p>`
}

function timelineCard (record: RunRecord): Markup {
  const { backlog: { of, series: { stepMs, values } } } = record
  const every = Math.max(1, Math.ceil(values.length / CURVE_ROWS_MAX))
  const curve = values.flatMap((value, index) => index % every === 0 ? [[elapsedText(index * stepMs), value === null ? '?' : countText(value)]] : [])
  return html`${heading('Faults and what waited', `time of the network; ${of === 'messages' ? 'undelivered messages' : 'open deliveries'} below on the same axis`)}${wide('Chart of faults and of what waited', timeline(record))}
<p class="said">${timelineFinding(record)}</p>
<div class="more">${faultsTable(record)}${numbers('backlog-numbers', ['From', of === 'messages' ? 'Undelivered' : 'Open deliveries'], curve)}</div>`
}

function faultsTable ({ faults }: RunRecord): Markup {
  if (faults.length === 0) return NOTHING
  return html`<details id="faults-numbers"><summary>Show faults</summary>${faults.length > ROWS_MAX ? html`<p class="said">The first ${ROWS_MAX} of ${countText(faults.length)}.</p>` : undefined}${wide('Faults', html`<table><thead><tr><th scope="col">What</th><th scope="col">Whom</th><th scope="col" class="num">At</th><th scope="col" class="num">For</th></tr></thead><tbody>
${faults.slice(0, ROWS_MAX).map(fault => html`<tr><th scope="row">${kindText(fault)}</th><td>${whomText(fault)}</td><td class="num">${elapsedText(fault.beginMs)}</td><td class="num">${fault.endMs === null ? 'still' : elapsedText(fault.endMs - fault.beginMs)}</td></tr>`)}</tbody></table>`)}</details>`
}

function deliveryCard (record: RunRecord): Markup {
  const { delivery, kind } = record
  if (kind === 'testnet') return NOTHING
  if (delivery.online.count + delivery.disturbed.count === 0) {
    return html`${heading('Time to delivery', 'from the wish to send to the disk of the recipient')}<p class="empty">${undeliveredText(record)}</p>`
  }
  return html`${heading('Time to delivery', 'percentiles, both axes logarithmic')}${wide('Chart of the time to delivery', latencyChart(record))}
<p class="said">${latencyFinding(delivery)}${uncountedText(record)}</p>${numbers('delivery-numbers', ['Percentile', 'Online', 'Disturbed'], percentileRows(delivery))}`
}

function undeliveredText ({ state, messages: { sent } }: RunRecord): string {
  if (state === 'running') return 'Known in the end, when every history is read.'
  return sent === 0 ? 'No message was sent.' : 'No message was delivered whose recipient had a clock that was right.'
}

/** Where a clock was wrong, nobody knows how long it took. */
function uncountedText ({ delivery: { online, disturbed }, messages: { sent, lost } }: RunRecord): string {
  const uncounted = (sent ?? 0) - (lost ?? 0) - online.count - disturbed.count
  return uncounted <= 0 ? '' : ` ${countText(uncounted)} ${uncounted === 1 ? 'message is' : 'messages are'} not among these: the clock of the recipient was wrong.`
}

const TICK = html`<svg class="i" viewBox="0 0 20 20" role="img" aria-label="held"><path d="m4 10 4 4 8-9"/></svg>`
const CROSS = html`<svg class="i bad" viewBox="0 0 20 20" role="img" aria-label="did not hold"><path d="m5 5 10 10M15 5 5 15"/></svg>`

function expectedCard ({ kind, state, expectations, faultCounts, madeBy }: RunRecord): Markup {
  if (kind === 'testnet') return NOTHING
  const held = expectations.filter(({ holds }) => holds).length
  return html`${heading('Expected', expectations.length === 0 ? state === 'running' ? 'judged in the end' : 'nothing' : `${held} of ${expectations.length} held`)}<table><thead class="unseen"><tr><th scope="col">Expectation</th><th scope="col">Seen</th></tr></thead><tbody>
${expectations.map(({ text, holds, seen }) => html`<tr><th scope="row"><span class="held">${holds ? TICK : CROSS}<code>${text}</code></span></th><td class="words${holds ? '' : ' lost'}">${seen}</td></tr>`)}
<tr><th scope="row" class="sec">Done to it</th><td class="words">${countsText(faultCounts)}</td></tr>
<tr><th scope="row" class="sec">Made by</th><td class="words">skein ${madeBy.skein}, Node ${madeBy.node}, ${madeBy.platform}</td></tr></tbody></table>`
}

function nodesCard ({ nodes, partitions, links, state }: RunRecord): Markup {
  const up = nodes.filter(node => node.state === 'up' && node.skewMs === 0)
  const listed = nodes.length <= NODES_LISTED_MAX ? nodes : nodes.filter(node => !up.includes(node))
  const cuts = partitions.map(({ left, right }) => whomText({ whom: left, from: right }))
  return html`${heading('Nodes', `${countText(up.length)} of ${countText(nodes.length)} well ${state === 'ended' ? 'in the end' : 'now'}`)}<table><thead class="unseen"><tr><th scope="col">Node</th><th scope="col">State</th></tr></thead><tbody>
${listed.map(node => html`<tr><th scope="row" dir="auto">${node.name}<small>${node.kind}</small></th><td class="num">${stateWords(node)}</td></tr>`)}
${listed.length < nodes.length ? html`<tr><th scope="row" class="sec">${listed.length === 0 ? 'All' : 'All others'}</th><td class="num"><i class="dot"></i>up</td></tr>` : undefined}
${cuts.map(text => html`<tr><th scope="row">${text}<small>line</small></th><td class="num"><b>cut</b></td></tr>`)}
${links.map(link => html`<tr><th scope="row">${link.name}<small>line</small></th><td class="num"><b>${linkText(link)}</b></td></tr>`)}
${nodes.length === 0 ? html`<tr><td colspan="2" class="sec">Nobody is in it.</td></tr>` : undefined}</tbody></table>`
}

function stateWords ({ state, skewMs }: NodeRecord): Markup {
  const clock = skewMs === 0 ? undefined : html`, <b>clock ${skewText(skewMs)}</b>`
  return state === 'up' ? html`<i class="dot"></i>up${clock}` : html`<i class="dot hollow"></i><b>${state === 'paused' ? 'stands still' : 'down'}</b>${clock}`
}
