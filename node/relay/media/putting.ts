/**
 * One stream on which somebody brings a blob, or an owner gives one back. Nothing is written before it is promised, durably; nothing is called stored
 * before it is on the disk; what is of another blob ends the stream. Law: docs/protocols/media.md, "Transfer" (`put`, `release`).
 */
import { MalformedError, StorageError, UnreachableError } from '../../../protocols/core/errors.ts'
import { admitBlob, BEING_WRITTEN, diskBytesOf, keptUntilMs, outcomeRefusal } from '../../../protocols/media/admission.ts'
import { countLeaves, hasLeaf, withLeaf } from '../../../protocols/media/leaves.ts'
import { blobPutMacInput, blobWordInput, type BlobWordKind } from '../../../protocols/media/proof.ts'
import { isLeafRoot, type BlobRoot } from '../../../protocols/media/root.ts'
import type { AliasKind } from '../../../protocols/mailbox/wire.ts'
import { BLOB_VERSION, encodeBlobAnswer, type BlobAnswer, type BlobRefusal, type BlobRequest } from '../../../protocols/media/wire.ts'
import type { BlobSink } from '../../../store/blobs/blob-files.ts'
import type { RelayReader } from '../../../store/relay/types.ts'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { isMacOf } from '../../crypto/mac.ts'
import type { Channel, Clock, Signer } from '../../ports.ts'
import type { Rates } from '../../rates.ts'
import type { MediaConfig } from '../config.ts'
import type { Tally } from '../tally.ts'
import type { Claim, Shelf } from './shelf.ts'

export interface PuttingParts {
  readonly shelf: Shelf
  readonly reader: RelayReader
  readonly clock: Clock
  readonly signer: Signer
  readonly tally: Tally
  readonly rates: Rates
  readonly config: () => MediaConfig
  readonly isDraining: () => boolean
  readonly isStorageWell: () => boolean
  /** What the file system has left beyond what the operator keeps free; undefined where it does not say. */
  readonly spareBytes: () => number | undefined
}

type Put = Extract<BlobRequest, { readonly type: 'put' }>

/** Whose quota a blob would use. */
interface Door { readonly mailbox: number, readonly kind: AliasKind | 'own', readonly isOpen: boolean, readonly isMacRight: boolean }

/** What is being brought. */
interface Bringing {
  readonly root: BlobRoot
  readonly blobBytes: number
  readonly untilMs: number
  readonly claim: Claim
  readonly sink: BlobSink
  tree: ReturnType<BlobSink['treeReader']> | undefined
  have: Uint8Array
  missingCount: number
  nextIndex: number
  touchedAtMs: number
}

/** How often the row of an unfinished blob learns that something came. */
const TOUCH_MS = 60_000

export class Putting {
  readonly #channel: Channel
  readonly #isCrowded: boolean
  readonly #parts: PuttingParts
  #bringing: Bringing | undefined
  #isBegun = false
  /** Refused, done or gone: what still comes is about nothing. */
  #isOver = false
  /** What is under way with the file: it is closed behind it. */
  #work: Promise<void> = Promise.resolve()

  constructor (channel: Channel, isCrowded: boolean, parts: PuttingParts) {
    this.#channel = channel
    this.#isCrowded = isCrowded
    this.#parts = parts
    void this.#whenClosed()
  }

  /** @throws MalformedError when it is out of place */
  async take (frame: BlobRequest): Promise<void> {
    const work = this.#take(frame)
    this.#work = work.catch(() => undefined)
    await work
  }

  async #take (frame: BlobRequest): Promise<void> {
    if (this.#isOver) return
    try {
      if (frame.type === 'put') await this.#begin(frame)
      else if (frame.type === 'node') await this.#node(frame.bytes)
      else if (frame.type === 'leaf') await this.#leaf(frame)
      else if (frame.type === 'release') await this.#release(frame.root)
      else throw new MalformedError('blob stream', 'must not ask while it brings')
    } catch (error) {
      await this.#fail(error)
    }
  }

