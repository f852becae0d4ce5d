/** Copies of blobs at relays of those to whom we have sent them. */
import { invariant } from '../../protocols/core/invariant.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { Database, SqlValue, Statement } from '../database.ts'
import { BLOB_COPY_STATE, type BlobCopy } from '../types.ts'
import { bytes, bytesOrNothing, namesOf } from './columns.ts'

interface BlobCopyRow {
  readonly root: Uint8Array
  readonly contact: number
  readonly relay: string
  readonly state: number
  readonly attempts: number
  readonly leaves_stored: number
  readonly keep_until: number | null
  readonly detail: string | null
  readonly evidence: Uint8Array | null
}

const STATE_NAME = namesOf(BLOB_COPY_STATE)

export class BlobCopyReader {
  readonly #ofBlob: Statement<[BlobRoot], BlobCopyRow>
  readonly #ofRelay: Statement<[string], BlobCopyRow>

  constructor (database: Database) {
    this.#ofBlob = database.prepare('SELECT * FROM blob_copies WHERE root = ? ORDER BY contact, relay')
    this.#ofRelay = database.prepare('SELECT * FROM blob_copies WHERE relay = ? ORDER BY root, contact')
  }

  ofBlob (root: BlobRoot): BlobCopy[] { return this.#ofBlob.all(root).map(copyOf) }

  ofRelay (relay: string): BlobCopy[] { return this.#ofRelay.all(relay).map(copyOf) }
}

export class BlobCopyWriter {
  readonly #put: Statement<SqlValue[], never>
  readonly #removeOf: Statement<[BlobRoot], never>

  constructor (database: Database) {
    this.#put = database.prepare('INSERT OR REPLACE INTO blob_copies (root, contact, relay, state, attempts, leaves_stored, keep_until, detail, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#removeOf = database.prepare('DELETE FROM blob_copies WHERE root = ?')
  }

  /** Inserts or replaces. */
  put ({ root, contact, relay, state, attempts, leavesStored, keepUntilMs, detail, evidence }: BlobCopy): void {
    this.#put.run(root, contact, relay, BLOB_COPY_STATE[state], attempts, leavesStored, keepUntilMs, detail, evidence)
  }

  removeOf (root: BlobRoot): void { this.#removeOf.run(root) }
}

function copyOf (row: BlobCopyRow): BlobCopy {
  const state = STATE_NAME.get(row.state)
  invariant(state !== undefined, 'a copy is in a state that has a name')
  return {
    root: bytes(row.root) as BlobRoot,
    contact: row.contact,
    relay: row.relay,
    state,
    attempts: row.attempts,
    leavesStored: row.leaves_stored,
    keepUntilMs: row.keep_until ?? undefined,
    detail: row.detail ?? undefined,
    evidence: bytesOrNothing(row.evidence)
  }
}
