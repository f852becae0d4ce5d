/**
 * How much of the disk a relay takes, and that it never takes more than it may: free pages and the write-ahead log count. Whoever writes
 * asks for room first; SQLite itself refuses to go beyond the cap, should we have counted wrong.
 */
import { statSync } from 'node:fs'
import type { Database } from '../database.ts'
import type { Space } from './types.ts'

/** What the log may take beside the database: it is brought in every 1,000 pages, and one transaction is at most 32 MiB. */
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
/** Rows and indexes around one body. */
const OVERHEAD_BYTES = 200

export class DiskSpace {
  readonly #database: Database
  readonly #logPath: string | undefined
  readonly #pageBytes: number
  #capBytes: number

  constructor (database: Database, { logPath, capBytes }: { readonly logPath: string | undefined, readonly capBytes: number }) {
    this.#database = database
    this.#logPath = logPath
    this.#pageBytes = this.#pragma('page_size')
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
    const usedBytes = this.#pragma('page_count') * this.#pageBytes + this.#logBytes()
    return { usedBytes, capBytes: this.#capBytes, freeBytes: this.#pragma('freelist_count') * this.#pageBytes }
  }

  /** Bytes of bodies that can still be written. */
  room (): { readonly forText: number, readonly forControl: number } {
    const pages = this.#pagesMax() - WORKING_PAGES - this.#pragma('page_count') + this.#pragma('freelist_count')
    const forControl = pages * this.#pageBytes
    return { forControl, forText: forControl - this.#capBytes * CONTROL_SHARE }
  }

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

  #pragma (name: string): number {
    const [row] = this.#database.pragma(name)
    return Number(Object.values(row as Readonly<Record<string, number>>)[0])
  }
}
