/**
 * One stream by which we get a blob from one holder: asks for the tree and for leaves, and passes on what comes. It knows nothing of what they
 * should be; download.ts checks that. Law: docs/protocols/media.md, "Transfer" (`get`).
 */
import { decodeBlobAnswer, encodeBlobRequest, BLOB_VERSION, type BlobAnswer, type BlobRefusal, type BlobRequest } from '../../protocols/media/wire.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import type { Channel, Network, PeerTarget } from '../ports.ts'
import { BLOB_PROTOCOL } from '../protocols.ts'

export interface GetStreamParts {
  readonly network: Network
  readonly target: PeerTarget
  readonly root: BlobRoot
  readonly readKey: Uint8Array
  readonly onOpened: (opened: { readonly blobBytes: number, readonly have: Uint8Array }) => void
  readonly onNode: (bytes: Uint8Array) => void | Promise<void>
  /** Nothing more is read from this holder until it is settled. */
  readonly onLeaf: (index: number, bytes: Uint8Array) => Promise<void>
  readonly onLacking: (index: number) => void
  readonly onRefused: (refusal: BlobRefusal) => void
  /** The stream is over, of itself or because what came on it was malformed. */
  readonly onClosed: (isMalformed: boolean) => void
}

/** One is written while the next one comes: more would be lost with a process that is killed, and sent twice. */
const PENDING_FRAMES_MAX = 2

export class GetStream {
  readonly #parts: GetStreamParts
  #channel: Channel | undefined
  #isClosed = false
  #isMalformed = false
  /** Frames that have come and are not dealt with, one after the other. */
  #pendingCount = 0
  #tail = Promise.resolve()

  constructor (parts: GetStreamParts) {
    this.#parts = parts
  }

  /** What has come so far; grows also while we are the ones who hold it up. */
  get movedBytes (): number { return this.#channel?.movedBytes ?? 0 }

  /** Something that came is being written: it is not the holder that is silent. */
  get isWorking (): boolean { return this.#pendingCount > 0 }

  /** @throws UnreachableError when nobody answers, or only over a relay's circuit */
  async open (): Promise<void> {
    const { network, target, root, readKey } = this.#parts
    const channel = await network.openChannel(target, BLOB_PROTOCOL, frames => this.#takeFrames(frames))
    if (this.#isClosed) { channel.close(); return }
    this.#channel = channel
    // A circuit is lent for talk. It may become a direct connection in a moment; then the holder is tried again.
    if (channel.isRelayed) {
      channel.close()
      throw new UnreachableError('there is only a relayed way to the holder')
    }
    void this.#watch(channel)
    this.#send({ type: 'get', version: BLOB_VERSION, root, readKey })
  }

  wantNodes (): void { this.#send({ type: 'wantNodes' }) }

  want (first: number, count: number): void { this.#send({ type: 'want', first, count }) }

  /** Idempotent; nothing is reported afterwards. */
  close (): void {
    this.#isClosed = true
    this.#channel?.close()
  }

  #send (frame: BlobRequest): void {
    // A channel that is gone says so by itself.
    this.#channel?.send([encodeBlobRequest(frame)]).catch(() => {})
  }

  /** The next leaf comes while the last one is hashed and written; when there is one more, the holder waits. */
  #takeFrames (frames: readonly Uint8Array[]): Promise<void> | undefined {
    let earlier = this.#tail
    for (const bytes of frames) {
      this.#pendingCount += 1
      earlier = this.#tail
      this.#tail = this.#deal(earlier, bytes)
    }
    return this.#pendingCount < PENDING_FRAMES_MAX ? undefined : earlier
  }

  async #deal (before: Promise<void>, bytes: Uint8Array): Promise<void> {
    await before
    try {
      if (!this.#isClosed) await this.#take(decodeBlobAnswer(bytes))
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      this.#breakOff()
    } finally {
      this.#pendingCount -= 1
    }
  }

  async #take (frame: BlobAnswer): Promise<void> {
    const { onOpened, onRefused, onNode, onLeaf, onLacking } = this.#parts
    if (frame.type === 'opened') onOpened(frame)
    else if (frame.type === 'refused') onRefused(frame)
    else if (frame.type === 'node') await onNode(frame.bytes)
    else if (frame.type === 'leaf') await onLeaf(frame.index, frame.bytes)
    else if (frame.type === 'lacking') onLacking(frame.index)
    else this.#breakOff()
  }

  /** What belongs into another conversation. */
  #breakOff (): void {
    this.#isMalformed = true
    this.#channel?.close()
  }

  async #watch (channel: Channel): Promise<void> {
    await channel.closed
    // What came before the end is dealt with first.
    await this.#tail
    if (this.#isClosed) return
    this.#isClosed = true
    this.#parts.onClosed(this.#isMalformed)
  }
}
