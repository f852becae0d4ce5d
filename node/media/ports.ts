/**
 * Where files meet the rest of the node. Messages and blobs on the disk are one side (node/turn/media.ts, node/media/making.ts), the way of blobs
 * between nodes and relays the other one: they speak through this, and through the tables `blobs`, `blob_recipients` and `blob_copies`.
 */
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { BlobsTold } from '../turn/media.ts'

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

/** A blob that is being made: its leaves, one after the other. */
export interface BlobDraft {
  /** @throws StorageError */
  append: (leaf: Uint8Array) => Promise<void>
  /** All of it is on the disk for certain, under the name that it makes. @throws StorageError */
  finish: () => Promise<BlobRoot>
  /** Leaves nothing. Idempotent, and without effect on what is finished. */
  abandon: () => Promise<void>
}

/** A blob on the disk, as far as it is there. */
export interface OpenBlob {
  /** As it was taken in, when its hash was looked at; undefined: it is not here. */
  leaf: (index: number) => Promise<Uint8Array | undefined>
  close: () => Promise<void>
}

/** The blobs on this machine's disk. */
export interface BlobShelf {
  /** @throws StorageError */
  draft: () => Promise<BlobDraft>
  /** undefined: nothing of it is here. */
  open: (root: BlobRoot) => Promise<OpenBlob | undefined>
  /** Nothing happens when it is not there. @throws StorageError */
  remove: (root: BlobRoot) => Promise<void>
  /** All that have files, drafts of earlier runs not among them: those are removed. */
  sweep: () => Promise<readonly BlobRoot[]>
}
