/**
 * One stream by which we put a blob to one relay: what it promises, what it lacks, and what it signs for at the end. Law:
 * docs/protocols/media.md, "Transfer" (`put`).
 */
import { BLOB_VERSION, decodeBlobAnswer, encodeBlobRequest, type BlobAnswer, type BlobRefusal, type BlobRequest } from '../../protocols/media/wire.ts'
import { hasLeaf } from '../../protocols/media/leaves.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { asError, MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import { REQUEST_TIMEOUT_MS } from '../../protocols/core/limits.ts'
import type { StoredBlobReader } from '../../store/blobs/blob-files.ts'
import type { Channel, Clock, Network, PeerTarget } from '../ports.ts'
import { BLOB_PROTOCOL } from '../protocols.ts'

export interface PutDoor {
  readonly root: BlobRoot
  readonly blobBytes: number
  /** Empty: we are the owner of the quota, as the connection proves. */
  readonly alias: Uint8Array
  readonly mac: Uint8Array
  readonly ttlMs: number
  readonly readTag: Uint8Array
}

export interface PutStreamParts {
  readonly network: Network
  readonly clock: Clock
  readonly target: PeerTarget
  readonly door: PutDoor
  readonly source: StoredBlobReader
  /** Whether the relay's word is signed by it. */
  readonly isSigned: (kind: 'promise' | 'stored', word: SignedWord) => boolean
  readonly onPromise: (promise: SignedWord) => void
  /** Leaves that are there and verified, as the relay says. */
  readonly onProgress: (leaves: number) => void
}

export interface SignedWord { readonly keepUntilMs: number, readonly signature: Uint8Array }

export type PutOutcome =
  | { readonly type: 'stored', readonly word: SignedWord }
  | { readonly type: 'refused', readonly refusal: BlobRefusal }
  /** It signed for nothing, or said something that no state allows. */
  | { readonly type: 'lied' }

export class PutStream {
  readonly #parts: PutStreamParts
  readonly #outcome = Promise.withResolvers<PutOutcome>()
  readonly #promise = Promise.withResolvers<Extract<BlobAnswer, { type: 'promise' }>>()
  #channel: Channel | undefined
  #isClosed = false
  #sentLeaves = 0

  constructor (parts: PutStreamParts) {
    this.#parts = parts
    this.#outcome.promise.catch(() => {})
    this.#promise.promise.catch(() => {})
  }

  get movedBytes (): number { return this.#channel?.movedBytes ?? 0 }

  /** Leaves that have left, in this stream. */
  get sentLeaves (): number { return this.#sentLeaves }

  /**
   * Brings what the relay lacks. Once.
   * @throws UnreachableError when the relay is not there, or its line breaks; StorageError when the blob is not here any more
   */
  async put (): Promise<PutOutcome> {
    const { network, target, clock, door } = this.#parts
    const channel = await network.openChannel(target, BLOB_PROTOCOL, frames => { for (const frame of frames) this.#take(frame) })
    this.#channel = channel
    void this.#watch(channel)
    const timer = clock.timer(REQUEST_TIMEOUT_MS, () => { this.#fail(new UnreachableError('the relay does not answer')) })
    try {
      // A circuit is lent for talk; it may become a direct connection in a moment, and then the relay is tried again.
      if (this.#isClosed || channel.isRelayed) throw new UnreachableError('there is only a relayed way to the relay')
      await this.#send({ type: 'put', version: BLOB_VERSION, ...door })
      const promise = await Promise.race([this.#promise.promise, this.#outcome.promise])
      timer.cancel()
      if (promise.type === 'promise') void this.#bring(promise)
      return await this.#outcome.promise
    } finally {
      timer.cancel()
      this.close()
    }
  }

  /** Ends it; `put` rejects with UnreachableError. Idempotent. */
  close (): void { this.#fail(new UnreachableError('the transfer was ended')) }

  async #bring ({ have, hasNodes }: Extract<BlobAnswer, { type: 'promise' }>): Promise<void> {
    const { source } = this.#parts
    try {
      for (const bytes of hasNodes ? [] : source.nodes()) await this.#send({ type: 'node', bytes })
      for (let index = 0; index < source.leafCount && !this.#isClosed; index++) {
        if (hasLeaf(have, index)) continue
        const bytes = await source.leaf(index)
        if (bytes === undefined) throw new StorageError('a part of the blob is not on the disk any more', 'What it was made of may still be: send it again.')
        await this.#send({ type: 'leaf', index, bytes })
        this.#sentLeaves += 1
      }
    } catch (thrown) {
      this.#fail(asError(thrown))
    }
  }

  async #send (frame: BlobRequest): Promise<void> { await this.#channel?.send([encodeBlobRequest(frame)]) }

  #take (bytes: Uint8Array): void {
    if (this.#isClosed) return
    try {
      this.#takeAnswer(decodeBlobAnswer(bytes))
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.#lied()
    }
  }

  #takeAnswer (frame: BlobAnswer): void {
    const { isSigned, onPromise, onProgress } = this.#parts
    if (frame.type === 'promise' && isSigned('promise', frame)) {
      onPromise(wordOf(frame))
      this.#promise.resolve({ ...frame, have: Uint8Array.from(frame.have) })
    } else if (frame.type === 'progress') {
      onProgress(frame.leaves)
    } else if (frame.type === 'stored' && isSigned('stored', frame)) {
      this.#outcome.resolve({ type: 'stored', word: wordOf(frame) })
    } else if (frame.type === 'refused') {
      this.#outcome.resolve({ type: 'refused', refusal: frame })
    } else {
      this.#lied()
    }
  }

  #lied (): void { this.#outcome.resolve({ type: 'lied' }) }

  #fail (error: Error): void {
    this.#isClosed = true
    this.#outcome.reject(error)
    this.#channel?.close()
  }

  async #watch (channel: Channel): Promise<void> {
    await channel.closed
    this.#fail(new UnreachableError('the relay ended the transfer'))
  }
}

/** Kept for longer than the frame that it came in. */
function wordOf ({ keepUntilMs, signature }: SignedWord): SignedWord { return { keepUntilMs, signature: Uint8Array.from(signature) } }
