/**
 * Blobs that are here, for whoever shows their read key. Law: docs/protocols/media.md, "Transfer" (`get`). A relay serves those that it keeps in
 * the same way, from other files.
 */
import { BLOB_VERSION, decodeBlobRequest, encodeBlobAnswer, type BlobAnswer, type BlobRequest } from '../../protocols/media/wire.ts'
import type { PutRefusalReason } from '../../protocols/media/upload-plan.ts'
import { hasLeaf } from '../../protocols/media/leaves.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { asError, MalformedError } from '../../protocols/core/errors.ts'
import { BLOB_GET_BURST, BLOB_GETS_PER_SECOND, BLOB_SILENT_MS_MAX, BLOBS_SERVED_MAX, BLOBS_SERVED_PER_PEER_MAX, WANTED_LEAVES_MAX } from '../../protocols/core/limits.ts'
import type { Channel, Clock, Network } from '../ports.ts'
import { BLOB_PROTOCOL } from '../protocols.ts'
import { Rates } from '../rates.ts'
import { endWhenSilent } from './silence.ts'

/** A blob of which something is here. */
export interface ServedBlob {
  readonly blobBytes: number
  /** A bit for each leaf that is here. */
  readonly have: Uint8Array
  /** Breadth first from the root; none of a blob of one leaf. */
  readonly nodes: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  /** undefined: it is here no longer. */
  readonly leaf: (index: number) => Promise<Uint8Array | undefined>
  readonly close: () => Promise<void>
}

export interface ServeParts {
  readonly network: Network
  readonly clock: Clock
  /** undefined: nothing of it is here, or the key is not its own. Who asks must not be able to tell which. */
  readonly find: (root: BlobRoot, readKey: Uint8Array) => Promise<ServedBlob | undefined>
  /** A leaf has left. */
  readonly onServed?: (root: BlobRoot, bytes: number) => void
}

/** Whoever is asked to come back has others to ask meanwhile. */
const BUSY_RETRY_MS = 5_000

export function serveBlobs (parts: ServeParts): void {
  const { network, clock } = parts
  const rates = new Rates(clock, () => ({ burst: BLOB_GET_BURST, perSecond: BLOB_GETS_PER_SECOND }))
  const served = new Map<string, number>()
  let servedCount = 0
  network.serveChannel(BLOB_PROTOCOL, channel => {
    const ofPeer = served.get(channel.peerId) ?? 0
    const isCrowded = servedCount >= BLOBS_SERVED_MAX || ofPeer >= BLOBS_SERVED_PER_PEER_MAX
    servedCount += 1
    served.set(channel.peerId, ofPeer + 1)
    void channel.closed.then(() => {
      servedCount -= 1
      const left = (served.get(channel.peerId) ?? 1) - 1
      if (left === 0) served.delete(channel.peerId)
      else served.set(channel.peerId, left)
    })
    const stream = new ServedStream(channel, { ...parts, rates, isCrowded })
    return frames => stream.take(frames)
  })
}

interface StreamParts extends ServeParts { readonly rates: Rates, readonly isCrowded: boolean }

class ServedStream {
  readonly #channel: Channel
  readonly #parts: StreamParts
  #root: BlobRoot | undefined
  #blob: ServedBlob | undefined
  #areNodesWanted = false
  readonly #wanted: number[] = []
  #isPumping = false
  #isClosed = false

  constructor (channel: Channel, parts: StreamParts) {
    this.#channel = channel
    this.#parts = parts
    // A circuit is a relay's line, lent for talk.
    if (channel.isRelayed) channel.close()
    endWhenSilent(channel, { clock: parts.clock, silentMsMax: BLOB_SILENT_MS_MAX })
    void this.#whenClosed()
  }

  async take (frames: readonly Uint8Array[]): Promise<void> {
    for (const frame of frames) await this.#takeFrame(decodeBlobRequest(frame))
  }

  async #takeFrame (frame: BlobRequest): Promise<void> {
    switch (frame.type) {
      case 'get':
        if (this.#root !== undefined) throw new MalformedError('blob stream', 'must be opened once')
        this.#root = frame.root
        return await this.#open(frame)
      case 'wantNodes':
        this.#requireOpen()
        this.#areNodesWanted = true
        break
      case 'want':
        this.#want(frame)
        break
      default:
        // Nodes of people keep what their people were sent, and nothing for others.
        return await this.#refuse('notOffered')
    }
    void this.#pump()
  }

  async #open ({ version, root, readKey }: Extract<BlobRequest, { type: 'get' }>): Promise<void> {
    const { rates, isCrowded, find } = this.#parts
    if (version !== BLOB_VERSION) return await this.#refuse('version')
    const retryAfterMs = rates.draw(this.#channel.peerId)
    if (retryAfterMs > 0) return await this.#refuse('rate', retryAfterMs)
    if (isCrowded) return await this.#refuse('busy', BUSY_RETRY_MS)
    const blob = await find(root, readKey)
    if (blob === undefined) return await this.#refuse('notFound')
    if (this.#isClosed) return await blob.close()
    this.#blob = blob
    await this.#send({ type: 'opened', blobBytes: blob.blobBytes, have: blob.have })
  }

  #want ({ first, count }: Extract<BlobRequest, { type: 'want' }>): void {
    const blob = this.#requireOpen()
    if (count < 1 || this.#wanted.length + count > WANTED_LEAVES_MAX) throw new MalformedError('wanted leaves', `must be 1 to ${WANTED_LEAVES_MAX} at a time`)
    if (first + count > blob.have.byteLength * 8) throw new MalformedError('wanted leaves', 'must be of the blob')
    for (let index = first; index < first + count; index++) this.#wanted.push(index)
  }

  #requireOpen (): ServedBlob {
    if (this.#blob === undefined) throw new MalformedError('blob stream', 'must be opened first')
    return this.#blob
  }

  /** One block after the other, each when there is room for it: whoever reads slowly costs one leaf of memory. */
  async #pump (): Promise<void> {
    const blob = this.#blob
    if (this.#isPumping || blob === undefined) return
    this.#isPumping = true
    try {
      while (!this.#isClosed && (this.#areNodesWanted || this.#wanted.length > 0)) {
        if (this.#areNodesWanted) {
          this.#areNodesWanted = false
          for await (const bytes of blob.nodes()) await this.#send({ type: 'node', bytes })
        } else {
          await this.#sendLeaf(blob, this.#wanted.shift() ?? 0)
        }
      }
    } catch (thrown) {
      // The line is gone, or the blob was let go meanwhile: there is nothing more to say to this peer.
      asError(thrown)
      this.#channel.close()
    } finally {
      this.#isPumping = false
    }
  }

  async #sendLeaf (blob: ServedBlob, index: number): Promise<void> {
    const bytes = hasLeaf(blob.have, index) ? await blob.leaf(index) : undefined
    await this.#send(bytes === undefined ? { type: 'lacking', index } : { type: 'leaf', index, bytes })
    if (bytes !== undefined && this.#root !== undefined) this.#parts.onServed?.(this.#root, bytes.byteLength)
  }

  async #refuse (reason: PutRefusalReason, retryAfterMs = 0): Promise<void> {
    await this.#send({ type: 'refused', reason, limitBytes: 0, retryAfterMs })
    this.#channel.close()
  }

  async #send (frame: BlobAnswer): Promise<void> { await this.#channel.send([encodeBlobAnswer(frame)]) }

  async #whenClosed (): Promise<void> {
    await this.#channel.closed
    this.#isClosed = true
    await this.#blob?.close()
  }
}
