/**
 * The write-ahead log as a file: SQLite writes it, and here it is made durable. SQLite in FULL mode calls fsync itself, on the
 * thread that everything else runs on; asked for here, the wait goes to another thread, several databases wait side by side, and
 * one wait covers all commits before it. The file is the same from the first commit to the last close of the database.
 */
import { closeSync, existsSync, fdatasync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs'
import type { StorageError } from '../protocols/core/errors.ts'
import { fileFault, UnconfirmedWriteError, type Subject } from './faults.ts'

interface Waiter { readonly resolve: () => void, readonly reject: (error: Error) => void }

export class Wal {
  readonly #path: string
  readonly #subject: Subject
  #descriptor: number | undefined
  #isFlushing = false
  #isClosed = false
  /** The disk did not confirm a write: what is on it, nobody knows, and asking again would only hide it. */
  #fault: StorageError | undefined
  /** Commits that came after the flush that is under way began: the next one covers them all. */
  #waiters: Waiter[] = []

  constructor (path: string, subject: Subject) {
    this.#path = path
    this.#subject = subject
  }

  get isSound (): boolean { return this.#fault === undefined }

  /** @throws StorageError when a flush has failed, ever: the database must not be written to any more */
  requireSound (): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  /** SQLite has asked the disk itself and was not answered: as final as when we have. */
  condemn (fault: UnconfirmedWriteError): void { this.#fault ??= fault }

  flush (): void {
    this.requireSound()
    try {
      fdatasyncSync(this.#open())
    } catch (thrown) {
      this.#fault = new UnconfirmedWriteError(this.#subject, thrown)
      throw this.#fault
    }
  }

  async flushed (): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (!this.#isFlushing) this.#next()
    })
  }

  /** What is being flushed is still answered. */
  close (): void {
    this.#isClosed = true
    if (!this.#isFlushing) this.#release()
  }

  #next (): void {
    const waiters = this.#waiters
    this.#waiters = []
    this.#isFlushing = true
    try {
      fdatasync(this.#open(), fault => this.#answer(waiters, fault))
    } catch (thrown) {
      process.nextTick(() => { this.#answer(waiters, thrown) })
    }
  }

  #answer (waiters: readonly Waiter[], fault: unknown): void {
    this.#isFlushing = false
    if (fault !== null) this.#fault ??= new UnconfirmedWriteError(this.#subject, fault)
    for (const { resolve, reject } of waiters) {
      if (this.#fault === undefined) resolve()
      else reject(this.#fault)
    }
    if (this.#waiters.length > 0) this.#next()
    else if (this.#isClosed) this.#release()
  }

  #open (): number {
    this.#descriptor ??= openSync(this.#path, 'r+')
    return this.#descriptor
  }

  #release (): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
    this.#descriptor = undefined
  }
}

const REWRITE_BYTES = 1024 * 1024

/**
 * Before a database is opened whose last process may have met a flush that failed: writes its log once more, byte for byte, and flushes
 * it. The kernel may still show pages that it failed to write and takes for written; what is read from them would be answered for. A
 * log that was brought in at an orderly end is empty, and nothing is done.
 * @throws StorageError when the disk does not confirm it now
 */
export function confirmLog (path: string, { name, unconfirmed }: Subject): void {
  if (!existsSync(path)) return
  try {
    rewrite(path)
  } catch (thrown) {
    throw fileFault(thrown, `the log of ${name} cannot be made durable`, unconfirmed)
  }
}

function rewrite (path: string): void {
  const file = openSync(path, 'r+')
  try {
    const sizeBytes = fstatSync(file).size
    const chunk = Buffer.alloc(Math.min(REWRITE_BYTES, sizeBytes))
    for (let at = 0; at < sizeBytes;) {
      const count = readSync(file, chunk, 0, chunk.byteLength, at)
      if (count === 0) break
      for (let written = 0; written < count;) written += writeSync(file, chunk, written, count - written, at + written)
      at += count
    }
    fdatasyncSync(file)
  } finally {
    closeSync(file)
  }
}
