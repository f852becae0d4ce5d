/**
 * Which contents travel together. One envelope costs one ratchet step, one seal and one deposit whatever is in it, so what
 * waits for the same session is packed; a pack stays small enough that losing or repeating one is cheap.
 */
import { PACK_BYTES_MAX, PACK_CONTENTS_MAX } from '../core/limits.ts'

/** A content on its way into a pack, with whatever its caller keeps beside it. */
export interface Packable {
  /** As `encodeContent` gives it. */
  readonly bytes: Uint8Array
}

/**
 * Splits into packs of at most PACK_CONTENTS_MAX contents and PACK_BYTES_MAX bytes, order kept. A content above the byte limit
 * goes alone: a text may be larger than a pack.
 */
export function packContents<Item extends Packable> (items: readonly Item[]): Item[][] {
  const packs: Item[][] = []
  let open: Item[] = []
  let openBytes = 0
  for (const item of items) {
    const bytes = framedBytes(item.bytes)
    if (open.length > 0 && (open.length === PACK_CONTENTS_MAX || openBytes + bytes > PACK_BYTES_MAX)) {
      packs.push(open)
      open = []
      openBytes = 0
    }
    open.push(item)
    openBytes += bytes
  }
  if (open.length > 0) packs.push(open)
  return packs
}

/** What a content takes in a pack: its tag, its length, itself. */
function framedBytes ({ byteLength }: Uint8Array): number {
  return 1 + (byteLength < 0x80 ? 1 : byteLength < 0x4000 ? 2 : 3) + byteLength
}
