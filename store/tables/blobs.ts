/** Blobs that messages point to: whether they are here, and to whom they were sent. */
import { invariant } from '../../protocols/core/invariant.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { Database, Statement } from '../database.ts'
import { BLOB_STATE, type BlobRecipient, type BlobState, type StoredBlob } from '../types.ts'
import { bytes, flag, namesOf } from './columns.ts'

interface BlobRow {
  readonly root: Uint8Array
  readonly state: number
  readonly blob_bytes: number
  readonly leaves_held: number
  readonly is_pinned: number
  readonly added_at: number
  readonly used_at: number
  readonly detail: string | null
}

interface RecipientRow { readonly root: Uint8Array, readonly contact: number, readonly added_at: number, readonly fetched_at: number | null }

const STATE_NAME = namesOf(BLOB_STATE)

export class BlobReader {
  readonly #byRoot: Statement<[BlobRoot], BlobRow>
  readonly #inState: Statement<[number], BlobRow>
  readonly #list: Statement<[], BlobRow>
  readonly #recipients: Statement<[BlobRoot], RecipientRow>
  readonly #open: Statement<[], RecipientRow>

  constructor (database: Database) {
    this.#byRoot = database.prepare('SELECT * FROM blobs WHERE root = ?')
    this.#inState = database.prepare('SELECT * FROM blobs WHERE state = ? ORDER BY used_at, root')
    this.#list = database.prepare('SELECT * FROM blobs ORDER BY added_at, root')
    this.#recipients = database.prepare('SELECT * FROM blob_recipients WHERE root = ? ORDER BY contact')
    this.#open = database.prepare('SELECT * FROM blob_recipients WHERE fetched_at IS NULL ORDER BY added_at')
  }

  byRoot (root: BlobRoot): StoredBlob | undefined {
    const row = this.#byRoot.get(root)
    return row === undefined ? undefined : blobOf(row)
  }

  /** Those that were not used for the longest first. */
  inState (state: BlobState): StoredBlob[] { return this.#inState.all(BLOB_STATE[state]).map(blobOf) }

  /** The oldest first. */
  list (): StoredBlob[] { return this.#list.all().map(blobOf) }

  recipients (root: BlobRoot): BlobRecipient[] { return this.#recipients.all(root).map(recipientOf) }

  /** Of all blobs: who has not fetched yet what we have sent, the oldest first. */
  unfetched (): BlobRecipient[] { return this.#open.all().map(recipientOf) }
}

type NewBlob = Pick<StoredBlob, 'root' | 'state' | 'blobBytes' | 'leavesHeld' | 'addedAtMs'>

export class BlobWriter {
  readonly #add: Statement<[BlobRoot, number, number, number, number, number], never>
  readonly #setState: Statement<[number, string | undefined, BlobRoot], never>
  readonly #setHeld: Statement<[number, BlobRoot], never>
  readonly #touch: Statement<[number, BlobRoot], never>
  readonly #pin: Statement<[number, BlobRoot], never>
  readonly #remove: Statement<[BlobRoot], never>
  readonly #addRecipient: Statement<[BlobRoot, number, number], never>
  readonly #markFetched: Statement<[number, BlobRoot, number], never>
  readonly #removeRecipient: Statement<[BlobRoot, number], never>
  readonly #removeRecipients: Statement<[BlobRoot], never>

  constructor (database: Database) {
    // One that was let go and comes again is known once more.
    this.#add = database.prepare(`INSERT INTO blobs (root, state, blob_bytes, leaves_held, is_pinned, added_at, used_at) VALUES (?, ?, ?, ?, 0, ?, ?)
      ON CONFLICT (root) DO UPDATE SET state = excluded.state, leaves_held = excluded.leaves_held, used_at = excluded.used_at, detail = NULL
      WHERE state = ${BLOB_STATE.dropped}`)
    this.#setState = database.prepare('UPDATE blobs SET state = ?, detail = ? WHERE root = ?')
    this.#setHeld = database.prepare('UPDATE blobs SET leaves_held = ? WHERE root = ?')
    this.#touch = database.prepare('UPDATE blobs SET used_at = ? WHERE root = ?')
    this.#pin = database.prepare('UPDATE blobs SET is_pinned = ? WHERE root = ?')
    this.#remove = database.prepare('DELETE FROM blobs WHERE root = ?')
    this.#addRecipient = database.prepare('INSERT INTO blob_recipients (root, contact, added_at) VALUES (?, ?, ?) ON CONFLICT (root, contact) DO NOTHING')
    this.#markFetched = database.prepare('UPDATE blob_recipients SET fetched_at = ? WHERE root = ? AND contact = ? AND fetched_at IS NULL')
    this.#removeRecipient = database.prepare('DELETE FROM blob_recipients WHERE root = ? AND contact = ?')
    this.#removeRecipients = database.prepare('DELETE FROM blob_recipients WHERE root = ?')
  }

  /** One that is there stays as it is, unless it was dropped. */
  add ({ root, state, blobBytes, leavesHeld, addedAtMs }: NewBlob): void {
    this.#add.run(root, BLOB_STATE[state], blobBytes, leavesHeld, addedAtMs, addedAtMs)
  }

  /** `detail`: what stands in the way, in words. */
  setState (root: BlobRoot, state: BlobState, detail?: string): void { this.#setState.run(BLOB_STATE[state], detail, root) }

  setHeld (root: BlobRoot, leaves: number): void { this.#setHeld.run(leaves, root) }

  touch (root: BlobRoot, atMs: number): void { this.#touch.run(atMs, root) }

  /** Returns whether there is such a blob. */
  pin (root: BlobRoot, isPinned: boolean): boolean { return this.#pin.run(flag(isPinned), root) > 0 }

  /** With all that is known of it; its files are gone already. */
  remove (root: BlobRoot): void {
    this.#removeRecipients.run(root)
    this.#remove.run(root)
  }

  addRecipient (root: BlobRoot, contact: number, atMs: number): void { this.#addRecipient.run(root, contact, atMs) }

  /** Nothing is owed to them any more. */
  removeRecipient (root: BlobRoot, contact: number): void { this.#removeRecipient.run(root, contact) }

  /** Returns whether that was news. */
  markFetched (root: BlobRoot, contact: number, atMs: number): boolean { return this.#markFetched.run(atMs, root, contact) > 0 }
}

function blobOf (row: BlobRow): StoredBlob {
  const state = STATE_NAME.get(row.state)
  invariant(state !== undefined, 'a blob is in a state that has a name')
  return {
    root: bytes(row.root) as BlobRoot,
    state,
    blobBytes: row.blob_bytes,
    leavesHeld: row.leaves_held,
    isPinned: row.is_pinned === 1,
    addedAtMs: row.added_at,
    usedAtMs: row.used_at,
    detail: row.detail ?? undefined
  }
}

function recipientOf (row: RecipientRow): BlobRecipient {
  return { root: bytes(row.root) as BlobRoot, contact: row.contact, addedAtMs: row.added_at, fetchedAtMs: row.fetched_at ?? undefined }
}
