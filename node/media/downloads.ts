/**
 * Blobs that are wanted here: some at a time, each tried again when it did not come, sooner when somebody who may have it shows up. Where it stands
 * is in the table `blobs`; what is lost with this process is found again there. Law: docs/protocols/media.md, "Notices" and "Transfer".
 */
import { failureWords } from '../../protocols/media/words.ts'
import { rootText, type BlobRoot } from '../../protocols/media/root.ts'
import { asError, StorageError } from '../../protocols/core/errors.ts'
import { DOWNLOAD_RETRY_MS_MAX, DOWNLOAD_RETRY_MS_MIN, DOWNLOADS_MAX, MISSING_NOTICE_MS, RETRY_JITTER } from '../../protocols/core/limits.ts'
import type { BlobFiles } from '../../store/blobs/blob-files.ts'
import type { Reader } from '../../store/reader.ts'
import type { Random, Timer, Clock } from '../ports.ts'
import { leafCount, queueBlobNotice, tellAttachments } from '../turn/media.ts'
import type { Turn } from '../turn/turn.ts'
import { Download, type DownloadEnd, type DownloadProgress } from './download.ts'
import { holdersOf, wantedOf, type HolderParts, type Wanted } from './holders.ts'
import { Slots } from './slots.ts'

export interface DownloadsParts extends HolderParts {
  readonly reader: Reader
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly blobs: BlobFiles
  /** All of it is here: what our relays keep of it is needed no more. */
  readonly onHere: (root: BlobRoot) => void
}

/** Where a blob that is wanted stands now. */
export type DownloadView =
  | { readonly at: 'waiting', readonly detail: string | undefined }
  | { readonly at: 'moving', readonly detail: undefined } & DownloadProgress

interface Entry {
  readonly root: BlobRoot
  /** Failures in a row since something came. */
  attempts: number
  /** Of the last failure. */
  detail: string | undefined
  progress: DownloadProgress | undefined
  download: Download | undefined
  timer: Timer | undefined
  /** It waits for its turn, or is at it: never twice at a time, since both would write the same files. */
  isBusy: boolean
  isDropped: boolean
  /** When the sender was asked to bring it again. */
  askedAtMs: number | undefined
}

/** What is written down of a transfer under way: for whoever reads the database after a crash. */
const NOTE_MS = 5_000

export class Downloads {
  readonly #parts: DownloadsParts
  readonly #entries = new Map<string, Entry>()
  readonly #slots = new Slots(DOWNLOADS_MAX)
  #isStarted = false

  constructor (parts: DownloadsParts) {
    this.#parts = parts
  }

