/** What a relay counts while it works. Only numbers: what they belong to is not kept. */
import type { CommitCounts, DepositCounts, HistogramView, MediaCounts, QuarterView, TrafficCounts } from './stats.ts'
import { DURATION_BOUNDS_MS, Histogram, SIZE_BOUNDS } from './histogram.ts'

const QUARTER_MS = 15 * 60_000
/** Of 24 hours. */
const QUARTERS_MAX = 96

type Mutable<View> = { -readonly [Key in keyof View]: View[Key] }

interface Quarter { readonly fromMs: number, stored: number, refused: number, usedBytes: number }

export class Tally {
  readonly commits = {
    count: 0,
    failed: 0,
    groupSizes: new Histogram(SIZE_BOUNDS),
    transactionMs: new Histogram(DURATION_BOUNDS_MS),
    flushMs: new Histogram(DURATION_BOUNDS_MS)
  }

  readonly answeredMs = new Histogram(DURATION_BOUNDS_MS)
  readonly traffic: Mutable<TrafficCounts> = {
    collected: 0,
    collectedBytes: 0,
    acknowledged: 0,
    expired: 0,
    aliasChanges: 0,
    bundlesOneTime: 0,
    bundlesLastResort: 0,
    bundlesRefused: 0,
    shardUploads: 0,
    recordsPut: 0,
    recordsGot: 0,
    auditsAsked: 0,
    auditsAffirmed: 0,
    malformed: 0,
    mailboxesMade: 0,
    mailboxesRefused: 0,
    mailboxesClosed: 0
  }

  readonly media: Mutable<MediaCounts> = { stored: 0, receivedBytes: 0, opened: 0, servedBytes: 0, released: 0, expired: 0, lost: 0 }

  #stored = 0
  #storedBytes = 0
  #known = 0
  readonly #refused = new Map<string, number>()
  readonly #mediaRefused = new Map<string, number>()
  readonly #quarters: Quarter[] = []

  stored (bytes: number): void {
    this.#stored += 1
    this.#storedBytes += bytes
    const quarter = this.#quarters.at(-1)
    if (quarter !== undefined) quarter.stored += 1
  }

  known (): void { this.#known += 1 }

  refused (reason: string): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1)
    const quarter = this.#quarters.at(-1)
    if (quarter !== undefined) quarter.refused += 1
  }

  mediaRefused (reason: string): void { this.#mediaRefused.set(reason, (this.#mediaRefused.get(reason) ?? 0) + 1) }

  mediaView (): MediaCounts & { readonly refused: Readonly<Record<string, number>> } { return { ...this.media, refused: Object.fromEntries(this.#mediaRefused) } }

  /** Called now and then: begins the next quarter of an hour when it is time. */
  observe (nowMs: number, usedBytes: number): void {
    const fromMs = Math.floor(nowMs / QUARTER_MS) * QUARTER_MS
    let quarter = this.#quarters.at(-1)
    if (quarter?.fromMs !== fromMs) {
      quarter = { fromMs, stored: 0, refused: 0, usedBytes }
      this.#quarters.push(quarter)
      if (this.#quarters.length > QUARTERS_MAX) this.#quarters.shift()
    }
    quarter.usedBytes = usedBytes
  }

  view (): { readonly deposits: DepositCounts, readonly answeredMs: HistogramView, readonly commits: CommitCounts, readonly traffic: TrafficCounts, readonly quarters: readonly QuarterView[] } {
    const { count, failed, groupSizes, transactionMs, flushMs } = this.commits
    return {
      deposits: { stored: this.#stored, storedBytes: this.#storedBytes, known: this.#known, refused: Object.fromEntries(this.#refused) },
      answeredMs: this.answeredMs.view(),
      commits: { count, failed, groupSizes: groupSizes.view(), transactionMs: transactionMs.view(), flushMs: flushMs.view() },
      traffic: { ...this.traffic },
      quarters: this.#quarters.map(quarter => ({ ...quarter }))
    }
  }
}
