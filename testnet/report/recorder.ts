/** Writes the record of a run of real processes: looks at the nodes while it goes on, and at what everybody holds in the end. */
import { setTimeout as delay } from 'node:timers/promises'
import { VERSION } from '../../node/version.ts'
import { missingIn, type Verdict } from '../prove/checker.ts'
import { deliveriesIn, type ToldConversation } from '../prove/histories.ts'
import type { Ledger } from '../prove/talk.ts'
import type { Disturbances } from '../scenario/disturbances.ts'
import type { Testnet } from '../testnet.ts'
import { EMPTY_HISTOGRAM, Histogram } from './histogram.ts'
import type { Fault } from './journal.ts'
import { FINDINGS_MAX, RECORD_VERSION, type ExpectationRecord, type FindingRecord, type LossRecord, type RunRecord } from './record.ts'
import { Sampler, SAMPLE_MS } from './sampler.ts'
import { levelOf, Track } from './series.ts'

export interface RunWords extends Pick<RunRecord, 'kind' | 'name' | 'seed' | 'replay'> {
  /** How many messages were sent so far; null: nobody counts them. */
  readonly sentCount: () => number | null
}

/** What is known when nothing is on its way any more. */
export interface Ending {
  readonly conversations: readonly ToldConversation[]
  readonly ledger: Ledger
  readonly verdict: Verdict
  readonly settleMs: number
  readonly disturbances: Disturbances
  /** Whose clocks were wrong: what they say of times counts for nothing. */
  readonly wrongClocks: Disturbances
  readonly expectations: readonly ExpectationRecord[]
}

/** Steps of what was on its way: fine enough for a run of some seconds. */
const FLOW_STEP_MS = 100
/** A node looks ten times a second whether its clock is to be wrong (inside/preload.ts). */
const SKEW_SLACK_MS = 200

export class Recorder {
  readonly #testnet: Testnet
  readonly #words: RunWords
  #begunAtMs = Date.now()
  readonly #sampler: Sampler
  readonly #over = new AbortController()
  #looking: Promise<void> = Promise.resolve()

  constructor (testnet: Testnet, words: RunWords) {
    this.#testnet = testnet
    this.#words = words
    this.#sampler = new Sampler(() => testnet.members, () => Date.now() - this.#begunAtMs)
  }

  /** The run begins when everybody was looked at once; then again each second, until the end or `stop`. */
  async start (): Promise<void> {
    await this.#sampler.sample()
    this.#begunAtMs = Date.now()
    this.#testnet.journal.forget()
    this.#looking = this.#look(this.#over.signal)
  }

  /** Idempotent. */
  async stop (): Promise<void> {
    this.#over.abort()
    await this.#looking
  }

  /** As it stands. */
  async now (): Promise<RunRecord> {
    await this.#sampler.sample()
    return this.#record()
  }

  /** While everybody is still there: they are asked for traces. */
  async end (ending: Ending): Promise<RunRecord> {
    await this.stop()
    await this.#sampler.sample()
    const { verdict, expectations, settleMs } = ending
    const losses = await this.#losses(ending)
    return {
      ...this.#record(),
      ...this.#deliveries(ending),
      state: 'ended',
      messages: { sent: verdict.owed, lost: verdict.lost.length, duplicated: verdict.duplicated.length, reordered: verdict.reordered.length },
      settleMs,
      expectations,
      losses,
      findings: findingsIn(verdict)
    }
  }

