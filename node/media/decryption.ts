/**
 * From the leaves of a blob back to the file: any leaf alone, any range, or all of it. A leaf shows nothing unless its tag is right. Law:
 * docs/protocols/media.md, "Blob".
 */
import { StorageError } from '../../protocols/core/errors.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { BLOB_LAYOUT, plaintextBytes, segmentAt, segmentCount, segmentStart } from '../../protocols/media/segments.ts'
import { readHeader, SegmentCipher } from '../crypto/segments.ts'
import { BLOB_PARAMETERS } from './encryption.ts'

/** Where leaves come from: verified by their hashes already. */
export interface LeafSource {
  /** undefined: it is not here. */
  readonly leaf: (index: number) => Promise<Uint8Array | undefined>
}

export class Decryption {
  readonly #attachment: Pick<Attachment, 'key' | 'bytes' | 'blobBytes'>
  readonly #leaves: LeafSource
  readonly #count: number
  #cipher: SegmentCipher | undefined

  constructor (attachment: Pick<Attachment, 'key' | 'bytes' | 'blobBytes'>, leaves: LeafSource) {
    const padded = plaintextBytes(BLOB_LAYOUT, attachment.blobBytes)
    invariant(padded !== undefined && padded >= attachment.bytes, 'an attachment has the size of a blob in which the file fits')
    this.#attachment = attachment
    this.#leaves = leaves
    this.#count = segmentCount(BLOB_LAYOUT, padded)
  }

  /**
   * The file from `offset` on, in pieces of at most a segment.
   * @throws StorageError when a leaf is missing or does not open
   */
  async * read (offset = 0, length = this.#attachment.bytes - offset): AsyncGenerator<Uint8Array> {
    const end = Math.min(offset + length, this.#attachment.bytes)
    for (let at = offset; at < end;) {
      const index = segmentAt(BLOB_LAYOUT, at)
      const start = segmentStart(BLOB_LAYOUT, index)
      const plaintext = await this.#open(index)
      const piece = plaintext.subarray(at - start, end - start)
      yield piece
      at += piece.byteLength
    }
    // Of an empty file, too, somebody has to look at the tag.
    if (this.#attachment.bytes === 0) await this.#open(0)
  }

  async #open (index: number): Promise<Uint8Array> {
    const sealed = await this.#leaf(index)
    this.#cipher ??= await this.#makeCipher(index === 0 ? sealed : undefined)
    const plaintext = this.#cipher.open(index, sealed, index === this.#count - 1)
    if (plaintext === undefined) throw broken()
    return plaintext
  }

  async #makeCipher (first: Uint8Array | undefined): Promise<SegmentCipher> {
    const header = readHeader(BLOB_LAYOUT, first ?? await this.#leaf(0))
    if (header === undefined) throw broken()
    return new SegmentCipher(BLOB_PARAMETERS, { key: this.#attachment.key, ...header })
  }

  async #leaf (index: number): Promise<Uint8Array> {
    const leaf = await this.#leaves.leaf(index)
    if (leaf === undefined) throw new StorageError('a part of the file is not here', 'Fetch it again: skein media get ID')
    return leaf
  }
}

function broken (): StorageError {
  return new StorageError('the file does not open with its key', 'What was sent is broken, or its sender made it so. Nothing was written.')
}
