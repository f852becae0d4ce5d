/** What each relay stored and had to do: lines over the run, of one height for one figure, so that relays can be compared. */
import { html, type Markup } from '../../node/page/markup.ts'
import { pathOf, round, type Point } from '../../node/page/marks.ts'
import { heading, wide } from '../../node/page/parts.ts'
import { countText, sizeText } from '../../protocols/core/quantity.ts'
import type { RelayRecord, RunRecord } from './record.ts'
import { unbroken, type Series } from './series.ts'

const WIDTH = 132
const HEIGHT = 36

export function relaysCard ({ relays, nodes, atMs }: RunRecord): Markup {
  if (relays.length === 0) return html`${heading('Relays', '0')}<p class="empty">There is no relay. Who is away gets nothing until both are there.</p>`
  const most = (pick: (relay: RelayRecord) => Series): number => Math.max(1, ...relays.flatMap(relay => pick(relay).values.map(value => value ?? 0)))
  const [bytes, envelopes, deposits] = [most(relay => relay.usedBytes), most(relay => relay.envelopes), most(relay => relay.deposits)]
  const stateOf = (name: string): string => nodes.find(node => node.name === name)?.state ?? 'up'
  return html`${heading('Relays', 'storage and load over the run; the lines of a column have one scale')}${wide('Storage and load of each relay', html`<table class="load"><thead><tr><th scope="col">Relay</th><th scope="col" colspan="2">Storage</th><th scope="col" colspan="2">Envelopes waiting</th><th scope="col" colspan="2">New deposits</th></tr></thead><tbody>
${relays.map(relay => html`<tr><th scope="row" dir="auto">${relay.name}<small>${stateOf(relay.name)}</small></th>
<td>${trend(relay.usedBytes, { most: bytes, atMs })}</td><td class="num">${known(lastOf(relay.usedBytes), sizeText)}<small>most ${known(mostOf(relay.usedBytes), sizeText)}</small></td>
<td>${trend(relay.envelopes, { most: envelopes, atMs })}</td><td class="num">${known(lastOf(relay.envelopes), countText)}<small>most ${known(mostOf(relay.envelopes), countText)}</small></td>
<td>${trend(relay.deposits, { most: deposits, atMs })}</td><td class="num">${known(sumOf(relay.deposits), countText)}<small>most ${known(rateOf(relay.deposits), rate => rate > 0 && rate < 10 ? rate.toFixed(1) : countText(rate))} /s</small></td></tr>`)}</tbody></table>`)}`
}

/** Filled to the ground, from 0 to the most of all relays; broken where nobody knew. */
function trend ({ stepMs, values }: Series, { most, atMs }: { readonly most: number, readonly atMs: number }): Markup {
  const endMs = Math.max(atMs, values.length * stepMs, 1)
  const place = (value: number, index: number): Point => ({ x: 1 + (index + 0.5) * stepMs / endMs * (WIDTH - 4), y: HEIGHT - 3 - value / most * (HEIGHT - 6) })
  const runs = unbroken(values).map(run => run.map(({ index, value }) => place(value, index)))
  const last = runs.at(-1)?.at(-1)
  return html`<svg class="trend" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"><line class="gr" x1="0" x2="${WIDTH}" y1="${HEIGHT - 2}" y2="${HEIGHT - 2}"/>${runs.map(points => points.length === 1 ? undefined : html`<path class="line c2" d="${pathOf(points)}"/>`)}${last === undefined ? undefined : html`<circle class="dot c2" cx="${round(last.x)}" cy="${round(last.y)}" r="2.5"/>`}</svg>`
}

/** Unknown is `?`, never 0. */
function known (value: number | undefined, words: (value: number) => string): string { return value === undefined ? '?' : words(value) }

function lastOf ({ values }: Series): number | undefined { return values.findLast(value => value !== null) ?? undefined }

function mostOf ({ values }: Series): number | undefined {
  const seen = values.filter(value => value !== null)
  return seen.length === 0 ? undefined : Math.max(...seen)
}

function sumOf ({ values }: Series): number | undefined { return values.length === 0 ? undefined : values.reduce<number>((sum, value) => sum + (value ?? 0), 0) }

/** The most in a second. */
function rateOf (series: Series): number | undefined {
  const most = mostOf(series)
  return most === undefined ? undefined : most / (series.stepMs / 1_000)
}