  /** Whoever brings something else is told so: it may be its own disk that is damaged. */
  async #fail (error: unknown): Promise<void> {
    try {
      if (error instanceof MalformedError) {
        this.#parts.tally.traffic.malformed += 1
        await this.#refuse({ reason: 'malformed', limitBytes: 0, retryAfterMs: 0 })
      } else if (error instanceof StorageError) {
        await this.#refuse(outcomeRefusal('capacity', 0))
      } else {
        throw error
      }
    } catch (fault) {
      this.#channel.close()
      // Who is gone does not have to be told.
      if (!(fault instanceof UnreachableError)) throw fault
    }
  }

  async #begin (put: Put): Promise<void> {
    this.#requireFirst()
    const { root, blobBytes } = put
    const admitted = this.#admit(put)
    if ('reason' in admitted) {
      await this.#refuse(admitted)
      return
    }
    if (isLeafRoot(root) !== (blobBytes <= LEAF_BYTES)) throw new MalformedError('root of a blob', 'must be of a blob of this size')
    const claim = this.#parts.shelf.claim(root)
    if (claim === undefined) await this.#refuse(BEING_WRITTEN)
    else await this.#claimed(put, admitted.mailbox, claim)
  }

  async #claimed ({ root, blobBytes, readTag, ttlMs }: Put, mailbox: number, claim: Claim): Promise<void> {
    const { shelf, clock, config } = this.#parts
    try {
      const nowMs = clock.now()
      const untilMs = keptUntilMs({ ttlMs, keepMsMax: config().keepMsMax, nowMs })
      const outcome = await shelf.promise({ root, blobBytes, readTag, untilMs, nowMs, diskBytes: diskBytesOf(blobBytes), mailbox })
      if (outcome.type === 'refused') await this.#refuse(outcomeRefusal(outcome.reason, outcome.leftBytes))
      else await this.#promise({ claim, root, blobBytes, untilMs: outcome.untilMs })
    } finally {
      // Who goes on bringing lets go of it at the end.
      if (this.#bringing?.claim !== claim) claim.release()
    }
  }

  async #promise ({ root, blobBytes, untilMs, claim }: Pick<Bringing, 'root' | 'blobBytes' | 'untilMs' | 'claim'>): Promise<void> {
    const { shelf, clock } = this.#parts
    const sink = await shelf.open(root, blobBytes)
    const have = Uint8Array.from(sink.have)
    const missingCount = sink.leafCount - countLeaves(have)
    this.#bringing = { root, blobBytes, untilMs, claim, sink, tree: sink.hasTree ? undefined : sink.treeReader(), have, missingCount, nextIndex: 0, touchedAtMs: clock.monotonic() }
    claim.onGone = () => { this.#channel.close() }
    await this.#send({ type: 'promise', ...this.#sign('promise', this.#bringing), have, hasNodes: sink.hasTree })
    if (missingCount === 0) await this.#finish(this.#bringing)
  }

  #requireFirst (): void {
    if (this.#isBegun) throw new MalformedError('blob stream', 'must be opened once')
    this.#isBegun = true
  }

  async #node (bytes: Uint8Array): Promise<void> {
    const bringing = this.#requireBringing()
    if (bringing.tree === undefined) throw new MalformedError('node of a blob', 'must be one that is lacking')
    if (await bringing.tree.take(bytes)) bringing.tree = undefined
  }

  async #leaf ({ index, bytes }: Extract<BlobRequest, { readonly type: 'leaf' }>): Promise<void> {
    const bringing = this.#requireBringing()
    const { sink } = bringing
    if (bringing.tree !== undefined || index < bringing.nextIndex || index >= sink.leafCount || hasLeaf(bringing.have, index)) throw new MalformedError('leaf of a blob', 'must be one that is lacking, in rising order')
    await sink.write(index, bytes)
    bringing.nextIndex = index + 1
    bringing.have = withLeaf(bringing.have, index, true)
    bringing.missingCount -= 1
    this.#parts.tally.media.receivedBytes += bytes.byteLength
    this.#touch(bringing)
    await this.#send({ type: 'progress', leaves: sink.leafCount - bringing.missingCount })
    if (bringing.missingCount > 0) return
    await this.#finish(bringing)
    this.#parts.tally.media.stored += 1
  }

  #touch (bringing: Bringing): void {
    const { clock, shelf } = this.#parts
    if (clock.monotonic() - bringing.touchedAtMs < TOUCH_MS) return
    bringing.touchedAtMs = clock.monotonic()
    shelf.touch(bringing.root)
  }

  /** Flushed, then written down, then told. */
  async #finish (bringing: Bringing): Promise<void> {
    await bringing.sink.close()
    const isKept = await this.#parts.shelf.stored(bringing.root)
    await this.#letGo()
    if (!isKept) {
      await this.#refuse(outcomeRefusal('capacity', 0))
      return
    }
    this.#isOver = true
    await this.#send({ type: 'stored', ...this.#sign('stored', bringing) })
    this.#channel.close()
  }

  async #release (root: BlobRoot): Promise<void> {
    this.#requireFirst()
    const { reader, shelf, rates, tally } = this.#parts
    const waitMs = rates.draw(this.#channel.peerId)
    if (waitMs > 0) {
      await this.#refuse({ reason: 'rate', limitBytes: 0, retryAfterMs: waitMs })
      return
    }
    const mailbox = reader.mailboxOf(this.#channel.peerId)
    // What is not kept is released: who asks again, because the answer was lost, is answered alike.
    if (mailbox !== undefined && await shelf.release(mailbox.mailbox, root)) tally.media.released += 1
    await this.#send({ type: 'released' })
    this.#channel.close()
  }

  /** Looked up, and the MAC computed, only when nothing cheaper has refused. */
  #admit (put: Put): { readonly mailbox: number } | BlobRefusal {
    const { rates, config, isDraining, isStorageWell, spareBytes } = this.#parts
    const { isOn, blobBytesMax } = config()
    const door = isOn ? this.#doorOf(put) : undefined
    const refusal = admitBlob({
      isOffered: isOn,
      isVersionKnown: put.version === BLOB_VERSION,
      rateRetryMs: isOn ? rates.draw(this.#channel.peerId) : 0,
      isCrowded: this.#isCrowded,
      blobBytes: put.blobBytes,
      blobBytesMax,
      door,
      isDraining: isDraining(),
      isStorageWell: isStorageWell(),
      spareBytes: (spareBytes() ?? Infinity) - diskBytesOf(put.blobBytes)
    })
    return refusal ?? door ?? outcomeRefusal('malformed', 0)
  }

  #doorOf ({ alias, mac, root, blobBytes, readTag }: Put): Door | undefined {
    const { reader, clock } = this.#parts
    if (alias.byteLength === 0) {
      const own = reader.mailboxOf(this.#channel.peerId)
      return own === undefined ? undefined : { mailbox: own.mailbox, kind: 'own', isOpen: !own.isBlocked, isMacRight: mac.byteLength === 0 }
    }
    const found = reader.aliasOf(alias)
    const mailbox = found === undefined ? undefined : reader.mailbox(found.mailbox)
    if (found === undefined || mailbox === undefined) return undefined
    return {
      mailbox: mailbox.mailbox,
      kind: found.kind,
      isOpen: !mailbox.isBlocked && (found.expiresAtMs ?? Infinity) > clock.now(),
      get isMacRight () { return isMacOf(mac, found.macKey, blobPutMacInput({ root, blobBytes, readTag })) }
    }
  }

  #sign (kind: BlobWordKind, { root, blobBytes, untilMs }: Pick<Bringing, 'root' | 'blobBytes' | 'untilMs'>): { readonly keepUntilMs: number, readonly signature: Uint8Array } {
    return { keepUntilMs: untilMs, signature: this.#parts.signer.sign(blobWordInput(kind, { root, blobBytes, keepUntilMs: untilMs })) }
  }

  #requireBringing (): Bringing {
    if (this.#bringing === undefined) throw new MalformedError('blob stream', 'must be opened first')
    return this.#bringing
  }

  async #refuse (refusal: BlobRefusal): Promise<void> {
    this.#isOver = true
    this.#parts.tally.mediaRefused(refusal.reason)
    await this.#send({ type: 'refused', ...refusal })
    this.#channel.close()
  }

  /** Whoever is gone has not heard it, and asks again. */
  async #send (frame: BlobAnswer): Promise<void> { await this.#channel.send([encodeBlobAnswer(frame)]) }

  /** What has come stays for whoever goes on. @throws StorageError */
  async #letGo (): Promise<void> {
    const bringing = this.#bringing
    this.#bringing = undefined
    try {
      await bringing?.sink.close()
    } finally {
      bringing?.claim.release()
    }
  }

  async #whenClosed (): Promise<void> {
    await this.#channel.closed
    this.#isOver = true
    await this.#work
    try {
      await this.#letGo()
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
    }
  }
}
