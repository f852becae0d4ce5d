/** What a run has come to, in a title and a sentence: the first thing on its page, and the only one that many will read. */
import { countText } from '../../protocols/core/quantity.ts'
import { faultSentence } from './fault-words.ts'
import type { RunRecord } from './record.ts'
import { tookText } from './times.ts'

export interface Verdict {
  readonly tone: 'calm' | 'warn' | 'danger'
  readonly title: string
  readonly more: string
}

const NAMED_MAX = 3

export function verdictOf (record: RunRecord): Verdict {
  if (record.kind === 'testnet') return presentState(record)
  if (record.state === 'running') return countingUp(record)
  const { messages: { sent, lost, duplicated, reordered }, expectations, settleMs } = record
  const broken = [
    ...(lost ?? 0) > 0 ? [`${countText(lost ?? 0)} of ${messagesText(sent)} ${lost === 1 ? 'was' : 'were'} lost`] : [],
    ...(duplicated ?? 0) > 0 ? [`${messagesText(duplicated)} shown twice`] : [],
    ...(reordered ?? 0) > 0 ? [`${countText(reordered ?? 0)} ${reordered === 1 ? 'conversation' : 'conversations'} in another order on the other side`] : []
  ]
  const sound = [...(lost ?? 0) === 0 ? ['Nothing lost'] : [], ...(duplicated ?? 0) === 0 ? ['no duplicate'] : [], ...(reordered ?? 0) === 0 ? ['nothing out of order'] : []].join(', ')
  const equal = settleMs === null ? '' : ` Everything had arrived ${tookText(settleMs)} after the end of talk and faults.`
  const [first, ...others] = broken
  if (first !== undefined) return { tone: 'danger', title: first, more: sentences([...others.map(text => `Also: ${text}.`), ...lossesText(record), sound === '' ? '' : `${capital(sound)}.`]) }
  const failed = expectations.filter(({ holds }) => !holds)
  const [failure] = failed
  if (failure !== undefined) return { tone: 'danger', title: failed.length === 1 ? `Expected ${failure.text}, saw ${failure.seen}` : `${failed.length} of ${expectations.length} expectations did not hold`, more: `${sound}.${equal}` }
  return sent === 0 ? { tone: 'calm', title: 'No message was sent', more: 'So nothing was lost, and nothing is shown by it.' } : { tone: 'calm', title: `${messagesText(sent)}, none lost`, more: `No duplicate, nothing out of order.${equal}` }
}

/** Of a network that people use themselves. */
function presentState ({ nodes, faults, backlog: { series: { values } } }: RunRecord): Verdict {
  const away = nodes.filter(({ state }) => state !== 'up')
  const open = values.at(-1) ?? null
  const lasting = faults.filter(({ endMs }) => endMs === null).map(faultSentence)
  const more = sentences([open === null ? '' : `${countText(open)} ${open === 1 ? 'delivery is' : 'deliveries are'} open.`, lasting.length === 0 ? 'Nothing is broken on purpose.' : `Broken: ${listed(lasting, '; ')}.`])
  const [first] = away
  if (nodes.length === 0) return { tone: 'calm', title: 'Nobody is in this testnet', more }
  if (first === undefined) return { tone: 'calm', title: 'Everybody is up', more }
  const title = away.length === 1 ? `${first.name} ${first.state === 'paused' ? 'stands still' : 'is down'}` : `${away.length} of ${nodes.length} nodes are not up`
  return { tone: 'warn', title, more }
}

function countingUp ({ messages: { sent }, faultCounts, faults, backlog: { series: { values } } }: RunRecord): Verdict {
  const made = Object.values(faultCounts).reduce((sum, count) => sum + count, 0)
  const lasting = faults.filter(({ endMs }) => endMs === null).map(faultSentence)
  const open = values.at(-1) ?? 0
  return {
    tone: 'calm',
    title: `${messagesText(sent)} so far`,
    more: sentences([`${countText(open)} ${open === 1 ? 'delivery is' : 'deliveries are'} open.`, `${countText(made)} ${made === 1 ? 'fault' : 'faults'} so far${lasting.length === 0 ? '' : `, now: ${listed(lasting, '; ')}`}.`, 'What was lost is known in the end, when every history is read.'])
  }
}

/** What is safe comes before what is wrong. */
function lossesText ({ losses }: RunRecord): readonly string[] {
  const [loss] = losses
  if (loss === undefined) return []
  const where = [...new Set(losses.map(({ missingAt }) => missingAt))]
  const areHere = losses.every(({ missingAt, from }) => missingAt !== from)
  return [areHere ? `${losses.length === 1 ? 'Its sender still has it' : 'Their senders still have them'}; missing at ${listed(where)}.` : `Missing at ${listed(where)}.`]
}

function messagesText (count: number | null): string { return `${countText(count ?? 0)} ${count === 1 ? 'message' : 'messages'}` }

function listed (texts: readonly string[], between = ', '): string { return `${texts.slice(0, NAMED_MAX).join(between)}${texts.length > NAMED_MAX ? ` and ${texts.length - NAMED_MAX} more` : ''}` }

function sentences (texts: readonly string[]): string { return texts.filter(text => text !== '').join(' ') }

function capital (text: string): string { return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}` }
