/**
 * The account database: what one device knows, encrypted, durable at every commit. Reading is open to all of the node; writing
 * goes through `transact`, and nothing outside learns of a change before it is on the disk.
 */
import { asError, StorageError } from '../protocols/core/errors.ts'
import { invariant } from '../protocols/core/invariant.ts'
import { IN_MEMORY, openDatabase, type Database } from './database.ts'
import { ACCOUNT_DATABASE } from './faults.ts'
import { migrate } from './migrate.ts'
import { Reader } from './reader.ts'
import { confirmLog } from './wal.ts'
import { Writer } from './writer.ts'

export interface AccountStoreOptions {
  /** A file, or ':memory:'. */
  readonly path: string
  /** 32 bytes; only ':memory:' does without. */
  readonly key?: Uint8Array
  /** Makes the file. It may be there from an attempt that was cut short, but must not hold an account. */
  readonly isNew?: boolean
}

/**
 * @throws StorageError when the file is missing, damaged, read-only, of a newer program, already holds an account (isNew), or does not
 * open with this key
 */
export function openAccountStore ({ path, key, isNew = false }: AccountStoreOptions): AccountStore {
  invariant(key !== undefined || path === IN_MEMORY, 'an account database on a disk is encrypted')
  // Before it is believed: a process that met a failed flush, or was killed before one, has left it, and what is read from it goes out.
  if (path !== IN_MEMORY && !isNew) confirmLog(`${path}-wal`, ACCOUNT_DATABASE)
  const database = openDatabase({ path, key, isNew })
  try {
    migrate(database)
    const store = new AccountStore(database)
    if (isNew && store.read.own.get() !== undefined) throw new StorageError('there is an account in this home folder already', 'Nothing was changed. Use it, or choose another home folder.')
    store.transact(writer => { writer.search.renewIfStale() })
    return store
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

export class AccountStore {
  readonly read: Reader
  /** For the integrity check and for simulations alone: the program reads through `read` and writes through `transact`. */
  readonly database: Database
  readonly #writer: Writer
  #isCrashed = false

  constructor (database: Database) {
    this.database = database
    this.read = new Reader(database)
    this.#writer = new Writer(database, this.read)
  }

  /**
   * Runs `work` in one transaction and commits it to the disk. When `work` throws, nothing of it remains and the store goes on.
   * Does not nest; `work` must not wait for anything.
   * @throws StorageError when the disk is full, failing, read-only or damaged; everything else is what `work` threw
   */
  transact<T> (work: (writer: Writer) => T): T {
    const result = this.commit(work)
    this.database.flush()
    return result
  }

  /**
   * As `transact`, but returns before the disk has confirmed: reads see it, and it is consistent whatever happens, but a power cut
   * may undo it. Nothing of it may leave this process before `durable()`, called after it, has resolved.
   */
  commit<T> (work: (writer: Writer) => T): T {
    if (this.#isCrashed) throw new StorageError('the account database is closed')
    const result = this.#commit(work)
    for (const run of this.#writer.takeAfterCommit()) runApart(run)
    return result
  }

  /** Resolves when every commit so far is on the disk. Rejects with StorageError, and then nothing more is certain. */
  async durable (): Promise<void> { await this.database.flushed() }

  /** Brings everything into one file and closes it; idempotent. */
  close (): void { this.database.close() }

  /**
   * For simulations: as if the process had died. Nothing can be written through this store any more, and the one returned goes
   * on from the last commit.
   */
  crash (): AccountStore {
    this.#isCrashed = true
    return this.reopen()
  }

  /** For simulations: the same database once more. */
  reopen (): AccountStore { return new AccountStore(this.database) }

  #commit<T> (work: (writer: Writer) => T): T {
    try {
      return this.database.transact(() => work(this.#writer))
    } catch (thrown) {
      this.#writer.takeAfterCommit()
      throw thrown
    }
  }
}

/**
 * What runs after the commit cannot fail the transaction: whoever called would undo in memory what is on the disk. A throw is a
 * bug and ends up where uncaught exceptions do.
 */
function runApart (run: () => void): void {
  try {
    run()
  } catch (thrown) {
    process.nextTick(() => { throw asError(thrown) })
  }
}
