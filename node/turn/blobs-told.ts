/** What a committed turn has to say about blobs, to whoever moves and keeps them. */
import type { BlobRoot } from '../../protocols/media/root.ts'
import type { Attachment, BlobNoticeKind } from '../../protocols/message/content.ts'

export interface BlobsTold {
  /** Own: sent to a contact, who may fetch them now. */
  readonly offered: Array<{ readonly root: BlobRoot, readonly contact: number }>
  /** A contact's: known from now on, and not asked for. */
  readonly arrived: Array<{ readonly root: BlobRoot, readonly contact: number, readonly attachment: Attachment }>
  /** A contact says something about one. */
  readonly noticed: Array<{ readonly root: BlobRoot, readonly contact: number, readonly kind: BlobNoticeKind }>
  /** Nothing points to them any more: their files are to be removed, and their copies at relays released. */
  readonly dropped: BlobRoot[]
}

export function hasBlobs ({ offered, arrived, noticed, dropped }: BlobsTold): boolean {
  return offered.length + arrived.length + noticed.length + dropped.length > 0
}
