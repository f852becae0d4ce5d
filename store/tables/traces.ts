/** What happened to an envelope besides the happy path's own columns. */
import { TRACE_STEPS_MAX } from '../../protocols/core/limits.ts'
import type { Database, Statement } from '../database.ts'
import type { Trace } from '../types.ts'

interface TraceRow { readonly outbox: number, readonly at: number, readonly step: string, readonly detail: string }

/** The beginning of the story is kept whole; the middle of a long one is what nobody misses. */
const FIRST_STEPS = 10

export class TraceReader {
  readonly #ofOutbox: Statement<[number], TraceRow>

  constructor (database: Database) {
    this.#ofOutbox = database.prepare('SELECT outbox, at, step, detail FROM traces WHERE outbox = ? ORDER BY row')
  }

  /** As it happened. */
  ofOutbox (outbox: number): Trace[] {
    return this.#ofOutbox.all(outbox).map(row => ({ outbox: row.outbox, atMs: row.at, step: row.step, detail: row.detail }))
  }
}

export class TraceWriter {
  readonly #add: Statement<[number, number, string, string], never>
  readonly #count: Statement<[number], { readonly count: number }>
  readonly #trim: Statement<[number, number, number], never>

  constructor (database: Database) {
    this.#add = database.prepare('INSERT INTO traces (outbox, at, step, detail) VALUES (?, ?, ?, ?)')
    this.#count = database.prepare('SELECT count(*) AS count FROM traces WHERE outbox = ?')
    this.#trim = database.prepare('DELETE FROM traces WHERE row IN (SELECT row FROM traces WHERE outbox = ? ORDER BY row LIMIT ? OFFSET ?)')
  }

  /** Keeps the first steps and the last ones, TRACE_STEPS_MAX together. */
  add ({ outbox, atMs, step, detail }: Trace): void {
    this.#add.run(outbox, atMs, step, detail)
    const count = this.#count.get(outbox)?.count ?? 0
    if (count > TRACE_STEPS_MAX) this.#trim.run(outbox, count - TRACE_STEPS_MAX, FIRST_STEPS)
  }
}
