/**
 * The tree over the leaves of a blob, as `ipfs-unixfs-importer` makes it (balanced, 1,024 links in a node, raw leaves, CIDv1, SHA-256): who has made
 * the leaves one after the other need not have them in memory, nor hand them to a library. Law: docs/protocols/media.md, "Blob".
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { concat } from 'uint8arrays'
import { invariant } from '../core/invariant.ts'
import { blobRoot, LINKS_MAX, type BlobRoot } from './root.ts'

export interface MadeLeaf { readonly hash: Uint8Array, readonly bytes: number }

export interface MadeTree {
  readonly root: BlobRoot
  /** Inner nodes, breadth first from the root; none of a blob of one leaf. */
  readonly nodes: readonly Uint8Array[]
}

interface Child {
  readonly cid: BlobRoot
  /** Of the file below it. */
  readonly fileBytes: number
  /** Of all blocks below it, itself included. */
  readonly blockBytes: number
}

const RAW_PREFIX = Uint8Array.of(1, 0x55, 0x12, 32)
const NODE_PREFIX = Uint8Array.of(1, 0x70, 0x12, 32)
/** UnixFS: a file. */
const FILE = 2

/** @param hashOf SHA-256 */
export function buildTree (leaves: readonly MadeLeaf[], hashOf: (bytes: Uint8Array) => Uint8Array): MadeTree {
  invariant(leaves.length > 0, 'a blob has a leaf')
  let level: Child[] = leaves.map(({ hash, bytes }) => ({ cid: blobRoot(concat([RAW_PREFIX, hash])), fileBytes: bytes, blockBytes: bytes }))
  const levels: Uint8Array[][] = []
  while (level.length > 1) {
    const nodes: Uint8Array[] = []
    const parents: Child[] = []
    for (let first = 0; first < level.length; first += LINKS_MAX) {
      const children = level.slice(first, first + LINKS_MAX)
      const bytes = encodeNode(children)
      nodes.push(bytes)
      parents.push({ cid: blobRoot(concat([NODE_PREFIX, hashOf(bytes)])), fileBytes: sum(children.map(({ fileBytes }) => fileBytes)), blockBytes: bytes.byteLength + sum(children.map(({ blockBytes }) => blockBytes)) })
    }
    levels.unshift(nodes)
    level = parents
  }
  const [root] = level
  invariant(root !== undefined, 'a tree has a root')
  return { root: root.cid, nodes: levels.flat() }
}

/** dag-pb: links first, then the data, which is UnixFS. */
function encodeNode (children: readonly Child[]): Uint8Array {
  const writer = new BinaryWriter()
  for (const { cid, blockBytes } of children) {
    writer.tag(2, WireType.LengthDelimited).fork()
    writer.tag(1, WireType.LengthDelimited).bytes(cid)
    writer.tag(2, WireType.LengthDelimited).string('')
    writer.tag(3, WireType.Varint).uint64(blockBytes)
    writer.join()
  }
  const file = new BinaryWriter()
  file.tag(1, WireType.Varint).uint32(FILE)
  file.tag(3, WireType.Varint).uint64(sum(children.map(({ fileBytes }) => fileBytes)))
  for (const { fileBytes } of children) file.tag(4, WireType.Varint).uint64(fileBytes)
  return writer.tag(1, WireType.LengthDelimited).bytes(file.finish()).finish()
}

function sum (values: readonly number[]): number { return values.reduce((total, value) => total + value, 0) }
