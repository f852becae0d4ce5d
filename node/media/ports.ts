/**
 * Where files meet the rest of the node. Messages and blobs on the disk are one side (node/turn/media.ts, node/media/making.ts), the way of blobs
 * between nodes and relays the other one: they speak through this, and through the tables `blobs`, `blob_recipients` and `blob_copies`.
 */
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { BlobsTold } from '../turn/blobs-told.ts'

/** What a relay of a contact would take of ours, as it said last. */
export interface MediaOffer {
  /** What it calls itself, or the beginning of its PeerId. */
  readonly relay: string
  /** undefined: it takes one of this size. */
  readonly refusal: 'notOffered' | 'tooLarge' | 'quota' | 'capacity' | 'unreachable' | undefined
  /** Of one blob, or what is left of the quota, as far as it said. */
  readonly bytesMax: number | undefined
  /** Its promise, should the blob be brought now. */
  readonly keepUntilMs: number | undefined
}

/**
 * Brings own blobs to those to whom they were sent, and others' blobs here.
 *
 * Own: each row of `blob_recipients` that is not fetched is its work; it writes `blob_copies`, and keeps what is 'here' until the recipient
 * has it. Others': each row of `blobs` that is 'wanted' is; it raises `leaves_held` and ends with 'here' or 'gone'. What is 'dropped' it
 * releases at relays before it removes files and row.
 */
export interface BlobMover {
  /** After a commit. */
  told: (told: BlobsTold) => void
  /** A blob is 'wanted' now: somebody waits for it, whatever was tried before. */
  want: (root: BlobRoot) => void
  /** What the relays of a contact say to a blob of so many bytes; those that do not answer in time are 'unreachable'. */
  offers: (contact: number, blobBytes: number) => Promise<readonly MediaOffer[]>
}
