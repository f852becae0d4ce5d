/**
 * Housekeeping: what has expired goes, free pages are given back, the day is written down. All of it in slices so small that nobody
 * waits for them.
 */
import { StorageError } from '../../protocols/core/errors.ts'
import type { RelayStore, RelayWriter } from '../../store/relay/types.ts'
import type { Clock, Timer } from '../ports.ts'
import type { Collected } from './http/operator.ts'
import { Pace } from './pace.ts'
import type { Scribe } from './scribe.ts'
import type { Tally } from './tally.ts'

export interface KeeperParts {
  readonly store: RelayStore
  readonly scribe: Scribe
  readonly clock: Clock
  readonly tally: Tally
  /** The same for blobs, whose files go with their rows. */
  readonly tidyBlobs: () => Promise<number>
}

interface Counts { readonly stored: number, readonly acknowledged: number, readonly expired: number, readonly refused: Readonly<Record<string, number>> }

/** Expiry goes by minutes. */
const ROUND_MS = 60_000
/** Rows and pages in one transaction; a row is up to three pages that are written, a page that is given back one that is moved. */
const ROWS = { min: 16, max: 512 }
const PAGES = { min: 16, max: 1_024 }
/** Between two slices everybody else has a turn. */
const PAUSE_MS = 20
const DAY_MS = 24 * 3_600_000

export class Keeper {
  readonly #parts: KeeperParts
  readonly #rows = new Pace(ROWS)
  readonly #pages = new Pace(PAGES)
  #timer: Timer | undefined
  /** The newest round: each begins when the one before is over, or two would count the same into the day. */
  #round: Promise<unknown> = Promise.resolve()
  #isStopped = false
  /** What of the counts is in the database already. */
  #written: Counts = { stored: 0, acknowledged: 0, expired: 0, refused: {} }

  constructor (parts: KeeperParts) {
    this.#parts = parts
  }

  start (): void {
    this.observe()
    this.#timer = this.#parts.clock.timer(ROUND_MS, () => { void this.#goRound() })
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    this.#timer?.cancel()
    await this.#round
    await this.#quietly(() => this.#writeDay())
  }

  /** Everything that can go, now; resolves when it is gone. @throws StorageError */
  async tidy (): Promise<Collected> {
    const round = this.#tidyAfter(this.#round)
    // Whoever asked hears what went wrong; the next round begins all the same.
    this.#round = round.catch(() => undefined)
    return await round
  }

  observe (): void {
    const { store, clock, tally } = this.#parts
    tally.observe(clock.now(), store.read.space().usedBytes)
  }

  async #goRound (): Promise<void> {
    await this.#quietly(() => this.tidy())
    if (!this.#isStopped) this.start()
  }

  async #tidyAfter (round: Promise<unknown>): Promise<Collected> {
    await round
    const { store } = this.#parts
    const before = store.read.space().usedBytes
    const expired = await this.#expire()
    await this.#parts.tidyBlobs()
    await this.#vacuum()
    await this.#writeDay()
    return { expired, releasedBytes: Math.max(0, before - store.read.space().usedBytes) }
  }

  /** A disk that takes nothing is reported by the scribe; the next round tries again. */
  async #quietly (work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
    }
  }

  async #expire (): Promise<number> {
    const { clock, tally } = this.#parts
    let total = 0
    for (let hasMore = true; hasMore && !this.#isStopped;) {
      const limit = this.#rows.size
      const { items, rows } = await this.#slice(this.#rows, writer => writer.expire(clock.now(), limit))
      total += items
      tally.traffic.expired += items
      hasMore = rows >= limit
      if (hasMore) await this.#pause()
    }
    return total
  }

  async #vacuum (): Promise<void> {
    for (let left = 1, before = Infinity; left > 0 && left < before && !this.#isStopped;) {
      before = left === 1 ? Infinity : left
      left = await this.#slice(this.#pages, writer => writer.vacuum(this.#pages.size))
      if (left > 0) await this.#pause()
    }
  }

  /** From its first row until the disk has it, together with whatever else came into the same transaction. */
  async #slice<T> (pace: Pace, work: (writer: RelayWriter) => T): Promise<T> {
    const { scribe, clock } = this.#parts
    let beginMs = 0
    return await scribe.write(writer => {
      beginMs = clock.monotonic()
      return work(writer)
    }, () => { pace.took(clock.monotonic() - beginMs) })
  }

  async #writeDay (): Promise<void> {
    const { store, scribe, clock, tally } = this.#parts
    const { deposits, traffic } = tally.view()
    const now: Counts = { stored: deposits.stored, acknowledged: traffic.acknowledged, expired: traffic.expired, refused: deposits.refused }
    const before = this.#written
    const refused = Object.fromEntries(Object.entries(now.refused).map(([reason, count]) => [reason, count - (before.refused[reason] ?? 0)] as const).filter(([, count]) => count > 0))
    const day = Math.floor(clock.now() / DAY_MS)
    await scribe.write(writer => {
      writer.countDay(day, {
        stored: now.stored - before.stored,
        acknowledged: now.acknowledged - before.acknowledged,
        expired: now.expired - before.expired,
        refused,
        usedBytes: store.read.space().usedBytes,
        mailboxes: store.read.totals().mailboxes,
        mediaBytes: store.read.totals().blobBytes
      })
    })
    this.#written = now
  }

  async #pause (): Promise<void> {
    await new Promise<void>(resolve => { this.#parts.clock.timer(PAUSE_MS, resolve) })
  }
}