  #record (): RunRecord {
    const atMs = Date.now() - this.#begunAtMs
    const { partitions, links, nodes } = this.#testnet.view()
    const { journal } = this.#testnet
    const { sentCount, ...words } = this.#words
    return {
      version: RECORD_VERSION,
      ...words,
      begunAt: new Date(this.#begunAtMs).toISOString(),
      atMs,
      tookMs: atMs,
      state: 'running',
      madeBy: { skein: VERSION, node: process.version, platform: `${process.platform} ${process.arch}` },
      nodes: nodes.map(({ name, kind, state, skewMs }) => ({ name, kind, state, skewMs, relays: kind === 'user' ? this.#sampler.relaysOf(name) : null })),
      partitions,
      links,
      faults: journal.faults.map(fault => this.#sinceBegin(fault)),
      faultCounts: journal.counts,
      messages: { sent: sentCount(), lost: null, duplicated: null, reordered: null },
      backlog: { of: 'deliveries', series: this.#sampler.backlog },
      delivery: { online: EMPTY_HISTOGRAM, disturbed: EMPTY_HISTOGRAM },
      settleMs: null,
      relays: this.#sampler.relays,
      expectations: [],
      losses: [],
      findings: []
    }
  }

  #sinceBegin (fault: Fault): Fault {
    return { ...fault, beginMs: Math.max(0, fault.beginMs - this.#begunAtMs), endMs: fault.endMs === null ? null : fault.endMs - this.#begunAtMs }
  }

  #deliveries ({ conversations, ledger, disturbances, wrongClocks }: Ending): Pick<RunRecord, 'backlog' | 'delivery'> {
    const flow = new Track('sum', FLOW_STEP_MS)
    const [online, disturbed] = [new Histogram(), new Histogram()]
    for (const sentAtMs of ledger.sendingsAtMs) flow.add(sentAtMs - this.#begunAtMs, 1)
    const endMs = Date.now()
    for (const { reader, writer, sentAtMs, receivedAtMs } of deliveriesIn(conversations, ledger)) {
      // A message is on its way for as long as it is, whatever a clock says.
      const arrivedAtMs = Math.min(endMs, Math.max(sentAtMs, this.#rightTime(reader, receivedAtMs)))
      flow.add(arrivedAtMs - this.#begunAtMs, -1)
      if (!wrongClocks.isCalm([reader], sentAtMs, Infinity)) continue
      const histogram = disturbances.isCalm([reader, writer], sentAtMs, receivedAtMs) ? online : disturbed
      histogram.add(Math.max(0, receivedAtMs - sentAtMs))
    }
    return { backlog: { of: 'messages', series: levelOf(flow.view()) }, delivery: { online: online.view(), disturbed: disturbed.view() } }
  }

  /** What a right clock would have shown when this one, of a node, showed that. */
  #rightTime (name: string, shownMs: number): number {
    const wrong = this.#testnet.journal.faults.find(({ kind, whom, beginMs, endMs, skewMs = 0 }) =>
      kind === 'wrong clock' && whom.includes(name) && shownMs - skewMs >= beginMs - SKEW_SLACK_MS && shownMs - skewMs <= (endMs ?? Infinity) + SKEW_SLACK_MS)
    return shownMs - (wrong?.skewMs ?? 0)
  }

  async #losses ({ conversations, ledger }: Ending): Promise<LossRecord[]> {
    const missing = conversations.flatMap(conversation => missingIn(conversation).map(({ id, at }) => ({ id, at, ...ledger.hasFrom(conversation.left, conversation.right, id) ? { from: conversation.left, to: conversation.right } : { from: conversation.right, to: conversation.left } })))
    return await Promise.all(missing.slice(0, FINDINGS_MAX).map(async ({ id, at, from, to }) => {
      const sentAtMs = ledger.sentAtMs(id)
      return { id, from, to, missingAt: at, sentAtMs: sentAtMs === undefined ? null : sentAtMs - this.#begunAtMs, ...await this.#trace(from, id) }
    }))
  }

  /** As far as its sender's node can tell. */
  async #trace (from: string, id: string): Promise<Pick<LossRecord, 'copies' | 'headline' | 'steps'>> {
    try {
      const { headline, steps, next } = await this.#testnet.member(from).api.call('message.trace', { id })
      return {
        copies: steps.filter(({ step }) => step === 'stored').length,
        headline,
        steps: [...steps, ...next].map(({ at, text, cause }) => ({ atMs: this.#rightTime(from, Date.parse(at)) - this.#begunAtMs, text: cause === undefined ? text : `${text}: ${cause}` }))
      }
    } catch {
      // It is down, or does not know the message either: the loss says so by itself.
      return { copies: null, headline: null, steps: [] }
    }
  }

  async #look (signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#sampler.sample()
      await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

function findingsIn ({ duplicated, reordered, undecryptable }: Verdict): FindingRecord[] {
  return [...duplicated.map(what => ({ kind: 'duplicate' as const, what })), ...reordered.map(what => ({ kind: 'order' as const, what })), ...undecryptable.map(what => ({ kind: 'undecryptable' as const, what }))].slice(0, FINDINGS_MAX)
}
