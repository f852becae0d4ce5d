/**
 * What is written down of a run: everything that its report shows, and nothing that only a real process could know, so that a
 * simulation with virtual time fills the same. Plain JSON of bounded size, however long the run. docs/testnet.md, "Reports"
 *
 * Times are milliseconds of the network since the beginning of the run (`…Ms`), where nothing else is said.
 */
import { MalformedError } from '../../protocols/core/errors.ts'
import type { HistogramRecord } from './histogram.ts'
import type { Fault, FaultKind } from './journal.ts'
import type { Series } from './series.ts'

export const RECORD_VERSION = 1

export interface NodeRecord {
  readonly name: string
  readonly kind: 'user' | 'relay'
  /** In the end, or now. */
  readonly state: 'up' | 'down' | 'paused'
  /** By which its clock is wrong. */
  readonly skewMs: number
  /** Of a user: names of the relays that keep its mailboxes; null: not known. */
  readonly relays: readonly string[] | null
}

export interface RelayRecord {
  readonly name: string
  /** Of its database with everything around it. */
  readonly usedBytes: Series
  /** What waits there to be collected. */
  readonly envelopes: Series
  /** New deposits, in each step. What came between the last look and a kill was never seen. */
  readonly deposits: Series
}

export interface ExpectationRecord {
  readonly text: string
  readonly holds: boolean
  /** What was seen, in words. */
  readonly seen: string
  /** Of an expectation about times; else null. */
  readonly limitMs: number | null
}

export interface TraceStepRecord {
  readonly atMs: number
  readonly text: string
}

/** A message that is missing somewhere, with what its sender's node tells of it. */
export interface LossRecord {
  readonly id: string
  readonly from: string
  readonly to: string
  /** Who has not got it: mostly `to`. */
  readonly missingAt: string
  /** null: not known. */
  readonly sentAtMs: number | null
  /** How many relays had signed for a copy; null: not known. */
  readonly copies: number | null
  /** In a sentence; null: nobody could be asked. */
  readonly headline: string | null
  readonly steps: readonly TraceStepRecord[]
}

/** Something that is there, but not as it should be. */
export interface FindingRecord {
  readonly kind: 'duplicate' | 'order' | 'undecryptable'
  /** What, and where or between whom, in words. */
  readonly what: string
}

export interface RunRecord {
  readonly version: typeof RECORD_VERSION
  readonly kind: 'scenario' | 'proof' | 'testnet' | 'simulation'
  /** Of the scenario, or of the directory. */
  readonly name: string
  /** null: there was no chance in it. */
  readonly seed: number | null
  /** ISO 8601; of the computer that ran it. */
  readonly begunAt: string
  /** When this was written down, on the network's time. */
  readonly atMs: number
  /** What that took on the computer: as much, unless time was virtual. */
  readonly tookMs: number
  readonly state: 'running' | 'ended'
  /** The command that repeats it; null: there is none. */
  readonly replay: string | null
  readonly madeBy: { readonly skein: string, readonly node: string, readonly platform: string }
  readonly nodes: readonly NodeRecord[]
  /** Lines that are cut and slow, now or in the end. */
  readonly partitions: ReadonlyArray<{ readonly left: readonly string[], readonly right: readonly string[] }>
  readonly links: ReadonlyArray<{ readonly name: string, readonly delayMs: number, readonly jitterMs: number, readonly bytesPerSecond: number | null }>
  /** The first ten thousand; all are counted. */
  readonly faults: readonly Fault[]
  readonly faultCounts: Readonly<Partial<Record<FaultKind, number>>>
  /** null: not known, as of a network that people talk in themselves, or not yet. */
  readonly messages: {
    readonly sent: number | null
    readonly lost: number | null
    readonly duplicated: number | null
    readonly reordered: number | null
  }
  /** What was on its way: messages that were not there yet, or deliveries open in the outboxes of all users. */
  readonly backlog: { readonly of: 'messages' | 'deliveries', readonly series: Series }
  /** From the wish to send to the recipient's disk. `online`: nothing was the matter with either end; `disturbed`: all others. */
  readonly delivery: { readonly online: HistogramRecord, readonly disturbed: HistogramRecord }
  /** From the end of talk and faults until nothing was on its way; null: not known. */
  readonly settleMs: number | null
  readonly relays: readonly RelayRecord[]
  readonly expectations: readonly ExpectationRecord[]
  /** The first two hundred, with traces; `messages.lost` counts all. */
  readonly losses: readonly LossRecord[]
  /** The first two hundred. */
  readonly findings: readonly FindingRecord[]
}

/** Of losses and of other findings. */
export const FINDINGS_MAX = 200

export function encodeRecord (record: RunRecord): string { return `${JSON.stringify(record)}\n` }

/** Ours or none: of another version, or another file, nothing is shown. @throws MalformedError */
export function decodeRecord (text: string): RunRecord {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch { /* said below */ }
  if (!isRecord(value)) throw new MalformedError('the record', 'must be what this version of testnet run, prove or report has written')
  return value
}

/** Whoever can write here can write the page as well: what is checked is that it is one, not every member of it. */
function isRecord (value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false
  const { version, nodes, faults, messages, backlog, delivery, relays, expectations, losses, findings } = value as Partial<Record<keyof RunRecord, unknown>>
  return version === RECORD_VERSION && [nodes, faults, relays, expectations, losses, findings].every(Array.isArray) && [messages, backlog, delivery].every(part => typeof part === 'object' && part !== null)
}
