/** Moves blobs: what was sent to those who are to have it, what is wanted here, and what is here to those who ask. Law: docs/protocols/media.md. */
import { isFetchedAtOnce, type DownloadPolicy } from '../../protocols/media/download-policy.ts'
import type { BlobRoot } from '../../protocols/media/root.ts'
import { MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { StoredBlobReader } from '../../store/blobs/blob-files.ts'
import type { BlobsTold } from '../turn/blobs-told.ts'
import { Downloads, type DownloadsParts, type DownloadView } from './downloads.ts'
import type { BlobMover, MediaOffer } from './ports.ts'
import { releaseBlob } from './release.ts'
import { askOffers } from './offers.ts'
import { serveBlobs } from './serve.ts'
import { Uploads, type UploadsParts } from './uploads.ts'
import type { UploadProgress } from './upload.ts'

export interface MoverParts extends Omit<DownloadsParts, 'onHere'>, Omit<UploadsParts, 'release'> {
  readonly policy: () => DownloadPolicy
  /** Whether two secrets are the same, in a time that does not tell how far they are. */
  readonly isSame: (left: Uint8Array, right: Uint8Array) => boolean
}

/** How a blob fares now. */
export interface TransferView {
  readonly download: DownloadView | undefined
  /** By contact. */
  readonly uploads: ReadonlyArray<{ readonly contact: number, readonly progress: UploadProgress }>
}

export class Mover implements BlobMover {
  readonly #parts: MoverParts
  readonly #downloads: Downloads
  readonly #uploads: Uploads
  #isStarted = false

  /** Serves from here on; what comes is answered as soon as the network is started. */
  constructor (parts: MoverParts) {
    this.#parts = parts
    const release = (relay: string, root: BlobRoot): void => { void this.#release(relay, root) }
    this.#downloads = new Downloads({ ...parts, onHere: root => { for (const { peerId } of parts.account.relays) release(peerId, root) } })
    this.#uploads = new Uploads({ ...parts, release })
    serveBlobs({ network: parts.network, clock: parts.clock, find: async (root, readKey) => await this.#find(root, readKey) })
  }

  /** Takes up what is under way. The network has to be started already. */
  start (): void {
    this.#isStarted = true
    for (const { root } of this.#parts.reader.blobs.inState('dropped')) void this.#drop(root)
    this.#uploads.start()
    this.#downloads.start()
  }

  stop (): void {
    this.#isStarted = false
    this.#downloads.stop()
    this.#uploads.stop()
  }

  told ({ offered, arrived, noticed, dropped }: BlobsTold): void {
    if (!this.#isStarted) return
    for (const root of dropped) void this.#drop(root)
    for (const { root, contact } of offered) this.#uploads.offer(root, contact)
    const wanted = arrived.filter(({ contact, attachment }) => this.#isWanted(contact, attachment)).map(({ root }) => root)
    if (wanted.length > 0) void this.#fetch(wanted)
    for (const { root, contact, kind } of noticed) {
      if (kind === 'fetched') this.#uploads.fetched(root, contact)
      else if (kind === 'missing') void this.#unlessStorage(this.#uploads.missing(root, contact))
      else this.#downloads.drop(root)
    }
  }

  want (root: BlobRoot): void { this.#downloads.want(root) }

  async offers (contact: number, blobBytes: number): Promise<readonly MediaOffer[]> { return await askOffers(contact, blobBytes, this.#parts) }

  /** A peer has shown up; undefined: we have, somewhere else. */
  hint (peerId?: string): void {
    if (!this.#isStarted) return
    this.#downloads.hint(peerId)
    if (peerId === undefined) this.#uploads.hint()
  }

  /** A contact's relays may be others now. */
  replan (contact: number): void { if (this.#isStarted) this.#uploads.replan(contact) }

  view (root: BlobRoot): TransferView {
    const uploads = this.#parts.reader.blobs.recipients(root).flatMap(({ contact }) => {
      const progress = this.#uploads.progress(root, contact)
      return progress === undefined ? [] : [{ contact, progress }]
    })
    return { download: this.#downloads.view(root), uploads }
  }

  #isWanted (contact: number, { blobBytes, isVoice }: Attachment): boolean {
    const known = this.#parts.reader.contacts.byNumber(contact)
    if (known === undefined) return false
    return isFetchedAtOnce({ blobBytes, isVoice, isContact: known.standing === 'accepted', isVerified: known.verifiedEpoch === known.epoch && !known.isKeyChanged }, this.#parts.policy())
  }

  async #fetch (roots: readonly BlobRoot[]): Promise<void> {
    await this.#unlessStorage(this.#parts.turn.write(writer => {
      for (const root of roots) if (writer.read.blobs.byRoot(root)?.state === 'known') writer.blobs.setState(root, 'wanted')
    }))
    for (const root of roots) if (this.#parts.reader.blobs.byRoot(root)?.state === 'wanted') this.#downloads.want(root)
  }

  /** Relays first, then the files, then the row: what is interrupted is found again by its row. */
  async #drop (root: BlobRoot): Promise<void> {
    const { blobs, turn, reader } = this.#parts
    this.#downloads.drop(root)
    this.#uploads.drop(root)
    await this.#unlessStorage((async () => {
      if (reader.blobs.byRoot(root)?.state !== 'dropped') return
      await blobs.remove(root)
      await turn.write(writer => {
        if (writer.read.blobs.byRoot(root)?.state !== 'dropped') return
        writer.blobCopies.removeOf(root)
        writer.blobs.remove(root)
      })
    })())
  }

  /** For whoever shows the read key, as some message that we have says it. */
  async #find (root: BlobRoot, readKey: Uint8Array): Promise<StoredBlobReader | undefined> {
    const { reader, blobs, isSame } = this.#parts
    const isShown = reader.attachments.ofBlob(root).some(({ attachment }) => isSame(attachment.readKey, readKey))
    return isShown && reader.blobs.byRoot(root)?.state !== 'dropped' ? await blobs.read(root) : undefined
  }

  /** Once: what is not given back now runs out by itself. */
  async #release (relay: string, root: BlobRoot): Promise<void> {
    const { account, network, clock } = this.#parts
    const target = account.relays.find(({ peerId }) => peerId === relay)
    if (target === undefined) return
    try {
      await releaseBlob(root, target, { network, clock })
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
    }
  }

  /** What cannot be written now stands there as it was, and is taken up at the next start. A node that has stopped writes nothing more. */
  async #unlessStorage (work: Promise<unknown>): Promise<void> {
    try {
      await work
    } catch (error) {
      if (this.#isStarted && !(error instanceof StorageError)) throw error
    }
  }
}
