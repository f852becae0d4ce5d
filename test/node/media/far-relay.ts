/** A relay that keeps blobs in memory and behaves as told: it speaks the protocol of docs/protocols/media.md by hand, with a key of its own. */
import { hash } from 'node:crypto'
import { signerOf } from '../../../node/crypto/signer.ts'
import { generateNetworkKey, privateKeyOf } from '../../../node/net/identity.ts'
import { Libp2pNetwork } from '../../../node/net/network.ts'
import type { Channel, PeerTarget, Signer } from '../../../node/ports.ts'
import { BLOB_PROTOCOL } from '../../../node/protocols.ts'
import { realClock } from '../../../node/world.ts'
import { hasLeaf, noLeaves, withLeaf } from '../../../protocols/media/leaves.ts'
import { blobWordInput, readTagOf, type BlobWordKind } from '../../../protocols/media/proof.ts'
import { rootText, type BlobRoot } from '../../../protocols/media/root.ts'
import { BlobTree } from '../../../protocols/media/tree.ts'
import { decodeBlobRequest, encodeBlobAnswer, type BlobAnswer, type BlobRefusal, type BlobRequest } from '../../../protocols/media/wire.ts'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { sha256, type MadeBlob } from './blobs.ts'

export const LOOPBACK = '/ip4/127.0.0.1/tcp/0'
export const KEPT_MS = 30 * 24 * 3_600_000

/** What it does otherwise than it should. */
export interface Behaviour {
  /** Refuses each put so. */
  readonly refusal?: BlobRefusal
  /** Ends the stream after so many leaves, each time. */
  readonly breaksAfter?: number
  /** Says that it has what it has not. */
  readonly isLyingAboutHave?: boolean
  /** Signs for something else. */
  readonly isSigningWrong?: boolean
  /** Says nothing at all. */
  readonly isSilent?: boolean
}

interface Kept { readonly root: BlobRoot, readonly blobBytes: number, readonly readTag: Uint8Array, readonly nodes: Uint8Array[], readonly leaves: Map<number, Uint8Array>, have: Uint8Array }

export class FarRelay implements AsyncDisposable {
  readonly network: Libp2pNetwork
  readonly kept = new Map<string, Kept>()
  /** Every leaf that was put, in the order in which they came. */
  readonly came: number[] = []
  readonly puts: Array<Extract<BlobRequest, { type: 'put' }>> = []
  readonly released: string[] = []
  readonly channels: Channel[] = []
  behaviour: Behaviour = {}
  onLeaf: () => void = () => {}
  readonly #signer: Signer

  static async start (behaviour: Behaviour = {}, listen = LOOPBACK): Promise<FarRelay> {
    const relay = new FarRelay(generateNetworkKey(), listen)
    relay.behaviour = behaviour
    await relay.network.start()
    return relay
  }

  private constructor (networkKey: Uint8Array, listen: string) {
    this.#signer = signerOf(privateKeyOf(networkKey).raw.subarray(0, 32))
    this.network = new Libp2pNetwork({ networkKey, listen: [listen], agentVersion: 'relay', clock: realClock })
    this.network.serveChannel(BLOB_PROTOCOL, channel => {
      this.channels.push(channel)
      const stream: { kept: Kept | undefined } = { kept: undefined }
      return async frames => { for (const frame of frames) await this.#take(decodeBlobRequest(frame), channel, stream) }
    })
  }

  get target (): PeerTarget { return { peerId: this.network.peerId, addresses: this.network.addresses() } }

  hasAll (root: BlobRoot): boolean {
    const kept = this.kept.get(rootText(root))
    return kept !== undefined && kept.leaves.size === countOf(kept.blobBytes)
  }

  /** As if somebody had brought it. */
  put ({ root, bytes, nodes, leafCount, leaf }: MadeBlob, readKey: Uint8Array, isThere: (index: number) => boolean = () => true): void {
    const leaves = new Map(Array.from({ length: leafCount }, (_, index) => [index, leaf(index)] as const).filter(([index]) => isThere(index)))
    let have = noLeaves(leafCount)
    for (const index of leaves.keys()) have = withLeaf(have, index, true)
    this.kept.set(rootText(root), { root, blobBytes: bytes.byteLength, readTag: readTagOf(readKey), nodes: [...nodes], leaves, have })
  }

  /** Its disk has flipped a bit. */
  spoil (root: BlobRoot, index: number): void {
    const leaves = this.kept.get(rootText(root))?.leaves
    const leaf = leaves?.get(index)
    if (leaf !== undefined) leaves?.set(index, leaf.map((byte, place) => place === 1_000 ? byte ^ 1 : byte))
  }

  /** A hash of the hashes of all leaves. */
  sha256 (root: BlobRoot): string {
    const kept = this.kept.get(rootText(root))
    return hash('sha256', Buffer.concat(Array.from({ length: kept?.leaves.size ?? 0 }, (_, index) => sha256(kept?.leaves.get(index) ?? new Uint8Array(0)))))
  }

  wipe (): void { this.kept.clear() }

  async #take (request: BlobRequest, channel: Channel, stream: { kept: Kept | undefined }): Promise<void> {
    if (this.behaviour.isSilent === true) return
    const answers = this.#answer(request, channel, stream)
    for (const answer of answers) await channel.send([encodeBlobAnswer(answer)])
  }

