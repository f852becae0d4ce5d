/** Which blobs a relay keeps, for whom and until when. Their files follow: they are made after this is durable, and go after it is. */
import { equals } from 'uint8arrays'
import { invariant } from '../../protocols/core/invariant.ts'
import { blobRoot, type BlobRoot } from '../../protocols/media/root.ts'
import type { SqlValue, Statement } from '../database.ts'
import { bytes } from '../tables/columns.ts'
import type { BlobOutcome, BlobPut, BlobQuotas, BlobWriter } from './blob-types.ts'
import type { WriterParts } from './parts.ts'
import { minuteAfter, minuteOf, msOf } from './rows.ts'

interface BlobRow { readonly blob: number, readonly root: Uint8Array, readonly blob_bytes: number, readonly disk_bytes: number, readonly read_tag: Uint8Array, readonly is_stored: number }
interface RefRow { readonly blob: number, readonly mailbox: number, readonly until_minute: number }

export class SqlBlobWriter implements BlobWriter {
  readonly #parts: WriterParts
  readonly #byRoot: Statement<[Uint8Array], BlobRow>
  readonly #byNumber: Statement<[number], BlobRow>
  readonly #add: Statement<SqlValue[], never>
  readonly #ref: Statement<[number, number], RefRow>
  readonly #addRef: Statement<[number, number, number], never>
  readonly #prolong: Statement<[number, number, number], never>
  readonly #removeRef: Statement<[number, number], never>
  readonly #anyRef: Statement<[number], RefRow>
  readonly #count: Statement<[number, number], never>
  readonly #touch: Statement<[number, Uint8Array], never>
  readonly #store: Statement<[number], never>
  readonly #removeBlob: Statement<[number], never>
  readonly #expired: Statement<[number, number], RefRow>
  readonly #unfinished: Statement<[number, number], BlobRow>
  readonly #leaver: Statement<[], { readonly mailbox: number }>
  readonly #ofMailbox: Statement<[number, number], RefRow>
  readonly #left: Statement<[number], never>

  constructor (parts: WriterParts) {
    const { database } = parts
    this.#parts = parts
    this.#byRoot = database.prepare('SELECT * FROM blobs WHERE root = ?')
    this.#byNumber = database.prepare('SELECT * FROM blobs WHERE blob = ?')
    this.#add = database.prepare('INSERT INTO blobs (root, blob_bytes, disk_bytes, read_tag, touched_minute) VALUES (?, ?, ?, ?, ?)')
    this.#ref = database.prepare('SELECT * FROM blob_refs WHERE blob = ? AND mailbox = ?')
    this.#addRef = database.prepare('INSERT INTO blob_refs (blob, mailbox, until_minute) VALUES (?, ?, ?)')
    this.#prolong = database.prepare('UPDATE blob_refs SET until_minute = ? WHERE blob = ? AND mailbox = ?')
    this.#removeRef = database.prepare('DELETE FROM blob_refs WHERE blob = ? AND mailbox = ?')
    this.#anyRef = database.prepare('SELECT * FROM blob_refs WHERE blob = ? LIMIT 1')
    this.#count = database.prepare('UPDATE mailboxes SET media_bytes = media_bytes + ? WHERE mailbox = ?')
    this.#touch = database.prepare('UPDATE blobs SET touched_minute = ? WHERE root = ?')
    this.#store = database.prepare('UPDATE blobs SET is_stored = 1 WHERE blob = ?')
    this.#removeBlob = database.prepare('DELETE FROM blobs WHERE blob = ?')
    this.#expired = database.prepare('SELECT * FROM blob_refs WHERE until_minute <= ? ORDER BY until_minute LIMIT ?')
    this.#unfinished = database.prepare('SELECT * FROM blobs WHERE is_stored = 0 AND touched_minute <= ? LIMIT ?')
    this.#leaver = database.prepare('SELECT mailbox FROM blob_removals LIMIT 1')
    this.#ofMailbox = database.prepare('SELECT * FROM blob_refs WHERE mailbox = ? LIMIT ?')
    this.#left = database.prepare('DELETE FROM blob_removals WHERE mailbox = ?')
  }

