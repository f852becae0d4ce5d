/** How far each client of the event feed has come. */
import type { Database, Statement } from '../database.ts'
import type { Cursor } from '../types.ts'

export class CursorReader {
  readonly #get: Statement<[string], Cursor>

  constructor (database: Database) {
    this.#get = database.prepare('SELECT seq, offset FROM cursors WHERE name = ?')
  }

  get (name: string): Cursor | undefined { return this.#get.get(name) }
}

export class CursorWriter {
  readonly #set: Statement<[string, number, number, number], never>

  constructor (database: Database) {
    this.#set = database.prepare(`INSERT INTO cursors (name, seq, offset, at) VALUES (?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, offset = excluded.offset, at = excluded.at`)
  }

  /** May also go back: whoever owns the name decides. */
  set (name: string, cursor: Cursor, atMs: number): void { this.#set.run(name, cursor.seq, cursor.offset, atMs) }
}
