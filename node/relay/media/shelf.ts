/**
 * The blobs that a relay keeps: files on one side, rows that say for whom and until when on the other, kept in step so that a crash between the two
 * is harmless. A row is durable before its first byte is written; a file goes after its row is durably gone; what a crash leaves is found at the
 * start. Law: docs/protocols/media.md, "Transfer".
 */
import { timingSafeEqual } from 'node:crypto'
import { asError, StorageError } from '../../../protocols/core/errors.ts'
import { readTagOf } from '../../../protocols/media/proof.ts'
import { rootText, type BlobRoot } from '../../../protocols/media/root.ts'
import type { BlobFiles, BlobSink, StoredBlobReader } from '../../../store/blobs/blob-files.ts'
import type { BlobOutcome, BlobPut, KeptBlob } from '../../../store/relay/blob-types.ts'
import type { RelayStore } from '../../../store/relay/types.ts'
import type { Clock } from '../../ports.ts'
import type { MediaConfig } from '../config.ts'
import type { Scribe } from '../scribe.ts'
import type { Tally } from '../tally.ts'

export interface ShelfParts {
  readonly files: BlobFiles
  readonly store: RelayStore
  readonly scribe: Scribe
  readonly clock: Clock
  readonly tally: Tally
  readonly config: () => MediaConfig
}

/** Somebody brings a blob, or removes it: nobody else does meanwhile. */
export interface Claim {
  /** Told when the blob is not kept any more: what comes now is for nothing. */
  onGone: (() => void) | undefined
  /** Idempotent. */
  readonly release: () => void
}

/** What nobody finishes for so long goes: docs/protocols/media.md. */
const UNFINISHED_MS = 24 * 3_600_000
/** Rows of one transaction of the housekeeping, and rows looked at at once at the start. */
const ROWS_MAX = 64
const WALK_ROWS = 256

export class Shelf {
  readonly #parts: ShelfParts
  readonly #claims = new Map<string, { readonly claim: Claim, readonly ended: Promise<undefined> }>()
  /** Put off while somebody brings it. */
  readonly #doomed = new Set<Promise<void>>()
  #isStopped = false

  constructor (parts: ShelfParts) {
    this.#parts = parts
  }