  put (put: BlobPut, { mailboxBytesMax, capBytes }: BlobQuotas): BlobOutcome {
    const { mailbox, untilMs } = put
    const { read, space, totals } = this.#parts
    const known = this.#byRoot.get(put.root)
    if (known !== undefined && !equals(bytes(known.read_tag), put.readTag)) return refused('badKey')
    if (known !== undefined && known.blob_bytes !== put.blobBytes) return refused('malformed')
    const ref = known === undefined ? undefined : this.#ref.get(known.blob, mailbox)
    const untilMinute = Math.max(ref?.until_minute ?? 0, minuteAfter(untilMs))
    if (known !== undefined && ref !== undefined) {
      this.#prolong.run(untilMinute, known.blob, mailbox)
    } else {
      const diskBytes = known?.disk_bytes ?? put.diskBytes
      const ofMailbox = mailboxBytesMax - read.blobs.mailboxBytes(mailbox)
      if (diskBytes > ofMailbox) return refused('quota', ofMailbox)
      // What is promised counts, and not what has come: of two who are promised the last room one would be cheated.
      const left = capBytes - totals.counts.blobBytes - totals.pending.blobBytes
      if ((known === undefined && diskBytes > left) || space.room().forControl < 0) return refused('capacity', left)
      const blob = known?.blob ?? this.#make(put)
      this.#addRef.run(blob, mailbox, untilMinute)
      this.#count.run(diskBytes, mailbox)
      totals.pending.blobRefs += 1
    }
    return { type: 'kept', isStored: known?.is_stored === 1, untilMs: msOf(untilMinute) }
  }

  touch (root: BlobRoot, nowMs: number): void { this.#touch.run(minuteOf(nowMs), root) }

  stored (root: BlobRoot): boolean {
    const row = this.#byRoot.get(root)
    if (row === undefined) return false
    if (row.is_stored === 0) this.#parts.totals.pending.blobsUnfinished -= 1
    this.#store.run(row.blob)
    return true
  }

  release (mailbox: number, root: BlobRoot): { readonly wasKept: boolean, readonly isGone: boolean } {
    const row = this.#byRoot.get(root)
    const ref = row === undefined ? undefined : this.#ref.get(row.blob, mailbox)
    if (ref === undefined) return { wasKept: false, isGone: false }
    return { wasKept: true, isGone: this.#end(ref) !== undefined }
  }

  remove (root: BlobRoot): void {
    const row = this.#byRoot.get(root)
    if (row !== undefined) this.#endAll(row)
  }

  expire (nowMs: number, unfinishedSinceMs: number, limit: number): { readonly gone: readonly BlobRoot[], readonly expired: number, readonly rows: number } {
    const gone: BlobRoot[] = []
    const ends = (refs: readonly RefRow[]): number => {
      for (const ref of refs) gone.push(...this.#end(ref) ?? [])
      return refs.length
    }
    const expired = ends(this.#expired.all(minuteOf(nowMs), limit))
    let rows = expired
    for (let leaver = this.#leaver.get(); leaver !== undefined && rows < limit; leaver = this.#leaver.get()) {
      const left = ends(this.#ofMailbox.all(leaver.mailbox, limit - rows))
      if (left < limit - rows) this.#left.run(leaver.mailbox)
      rows += left + 1
    }
    for (const row of rows < limit ? this.#unfinished.all(minuteOf(unfinishedSinceMs), limit - rows) : []) {
      gone.push(this.#endAll(row))
      rows += 1
    }
    return { gone, expired, rows }
  }

  #make ({ root, blobBytes, diskBytes, readTag, nowMs }: BlobPut): number {
    const blob = this.#add.insert(root, blobBytes, diskBytes, readTag, minuteOf(nowMs))
    invariant(blob !== undefined, 'a new row has a number')
    const { pending } = this.#parts.totals
    pending.blobs += 1
    pending.blobsUnfinished += 1
    pending.blobBytes += diskBytes
    return blob
  }

  /** Its root, when that was the last reference of its blob. */
  #end ({ blob, mailbox }: RefRow): [BlobRoot] | undefined {
    const row = this.#byNumber.get(blob)
    invariant(row !== undefined, 'a reference has its blob')
    this.#removeRef.run(blob, mailbox)
    this.#count.run(-row.disk_bytes, mailbox)
    const { pending } = this.#parts.totals
    pending.blobRefs -= 1
    if (this.#anyRef.get(blob) !== undefined) return undefined
    this.#removeBlob.run(blob)
    pending.blobs -= 1
    pending.blobsUnfinished -= row.is_stored === 0 ? 1 : 0
    pending.blobBytes -= row.disk_bytes
    return [blobRoot(bytes(row.root))]
  }

  #endAll (row: BlobRow): BlobRoot {
    for (let ref = this.#anyRef.get(row.blob); ref !== undefined; ref = this.#anyRef.get(row.blob)) this.#end(ref)
    return blobRoot(bytes(row.root))
  }
}

function refused (reason: 'quota' | 'capacity' | 'badKey' | 'malformed', leftBytes = 0): BlobOutcome {
  return { type: 'refused', reason, leftBytes: Math.max(0, leftBytes) }
}
