/**
 * A file becomes the leaves of a blob, one after the other: padded, encrypted under a key of its own, and hashed on the way. A few segments are in
 * memory, whatever the size. It can go on after an interruption, but only with the very same source: the same key and nonce over other bytes would
 * give both plaintexts away. Law: docs/protocols/media.md, "Blob".
 */
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { compareIds } from '../../protocols/core/ids.ts'
import { RefusedError } from '../../protocols/core/errors.ts'
import { FILE_BYTES_MAX, paddedBytes } from '../../protocols/media/padding.ts'
import { BLOB_LAYOUT, ciphertextBytes, NONCE_PREFIX_BYTES, segmentCount, segmentRoom, segmentStart } from '../../protocols/media/segments.ts'
import { SegmentCipher, type StreamParameters, type StreamSecrets } from '../crypto/segments.ts'
import type { Random } from '../ports.ts'

export const BLOB_PARAMETERS: StreamParameters = { layout: BLOB_LAYOUT, hash: 'sha256', associatedData: Buffer.from('skein/media/v1') }

/** What tells one state of a file from another without reading it. */
export interface SourceMark {
  readonly bytes: number
  /** Of the contents, milliseconds since 1970 with fraction. */
  readonly changedAtMs: number
}

/** All that has to be kept to go on later. */
export interface EncryptionState {
  readonly secrets: StreamSecrets
  readonly source: SourceMark
  readonly nextSegment: number
  /** SHA-256 of the source before that segment. */
  readonly hashSoFar: Uint8Array
}

export interface Encrypted {
  readonly key: Uint8Array
  readonly sha256: Uint8Array
  readonly bytes: number
  readonly blobBytes: number
}

/** @throws RefusedError when it is no regular file, or too large for the format */
export async function markOf (file: FileHandle): Promise<SourceMark> {
  const stat = await file.stat()
  if (!stat.isFile()) throw new RefusedError('this is no file', 'Folders and devices cannot be sent.')
  if (stat.size > FILE_BYTES_MAX) throw new RefusedError('the file is too large')
  return { bytes: stat.size, changedAtMs: stat.mtimeMs }
}

export class Encryption {
  readonly source: SourceMark
  readonly blobBytes: number
  readonly segmentCount: number
  readonly #file: FileHandle
  readonly #secrets: StreamSecrets
  readonly #cipher: SegmentCipher
  readonly #hash: Hash
  readonly #paddedBytes: number
  #next: number
  /** The next segment's plaintext, which is read while this one is encrypted. */
  #ahead: Promise<Uint8Array> | undefined

  /** Under a fresh key. */
  static begin (file: FileHandle, source: SourceMark, random: Random): Encryption {
    const { keyBytes } = BLOB_LAYOUT
    const secrets = { key: random.bytes(keyBytes), salt: random.bytes(keyBytes), noncePrefix: random.bytes(NONCE_PREFIX_BYTES) }
    return new Encryption(file, { secrets, source, nextSegment: 0 }, createHash('sha256'))
  }

  /**
   * Goes on where an earlier one stopped: reads again what it had read.
   * @returns undefined when the source is another one by now, and the key must not be used any more
   */
  static async resume (file: FileHandle, state: EncryptionState): Promise<Encryption | undefined> {
    const { bytes, changedAtMs } = await markOf(file)
    if (bytes !== state.source.bytes || changedAtMs !== state.source.changedAtMs) return undefined
    const hash = createHash('sha256')
    const read = Math.min(bytes, segmentStart(BLOB_LAYOUT, state.nextSegment))
    for (let at = 0; at < read; at += BLOB_LAYOUT.segmentBytes) hash.update(await readFully(file, at, Math.min(BLOB_LAYOUT.segmentBytes, read - at)))
    return compareIds(hash.copy().digest(), state.hashSoFar) === 0 ? new Encryption(file, state, hash) : undefined
  }

  private constructor (file: FileHandle, { secrets, source, nextSegment }: Omit<EncryptionState, 'hashSoFar'>, hash: Hash) {
    this.source = source
    this.#file = file
    this.#secrets = secrets
    this.#cipher = new SegmentCipher(BLOB_PARAMETERS, secrets)
    this.#hash = hash
    this.#next = nextSegment
    this.#paddedBytes = paddedBytes(source.bytes)
    this.blobBytes = ciphertextBytes(BLOB_LAYOUT, this.#paddedBytes)
    this.segmentCount = segmentCount(BLOB_LAYOUT, this.#paddedBytes)
  }

  /** To be kept once the leaves before `nextSegment` are durable. */
  get state (): EncryptionState {
    return { secrets: this.#secrets, source: this.source, nextSegment: this.#next, hashSoFar: this.#hash.copy().digest() }
  }

  /** The next leaf; undefined: there are no more. @throws RefusedError when the source has changed meanwhile */
  async next (): Promise<Uint8Array | undefined> {
    const index = this.#next
    if (index === this.segmentCount) return undefined
    const plaintext = await (this.#ahead ?? this.#read(index))
    this.#ahead = index + 1 < this.segmentCount ? this.#read(index + 1) : undefined
    // It is awaited by the next call, or never: then nobody is interested in why it failed.
    this.#ahead?.catch(() => {})
    const fromFile = Math.max(0, Math.min(plaintext.byteLength, this.source.bytes - segmentStart(BLOB_LAYOUT, index)))
    this.#hash.update(plaintext.subarray(0, fromFile))
    this.#next = index + 1
    return this.#cipher.seal(index, plaintext, index + 1 === this.segmentCount)
  }

  /** After the last leaf. @throws RefusedError when the source was changed while it was read */
  async finish (): Promise<Encrypted> {
    const { bytes, changedAtMs } = await markOf(this.#file)
    if (bytes !== this.source.bytes || changedAtMs !== this.source.changedAtMs) throw changed()
    return { key: this.#secrets.key, sha256: this.#hash.digest(), bytes, blobBytes: this.blobBytes }
  }

  /** The end of the file is filled up with zeros. */
  async #read (index: number): Promise<Uint8Array> {
    const start = segmentStart(BLOB_LAYOUT, index)
    const length = Math.min(segmentRoom(BLOB_LAYOUT, index), this.#paddedBytes - start)
    const fromFile = Math.max(0, Math.min(length, this.source.bytes - start))
    if (fromFile === length) return await readFully(this.#file, start, length)
    const plaintext = new Uint8Array(length)
    if (fromFile > 0) plaintext.set(await readFully(this.#file, start, fromFile))
    return plaintext
  }
}

/** @throws RefusedError when the file ends before */
async function readFully (file: FileHandle, position: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at)
    if (bytesRead === 0) throw changed()
    at += bytesRead
  }
  return bytes
}

function changed (): RefusedError {
  return new RefusedError('the file was changed while it was read', 'Nothing was sent. Send it again when nothing writes to it.')
}