  #answer (request: BlobRequest, channel: Channel, stream: { kept: Kept | undefined }): BlobAnswer[] {
    switch (request.type) {
      case 'put': return this.#put(request, stream)
      case 'node':
        stream.kept?.nodes.push(Uint8Array.from(request.bytes))
        return []
      case 'leaf': return this.#leaf(request, channel, stream)
      case 'get': return this.#get(request, stream)
      case 'wantNodes': return (stream.kept?.nodes ?? []).map(bytes => ({ type: 'node', bytes }))
      case 'want': return Array.from({ length: request.count }, (_, place) => this.#leafOf(request.first + place, stream))
      case 'release':
        this.released.push(rootText(request.root))
        this.kept.delete(rootText(request.root))
        return [{ type: 'released' }]
    }
  }

  #put (request: Extract<BlobRequest, { type: 'put' }>, stream: { kept: Kept | undefined }): BlobAnswer[] {
    const { refusal, isLyingAboutHave } = this.behaviour
    const { root, blobBytes, readTag } = request
    this.puts.push({ ...request, alias: request.alias.slice(), mac: request.mac.slice() })
    if (refusal !== undefined) return [{ type: 'refused', ...refusal }]
    const kept = this.kept.get(rootText(root)) ?? { root, blobBytes, readTag, nodes: [], leaves: new Map(), have: noLeaves(countOf(blobBytes)) }
    this.kept.set(rootText(root), kept)
    stream.kept = kept
    const isComplete = kept.leaves.size === countOf(blobBytes)
    const promise: BlobAnswer = { type: 'promise', ...this.#sign('promise', kept), have: isLyingAboutHave === true ? kept.have.map(() => 0xff) : kept.have, hasNodes: kept.nodes.length > 0 }
    return isComplete || isLyingAboutHave === true ? [promise, { type: 'stored', ...this.#sign('stored', kept) }] : [promise]
  }

  #leaf ({ index, bytes }: Extract<BlobRequest, { type: 'leaf' }>, channel: Channel, { kept }: { readonly kept: Kept | undefined }): BlobAnswer[] {
    if (kept === undefined) return []
    const tree = new BlobTree(kept.root, countOf(kept.blobBytes), sha256)
    for (const node of kept.nodes) tree.take(node)
    if (!tree.isLeaf(index, bytes)) throw new Error('a leaf that is none')
    this.came.push(index)
    this.onLeaf()
    kept.leaves.set(index, Uint8Array.from(bytes))
    kept.have = withLeaf(kept.have, index, true)
    const { breaksAfter } = this.behaviour
    if (breaksAfter !== undefined && this.came.length % breaksAfter === 0) channel.close()
    const progress: BlobAnswer = { type: 'progress', leaves: kept.leaves.size }
    return kept.leaves.size === countOf(kept.blobBytes) ? [progress, { type: 'stored', ...this.#sign('stored', kept) }] : [progress]
  }

  #get ({ root, readKey }: Extract<BlobRequest, { type: 'get' }>, stream: { kept: Kept | undefined }): BlobAnswer[] {
    const kept = this.kept.get(rootText(root))
    if (kept === undefined || Buffer.compare(kept.readTag, readTagOf(readKey)) !== 0) return [{ type: 'refused', reason: 'notFound', limitBytes: 0, retryAfterMs: 0 }]
    stream.kept = kept
    return [{ type: 'opened', blobBytes: kept.blobBytes, have: this.behaviour.isLyingAboutHave === true ? kept.have.map(() => 0xff) : kept.have }]
  }

  #leafOf (index: number, { kept }: { readonly kept: Kept | undefined }): BlobAnswer {
    const bytes = kept !== undefined && hasLeaf(kept.have, index) ? kept.leaves.get(index) : undefined
    return bytes === undefined ? { type: 'lacking', index } : { type: 'leaf', index, bytes }
  }

  #sign (kind: BlobWordKind, { root, blobBytes }: Kept): { readonly keepUntilMs: number, readonly signature: Uint8Array } {
    const keepUntilMs = realClock.now() + KEPT_MS
    return { keepUntilMs, signature: this.#signer.sign(blobWordInput(kind, { root, blobBytes: this.behaviour.isSigningWrong === true ? blobBytes + 1 : blobBytes, keepUntilMs })) }
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.network.stop() }
}

function countOf (blobBytes: number): number { return Math.ceil(blobBytes / LEAF_BYTES) }
