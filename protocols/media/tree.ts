/**
 * The tree of a blob: which hash its leaves have. Read from inner nodes as they come, each checked by its own hash, breadth first from the root.
 * dag-pb and UnixFS of the IPLD and IPFS specifications; of both only what names children. Law: docs/protocols/media.md, "Blob".
 */
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { MalformedError } from '../core/errors.ts'
import { HASH_BYTES } from '../core/signed.ts'
import { BLOB_ROOT_BYTES, blobRoot, isLeafRoot, LINKS_MAX, type BlobRoot } from './root.ts'

const HASH_AT = BLOB_ROOT_BYTES - HASH_BYTES
/** A link: hash (36), sizes and tags, and what UnixFS says of the child: 67 bytes at the very most; and around all of them some 24. */
const LINK_BYTES_MAX = 80
const NODE_OVERHEAD_BYTES = 64

/** What a tree of so many leaves looks like is known before anything of it is: nobody can send more nodes, or larger ones. */
export class BlobTree {
  readonly #hashOf: (bytes: Uint8Array) => Uint8Array
  /** How many blocks each level has, from the root down; the last one is that of the leaves. */
  readonly #levels: readonly number[]
  #level = 0
  /** Names of the blocks of this level, of which the first `#taken` have come; then those of the next one. */
  #expected: readonly BlobRoot[]
  #taken = 0
  #below: BlobRoot[] = []

  /** @param hashOf SHA-256 */
  constructor (root: BlobRoot, leafCount: number, hashOf: (bytes: Uint8Array) => Uint8Array) {
    this.#hashOf = hashOf
    this.#levels = levelsOf(leafCount)
    this.#expected = [root]
    if (isLeafRoot(root) !== (leafCount === 1)) throw new MalformedError('tree of a blob', 'must have the leaves that its size says')
  }

  get isComplete (): boolean { return this.#level === this.#levels.length - 1 }

  /** The name of the inner node that is to come next. */
  get next (): BlobRoot | undefined { return this.isComplete ? undefined : this.#expected[this.#taken] }

  /** The next inner node; whether that was the last one. @throws MalformedError when it is another one */
  take (bytes: Uint8Array): boolean {
    const { next } = this
    const blocksBelow = this.#levels[this.#level + 1] ?? 0
    const linkCount = Math.min(LINKS_MAX, blocksBelow - this.#taken * LINKS_MAX)
    if (next === undefined || bytes.byteLength > NODE_OVERHEAD_BYTES + linkCount * LINK_BYTES_MAX || !isSame(this.#hashOf(bytes), next.subarray(HASH_AT))) throw new MalformedError('node of a blob', 'must be the next one of its tree')
    const isAboveLeaves = this.#level + 2 === this.#levels.length
    const links = linksOf(bytes)
    if (links.length !== linkCount || links.some(cid => isLeafRoot(cid) !== isAboveLeaves)) throw new MalformedError('tree of a blob', 'must have the leaves that its size says')
    this.#below.push(...links)
    this.#taken += 1
    if (this.#taken === this.#expected.length) this.#descend()
    return this.isComplete
  }

  /** Whether these bytes are the leaf of that place. The tree is complete. */
  isLeaf (index: number, bytes: Uint8Array): boolean { return this.isLeafHash(index, this.#hashOf(bytes)) }

  /** Whether the leaf of that place has this hash. */
  isLeafHash (index: number, hash: Uint8Array): boolean {
    const cid = this.leafName(index)
    return cid !== undefined && isSame(hash, cid.subarray(HASH_AT))
  }

  /** undefined: there is no such leaf, or the tree is not complete. */
  leafName (index: number): BlobRoot | undefined { return this.isComplete ? this.#expected[index] : undefined }

  #descend (): void {
    this.#expected = this.#below
    this.#below = []
    this.#taken = 0
    this.#level += 1
  }
}

/** Balanced, filled from the left. */
function levelsOf (leafCount: number): readonly number[] {
  const levels = [leafCount]
  for (let count = leafCount; count > 1;) {
    count = Math.ceil(count / LINKS_MAX)
    levels.unshift(count)
  }
  return levels
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
