/** What a relay remembers of blobs, as the node above it reads and writes it. The bytes themselves lie in files: store/blobs/. */
import type { BlobRoot } from '../../protocols/media/root.ts'

export interface KeptBlob {
  readonly root: BlobRoot
  readonly blobBytes: number
  readonly readTag: Uint8Array
  /** All of it is on the disk. */
  readonly isStored: boolean
  /** false: it is only kept for mailboxes that their operator has blocked. */
  readonly isReadable: boolean
}

export interface BlobPut {
  readonly root: BlobRoot
  readonly blobBytes: number
  /** What it may take on the disk, with everything around it. */
  readonly diskBytes: number
  readonly readTag: Uint8Array
  readonly mailbox: number
  readonly untilMs: number
  readonly nowMs: number
}

/** What may be kept; the writer enforces it, whatever was read before. */
export interface BlobQuotas {
  readonly mailboxBytesMax: number
  readonly capBytes: number
}

export type BlobOutcome =
  /** `untilMs`: to the minute, and not before an earlier promise. */
  | { readonly type: 'kept', readonly isStored: boolean, readonly untilMs: number }
  /** `leftBytes`: of the quota or the cap. `badKey`: it is here under another key; `malformed`: and of another size. */
  | { readonly type: 'refused', readonly reason: 'quota' | 'capacity' | 'badKey' | 'malformed', readonly leftBytes: number }

export interface BlobTotals {
  readonly blobs: number
  readonly blobsUnfinished: number
  /** References: the same blob may be kept for several. */
  readonly blobRefs: number
  /** What all blobs may take on the disk. */
  readonly blobBytes: number
}

export interface BlobReader {
  readonly blob: (root: BlobRoot) => KeptBlob | undefined
  /** Those that open with a key of this tag: one, unless their author has used it twice. */
  readonly ofTag: (readTag: Uint8Array) => readonly KeptBlob[]
  /** In the order of roots, behind `after` (empty: from the first): for a walk through all of them. */
  readonly after: (after: Uint8Array, limit: number) => readonly KeptBlob[]
  /** For one mailbox. */
  readonly mailboxBytes: (mailbox: number) => number
}

export interface BlobWriter {
  /** Adds or prolongs the reference of a mailbox, and makes the blob when it is not there. */
  readonly put: (put: BlobPut, quotas: BlobQuotas) => BlobOutcome
  /** Something of it came. Nothing happens when it is not there any more. */
  readonly touch: (root: BlobRoot, nowMs: number) => void
  /** Whether it is still kept. */
  readonly stored: (root: BlobRoot) => boolean
  /** Ends the reference of a mailbox. Whether there was one, and whether nothing keeps the blob any more. */
  readonly release: (mailbox: number, root: BlobRoot) => { readonly wasKept: boolean, readonly isGone: boolean }
  /** Of whichever mailboxes: its file is lost. */
  readonly remove: (root: BlobRoot) => void
  /**
   * Ends references that have expired or whose mailbox is gone, and blobs that nobody finishes. At most `limit` rows: the blobs that nothing keeps
   * any more, and how many rows were worked on. Fewer than `limit`: that was all.
   */
  readonly expire: (nowMs: number, unfinishedSinceMs: number, limit: number) => { readonly gone: readonly BlobRoot[], readonly expired: number, readonly rows: number }
}
