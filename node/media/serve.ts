/**
 * Blobs that are here, for whoever shows their read key. Law: docs/protocols/media.md, "Transfer" (`get`). A relay serves those that it keeps in
 * the same way, from other files.
 */
import { BLOB_VERSION, decodeBlobRequest, encodeBlobAnswer, type BlobAnswer, type BlobRequest } from '../../protocols/media/wire.ts'
import type { PutRefusalReason } from '../../protocols/media/upload-plan.ts'
import { hasLeaf } from '../../protocols/media/leaves.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import { BLOB_GET_BURST, BLOB_GETS_PER_SECOND, BLOB_SILENT_MS_MAX, BLOBS_SERVED_MAX, BLOBS_SERVED_PER_PEER_MAX, WANTED_LEAVES_MAX } from '../../protocols/core/limits.ts'
import type { StoredBlobReader } from '../../store/blobs/blob-files.ts'
import type { Channel, Clock, Network } from '../ports.ts'
import { BLOB_PROTOCOL } from '../protocols.ts'
import { Rates } from '../rates.ts'
import { endWhenSilent } from './silence.ts'

export interface ServeParts {
  readonly network: Network
  readonly clock: Clock
  /** undefined: nothing of it is here, or the key is not its own. Who asks must not be able to tell which. */
  readonly find: (root: BlobRoot, readKey: Uint8Array) => Promise<StoredBlobReader | undefined>
  /** Somebody has shown the read key. */
  readonly onShown?: (root: BlobRoot, peerId: string) => void
  /** A leaf has left. */
  readonly onServed?: (root: BlobRoot, bytes: number) => void
  /** Takes the streams that begin with anything but `get`; unless given, those are refused. */
  readonly other?: (channel: Channel, isCrowded: boolean) => OtherStream
  /** Blobs that one peer asks for; unless given, what a user's node allows. */
  readonly rates?: Rates
  /** Streams at once, in all and of one peer; unless given, what a user's node allows. */
  readonly limits?: () => StreamLimits
}

export interface StreamLimits { readonly streamsMax: number, readonly perPeerMax: number }

/** @throws MalformedError when it is out of place */
export interface OtherStream { readonly take: (frame: BlobRequest) => Promise<void> }

/** Whoever is asked to come back has others to ask meanwhile. */
const BUSY_RETRY_MS = 5_000

export function serveBlobs (parts: ServeParts): void {
  const { network, clock, limits = userLimits, rates = new Rates(clock, () => ({ burst: BLOB_GET_BURST, perSecond: BLOB_GETS_PER_SECOND })) } = parts
  const served = new Map<string, number>()
  let servedCount = 0
  network.serveChannel(BLOB_PROTOCOL, channel => {
    const ofPeer = served.get(channel.peerId) ?? 0
    const { streamsMax, perPeerMax } = limits()
    const isCrowded = servedCount >= streamsMax || ofPeer >= perPeerMax
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

function userLimits (): StreamLimits { return { streamsMax: BLOBS_SERVED_MAX, perPeerMax: BLOBS_SERVED_PER_PEER_MAX } }

interface StreamParts extends ServeParts { readonly rates: Rates, readonly isCrowded: boolean }

class ServedStream {
  readonly #channel: Channel
  readonly #parts: StreamParts
  #root: BlobRoot | undefined
  #blob: StoredBlobReader | undefined
  #other: OtherStream | undefined
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
    if (this.#other !== undefined) {
      await this.#other.take(frame)
    } else if (frame.type === 'get') {
      if (this.#root !== undefined) throw new MalformedError('blob stream', 'must be opened once')
      this.#root = frame.root
      await this.#open(frame)
    } else if (frame.type === 'wantNodes') {
      this.#requireOpen()
      this.#areNodesWanted = true
      void this.#pump()
    } else if (frame.type === 'want') {
      this.#want(frame)
      void this.#pump()
    } else if (this.#parts.other !== undefined && this.#root === undefined) {
      this.#other = this.#parts.other(this.#channel, this.#parts.isCrowded)
      await this.#other.take(frame)
    } else {
      // Nodes of people keep what their people were sent, and nothing for others.
      await this.#refuse('notOffered')
    }
  }

  async #open ({ version, root, readKey }: Extract<BlobRequest, { type: 'get' }>): Promise<void> {
    const { rates, isCrowded, find } = this.#parts
    const waitMs = rates.draw(this.#channel.peerId)
    if (version !== BLOB_VERSION) await this.#refuse('version')
    else if (waitMs > 0) await this.#refuse('rate', waitMs)
    else if (isCrowded) await this.#refuse('busy', BUSY_RETRY_MS)
    else await this.#show(root, await find(root, readKey))
  }

  async #show (root: BlobRoot, blob: StoredBlobReader | undefined): Promise<void> {
    this.#blob = blob
    if (blob === undefined) {
      await this.#refuse('notFound')
    } else if (this.#isClosed) {
      await blob.close()
    } else {
      this.#parts.onShown?.(root, this.#channel.peerId)
      await this.#send({ type: 'opened', blobBytes: blob.blobBytes, have: blob.have })
    }
  }

  #want ({ first, count }: Extract<BlobRequest, { type: 'want' }>): void {
    const blob = this.#requireOpen()
    if (count < 1 || this.#wanted.length + count > WANTED_LEAVES_MAX) throw new MalformedError('wanted leaves', `must be 1 to ${WANTED_LEAVES_MAX} at a time`)
    if (first + count > blob.have.byteLength * 8) throw new MalformedError('wanted leaves', 'must be of the blob')
    for (let index = first; index < first + count; index++) this.#wanted.push(index)
  }

  #requireOpen (): StoredBlobReader {
    if (this.#blob === undefined) throw new MalformedError('blob stream', 'must be opened first')
    return this.#blob
  }

  /** One block after the other, each when there is room for it: whoever reads slowly costs one leaf of memory. */
  async #pump (): Promise<void> {
    const blob = this.#blob
    if (this.#isPumping || blob === undefined) return
    this.#isPumping = true
    try {
      while (!this.#isClosed && (this.#areNodesWanted || this.#wanted.length > 0)) await this.#sendNext(blob)
    } catch (error) {
      // The line is gone, or the blob was let go meanwhile: there is nothing more to say to this peer.
      this.#channel.close()
      if (!(error instanceof UnreachableError || error instanceof StorageError)) throw error
    } finally {
      this.#isPumping = false
    }
  }

  async #sendNext (blob: StoredBlobReader): Promise<void> {
    const nodes = this.#areNodesWanted ? blob.nodes() : []
    if (!this.#areNodesWanted) await this.#sendLeaf(blob, this.#wanted.shift() ?? 0)
    this.#areNodesWanted = false
    for (const bytes of nodes) await this.#send({ type: 'node', bytes })
  }

  async #sendLeaf (blob: StoredBlobReader, index: number): Promise<void> {
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