  /** undefined: somebody else has it. */
  claim (root: BlobRoot): Claim | undefined {
    const name = rootText(root)
    if (this.#claims.has(name)) return undefined
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const claim: Claim = {
      onGone: undefined,
      release: () => {
        if (this.#claims.get(name)?.claim === claim) this.#claims.delete(name)
        resolve(undefined)
      }
    }
    this.#claims.set(name, { claim, ended: promise })
    return claim
  }

  /** Nobody has it any more. */
  async whenFree (root: BlobRoot): Promise<void> { await this.#claims.get(rootText(root))?.ended }

  /** Durable when it resolves: it may be promised then. @throws StorageError */
  async promise (put: BlobPut): Promise<BlobOutcome> {
    const { mailboxBytesMax, capBytes } = this.#parts.config()
    return await this.#parts.scribe.write(writer => writer.blobs.put(put, { mailboxBytesMax, capBytes }))
  }

  /** For whoever has the claim. @throws StorageError */
  async open (root: BlobRoot, blobBytes: number): Promise<BlobSink> { return await this.#parts.files.write(root, blobBytes) }

  /** Something of it has come. */
  touch (root: BlobRoot): void {
    const { scribe, clock } = this.#parts
    void this.#quietly(scribe.write(writer => { writer.blobs.touch(root, clock.now()) }))
  }

  /** All of it is in its file, durably; whether it is still kept. @throws StorageError */
  async stored (root: BlobRoot): Promise<boolean> { return await this.#parts.scribe.write(writer => writer.blobs.stored(root)) }

  /** undefined: it is not here, or the key is another one; nobody may tell which. @throws StorageError */
  async read (root: BlobRoot, readKey: Uint8Array): Promise<StoredBlobReader | undefined> {
    const kept = this.#parts.store.read.blobs.blob(root)
    if (kept === undefined || !kept.isReadable || !timingSafeEqual(kept.readTag, readTagOf(readKey))) return undefined
    return await this.#readKept(kept)
  }

  /** Those that open with this key. */
  ofKey (readKey: Uint8Array): readonly KeptBlob[] { return this.#parts.store.read.blobs.ofTag(readTagOf(readKey)).filter(({ isReadable }) => isReadable) }

  /** Of a blob whose key was shown before. @throws StorageError */
  async readShown (root: BlobRoot): Promise<StoredBlobReader | undefined> {
    const kept = this.#parts.store.read.blobs.blob(root)
    return kept?.isReadable === true ? await this.#readKept(kept) : undefined
  }

  /** Whether there was a reference. @throws StorageError */
  async release (mailbox: number, root: BlobRoot): Promise<boolean> {
    const { wasKept, isGone } = await this.#parts.scribe.write(writer => writer.blobs.release(mailbox, root))
    if (isGone) this.#forget([root])
    return wasKept
  }

  /** Everything that can go; resolves when it is gone. @throws StorageError */
  async tidy (): Promise<number> {
    const { scribe, clock, tally } = this.#parts
    let expired = 0
    for (let hasMore = true; hasMore && !this.#isStopped;) {
      const nowMs = clock.now()
      const found = await scribe.write(writer => writer.blobs.expire(nowMs, nowMs - UNFINISHED_MS, ROWS_MAX))
      expired += found.expired
      tally.media.expired += found.expired
      this.#forget(found.gone)
      hasMore = found.rows >= ROWS_MAX
    }
    await Promise.all(this.#doomed)
    return expired
  }

  /** What the last run left half done: files that no row names, files that nobody has said are whole, rows whose file is lost. @throws StorageError */
  async reconcile (): Promise<void> {
    const { files, store } = this.#parts
    for (const root of await files.sweep()) {
      if (this.#isStopped) return
      if (store.read.blobs.blob(root) === undefined) await this.#removeFile(root)
    }
    let after: Uint8Array = new Uint8Array(0)
    for (let rows = store.read.blobs.after(after, WALK_ROWS); rows.length > 0 && !this.#isStopped; rows = store.read.blobs.after(after, WALK_ROWS)) {
      for (const kept of rows) await this.#compare(kept)
      after = rows.at(-1)?.root ?? after
    }
  }

  async stop (): Promise<void> {
    this.#isStopped = true
    for (const { claim } of [...this.#claims.values()]) claim.onGone?.()
    await Promise.all([...this.#claims.values()].map(({ ended }) => ended))
    await Promise.all(this.#doomed)
  }

  async #compare ({ root, isStored }: KeptBlob): Promise<void> {
    const isWhole = await this.#parts.files.isWhole(root)
    if (isWhole === isStored) return
    const claim = this.claim(root)
    // Who brings it at this moment says it himself.
    if (claim === undefined) return
    try {
      if (isWhole) await this.stored(root)
      else await this.#lost(root)
    } finally {
      claim.release()
    }
  }

  async #readKept ({ root, isStored }: KeptBlob): Promise<StoredBlobReader | undefined> {
    const found = await this.#parts.files.read(root)
    if (found === undefined && isStored) await this.#lost(root)
    return found
  }

  /** What is not there any more is not promised any longer: whoever brings it again is welcome. */
  async #lost (root: BlobRoot): Promise<void> {
    this.#parts.tally.media.lost += 1
    await this.#parts.scribe.write(writer => { writer.blobs.remove(root) })
  }

  /** Their rows are durably gone. */
  #forget (roots: readonly BlobRoot[]): void {
    for (const root of roots) {
      const removal = this.#quietly(this.#removeFile(root))
      this.#doomed.add(removal)
      void removal.finally(() => { this.#doomed.delete(removal) })
    }
  }

  async #removeFile (root: BlobRoot): Promise<void> {
    for (let claim = this.claim(root); ; claim = this.claim(root)) {
      if (claim === undefined) {
        this.#claims.get(rootText(root))?.claim.onGone?.()
        await this.whenFree(root)
        continue
      }
      try {
        // Somebody may have brought it again meanwhile.
        if (this.#parts.store.read.blobs.blob(root) === undefined) await this.#parts.files.remove(root)
      } finally {
        claim.release()
      }
      return
    }
  }

  /** The disk's trouble is told by the scribe; files that stay are found at the next start. */
  async #quietly (work: Promise<void>): Promise<void> {
    try {
      await work
    } catch (thrown) {
      if (!(asError(thrown) instanceof StorageError)) throw thrown
    }
  }
}
