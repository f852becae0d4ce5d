/** The feed of events that clients and hooks follow. */
import type { ContentId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, Statement } from '../database.ts'
import { decodeIds, encodeIds } from '../refs.ts'
import type { Cursor, StoredEvent } from '../types.ts'

interface EventRow {
  readonly seq: number
  readonly at: number
  readonly type: string
  readonly contact: number
  readonly refs: Uint8Array
  readonly detail: string
}

export interface NewEvent extends Omit<StoredEvent, 'seq' | 'refs' | 'detail'> {
  readonly refs?: readonly ContentId[]
  readonly detail?: string
}

export class EventReader {
  readonly #after: Statement<[number, number], EventRow>
  readonly #newestSeq: Statement<[], { readonly seq: number | null }>

  constructor (database: Database) {
    this.#after = database.prepare('SELECT * FROM events WHERE seq >= ? ORDER BY seq LIMIT ?')
    this.#newestSeq = database.prepare('SELECT max(seq) AS seq FROM events')
  }

  /** The rows that hold events after the cursor: the first may be seen in part, up to the cursor's offset. */
  after (cursor: Cursor, limit: number): StoredEvent[] {
    const events = this.#after.all(cursor.seq, limit + 1).map(eventOf)
    const [first] = events
    const isSeen = first?.seq === cursor.seq && cursor.offset >= Math.max(1, first.refs.length)
    return isSeen ? events.slice(1) : events.slice(0, limit)
  }

  /** 0: nothing ever happened. */
  newestSeq (): number { return this.#newestSeq.get()?.seq ?? 0 }
}

export class EventWriter {
  readonly #append: Statement<[number, string, number, Uint8Array, string], never>
  readonly #prune: Statement<[number, number, number], never>

  constructor (database: Database) {
    this.#append = database.prepare('INSERT INTO events (at, type, contact, refs, detail) VALUES (?, ?, ?, ?, ?)')
    // Looks at the oldest rows only: time mostly goes with the number, and whatever does not goes later.
    this.#prune = database.prepare(`DELETE FROM events WHERE seq IN (SELECT seq FROM (SELECT seq, at FROM events
      WHERE seq <= (SELECT max(seq) FROM events) - ? ORDER BY seq LIMIT ?) WHERE at < ?)`)
  }

  /** Returns its number. */
  append ({ atMs, type, contact, refs = NONE, detail = '' }: NewEvent): number {
    const seq = this.#append.insert(atMs, type, contact, encodeIds(refs), detail)
    invariant(seq !== undefined, 'an event has a number')
    return seq
  }

  /** Forgets the oldest rows that are older than `beforeMs`, but never the newest `keepCount`, nor the very newest. Returns how many. */
  prune (beforeMs: number, keepCount: number, limit: number): number { return this.#prune.run(Math.max(keepCount, 1), limit, beforeMs) }
}

const NONE: readonly ContentId[] = []

function eventOf (row: EventRow): StoredEvent {
  return { seq: row.seq, atMs: row.at, type: row.type, contact: row.contact, refs: decodeIds(row.refs), detail: row.detail }
}
