/** A blob as IPFS sees it: blocks, each with a name of its own. Where which one is follows from its root. Law: docs/protocols/media.md, "Blob". */
import { hash } from 'node:crypto'
import { MalformedError } from '../../protocols/core/errors.ts'
import { rootText, type BlobRoot } from '../../protocols/media/root.ts'
import { BlobTree } from '../../protocols/media/tree.ts'
import type { StoredBlobReader } from './blob-files.ts'

/** Of all blocks of a blob, by their names as IPFS writes them. */
export type BlockPlaces = ReadonlyMap<string, { readonly type: 'node' | 'leaf', readonly index: number }>

/** undefined: its tree is not known, as of one that has only begun to come. */
export function blockPlaces (root: BlobRoot, { leafCount, nodes }: Pick<StoredBlobReader, 'leafCount' | 'nodes'>): BlockPlaces | undefined {
  const places = new Map<string, { readonly type: 'node' | 'leaf', readonly index: number }>()
  try {
    const tree = new BlobTree(root, leafCount, bytes => hash('sha256', bytes, 'buffer'))
    for (const [index, bytes] of nodes().entries()) {
      if (tree.next !== undefined) places.set(rootText(tree.next), { type: 'node', index })
      tree.take(bytes)
    }
    if (!tree.isComplete) return undefined
    for (let index = 0; index < leafCount; index++) {
      const name = tree.leafName(index)
      if (name !== undefined) places.set(rootText(name), { type: 'leaf', index })
    }
    return places
  } catch (error) {
    // The file is damaged: there is nothing that could be named.
    if (error instanceof MalformedError) return undefined
    throw error
  }
}

/** undefined: it is not of this blob, or not here. @throws StorageError */
export async function blockOf (name: BlobRoot, places: BlockPlaces, blob: StoredBlobReader): Promise<Uint8Array | undefined> {
  const place = places.get(rootText(name))
  if (place === undefined) return undefined
  return place.type === 'node' ? blob.nodes()[place.index] : await blob.leaf(place.index)
}
