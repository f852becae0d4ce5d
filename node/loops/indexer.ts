/** Indexes new messages for search when there is nothing better to do; never so late that a search has much to scan. */
import { StorageError } from '../../protocols/core/errors.ts'
import type { Reader } from '../../store/reader.ts'
import { TAIL_ROWS_MAX } from '../../store/tables/search.ts'
import type { Clock, Timer } from '../ports.ts'
import type { Feed } from '../feed.ts'
import type { Turn } from '../turn/turn.ts'

/** Rows in one transaction: about 10 ms of work. Fewer cost more each, in commits and in merging what they wrote. */
const ROWS = 512
/**
 * Pause after the last new message before indexing begins. A transaction for each message would cost more than the message did;
 * until then it is found all the same, by scanning.
 */
const IDLE_MS = 200
/** With so many rows not indexed it does not wait for quiet: three quarters of what a search scans. */
const BEHIND_MAX = TAIL_ROWS_MAX * 3 / 4

export class Indexer {
  readonly #reader: Reader
  readonly #turn: Turn
  readonly #clock: Clock
  readonly #feed: Feed
  #timer: Timer | undefined
  #isRunning = false
  #isStopped = false
  #stopListening: (() => void) | undefined

  constructor ({ reader, turn, clock, feed }: { readonly reader: Reader, readonly turn: Turn, readonly clock: Clock, readonly feed: Feed }) {
    this.#reader = reader
    this.#turn = turn
    this.#clock = clock
    this.#feed = feed
  }

  /** Rows that are not in the index. */
  get behind (): number {
    return Math.max(0, this.#reader.messages.count() - this.#reader.search.watermark())
  }

  start (): void {
    this.#stopListening = this.#feed.listen(() => this.#rest())
    this.#rest()
  }

  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#stopListening?.()
  }

  /** Each new message puts the work off, unless too much has gathered. */
  #rest (): void {
    if (this.#isRunning || this.#isStopped) return
    this.#timer?.cancel()
    this.#timer = undefined
    const { behind } = this
    if (behind >= BEHIND_MAX) void this.#run()
    else if (behind > 0) this.#timer = this.#clock.timer(IDLE_MS, () => { void this.#run() })
  }

  async #run (): Promise<void> {
    this.#isRunning = true
    try {
      while (!this.#isStopped && this.behind > 0) {
        const indexed = await this.#turn.write(writer => writer.search.indexNext(ROWS))
        if (indexed === 0) break
      }
    } catch (error) {
      // The disk says no: the turn reports it, and the next message tries again.
      if (!(error instanceof StorageError)) throw error
    } finally {
      this.#isRunning = false
    }
  }
}
