/**
 * How much of the disk a relay takes, and that it never takes more than it may: free pages and the write-ahead log count. Whoever writes
 * asks for room first; SQLite itself refuses to go beyond the cap, should we have counted wrong.
 */
import { statSync } from 'node:fs'
import type { Database, Statement } from '../database.ts'
import type { Room, Space } from './types.ts'

/** What the log may take beside the database: it is brought in every 1,000 pages, and one transaction has at most 8 MiB of bodies. */
const LOG_BYTES_MAX = 48 * 1024 * 1024
/** When the log is brought in: SQLite's own figure, and what a small cap leaves of it beside the transaction that comes last. */
const LOG_PAGES = 1_000
const LOG_PAGES_MIN = 64
/** Of a small cap the log must not take most. */
const LOG_SHARE_MAX = 0.25
/** Kept back for receipts and other small things that wake nobody. */
const CONTROL_SHARE = 0.02
/** Kept back so that deleting and changing always work. */
const WORKING_PAGES = 64
/** What ids of items that have gone may take of the cap, and what one takes: its row and its entry in the index, in pages two thirds full. */
const REMEMBERED_SHARE = 0.1
const REMEMBERED_BYTES = 96
/** With less room than this, ids of what has gone make way. */
const SHORT_SHARE = 0.05
/** Rows and indexes around one body. */
const OVERHEAD_BYTES = 200

export class DiskSpace {
  readonly #database: Database
  readonly #logPath: string | undefined
  readonly #pageBytes: number
  readonly #pageCount: Statement<[], { readonly page_count: number }>
  readonly #freeCount: Statement<[], { readonly freelist_count: number }>
  #capBytes: number

  constructor (database: Database, { logPath, capBytes }: { readonly logPath: string | undefined, readonly capBytes: number }) {
    this.#database = database
    this.#logPath = logPath
    this.#pageBytes = pageBytes(database)
    // Asked before every deposit.
    this.#pageCount = database.prepare('PRAGMA page_count')
    this.#freeCount = database.prepare('PRAGMA freelist_count')
    this.#capBytes = capBytes
    this.setCap(capBytes)
  }

  setCap (capBytes: number): void {
    this.#capBytes = capBytes
    this.#database.pragma(`max_page_count = ${this.#pagesMax()}`)
    this.#database.pragma(`journal_size_limit = ${this.#logBytesMax()}`)
    this.#database.pragma(`wal_autocheckpoint = ${Math.max(LOG_PAGES_MIN, Math.min(LOG_PAGES, Math.floor(this.#logBytesMax() / this.#pageBytes / 2)))}`)
  }

  view (): Space {
    const usedBytes = this.#pages() * this.#pageBytes + this.#logBytes()
    return { usedBytes, capBytes: this.#capBytes, freeBytes: this.freePages() * this.#pageBytes, room: this.room() }
  }

  freePages (): number { return this.#freeCount.get()?.freelist_count ?? 0 }

  room (): Room {
    const pages = this.#pagesMax() - WORKING_PAGES - this.#pages() + this.freePages()
    const forControl = pages * this.#pageBytes
    return { forControl, forText: forControl - this.#capBytes * CONTROL_SHARE }
  }

  /** How many ids of items that have gone there may be. */
  rememberedMax (): number { return Math.floor(this.#capBytes * REMEMBERED_SHARE / REMEMBERED_BYTES) }

  isShort (): boolean { return this.room().forText < this.#capBytes * SHORT_SHARE }

  /** What a body takes with everything around it; large ones lie in pages of their own. */
  costOf (bodyBytes: number): number {
    return bodyBytes + OVERHEAD_BYTES + (bodyBytes > this.#pageBytes / 2 ? this.#pageBytes : 0)
  }

  #pagesMax (): number { return Math.max(1, Math.floor((this.#capBytes - this.#logBytesMax()) / this.#pageBytes)) }

  #logBytesMax (): number { return Math.floor(Math.min(LOG_BYTES_MAX, this.#capBytes * LOG_SHARE_MAX)) }

  #logBytes (): number {
    if (this.#logPath === undefined) return 0
    return statSync(this.#logPath, { throwIfNoEntry: false })?.size ?? 0
  }

  #pages (): number { return this.#pageCount.get()?.page_count ?? 0 }
}

function pageBytes (database: Database): number {
  const [row] = database.pragma('page_size') as [{ readonly page_size: number }]
  return row.page_size
}
