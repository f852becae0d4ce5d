/** Indexes new messages for search when there is nothing better to do; never so late that a search has much to scan. */
import type { Reader } from '../../store/reader.ts'
import type { Clock, Timer } from '../ports.ts'
import type { Feed } from '../feed.ts'
import type { Turn } from '../turn/turn.ts'

/** Rows in one transaction: about 10 ms of work. Fewer cost more each, in commits and in merging what they wrote. */
const ROWS = 512
/** Pause after the last new message before indexing begins. */
const IDLE_MS = 50
/** Beyond this many rows it does not wait for quiet: search scans what is not in the index. */
const BEHIND_MAX = 4_096

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
    return Math.max(0, (this.#reader.messages.newest()?.row ?? 0) - this.#reader.search.watermark())
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
    if (this.#timer !== undefined && this.behind > BEHIND_MAX) return
    this.#timer?.cancel()
    this.#timer = this.#clock.timer(IDLE_MS, () => {
      this.#timer = undefined
      void this.#run()
    })
  }

  async #run (): Promise<void> {
    this.#isRunning = true
    try {
      while (!this.#isStopped && this.behind > 0) {
        const indexed = await this.#turn.write(writer => writer.search.indexNext(ROWS))
        if (indexed === 0) break
      }
    } catch {
      // The disk says no: the turn reports it, and the next message tries again.
    } finally {
      this.#isRunning = false
    }
  }
}
