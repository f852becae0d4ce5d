/** Commands that run on an event. */
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, Statement } from '../database.ts'
import type { Hook } from '../types.ts'

interface HookRow { readonly hook: number, readonly event: string, readonly command: string, readonly created_at: number }

export class HookReader {
  readonly #list: Statement<[], HookRow>

  constructor (database: Database) {
    this.#list = database.prepare('SELECT hook, event, command, created_at FROM hooks ORDER BY hook')
  }

  list (): Hook[] {
    return this.#list.all().map(row => ({ hook: row.hook, event: row.event, command: row.command, createdAtMs: row.created_at }))
  }
}

export class HookWriter {
  readonly #add: Statement<[string, string, number], never>
  readonly #remove: Statement<[number], never>

  constructor (database: Database) {
    this.#add = database.prepare('INSERT INTO hooks (event, command, created_at) VALUES (?, ?, ?)')
    this.#remove = database.prepare('DELETE FROM hooks WHERE hook = ?')
  }

  /** Returns its number. */
  add ({ event, command, createdAtMs }: Omit<Hook, 'hook'>): number {
    const hook = this.#add.insert(event, command, createdAtMs)
    invariant(hook !== undefined, 'a new hook has a row')
    return hook
  }

  /** Returns whether there was one. */
  remove (hook: number): boolean { return this.#remove.run(hook) > 0 }
}
