/** Blobs as IPFS's own importer makes them, for tests of what moves and checks them. */
import { MemoryBlockstore } from 'blockstore-core/memory'
import { importer } from 'ipfs-unixfs-importer'
import { balanced } from 'ipfs-unixfs-importer/layout'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { CID } from 'multiformats/cid'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { blobRoot, type BlobRoot } from '../../../protocols/media/root.ts'
import { BlobTree } from '../../../protocols/media/tree.ts'
import { hash } from 'node:crypto'
import { BlobFiles } from '../../../store/blobs/blob-files.ts'

export interface MadeBlob {
  readonly root: BlobRoot
  readonly bytes: Uint8Array
  readonly leafCount: number
  /** Inner nodes, breadth first from the root. */
  readonly nodes: readonly Uint8Array[]
  readonly leaf: (index: number) => Uint8Array
}

export async function makeBlob (bytes: Uint8Array, leafBytes = LEAF_BYTES): Promise<MadeBlob> {
  const store = new MemoryBlockstore()
  const options = { cidVersion: 1, rawLeaves: true, reduceSingleLeafToSelf: true, chunker: fixedSize({ chunkSize: leafBytes }), layout: balanced({ maxChildrenPerNode: 1024 }) } as const
  let made: CID | undefined
  for await (const { cid } of importer([{ content: [bytes] }], store, options)) made = cid
  if (made === undefined) throw new Error('the importer made nothing')
  const root = blobRoot(Uint8Array.from(made.bytes))
  const leafCount = Math.max(1, Math.ceil(bytes.byteLength / leafBytes))
  const tree = new BlobTree(root, leafCount, sha256)
  const nodes: Uint8Array[] = []
  while (tree.next !== undefined) {
    const node = await blockOf(store, tree.next)
    nodes.push(node)
    tree.take(node)
  }
  return { root, bytes, leafCount, nodes, leaf: index => bytes.subarray(index * leafBytes, (index + 1) * leafBytes) }
}

/** Puts a blob, or some of its leaves, into a folder. */
export async function putInto (folder: BlobFiles, { root, bytes, nodes, leafCount, leaf }: MadeBlob, isThere: (index: number) => boolean = () => true): Promise<void> {
  const sink = await folder.write(root, bytes.byteLength)
  const reader = sink.treeReader()
  for (const node of nodes) await reader.take(node)
  for (let index = 0; index < leafCount; index++) if (isThere(index)) await sink.write(index, leaf(index))
  await sink.close()
}

export function sha256 (bytes: Uint8Array): Uint8Array { return hash('sha256', bytes, 'buffer') }

async function blockOf (store: MemoryBlockstore, root: BlobRoot): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of store.get(CID.decode(root))) pieces.push(piece)
  return Buffer.concat(pieces)
}
