/**
 * The tree of a blob: which hash its leaves have. Read from inner nodes as they come, each checked by its own hash, breadth first from the root.
 * dag-pb and UnixFS of the IPLD and IPFS specifications; of both only what names children. Law: docs/protocols/media.md, "Blob".
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { MalformedError } from '../core/errors.ts'
import { HASH_BYTES } from '../core/signed.ts'
import { BLOB_ROOT_BYTES, blobRoot, isLeafRoot, LINKS_MAX, type BlobRoot } from './root.ts'

const HASH_AT = BLOB_ROOT_BYTES - HASH_BYTES

interface Node { readonly cid: BlobRoot, children: Node[] | undefined }

export class BlobTree {
  readonly #leafCount: number
  readonly #root: Node
  readonly #hashOf: (bytes: Uint8Array) => Uint8Array
  /** Inner nodes that have not come yet, in the order in which they will. */
  readonly #expected: Node[]
  #nodeCount = 0
  #leaves: Uint8Array[] | undefined

  /** @param hashOf SHA-256 */
  constructor (root: BlobRoot, leafCount: number, hashOf: (bytes: Uint8Array) => Uint8Array) {
    this.#leafCount = leafCount
    this.#hashOf = hashOf
    this.#root = { cid: root, children: undefined }
    this.#expected = isLeafRoot(root) ? [] : [this.#root]
    if (this.#expected.length === 0) this.#finish()
  }

  get isComplete (): boolean { return this.#leaves !== undefined }

  /** The name of the inner node that is to come next. */
  get next (): BlobRoot | undefined { return this.#expected[0]?.cid }

  /** The next inner node; whether that was the last one. @throws MalformedError when it is another one */
  take (bytes: Uint8Array): boolean {
    const node = this.#expected.shift()
    if (node === undefined || !isSame(this.#hashOf(bytes), node.cid.subarray(HASH_AT))) throw new MalformedError('node of a blob', 'must be the next one of its tree')
    node.children = linksOf(bytes).map(cid => ({ cid, children: undefined }))
    const inner = node.children.filter(({ cid }) => !isLeafRoot(cid))
    this.#expected.push(...inner)
    this.#nodeCount += inner.length
    // A tree has fewer inner nodes than leaves: a chain of them would never end.
    if (this.#nodeCount > this.#leafCount) throw new MalformedError('tree of a blob', 'must have the leaves that its size says')
    if (this.#expected.length === 0) this.#finish()
    return this.isComplete
  }

  /** Whether these bytes are the leaf of that place. The tree is complete. */
  isLeaf (index: number, bytes: Uint8Array): boolean {
    const hash = this.#leaves?.[index]
    return hash !== undefined && isSame(this.#hashOf(bytes), hash)
  }

  #finish (): void {
    const leaves: Uint8Array[] = []
    collect(this.#root, leaves)
    if (leaves.length !== this.#leafCount) throw new MalformedError('tree of a blob', 'must have the leaves that its size says')
    this.#leaves = leaves
  }
}

function collect (node: Node, leaves: Uint8Array[]): void {
  if (node.children === undefined) leaves.push(node.cid.subarray(HASH_AT))
  else for (const child of node.children) collect(child, leaves)
}

/** Field 2 of a node holds its links, field 1 of a link its CID. */
function linksOf (bytes: Uint8Array): BlobRoot[] {
  try {
    const links: BlobRoot[] = []
    for (const [number, value] of fieldsOf(bytes)) {
      if (number !== 2) continue
      const cid = fieldsOf(value).find(([field]) => field === 1)?.[1]
      if (cid === undefined || links.length >= LINKS_MAX) throw new MalformedError('node of a blob', `must have at most ${LINKS_MAX} links, each with a CID`)
      links.push(blobRoot(cid.slice()))
    }
    return links
  } catch (thrown) {
    if (thrown instanceof MalformedError) throw thrown
    throw new MalformedError('node of a blob', 'must be dag-pb')
  }
}

function fieldsOf (bytes: Uint8Array): Array<readonly [number, Uint8Array]> {
  const reader = new BinaryReader(bytes)
  const fields: Array<readonly [number, Uint8Array]> = []
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag()
    if (wireType === WireType.LengthDelimited) fields.push([number, reader.bytes()])
    else reader.skip(wireType)
  }
  return fields
}

function isSame (left: Uint8Array, right: Uint8Array): boolean {
  return left.byteLength === right.byteLength && left.every((byte, index) => byte === right[index])
}
