/**
 * The tree above the leaves of a blob, from their hashes: dag-pb and UnixFS as `ipfs-unixfs-importer` writes them, balanced, at most 1,024 links in a
 * node. From hashes alone, so that leaves need not be read again. Law: docs/protocols/media.md, "Blob".
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { invariant } from '../core/invariant.ts'
import { blobRoot, type BlobRoot } from './root.ts'

const LINKS_MAX = 1_024
const RAW = 0x55
const DAG_PB = 0x70
/** UnixFS: a file. */
const FILE = 2

/** A leaf or a node, as the node above it says it. */
interface Child {
  readonly cid: BlobRoot
  /** Of the blob, below it. */
  readonly bytes: number
  /** Of all blocks below it, itself included. */
  readonly totalBytes: number
}

export interface BlobDag {
  readonly root: BlobRoot
  /** Inner nodes, breadth first from the root; none of a blob of one leaf. */
  readonly nodes: readonly Uint8Array[]
}

/**
 * @param hashes SHA-256 of each leaf, in order
 * @param leafBytes of every leaf but the last one
 * @param hashOf SHA-256
 */
export function dagOf (hashes: readonly Uint8Array[], { blobBytes, leafBytes }: { readonly blobBytes: number, readonly leafBytes: number }, hashOf: (bytes: Uint8Array) => Uint8Array): BlobDag {
  invariant(hashes.length === Math.max(1, Math.ceil(blobBytes / leafBytes)), 'a blob has the leaves that its size says')
  let children = hashes.map((hash, index): Child => {
    const bytes = Math.min(leafBytes, blobBytes - index * leafBytes)
    return { cid: cidOf(RAW, hash), bytes, totalBytes: bytes }
  })
  const levels: Uint8Array[][] = []
  while (children.length > 1) {
    const parents = groups(children).map(group => parentOf(group, hashOf))
    levels.unshift(parents.map(({ block }) => block))
    children = parents.map(({ child }) => child)
  }
  const [root] = children
  invariant(root !== undefined, 'a tree has a root')
  return { root: root.cid, nodes: levels.flat() }
}

function groups (children: readonly Child[]): Child[][] {
  return Array.from({ length: Math.ceil(children.length / LINKS_MAX) }, (_, index) => children.slice(index * LINKS_MAX, (index + 1) * LINKS_MAX))
}

function parentOf (children: readonly Child[], hashOf: (bytes: Uint8Array) => Uint8Array): { readonly block: Uint8Array, readonly child: Child } {
  const bytes = children.reduce((sum, child) => sum + child.bytes, 0)
  const block = nodeOf(children, bytes)
  const totalBytes = block.byteLength + children.reduce((sum, child) => sum + child.totalBytes, 0)
  return { block, child: { cid: cidOf(DAG_PB, hashOf(block)), bytes, totalBytes } }
}

/** PBNode: links (2), each with hash (1), name (2), size (3); behind them data (1), which is UnixFS: type (1), file size (3), block sizes (4). */
function nodeOf (children: readonly Child[], bytes: number): Uint8Array {
  const writer = new BinaryWriter()
  for (const { cid, totalBytes } of children) {
    writer.uint32(2 << 3 | 2).fork()
    // The name is empty, and written: so is dag-pb.
    writer.uint32(1 << 3 | 2).bytes(cid).uint32(2 << 3 | 2).string('').uint32(3 << 3).uint64(totalBytes)
    writer.join()
  }
  writer.uint32(1 << 3 | 2).fork()
  writer.uint32(1 << 3).uint32(FILE).uint32(3 << 3).uint64(bytes)
  for (const child of children) writer.uint32(4 << 3).uint64(child.bytes)
  return writer.join().finish()
}

function cidOf (codec: number, hash: Uint8Array): BlobRoot {
  return blobRoot(Uint8Array.of(1, codec, 0x12, hash.byteLength, ...hash))
}
