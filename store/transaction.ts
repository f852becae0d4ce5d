/** What a connection and its statements share: whether a transaction is open, the first fault in it, and what becomes of a fault. */
import { StorageError } from '../protocols/core/errors.ts'
import { codeOf, databaseFault, UnconfirmedWriteError, type Subject } from './faults.ts'
import type { Wal } from './wal.ts'

/**
 * Answers of a disk that has failed for this time (a quota, a sector), or for good. Encrypted pages that were not read look damaged, and a
 * database whose disk is gone like none: nobody must be told to restore a backup because a cable is loose.
 */
const DOUBTFUL = ['SQLITE_IOERR', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN']

export class Transaction {
  readonly subject: Subject
  isOpen = false
  /**
   * The first fault in it. SQLite ends a transaction by itself when the disk is full, and what the caller goes on to write would
   * then be committed row by row, without what came before.
   */
  fault: StorageError | undefined
  readonly #wal: Wal | undefined

  constructor (subject: Subject, wal: Wal | undefined) {
    this.subject = subject
    this.#wal = wal
  }

  /** In words for a person; what is a bug stays as it is. `isClosed`: the connection is. */
  faultOf (thrown: unknown, { isClosed }: { readonly isClosed: boolean }): unknown {
    const fault = isClosed ? new StorageError(`${this.subject.name} is closed`, undefined, thrown) : this.#judged(databaseFault(thrown, this.subject))
    if (this.isOpen && fault instanceof StorageError) this.fault ??= fault
    return fault
  }

  /** In doubt the disk is asked to confirm what it was given before: one that cannot is no disk any more. */
  #judged (fault: unknown): unknown {
    if (this.#wal === undefined || !(fault instanceof StorageError)) return fault
    if (fault instanceof UnconfirmedWriteError) {
      this.#wal.condemn(fault)
      return fault
    }
    if (!DOUBTFUL.some(code => codeOf(fault.cause).startsWith(code))) return fault
    try {
      this.#wal.flush()
      return fault
    } catch (unconfirmed) {
      return unconfirmed
    }
  }
}