  /** Takes up what is wanted from before. */
  start (): void {
    this.#isStarted = true
    for (const { root } of this.#parts.reader.blobs.inState('wanted')) this.want(root)
  }

  stop (): void {
    this.#isStarted = false
    for (const entry of this.#entries.values()) end(entry)
    this.#entries.clear()
  }

  /** Tries now, whatever was tried before. */
  want (root: BlobRoot): void {
    if (!this.#isStarted) return
    const key = rootText(root)
    const entry = this.#entries.get(key) ?? { root, attempts: 0, detail: undefined, progress: undefined, download: undefined, timer: undefined, isBusy: false, isDropped: false, askedAtMs: undefined }
    this.#entries.set(key, entry)
    entry.attempts = 0
    this.#begin(entry)
  }

  /** It is wanted no more. */
  drop (root: BlobRoot): void {
    const entry = this.#entries.get(rootText(root))
    if (entry === undefined) return
    end(entry)
    this.#entries.delete(rootText(root))
  }

  /** There is reason to believe that holders answer now: this peer, or everybody. */
  hint (peerId?: string): void {
    for (const entry of this.#entries.values()) {
      const holders = holdersOf(entry.root, this.#parts)
      const found = peerId === undefined ? undefined : holders.find(holder => holder.peerId === peerId)
      if (peerId !== undefined && found === undefined) continue
      if (found !== undefined) entry.download?.found(found)
      this.#begin(entry)
    }
  }

  view (root: BlobRoot): DownloadView | undefined {
    const entry = this.#entries.get(rootText(root))
    if (entry === undefined) return undefined
    return entry.download !== undefined && entry.progress !== undefined ? { at: 'moving', detail: undefined, ...entry.progress } : { at: 'waiting', detail: entry.detail }
  }

  #begin (entry: Entry): void {
    entry.timer?.cancel()
    if (entry.isBusy) return
    entry.isBusy = true
    void this.#run(entry)
  }

  async #run (entry: Entry): Promise<void> {
    const giveBack = await this.#slots.take()
    try {
      if (entry.isDropped || !this.#isStarted) return
      const wanted = wantedOf(entry.root, this.#parts.reader)
      if (wanted === undefined) { this.drop(entry.root); return }
      await this.#settle(entry, wanted, await this.#fetch(entry, wanted))
    } catch (thrown) {
      const error = asError(thrown)
      if (!(error instanceof StorageError)) throw error
      this.#rest(entry, error.message)
    } finally {
      entry.download = undefined
      entry.isBusy = false
      giveBack()
    }
  }

  async #fetch (entry: Entry, { attachment: { root, readKey, blobBytes } }: Wanted): Promise<DownloadEnd> {
    const { network, clock, random, blobs } = this.#parts
    const sink = await blobs.write(root, blobBytes)
    try {
      let notedAtMs = clock.monotonic()
      const download = new Download({
        network,
        clock,
        random,
        root,
        readKey,
        blobBytes,
        sink,
        holders: holdersOf(root, this.#parts),
        onProgress: progress => {
          entry.progress = progress
          entry.attempts = 0
          if (clock.monotonic() - notedAtMs < NOTE_MS) return
          notedAtMs = clock.monotonic()
          void this.#note(root, progress.leavesHeld)
        }
      })
      if (entry.isDropped) return { type: 'stopped' }
      entry.download = download
      return await download.run()
    } finally {
      await sink.close()
    }
  }

  async #settle (entry: Entry, wanted: Wanted, ending: DownloadEnd): Promise<void> {
    if (!this.#isStarted || entry.isDropped) return
    if (ending.type === 'done') await this.#here(entry, wanted)
    else if (ending.type === 'failed') await this.#failed(entry, wanted, ending)
    else if (ending.type === 'fault') this.#rest(entry, ending.fault.message)
  }

  async #here ({ root }: Entry, { contacts, attachment }: Wanted): Promise<void> {
    const { turn, blobs, onHere } = this.#parts
    await turn.write((writer, round) => {
      // It may have been deleted in the meantime.
      if (writer.read.blobs.byRoot(root)?.state === 'dropped') return
      writer.blobs.setState(root, 'here')
      writer.blobs.setHeld(root, leafCount(attachment.blobBytes))
      writer.blobs.touch(root, round.nowMs)
      for (const contact of contacts) queueBlobNotice(root, 'fetched', { contact, writer, round })
      tellAttachments(root, { writer, round })
    })
    this.#entries.delete(rootText(root))
    if (this.#parts.reader.blobs.byRoot(root)?.state === 'dropped') await blobs.remove(root)
    else onHere(root)
  }

  async #failed (entry: Entry, { contacts }: Wanted, { code, isMissed }: Extract<DownloadEnd, { type: 'failed' }>): Promise<void> {
    const { turn, clock } = this.#parts
    const detail = failureWords(code)
    const isNews = detail !== entry.detail
    // Who is not there cannot be asked, and who brought something will bring the rest.
    const isAsked = isMissed && (code === 'NOT_FOUND' || code === 'NO_PROVIDERS') && clock.now() - (entry.askedAtMs ?? -Infinity) >= MISSING_NOTICE_MS
    if (isAsked) entry.askedAtMs = clock.now()
    this.#rest(entry, detail)
    if (!isNews && !isAsked) return
    await turn.write((writer, round) => {
      if (writer.read.blobs.byRoot(entry.root)?.state !== 'wanted') return
      writer.blobs.setState(entry.root, 'wanted', detail)
      if (isAsked) for (const contact of contacts) queueBlobNotice(entry.root, 'missing', { contact, writer, round })
      tellAttachments(entry.root, { writer, round })
    })
  }

  #rest (entry: Entry, detail: string): void {
    const { clock, random } = this.#parts
    if (!this.#isStarted || entry.isDropped) return
    entry.detail = detail
    entry.progress = undefined
    entry.attempts += 1
    const delayMs = Math.min(DOWNLOAD_RETRY_MS_MAX, DOWNLOAD_RETRY_MS_MIN * 2 ** Math.min(entry.attempts - 1, 20))
    entry.timer?.cancel()
    entry.timer = clock.timer(delayMs * (1 + RETRY_JITTER * (2 * random.fraction() - 1)), () => { this.#begin(entry) })
  }

  async #note (root: BlobRoot, leaves: number): Promise<void> {
    try {
      await this.#parts.turn.write(writer => { writer.blobs.setHeld(root, leaves) })
    } catch (error) {
      // It is on the disk beside the database anyway, and counted there.
      if (this.#isStarted && !(error instanceof StorageError)) throw error
    }
  }
}

function end (entry: Entry): void {
  entry.isDropped = true
  entry.timer?.cancel()
  entry.download?.stop()
}
