/** Idempotency keys of the local API: the same key gives the same content. */
import type { ContentId } from '../../protocols/core/ids.ts'
import type { Database, Statement } from '../database.ts'
import { contentIdOf } from './columns.ts'

export class IdempotencyReader {
  readonly #get: Statement<[string], { readonly content_id: Uint8Array }>

  constructor (database: Database) {
    this.#get = database.prepare('SELECT content_id FROM idempotency WHERE key = ?')
  }

  get (key: string): ContentId | undefined {
    const row = this.#get.get(key)
    return row === undefined ? undefined : contentIdOf(row.content_id)
  }
}

export class IdempotencyWriter {
  readonly #put: Statement<[string, ContentId, number], never>
  readonly #prune: Statement<[number], never>

  constructor (database: Database) {
    this.#put = database.prepare('INSERT INTO idempotency (key, content_id, at) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING')
    this.#prune = database.prepare('DELETE FROM idempotency WHERE at < ?')
  }

  /** The first answer stays. */
  put (key: string, content: ContentId, atMs: number): void { this.#put.run(key, content, atMs) }

  prune (beforeMs: number): void { this.#prune.run(beforeMs) }
}
