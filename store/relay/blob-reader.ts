/** What a relay's database has to say of blobs. */
import { blobRoot, type BlobRoot } from '../../protocols/media/root.ts'
import type { Database, Statement } from '../database.ts'
import { bytes } from '../tables/columns.ts'
import type { BlobReader, KeptBlob } from './blob-types.ts'

interface BlobRow { readonly root: Uint8Array, readonly blob_bytes: number, readonly read_tag: Uint8Array, readonly is_stored: number, readonly is_readable: number }

const COLUMNS = `root, blob_bytes, read_tag, is_stored,
  EXISTS (SELECT 1 FROM blob_refs JOIN mailboxes USING (mailbox) WHERE blob_refs.blob = blobs.blob AND is_blocked = 0) AS is_readable`
/** An author who uses one key for many blobs gets some of them by it, and not all: no honest one does. */
const OF_TAG_MAX = 8

export class SqlBlobReader implements BlobReader {
  readonly #byRoot: Statement<[Uint8Array], BlobRow>
  readonly #byTag: Statement<[Uint8Array], BlobRow>
  readonly #after: Statement<[Uint8Array, number], BlobRow>
  readonly #mailboxBytes: Statement<[number], { readonly media_bytes: number }>

  constructor (database: Database) {
    this.#byRoot = database.prepare(`SELECT ${COLUMNS} FROM blobs WHERE root = ?`)
    this.#byTag = database.prepare(`SELECT ${COLUMNS} FROM blobs WHERE read_tag = ? LIMIT ${OF_TAG_MAX}`)
    this.#after = database.prepare(`SELECT ${COLUMNS} FROM blobs WHERE root > ? ORDER BY root LIMIT ?`)
    this.#mailboxBytes = database.prepare('SELECT media_bytes FROM mailboxes WHERE mailbox = ?')
  }

  blob (root: BlobRoot): KeptBlob | undefined {
    const row = this.#byRoot.get(root)
    return row === undefined ? undefined : keptBlob(row)
  }

  ofTag (readTag: Uint8Array): readonly KeptBlob[] { return this.#byTag.all(readTag).map(keptBlob) }
  after (after: Uint8Array, limit: number): readonly KeptBlob[] { return this.#after.all(after, limit).map(keptBlob) }
  mailboxBytes (mailbox: number): number { return this.#mailboxBytes.get(mailbox)?.media_bytes ?? 0 }
}

function keptBlob (row: BlobRow): KeptBlob {
  return { root: blobRoot(bytes(row.root)), blobBytes: row.blob_bytes, readTag: bytes(row.read_tag), isStored: row.is_stored === 1, isReadable: row.is_readable === 1 }
}
