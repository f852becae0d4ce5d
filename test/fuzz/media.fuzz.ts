import type { FuzzTarget } from './targets.ts'
import { blobRoot } from '../../protocols/media/root.ts'
import { BlobTree } from '../../protocols/media/tree.ts'
import { decodeBlobAnswer, decodeBlobRequest } from '../../protocols/media/wire.ts'
import { decodeWantlist, encodeBlock } from '../../protocols/media/bitswap.ts'
import { validBytes } from '../protocols/core/vectors.ts'

const HASH_AT = 4
const TREE_LEAVES = 3

export const mediaTargets: readonly FuzzTarget[] = [
  { name: 'media/BlobRequest', decode: decodeBlobRequest, seeds: validBytes('media', 'BlobRequest') },
  { name: 'media/BlobAnswer', decode: decodeBlobAnswer, seeds: validBytes('media', 'BlobAnswer') },
  { name: 'media/BlobRoot', decode: blobRoot, seeds: validBytes('media', 'BlobRoot') },
  { name: 'media/bitswap message', decode: decodeWantlist, seeds: bitswapSeeds() },
  { name: 'media/node of a tree', decode: takeNode, seeds: validBytes('media', 'node of a tree') }
]

/** The only node of a tree of three leaves. A hash that always fits lets mutants through to their links. */
export function takeNode (bytes: Uint8Array): boolean {
  const root = blobRoot(Uint8Array.of(1, 0x70, 0x12, 32, ...new Uint8Array(32)))
  return new BlobTree(root, TREE_LEAVES, () => root.subarray(HASH_AT)).take(bytes)
}

/** A list with two wants, and a block: entries of cid (1), priority (2), cancel (3), kind (4), answer in any case (5). */
function bitswapSeeds (): readonly Uint8Array[] {
  const cid = Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32).fill(5))
  const entry = Uint8Array.of(0x0a, 36, ...cid, 0x10, 1, 0x20, 1, 0x28, 1)
  const list = Uint8Array.of(0x0a, entry.byteLength, ...entry, 0x0a, entry.byteLength, ...entry, 0x10, 1)
  return [Uint8Array.of(0x0a, list.byteLength, ...list), encodeBlock(cid, new Uint8Array(40).fill(6))]
}
