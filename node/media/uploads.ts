/**
 * Own blobs on their way to those to whom they were sent: one upload for each recipient, until it has said that it has it. Where it stands is in
 * `blob_recipients` and `blob_copies`; what is lost with this process is found again there. Law: docs/protocols/media.md, "Notices" and "Transfer".
 */
import { blobPutMacInput, isBlobWordSigned, readTagOf } from '../../protocols/media/proof.ts'
import { countLeaves } from '../../protocols/media/leaves.ts'
import { rootText, type BlobRoot } from '../../protocols/media/root.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import { StorageError } from '../../protocols/core/errors.ts'
import { DELIVERY_LIFETIME_MS, PUTS_MAX, RESEED_MS_MIN } from '../../protocols/core/limits.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { BlobFiles } from '../../store/blobs/blob-files.ts'
import type { Reader } from '../../store/reader.ts'
import type { BlobCopy } from '../../store/types.ts'
import type { Destinations } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network, Random } from '../ports.ts'
import { leafCount, queueBlobNotice, tellAttachments } from '../turn/media.ts'
import type { Turn } from '../turn/turn.ts'
import { Slots } from './slots.ts'
import { Upload, type UploadPlace, type UploadProgress } from './upload.ts'

export interface UploadsParts {
  readonly reader: Reader
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly directory: Directory
  readonly destinations: Destinations
  readonly account: OwnAccount
  readonly blobs: BlobFiles
  readonly macOf: (key: Uint8Array, input: Uint8Array) => Uint8Array
  /** Our relay keeps a blob that is needed no more. */
  readonly release: (relay: string, root: BlobRoot) => void
}

interface Entry {
  readonly root: BlobRoot
  readonly contact: number
  readonly upload: Upload
  readonly blobBytes: number
}

export class Uploads {
  readonly #parts: UploadsParts
  readonly #entries = new Map<string, Entry>()
  /** When somebody said last that nobody has it. */
  readonly #reseededAtMs = new Map<string, number>()
  readonly #slots = new Slots(PUTS_MAX)
  #isStarted = false

  constructor (parts: UploadsParts) {
    this.#parts = parts
  }

  /** Takes up what nobody has fetched yet. What was sent so long ago that its message has expired is left alone. */
  start (): void {
    this.#isStarted = true
    const { reader, clock } = this.#parts
    for (const { root, contact, addedAtMs } of reader.blobs.unfetched()) {
      if (addedAtMs + DELIVERY_LIFETIME_MS > clock.now()) this.offer(root, contact)
    }
  }

