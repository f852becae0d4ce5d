/**
 * The blobs of a relay as blocks, in the form that programs of IPFS know (interface-blockstore), for reading: what somebody sees who has shown the
 * keys of some of them. Where blobs lie is behind it. Law: docs/protocols/media.md, "Capabilities".
 */
import { BaseBlockstore } from 'blockstore-core'
import type { Blockstore } from 'interface-blockstore'
import { CID } from 'multiformats/cid'
import { MalformedError, NotFoundError } from '../../../protocols/core/errors.ts'
import { hasLeaf } from '../../../protocols/media/leaves.ts'
import { blobRoot, rootText, type BlobRoot } from '../../../protocols/media/root.ts'
import { blockOf, blockPlaces, type BlockPlaces } from '../../../store/blobs/blob-blocks.ts'
import type { StoredBlobReader } from '../../../store/blobs/blob-files.ts'

export type ReadableBlocks = Pick<Blockstore, 'has' | 'get'>

export interface BlocksParts {
  /** Blobs that this key opens. */
  readonly rootsOfKey: (readKey: Uint8Array) => readonly BlobRoot[]
  /** Blobs whose key this peer has shown lately. */
  readonly rootsOfPeer: (peerId: string) => readonly BlobRoot[]
  /** undefined: it is not here any more. @throws StorageError */
  readonly open: (root: BlobRoot) => Promise<StoredBlobReader | undefined>
  /** A block has been read for somebody. */
  readonly onServed: (bytes: number) => void
}

/** Blobs whose blocks are remembered: a thousand names of some 120 bytes for a gigabyte. */
export const PLACES_MAX = 16

export class Blocks {
  readonly #parts: BlocksParts
  /** A root says where everything is, for good. The last to be used stands last. */
  readonly #places = new Map<string, BlockPlaces>()

  constructor (parts: BlocksParts) {
    this.#parts = parts
  }

  ofKey (readKey: Uint8Array): ReadableBlocks { return this.#visible(this.#parts.rootsOfKey(readKey)) }

  ofPeer (peerId: string): ReadableBlocks { return this.#visible(this.#parts.rootsOfPeer(peerId)) }

  #visible (roots: readonly BlobRoot[]): ReadableBlocks {
    const { open, onServed } = this.#parts
    return new VisibleBlocks({ roots, open, onServed, placesOf: (root, blob) => this.#placesOf(root, blob), isElsewhere: (root, name) => this.#places.get(rootText(root))?.has(rootText(name)) === false })
  }

  #placesOf (root: BlobRoot, blob: StoredBlobReader): BlockPlaces | undefined {
    const name = rootText(root)
    const places = this.#places.get(name) ?? blockPlaces(root, blob)
    if (places === undefined) return undefined
    this.#places.delete(name)
    this.#places.set(name, places)
    const [oldest] = this.#places.keys()
    if (this.#places.size > PLACES_MAX && oldest !== undefined) this.#places.delete(oldest)
    return places
  }
}

interface VisibleParts extends Pick<BlocksParts, 'open' | 'onServed'> {
  readonly roots: readonly BlobRoot[]
  readonly placesOf: (root: BlobRoot, blob: StoredBlobReader) => BlockPlaces | undefined
  /** It is known without a look at the disk that this blob has no such block: a long list of names must not open a file for each. */
  readonly isElsewhere: (root: BlobRoot, name: BlobRoot) => boolean
}

class VisibleBlocks extends BaseBlockstore {
  readonly #parts: VisibleParts

  constructor (parts: VisibleParts) {
    super()
    this.#parts = parts
  }

  override async has (cid: CID): Promise<boolean> {
    return await this.#within(cid, (name, places, blob) => {
      const place = places.get(rootText(name))
      return Promise.resolve(place === undefined || (place.type === 'leaf' && !hasLeaf(blob.have, place.index)) ? undefined : true)
    }) ?? false
  }

  /** @throws NotFoundError when it is not there or not for this reader, StorageError */
  override async * get (cid: CID): AsyncGenerator<Uint8Array> {
    const block = await this.#within(cid, blockOf)
    if (block === undefined) throw new NotFoundError('there is no such block')
    this.#parts.onServed(block.byteLength)
    yield block
  }

  /** The first blob that has it. */
  async #within<T> (cid: CID, look: (name: BlobRoot, places: BlockPlaces, blob: StoredBlobReader) => Promise<T | undefined>): Promise<T | undefined> {
    const name = nameOf(cid)
    if (name === undefined) return undefined
    for (const root of this.#parts.roots) {
      if (this.#parts.isElsewhere(root, name)) continue
      const blob = await this.#parts.open(root)
      if (blob === undefined) continue
      try {
        const places = this.#parts.placesOf(root, blob)
        const found = places === undefined ? undefined : await look(name, places, blob)
        if (found !== undefined) return found
      } finally {
        await blob.close()
      }
    }
    return undefined
  }
}

/** undefined: it is no name of a block. */
export function cidOf (name: string | Uint8Array): CID | undefined {
  try {
    return typeof name === 'string' ? CID.parse(name) : CID.decode(name)
  } catch {
    // The library throws errors of many kinds, and all of them mean this.
    return undefined
  }
}

/** undefined: no block of ours is called so. */
function nameOf (cid: CID): BlobRoot | undefined {
  try {
    return blobRoot(cid.bytes)
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
