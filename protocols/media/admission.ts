/**
 * Whether a relay takes a blob: decided from what has been proven and what there is room for, before anything is written. What the database counts
 * (quota and cap) it decides itself, in the transaction that makes the promise. Law: docs/protocols/media.md, "Transfer" (`put`).
 */
import { LEAF_BYTES } from '../core/limits.ts'
import type { AliasKind } from '../mailbox/wire.ts'
import type { BlobRefusal } from './wire.ts'

export interface BlobOffer {
  readonly isOffered: boolean
  readonly isVersionKnown: boolean
  /** 0: within it. */
  readonly rateRetryMs: number
  readonly isCrowded: boolean
  readonly blobBytes: number
  readonly blobBytesMax: number
  /** Whose quota it would use: a contact's door, the owner's own mailbox, or nobody's. */
  readonly door: { readonly kind: AliasKind | 'own', readonly isOpen: boolean, readonly isMacRight: boolean } | undefined
  readonly isDraining: boolean
  readonly isStorageWell: boolean
  /** The file system would have this left; below zero: less than the operator keeps free. */
  readonly spareBytes: number
}

/** Whoever is asked to come back has other relays meanwhile. */
const BUSY_RETRY_MS = 5_000
/** A relay that closes for good takes nothing more; a full disk wants its operator. */
const DRAINING_RETRY_MS = 3_600_000
const CAPACITY_RETRY_MS = 15 * 60_000
/** A line of the inner nodes for each leaf, and what a file takes besides its bytes: inode, rest of its last block, marks while it is unfinished. */
const BYTES_PER_LEAF = 80
const FILE_OVERHEAD_BYTES = 8 * 1024

/** undefined: it may come. Looks at what is cheap to know first: an offer may find out as it is asked. */
export function admitBlob (offer: BlobOffer): BlobRefusal | undefined {
  if (!offer.isOffered) return refusal('notOffered')
  if (!offer.isVersionKnown) return refusal('version')
  if (offer.rateRetryMs > 0) return refusal('rate', { retryAfterMs: offer.rateRetryMs })
  if (offer.isCrowded) return refusal('busy', { retryAfterMs: BUSY_RETRY_MS })
  if (offer.blobBytes < 1) return refusal('malformed')
  if (offer.blobBytes > offer.blobBytesMax) return refusal('tooLarge', { limitBytes: offer.blobBytesMax })
  const { door } = offer
  // Strangers behind a gate have a request to make, and no files to send.
  if (door?.isOpen !== true || (door.kind !== 'own' && door.kind !== 'contact')) return refusal('unknownAlias')
  if (!door.isMacRight) return refusal('badKey')
  if (offer.isDraining) return refusal('capacity', { retryAfterMs: DRAINING_RETRY_MS })
  if (!offer.isStorageWell || offer.spareBytes < 0) return refusal('capacity', { retryAfterMs: CAPACITY_RETRY_MS })
  return undefined
}

/** What the writer found: there is no room, or it is here already and another one. */
export function outcomeRefusal (reason: 'quota' | 'capacity' | 'badKey' | 'malformed', leftBytes: number): BlobRefusal {
  return refusal(reason, { limitBytes: leftBytes, retryAfterMs: reason === 'capacity' ? CAPACITY_RETRY_MS : 0 })
}

/** Somebody else brings it at this moment, or it is being removed. */
export const BEING_WRITTEN: BlobRefusal = { reason: 'busy', limitBytes: 0, retryAfterMs: BUSY_RETRY_MS }

/** As long as asked (0: as long as it can), within the relay's limit. */
export function keptUntilMs ({ ttlMs, keepMsMax, nowMs }: { readonly ttlMs: number, readonly keepMsMax: number, readonly nowMs: number }): number {
  return nowMs + (ttlMs === 0 ? keepMsMax : Math.min(ttlMs, keepMsMax))
}

/** What a blob may take on the disk at the very most, with everything around it. */
export function diskBytesOf (blobBytes: number): number {
  return blobBytes + Math.ceil(blobBytes / LEAF_BYTES) * BYTES_PER_LEAF + FILE_OVERHEAD_BYTES
}

function refusal (reason: BlobRefusal['reason'], { limitBytes = 0, retryAfterMs = 0 }: { readonly limitBytes?: number, readonly retryAfterMs?: number } = {}): BlobRefusal {
  return { reason, limitBytes, retryAfterMs }
}
