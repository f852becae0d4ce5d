/**
 * The write-ahead log as a file: SQLite writes it, and here it is made durable. SQLite in FULL mode calls fsync itself, on the
 * thread that everything else runs on; asked for here, the wait goes to another thread, several databases wait side by side, and
 * one wait covers all commits before it. The file is the same from the first commit to the last close of the database.
 */
import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import type { StorageError } from '../protocols/core/errors.ts'
import { UnconfirmedWriteError } from './faults.ts'

interface Waiter { readonly resolve: () => void, readonly reject: (error: Error) => void }

export class Wal {
  readonly #path: string
  #descriptor: number | undefined
  #isFlushing = false
  #isClosed = false
  /** The disk did not confirm a write: what is on it, nobody knows, and asking again would only hide it. */
  #fault: StorageError | undefined
  /** Commits that came after the flush that is under way began: the next one covers them all. */
  #waiters: Waiter[] = []

  constructor (path: string) {
    this.#path = path
  }

  /** @throws StorageError when a flush has failed, ever: the database must not be written to any more */
  requireSound (): void {
    if (this.#fault !== undefined) throw this.#fault
  }

  flush (): void {
    this.requireSound()
    try {
      fdatasyncSync(this.#open())
    } catch (thrown) {
      this.#fault = new UnconfirmedWriteError(thrown)
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
    if (fault !== null) this.#fault ??= new UnconfirmedWriteError(fault)
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
