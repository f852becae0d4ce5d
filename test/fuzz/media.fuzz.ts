import type { FuzzTarget } from './targets.ts'
import { blobRoot } from '../../protocols/media/root.ts'
import { BlobTree } from '../../protocols/media/tree.ts'
import { decodeBlobAnswer, decodeBlobRequest } from '../../protocols/media/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

const HASH_AT = 4
const TREE_LEAVES = 3

export const mediaTargets: readonly FuzzTarget[] = [
  { name: 'media/BlobRequest', decode: decodeBlobRequest, seeds: validBytes('media', 'BlobRequest') },
  { name: 'media/BlobAnswer', decode: decodeBlobAnswer, seeds: validBytes('media', 'BlobAnswer') },
  { name: 'media/BlobRoot', decode: blobRoot, seeds: validBytes('media', 'BlobRoot') },
  { name: 'media/node of a tree', decode: takeNode, seeds: validBytes('media', 'node of a tree') }
]

/** The only node of a tree of three leaves. A hash that always fits lets mutants through to their links. */
export function takeNode (bytes: Uint8Array): boolean {
  const root = blobRoot(Uint8Array.of(1, 0x70, 0x12, 32, ...new Uint8Array(32)))
  return new BlobTree(root, TREE_LEAVES, () => root.subarray(HASH_AT)).take(bytes)
}