  stop (): void {
    this.#isStarted = false
    for (const { upload } of this.#entries.values()) upload.stop()
    this.#entries.clear()
  }

  /** It was sent to this contact. */
  offer (root: BlobRoot, contact: number): void {
    if (this.#isStarted && !this.#entries.has(keyOf(root, contact))) this.#begin(root, contact, this.#parts.reader.blobCopies.ofBlob(root))
  }

  /** The contact has all of it. */
  fetched (root: BlobRoot, contact: number): void {
    this.#end(root, contact)
    this.#releaseOwn(root)
  }

  /** Nobody has it any more, says the contact: it is brought again, or it is said that it is gone. */
  async missing (root: BlobRoot, contact: number): Promise<void> {
    const { turn, clock } = this.#parts
    const key = keyOf(root, contact)
    if (clock.now() - (this.#reseededAtMs.get(key) ?? -Infinity) < RESEED_MS_MIN) return
    this.#reseededAtMs.set(key, clock.now())
    if (await this.#isHere(root)) {
      // Whatever relays have signed for: they are asked what they have, and lack.
      this.#end(root, contact)
      if (this.#isStarted) this.#begin(root, contact, [])
      return
    }
    await turn.write((writer, round) => {
      if (writer.read.blobs.byRoot(root)?.state === 'here') writer.blobs.setState(root, 'gone', 'its files are not on this machine any more')
      queueBlobNotice(root, 'gone', { contact, writer, round })
      tellAttachments(root, { writer, round })
    })
  }

  /** No message points to it any more. */
  drop (root: BlobRoot): void {
    for (const entry of [...this.#entries.values()]) if (rootText(entry.root) === rootText(root)) this.#end(root, entry.contact)
    this.#releaseOwn(root)
  }

  /** A contact's relays, or what we know of them, may be others now. */
  replan (contact: number): void {
    for (const { root, contact: other } of [...this.#entries.values()]) {
      if (other !== contact) continue
      this.#end(root, contact)
      this.offer(root, contact)
    }
  }

  hint (): void { for (const { upload } of this.#entries.values()) upload.hint() }

  /** undefined: nothing is to be brought to that contact. */
  progress (root: BlobRoot, contact: number): UploadProgress | undefined { return this.#entries.get(keyOf(root, contact))?.upload.progress }

  #begin (root: BlobRoot, contact: number, copies: readonly BlobCopy[]): void {
    const { reader, network, clock, random, blobs } = this.#parts
    const attachment = reader.attachments.ofBlob(root)[0]?.attachment
    if (attachment === undefined) return
    const places = this.#placesOf(attachment, contact, copies)
    const sentAtMs = reader.blobs.recipients(root).find(recipient => recipient.contact === contact)?.addedAtMs ?? clock.now()
    const upload = new Upload({
      network,
      clock,
      random,
      places,
      slots: this.#slots,
      leafCount: leafCount(attachment.blobBytes),
      untilMs: sentAtMs + DELIVERY_LIFETIME_MS,
      open: async () => {
        const source = await blobs.read(root)
        if (source === undefined) throw new StorageError('the blob is not on the disk any more', 'What it was made of may still be: send it again.')
        return { ...source, [Symbol.asyncDispose]: async () => { await source.close() } }
      },
      isSigned: (relay, kind, { keepUntilMs, signature }) => {
        const key = networkKeyOf(relay)
        return key !== undefined && isBlobWordSigned(kind, { root, blobBytes: attachment.blobBytes, keepUntilMs }, { signature, publicKey: key })
      },
      keep: async (relay, copy) => { await this.#keep({ root, contact, relay, ...copy }) },
      onFault: fault => { void this.#lost(root, contact, fault) }
    })
    this.#entries.set(keyOf(root, contact), { root, contact, upload, blobBytes: attachment.blobBytes })
    upload.start()
  }

  /** What the database says is looked at: somebody may have tidied the folder. */
  async #isHere (root: BlobRoot): Promise<boolean> {
    const { reader, blobs } = this.#parts
    if (reader.blobs.byRoot(root)?.state !== 'here') return false
    const found = await blobs.read(root)
    await found?.close()
    return found !== undefined && countLeaves(found.have) === found.leafCount
  }

  #end (root: BlobRoot, contact: number): void {
    this.#entries.get(keyOf(root, contact))?.upload.stop()
    this.#entries.delete(keyOf(root, contact))
  }

  /** The recipient's relays by our doors there, and our own, where we need none. */
  #placesOf ({ root, blobBytes, readKey }: Attachment, contact: number, copies: readonly BlobCopy[]): UploadPlace[] {
    const { directory, destinations, account, macOf } = this.#parts
    const readTag = readTagOf(readKey)
    const known = new Map(copies.filter(copy => copy.contact === contact).map(copy => [copy.relay, copy]))
    const [device] = directory.contact(contact)?.devices ?? []
    // All devices of an account have their mailboxes at the same relays, and a blob is there for all of them.
    const theirs = device === undefined ? [] : destinations.of({ contact, deviceId: device.deviceId, gateToken: undefined })
    const fields = { root, blobBytes, readTag, ttlMs: DELIVERY_LIFETIME_MS }
    return [
      ...theirs.map(({ relay, door: { alias, macKey } }) => ({ target: relay, isOwn: false, copy: known.get(relay.peerId), door: { ...fields, alias, mac: macOf(macKey, blobPutMacInput(fields)) } })),
      ...account.relays.map(relay => ({ target: relay, isOwn: true, copy: known.get(relay.peerId), door: { ...fields, alias: EMPTY, mac: EMPTY } }))
    ]
  }

  async #keep (copy: BlobCopy): Promise<void> {
    const { turn, reader } = this.#parts
    const before = reader.blobCopies.ofBlob(copy.root).find(({ contact, relay }) => contact === copy.contact && relay === copy.relay)
    if (!this.#isStarted) return
    await turn.write((writer, round) => {
      if (writer.read.attachments.ofBlob(copy.root).length === 0) return
      writer.blobCopies.put(copy)
      if (before?.state !== copy.state || before.detail !== copy.detail) tellAttachments(copy.root, { writer, round })
    })
  }

  /** The recipient may have part of it, and will be told when it asks for the rest. */
  async #lost (root: BlobRoot, contact: number, fault: StorageError): Promise<void> {
    this.#end(root, contact)
    if (!this.#isStarted) return
    await this.#parts.turn.write((writer, round) => {
      if (writer.read.blobs.byRoot(root)?.state !== 'here') return
      writer.blobs.setState(root, 'gone', fault.message)
      tellAttachments(root, { writer, round })
    })
  }

  /** What lies at our own relays counts against our own share there. */
  #releaseOwn (root: BlobRoot): void {
    const { account, reader, release } = this.#parts
    const open = [...this.#entries.values()].some(entry => rootText(entry.root) === rootText(root))
    if (open) return
    const stored = new Set(reader.blobCopies.ofBlob(root).filter(({ state }) => state === 'stored').map(({ relay }) => relay))
    for (const { peerId } of account.relays) if (stored.has(peerId)) release(peerId, root)
  }
}

const EMPTY = new Uint8Array(0)

function keyOf (root: BlobRoot, contact: number): string { return `${rootText(root)} ${contact}` }
