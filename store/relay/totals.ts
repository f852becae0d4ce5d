/** How much a relay holds, counted once at its opening and kept up with every commit: counting again takes long on a full disk. */
import type { Database } from '../database.ts'
import type { BlobTotals } from './blob-types.ts'

export interface Counts {
  mailboxes: number
  mailboxesBlocked: number
  aliases: number
  items: number
  bytes: number
  prekeys: number
  shards: number
  records: number
  /** Ids of items that have gone. */
  remembered: number
  blobs: number
  blobsUnfinished: number
  blobRefs: number
  /** What all blobs may take on the disk. */
  blobBytes: number
}

function noCounts (): Counts {
  return { mailboxes: 0, mailboxesBlocked: 0, aliases: 0, items: 0, bytes: 0, prekeys: 0, shards: 0, records: 0, remembered: 0, blobs: 0, blobsUnfinished: 0, blobRefs: 0, blobBytes: 0 }
}

export class RunningTotals {
  readonly counts: Counts
  /** Of the transaction that is open: nothing of it counts before its commit. */
  pending = noCounts()

  constructor (database: Database) {
    const mailboxes = database.prepare<[], Pick<Counts, 'mailboxes' | 'mailboxesBlocked' | 'aliases' | 'items' | 'bytes'>>(`SELECT count(*) AS mailboxes, total(is_blocked) AS mailboxesBlocked,
      total(alias_count) AS aliases, total(items) AS items, total(bytes) AS bytes FROM mailboxes`).get()
    const rest = database.prepare<[], Pick<Counts, 'prekeys' | 'shards' | 'records' | 'remembered'>>(`SELECT (SELECT count(*) FROM prekeys WHERE key IS NOT NULL) AS prekeys,
      (SELECT count(*) FROM shards) AS shards, (SELECT count(*) FROM records) AS records, (SELECT total(remembered) FROM aliases) AS remembered`).get()
    const blobs = database.prepare<[], BlobTotals>(`SELECT count(*) AS blobs, total(1 - is_stored) AS blobsUnfinished, total(disk_bytes) AS blobBytes,
      (SELECT count(*) FROM blob_refs) AS blobRefs FROM blobs`).get()
    this.counts = { ...noCounts(), ...mailboxes, ...rest, ...blobs }
  }

  begin (): void { this.pending = noCounts() }

  settle (): void {
    for (const name of Object.keys(this.pending) as ReadonlyArray<keyof Counts>) this.counts[name] += this.pending[name]
    this.pending = noCounts()
  }
}
