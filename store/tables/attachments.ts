/** Files that go with messages, as the messages say it. */
import type { ContentId } from '../../protocols/core/ids.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { decodeAttachment, encodeAttachment } from '../../protocols/message/attachment.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { Database, Statement } from '../database.ts'
import type { AttachmentPlace } from '../types.ts'
import { bytes, contentIdOf } from './columns.ts'

interface AttachmentRow { readonly message: Uint8Array, readonly place: number, readonly attachment: Uint8Array }

export class AttachmentReader {
  readonly #ofMessage: Statement<[ContentId], AttachmentRow>
  readonly #ofBlob: Statement<[BlobRoot], AttachmentRow>
  readonly #newest: Statement<[number], { readonly message: Uint8Array }>
  readonly #newestWith: Statement<[number, number], { readonly message: Uint8Array }>
  readonly #named: Statement<[Uint8Array, Uint8Array], { readonly root: Uint8Array }>

  constructor (database: Database) {
    this.#ofMessage = database.prepare('SELECT message, place, attachment FROM attachments WHERE message = ? ORDER BY place')
    this.#ofBlob = database.prepare('SELECT message, place, attachment FROM attachments WHERE root = ? ORDER BY message, place')
    // Ids sort by time, and so does the primary key.
    this.#newest = database.prepare('SELECT DISTINCT message FROM attachments ORDER BY message DESC LIMIT ?')
    this.#newestWith = database.prepare('SELECT DISTINCT message FROM attachments JOIN messages ON messages.id = attachments.message WHERE contact = ? ORDER BY message DESC LIMIT ?')
    this.#named = database.prepare('SELECT root FROM attachments WHERE root BETWEEN ? AND ? LIMIT 1')
  }

  /** In the order of the message. */
  ofMessage (message: ContentId): AttachmentPlace[] { return this.#ofMessage.all(message).map(placeOf) }

  /** Everywhere that a blob is pointed to; the oldest message first. */
  ofBlob (root: BlobRoot): AttachmentPlace[] { return this.#ofBlob.all(root).map(placeOf) }

  /** Messages with files, the newest first; of one conversation, or of all. */
  newest (contact: number | undefined, limit: number): ContentId[] {
    const rows = contact === undefined ? this.#newest.all(limit) : this.#newestWith.all(contact, limit)
    return rows.map(({ message }) => contentIdOf(message))
  }

  /** The blob whose root lies between the two: a reference holds only the beginning of it. */
  rootBetween (low: Uint8Array, high: Uint8Array): BlobRoot | undefined {
    const found = this.#named.get(low, high)
    return found === undefined ? undefined : bytes(found.root) as BlobRoot
  }
}

export class AttachmentWriter {
  readonly #put: Statement<[ContentId, number, BlobRoot, Uint8Array], never>
  readonly #removeOf: Statement<[ContentId], never>

  constructor (database: Database) {
    this.#put = database.prepare('INSERT INTO attachments (message, place, root, attachment) VALUES (?, ?, ?, ?) ON CONFLICT (message, place) DO NOTHING')
    this.#removeOf = database.prepare('DELETE FROM attachments WHERE message = ?')
  }

  add (message: ContentId, attachments: readonly Attachment[]): void {
    for (const [place, attachment] of attachments.entries()) this.#put.run(message, place, attachment.root, encodeAttachment(attachment))
  }

  /** The message is deleted: with the row goes the key. */
  removeOf (message: ContentId): void { this.#removeOf.run(message) }
}

function placeOf (row: AttachmentRow): AttachmentPlace {
  // A plain array: the driver's bytes are views, and what is decoded is kept.
  return { message: contentIdOf(row.message), place: row.place, attachment: decodeAttachment(Uint8Array.from(row.attachment)) }
}
