/**
 * Which blobs are let go when the cache is full: those that were not used for the longest, and never what somebody still waits for, what a person has
 * pinned, or what nobody else may have.
 */

export interface CachedBlob<Name> {
  readonly root: Name
  readonly blobBytes: number
  readonly usedAtMs: number
  readonly isPinned: boolean
  /** Somebody to whom we have sent it has not fetched it yet. */
  readonly isOwed: boolean
}

export interface Evictions<Name> {
  /** In this order. */
  readonly evicted: ReadonlyArray<CachedBlob<Name>>
  readonly bytesHeld: number
  readonly bytesAfter: number
}

/** @param blobs all that are here */
export function evictions<Name> (blobs: ReadonlyArray<CachedBlob<Name>>, bytesMax: number): Evictions<Name> {
  const bytesHeld = blobs.reduce((sum, { blobBytes }) => sum + blobBytes, 0)
  const evicted: Array<CachedBlob<Name>> = []
  let bytesAfter = bytesHeld
  for (const blob of [...blobs].sort((left, right) => left.usedAtMs - right.usedAtMs)) {
    if (bytesAfter <= bytesMax) break
    if (blob.isPinned || blob.isOwed) continue
    evicted.push(blob)
    bytesAfter -= blob.blobBytes
  }
  return { evicted, bytesHeld, bytesAfter }
}
