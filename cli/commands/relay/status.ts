/** `skein relay status`: what the relay holds and how it fares, in lines; and the same as `skein relay top` shows them live. */
import { countText, latencyText, sizeText, spanText } from '../../../protocols/core/quantity.ts'
import { displaySafe } from '../../../protocols/core/text.ts'
import { refusalWords } from '../../../protocols/local/refusals.ts'
import type { RelayStatusView } from '../../../protocols/local/relay.ts'
import type { Invocation } from '../../command.ts'
import type { Look } from '../../look.ts'
import { tableLines } from '../../table.ts'
import { callRelay } from './control.ts'

/** Nearer than this, the day on which the disk is full is marked. */
const FULL_SOON_DAYS = 14
const YEAR_DAYS = 365
const REASONS_SHOWN = 5

export async function status (invocation: Invocation): Promise<void> {
  const view = await callRelay(invocation, 'relay.status', {})
  await invocation.output.result(view, statusLines(view, invocation.output.look).join('\n'))
}

export function statusLines (view: RelayStatusView, look: Look): readonly string[] {
  const title = view.name === '' ? view.peerId : view.name
  return [
    `${look.bold(displaySafe(title))}  relay, up ${spanText(look.nowMs - Date.parse(view.startedAt), { isExact: true })}, ${view.version}`,
    ...stateLines(view, look),
    '',
    ...tableLines([...heldRows(view, look), ...workRows(view, look)]),
    '',
    ...reachLines(view)
  ]
}

function stateLines ({ ready, reasons, closed, trouble }: RelayStatusView, look: Look): readonly string[] {
  // What makes it unready has been said in that line.
  const others = closed.filter(reason => !reasons.includes(reason))
  return [
    ready ? 'Ready.' : look.danger(`Not ready: ${reasons.join(', ')}.`),
    ...others.length > 0 ? [look.warn(`No new mailboxes: ${others.join(', ')}. Those that are here go on.`)] : [],
    ...trouble.map(text => look.danger(displaySafe(text)))
  ]
}

function heldRows (view: RelayStatusView, look: Look): ReadonlyArray<readonly string[]> {
  const { mailboxes, mailboxesBlocked, envelopes, bytes, oldestAt, usedBytes, capBytes, freeBytes, stuck } = view
  const oldest = oldestAt === null ? '' : `, oldest ${spanText(look.nowMs - Date.parse(oldestAt))}`
  return [
    ['Mailboxes', `${countText(mailboxes)}${mailboxesBlocked > 0 ? `, ${countText(mailboxesBlocked)} blocked` : ''}`],
    ['Waiting', `${countText(envelopes)} envelopes, ${sizeText(bytes)}${oldest}`],
    ['Stuck', stuck === 0 ? '0' : `${countText(stuck)}, see: skein relay mailboxes --stuck`],
    ['Disk', `${sizeText(usedBytes)} of ${sizeText(capBytes)} (${Math.round(usedBytes / Math.max(1, capBytes) * 100)} %), of it free pages ${sizeText(freeBytes)}`],
    ['Forecast', forecastText(view, look)],
    ['Files', filesText(view, look)]
  ]
}

function filesText ({ media }: RelayStatusView, look: Look): string {
  const { on, files, unfinished, usedBytes, capBytes, fullInDays, lost } = media
  if (!on && files === 0) return 'none are taken'
  return [
    `${countText(files)}${unfinished > 0 ? `, ${countText(unfinished)} unfinished` : ''}, ${sizeText(usedBytes)} of ${sizeText(capBytes)}`,
    ...on ? [] : ['none are taken any more'],
    ...fullInDays !== null && fullInDays <= FULL_SOON_DAYS ? [look.warn(`full in ${Math.floor(fullInDays)} d at this week's rate`)] : [],
    ...lost > 0 ? [look.danger(`${countText(lost)} lost from the disk`)] : []
  ].join(', ')
}

function forecastText ({ fullInDays }: RelayStatusView, look: Look): string {
  if (fullInDays === null || fullInDays > YEAR_DAYS) return 'not full within a year, or not known yet'
  const text = `full in ${Math.floor(fullInDays)} d at this week's rate`
  return fullInDays <= FULL_SOON_DAYS ? look.warn(text) : text
}

function workRows (view: RelayStatusView, look: Look): ReadonlyArray<readonly string[]> {
  const { depositsPerSecond, p50Ms, p99Ms, stored, collected, expired, auditsAsked, auditsAffirmed } = view
  const latency = p50Ms === null || p99Ms === null ? '' : `, p50 ${latencyText(p50Ms)}, p99 ${latencyText(p99Ms)}, durable`
  const lost = auditsAsked - auditsAffirmed
  return [
    ['Deposits', `${depositsPerSecond.toFixed(1)}/s${latency}`],
    ['Since start', `${countText(stored)} stored, ${countText(collected)} collected, ${countText(expired)} expired`],
    ['Audits', `${countText(auditsAffirmed)} of ${countText(auditsAsked)} answered yes${lost > 0 ? look.danger(`, ${countText(lost)} no`) : ''}`],
    ['Refused today', refusedText(view)],
    ['Peers', peersText(view)],
    ['Process', `${sizeText(view.residentBytes)} of memory, ${latencyText(view.loopDelayMs)} behind`]
  ]
}

function refusedText ({ refusedToday }: RelayStatusView): string {
  const reasons = Object.entries(refusedToday).filter(([, count]) => count > 0).toSorted(([, left], [, right]) => right - left)
  if (reasons.length === 0) return '0'
  return reasons.slice(0, REASONS_SHOWN).map(([reason, count]) => `${refusalWords(reason).name.toLowerCase()} ${countText(count)}`).join(', ')
}

function peersText ({ connections, collecting, reservations, dht }: RelayStatusView): string {
  return [
    `${countText(connections)} connected`,
    `${countText(collecting)} users online`,
    ...reservations === null ? [] : [`${countText(reservations)} reservations`],
    ...dht === null ? [] : [`${countText(dht)} relays in the DHT`]
  ].join(', ')
}

function reachLines ({ addresses, http }: RelayStatusView): readonly string[] {
  return [
    ...http === null ? [] : [`Dashboard: ${http}`],
    ...addresses.length === 0 ? ['It has no address yet.'] : ['Users add it with:', ...addresses.map(address => `  skein relays add ${address}`)]
  ]
}
