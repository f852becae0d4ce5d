/**
 * Takes files in: looks at them, removes what they tell besides the picture, encrypts them into blobs, and keeps these until they are sent with a
 * message. What is taken needs its source no longer; what is dropped leaves nothing. One at a time: the disk is one. Law: docs/protocols/media.md.
 */
import { open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { NotFoundError, RefusedError, SkeinError, EXIT } from '../../protocols/core/errors.ts'
import { ATTACHMENT_NAME_BYTES_MAX, READ_KEY_BYTES } from '../../protocols/core/limits.ts'
import { cutToBytes } from '../../protocols/core/text.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { BlobDraft, BlobFiles } from '../../store/blobs/blob-files.ts'
import { codeOf, fileFault } from '../../store/faults.ts'
import { makeFolderDurably } from '../../store/files.ts'
import type { Clock, Random, Timer } from '../ports.ts'
import { Encryption, markOf, type Encrypted } from './encryption.ts'
import type { Inspection, Inspector } from './inspect/inspection.ts'

/** Whoever asked for it and went away: nobody asks so rarely who waits for it. */
const UNUSED_MS = 10 * 60_000
/** Files that wait to be sent, at most: sixteen messages full. */
const TAKES_MAX = 256

export interface DeskParts {
  readonly blobs: BlobFiles
  readonly inspector: Inspector
  readonly clock: Clock
  readonly random: Random
  /** For copies without metadata: ours alone, and emptied at the start. */
  readonly spool: string
}

export interface TakeRequest {
  /** Absolute. */
  readonly path: string
  /** Instead of the last part of the path. */
  readonly name: string | undefined
  /** As it is, with all that it tells. */
  readonly isOriginal: boolean
}

/** How far a file is. */
export interface TakeProgress {
  readonly bytesDone: number
  /** 0: not known yet. */
  readonly bytes: number
  /** What was removed, and what the file may still tell; in words. */
  readonly notes: readonly string[]
  readonly attachment: Attachment | undefined
}

interface Take {
  readonly controller: AbortController
  readonly done: Promise<Attachment>
  bytesDone: number
  bytes: number
  readonly notes: string[]
  attachment: Attachment | undefined
  timer: Timer | undefined
  /** A message has it: its blob is the database's. */
  isSent: boolean
}

export class FileDesk {
  readonly #parts: DeskParts
  readonly #takes = new Map<string, Take>()
  #queue: Promise<unknown> = Promise.resolve()

  constructor (parts: DeskParts) {
    this.#parts = parts
  }

  /** What a run that was cut short has left of copies is removed. */
  async start (): Promise<void> {
    await rm(this.#parts.spool, { recursive: true, force: true })
    makeFolderDurably(this.#parts.spool)
  }

  /** Begins. The name of it is for whoever asks how far it is. */
  take (request: TakeRequest): string {
    if (this.#takes.size >= TAKES_MAX) throw new RefusedError('too many files wait to be sent', 'Send or drop some of them.')
    const id = Buffer.from(this.#parts.random.bytes(16)).toString('hex')
    const controller = new AbortController()
    const take: Take = { controller, done: this.#after(() => this.#make(take, request)), bytesDone: 0, bytes: 0, notes: [], attachment: undefined, timer: undefined, isSent: false }
    // It is looked at by whoever asks; nobody may.
    take.done.catch(() => {})
    this.#takes.set(id, take)
    this.#touch(id, take)
    return id
  }

  /** Comes back when it is done, or after `waitMs`. @throws what went wrong, once it did */
  async progress (id: string, waitMs: number): Promise<TakeProgress> {
    const take = this.#takeOf(id)
    this.#touch(id, take)
    await this.#within(waitMs, take.done)
    const { bytesDone, bytes, notes, attachment } = take
    return { bytesDone, bytes, notes, attachment }
  }

  /** When all of it is a blob on the disk. */
  async attachment (id: string): Promise<Attachment> {
    const take = this.#takeOf(id)
    this.#touch(id, take)
    return await take.done
  }

  /** A message that has it is durable. */
  sent (ids: readonly string[]): void {
    for (const id of ids) {
      const take = this.#takes.get(id)
      if (take === undefined) continue
      take.isSent = true
      take.timer?.cancel()
      this.#takes.delete(id)
    }
  }

  /** Nothing of it remains. */
  async drop (id: string): Promise<void> {
    const take = this.#takes.get(id)
    if (take === undefined) return
    this.#takes.delete(id)
    take.timer?.cancel()
    take.controller.abort(dropped())
    const attachment = await take.done.catch(() => undefined)
    if (attachment !== undefined && !take.isSent) await this.#parts.blobs.remove(attachment.root)
  }

  async stop (): Promise<void> {
    for (const id of [...this.#takes.keys()]) await this.drop(id)
  }

  #takeOf (id: string): Take {
    const take = this.#takes.get(id)
    if (take === undefined) throw new NotFoundError('this file is not taken in', 'It was dropped, or the node has been restarted. Take it again.')
    return take
  }

  #touch (id: string, take: Take): void {
    take.timer?.cancel()
    take.timer = this.#parts.clock.timer(UNUSED_MS, () => { void this.drop(id) })
  }

  async #after (work: () => Promise<Attachment>): Promise<Attachment> {
    const before = this.#queue
    const { promise, resolve } = Promise.withResolvers<undefined>()
    this.#queue = promise
    try {
      await before
      return await work()
    } finally {
      resolve(undefined)
    }
  }

  async #within (waitMs: number, done: Promise<unknown>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const timer = this.#parts.clock.timer(waitMs, () => resolve(undefined))
    try {
      await Promise.race([done, promise])
    } finally {
      timer.cancel()
    }
  }

  async #make (take: Take, { path, name, isOriginal }: TakeRequest): Promise<Attachment> {
    const copy = join(this.#parts.spool, Buffer.from(this.#parts.random.bytes(8)).toString('hex'))
    try {
      const source = isOriginal ? path : await this.#withoutMetadata(take, path, copy)
      take.controller.signal.throwIfAborted()
      const inspection = await this.#parts.inspector.inspect(source, take.controller.signal.aborted ? {} : { signal: take.controller.signal })
      const encrypted = await this.#encrypt(take, source)
      take.attachment = this.#attachmentOf(encrypted, inspection, name ?? basename(path))
      return take.attachment
    } finally {
      await rm(copy, { force: true })
    }
  }

  /** Of what cannot be stripped the person decides; of what was stripped the copy is sent. */
  async #withoutMetadata (take: Take, path: string, copy: string): Promise<string> {
    const result = await this.#parts.inspector.strip(path, copy, { signal: take.controller.signal })
    switch (result.at) {
      case 'stripped':
        take.notes.push(`removed: ${result.removed.join(', ')}`)
        return copy
      case 'refused':
        throw new RefusedError(result.risk, 'Nothing was sent. Send it as it is with --original, if you want that.')
      case 'kept':
        if (result.mayCarry !== undefined) take.notes.push(result.mayCarry)
        return path
      case 'clean':
        return path
    }
  }

  async #encrypt (take: Take, path: string): Promise<Encrypted & Pick<Attachment, 'root'>> {
    const { blobs, random } = this.#parts
    await using file = await openSource(path)
    const encryption = Encryption.begin(file, await markOf(file), random)
    take.bytes = encryption.source.bytes
    const draft = await blobs.draft()
    try {
      await writeLeaves(encryption, draft, leafBytes => {
        take.controller.signal.throwIfAborted()
        take.bytesDone = Math.min(take.bytes, take.bytesDone + leafBytes)
      })
      const encrypted = await encryption.finish()
      const root = await draft.finish()
      if (!take.controller.signal.aborted) return { ...encrypted, root }
      await blobs.remove(root)
      throw dropped()
    } finally {
      await draft.abandon()
    }
  }

  #attachmentOf ({ root, key, sha256, bytes, blobBytes }: Encrypted & Pick<Attachment, 'root'>, inspection: Inspection, name: string): Attachment {
    const { type, width, height, durationMs, thumbhash, thumbnail, isVoice } = inspection
    return {
      root,
      key,
      readKey: this.#parts.random.bytes(READ_KEY_BYTES),
      bytes,
      blobBytes,
      sha256,
      // As its owner calls it: whoever shows it or writes it to a disk makes it safe.
      name: cutToBytes(name.toWellFormed(), ATTACHMENT_NAME_BYTES_MAX),
      type,
      width,
      height,
      durationMs,
      thumbhash: thumbhash ?? NOTHING,
      thumbnail: thumbnail ?? NOTHING,
      isVoice,
      keepUntilMs: 0,
      holders: []
    }
  }
}

/** One leaf is written and hashed while the next one is encrypted: two cores work, and two leaves are in memory. */
export async function writeLeaves (encryption: Encryption, draft: Pick<BlobDraft, 'append'>, onLeaf: (leafBytes: number) => void): Promise<void> {
  let writing = Promise.resolve()
  try {
    for (let leaf = await encryption.next(); leaf !== undefined; leaf = await encryption.next()) {
      await writing
      onLeaf(leaf.byteLength)
      writing = draft.append(leaf)
      // Looked at before the next one, or below.
      writing.catch(() => {})
    }
    await writing
  } finally {
    // Whoever gives up removes the file: not under the hands of a write.
    await Promise.allSettled([writing])
  }
}

const NOTHING: Uint8Array = new Uint8Array(0)

async function openSource (path: string): Promise<Awaited<ReturnType<typeof open>>> {
  try {
    return await open(path, 'r')
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT' || codeOf(thrown) === 'ENOTDIR') throw new NotFoundError('there is no such file', 'Nothing was sent.')
    throw fileFault(thrown, 'the file cannot be read')
  }
}

function dropped (): SkeinError {
  return new SkeinError('it was dropped', { code: 'interrupted', exit: EXIT.interrupted, hint: 'Nothing was sent, and nothing remains.' })
}
