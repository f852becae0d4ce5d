/**
 * The only door to the database driver. Behind it: one connection, encrypted in SQLCipher's format (version 4, raw key),
 * durable at every commit. In front of it: faults in words (store/faults.ts), and two rules that cannot be broken from
 * outside: nothing is written but inside a transaction, and a transaction in which the disk has failed is never committed.
 */
import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import Driver from 'better-sqlite3-multiple-ciphers'
import { StorageError } from '../protocols/core/errors.ts'
import { invariant } from '../protocols/core/invariant.ts'
import { ACCOUNT_DATABASE, codeOf, databaseFault, fileFault, type Subject } from './faults.ts'
import { Transaction } from './transaction.ts'
import { Wal } from './wal.ts'

/** `undefined` is stored as NULL. Whole numbers may go to ± 2^53. */
export type SqlValue = number | string | Uint8Array | null | undefined

export interface DatabaseOptions {
  /** A file, or ':memory:'. */
  readonly path: string
  /** 32 bytes. Without one the file is not encrypted. */
  readonly key?: Uint8Array | undefined
  /** true: makes the file, readable by this user alone. false: the file must be there. */
  readonly isNew: boolean
  /** Free pages can be given back while it is in use (`PRAGMA incremental_vacuum`): decided when the file is made. */
  readonly isShrinkable?: boolean
  /** What its faults call it; unless given, the account database. */
  readonly subject?: Subject
  /** In memory: begins with what another one's `image` was. */
  readonly image?: Uint8Array | undefined
}

/** In memory nothing has to be there before. */
export const IN_MEMORY = ':memory:'

export const DATABASE_KEY_BYTES = 32

/** For a second connection to the same file, a backup or an inspection: it holds its lock for much less. */
const BUSY_TIMEOUT_MS = 5_000

/**
 * WAL with synchronous=NORMAL, and `flush` after every commit: together they are what FULL is, except that the wait for the
 * disk can be had without standing still (docs/decisions/0007-durability.md). A ratchet step that a database forgets would use
 * a message key twice, so nothing leaves before its flush. The checkpoint interval stays at SQLite's 1,000 pages: a WAL that is
 * overwritten syncs twice as fast as one that grows. secure_delete overwrites what was deleted. fullfsync is for macOS, whose
 * fsync leaves bytes in the disk's cache.
 */
const PRAGMAS = [
  'journal_mode = WAL', 'synchronous = NORMAL', 'fullfsync = ON', 'checkpoint_fullfsync = ON', 'temp_store = MEMORY',
  `busy_timeout = ${BUSY_TIMEOUT_MS}`, 'secure_delete = ON', 'foreign_keys = ON', 'trusted_schema = OFF'
]

/**
 * @throws StorageError when the file is missing, is there already, is damaged, or does not open with this key
 */
export function openDatabase (options: DatabaseOptions): Database {
  const { path, subject = ACCOUNT_DATABASE } = options
  const driver = connect(options, subject)
  try {
    if (options.key !== undefined) unlock(driver, options.key)
    // Has an effect before the first page is written, and none afterwards.
    if (options.isShrinkable === true) driver.pragma('auto_vacuum = INCREMENTAL')
    for (const pragma of PRAGMAS) driver.pragma(pragma)
    // Reads the first page: a wrong key is found here and not in the middle of something.
    driver.prepare('SELECT count(*) FROM sqlite_schema').get()
    return new Database(driver, { subject, walPath: path === IN_MEMORY ? undefined : `${path}-wal` })
  } catch (thrown) {
    driver.close()
    throw databaseFault(thrown, subject)
  }
}

/** The garbage collector closes a connection that nobody refers to, and its lock would be gone while its holder works on. */
const held = new Set<Driver.Database>()

/**
 * Takes the operating system's lock on a file by way of SQLite, which knows how on every system. It ends with `close` or with
 * the process, whichever comes first. `undefined`: somebody else has it.
 * @throws StorageError when the file cannot be made or opened
 */
export function holdExclusively (path: string): { readonly close: () => void } | undefined {
  createFile(path)
  const driver = connect({ path, isNew: false }, LOCK)
  try {
    driver.pragma('busy_timeout = 0')
    driver.exec('BEGIN EXCLUSIVE')
    held.add(driver)
    return { close: () => { release(driver) } }
  } catch (thrown) {
    driver.close()
    if (codeOf(thrown).startsWith('SQLITE_BUSY')) return undefined
    throw databaseFault(thrown, LOCK)
  }
}

/** An account's and a relay's alike; nothing is ever in it. */
const LOCK: Subject = { ...ACCOUNT_DATABASE, name: 'the lock of the home folder' }

function release (driver: Driver.Database): void {
  held.delete(driver)
  driver.close()
}

export class Database {
  readonly #driver: Driver.Database
  readonly #transaction: Transaction
  #begin: Driver.Statement
  #commit: Driver.Statement
  #rollback: Step
  readonly #wal: Wal | undefined
  /** By their text: whoever asks for the same one shares it. */
  readonly #prepared = new Map<string, Driver.Statement>()

  constructor (driver: Driver.Database, { subject, walPath }: { readonly subject: Subject, readonly walPath: string | undefined }) {
    this.#driver = driver
    this.#wal = walPath === undefined ? undefined : new Wal(walPath, subject)
    this.#transaction = new Transaction(subject, this.#wal)
    this.#begin = driver.prepare('BEGIN IMMEDIATE')
    this.#commit = driver.prepare('COMMIT')
    this.#rollback = driver.prepare('ROLLBACK')
  }

  /**
   * `Row` is what the statement's columns say: the two stand side by side in the source. SQLite reads it at its first use: of some three
   * hundred statements most commands need few, and each takes 4 kB and ten microseconds.
   */
  prepare<Parameters extends readonly SqlValue[], Row = never> (sql: string): Statement<Parameters, Row> {
    return new Statement<Parameters, Row>({ driver: this.#driver, transaction: this.#transaction, prepared: this.#prepared, sql })
  }

  /** Several statements without parameters, inside a transaction. */
  execute (sql: string): void {
    invariant(this.#transaction.isOpen, 'writing needs a transaction')
    try {
      if (this.#transaction.fault !== undefined) throw this.#transaction.fault
      this.#driver.exec(sql)
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  /** The rows that a pragma answers with. */
  pragma (pragma: string): unknown[] {
    try {
      const rows = this.#driver.pragma(pragma)
      return Array.isArray(rows) ? rows : []
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  /** Runs `work` between BEGIN IMMEDIATE and COMMIT; after a throw nothing of it remains. Does not nest, does not wait for promises. */
  transact<T> (work: () => T): T {
    invariant(!this.#transaction.isOpen, 'transactions do not nest')
    this.#wal?.requireSound()
    try {
      this.#run(this.#begin)
      this.#transaction.isOpen = true
      const result = work()
      invariant(!(result instanceof Promise), 'a transaction does not wait for promises')
      if (this.#transaction.fault !== undefined) throw this.#transaction.fault
      this.#run(this.#commit)
      return result
    } catch (thrown) {
      if (this.#driver.inTransaction) this.#run(this.#rollback)
      throw thrown
    } finally {
      this.#transaction.isOpen = false
      this.#transaction.fault = undefined
    }
  }

  /** Returns when everything committed so far is on the disk. @throws StorageError */
  flush (): void { this.#wal?.flush() }

  /** Resolves when everything committed so far is on the disk, without standing still meanwhile. Rejects with StorageError. */
  async flushed (): Promise<void> { await this.#wal?.flushed() }

  /**
   * For simulations, in memory: what is committed from here on can be undone as a whole, which takes a hundredth of opening it anew. Each
   * transaction is a savepoint then, inside one that is never committed. Returns what undoes.
   */
  mark (): () => void {
    invariant(this.#wal === undefined && !this.#driver.inTransaction, 'only a database in memory goes back')
    const { begin, commit, rollback } = { begin: this.#begin, commit: this.#commit, rollback: this.#rollback }
    this.#run(begin)
    this.#begin = this.#driver.prepare('SAVEPOINT step')
    this.#commit = this.#driver.prepare('RELEASE step')
    this.#rollback = { run: () => this.#driver.exec('ROLLBACK TO step; RELEASE step') }
    return () => {
      this.#run(rollback)
      this.#begin = begin
      this.#commit = commit
      this.#rollback = rollback
    }
  }

  /** Everything in it, for `image`: what its file would hold. */
  image (): Uint8Array { return this.#driver.serialize() }

  /** How its faults speak of it. */
  get subject (): Subject { return this.#transaction.subject }

  /** Brings the WAL into the file and closes; idempotent. After a flush that failed nothing is brought anywhere: see `abandon`. */
  close (): void {
    if (!this.#driver.open) return
    this.#wal?.close()
    invariant(!this.#transaction.isOpen, 'a store is not closed inside a transaction')
    if (this.#wal?.isSound === false) {
      abandon(this.#driver)
      return
    }
    try {
      this.#driver.pragma('wal_checkpoint(TRUNCATE)')
    } catch {
      // A full disk: the WAL stays beside the file, holds everything, and is brought in at the next opening.
    }
    this.#driver.close()
  }

  #run (statement: Step): void {
    try {
      statement.run()
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  #fault (thrown: unknown): unknown { return this.#transaction.faultOf(thrown, { isClosed: !this.#driver.open }) }
}

/** What begins or ends a transaction. */
interface Step { readonly run: () => unknown }

interface StatementParts {
  readonly driver: Driver.Database
  readonly transaction: Transaction
  readonly prepared: Map<string, Driver.Statement>
  readonly sql: string
}

/** A prepared statement with positional parameters. */
export class Statement<Parameters extends readonly SqlValue[], Row> {
  readonly #parts: StatementParts
  readonly #transaction: Transaction
  #known: Driver.Statement | undefined

  constructor (parts: StatementParts) {
    this.#parts = parts
    this.#transaction = parts.transaction
  }

  get (...parameters: Parameters): Row | undefined {
    try {
      this.#requireNoFault()
      return this.#statement().get(...parameters) as Row | undefined
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  all (...parameters: Parameters): Row[] {
    try {
      this.#requireNoFault()
      return this.#statement().all(...parameters) as Row[]
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  /** How many rows it changed. */
  run (...parameters: Parameters): number {
    try {
      this.#requireTransaction()
      return this.#statement().run(...parameters).changes
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  /** The new row's number; `undefined` when the statement left the row out. */
  insert (...parameters: Parameters): number | undefined {
    try {
      this.#requireTransaction()
      const { changes, lastInsertRowid } = this.#statement().run(...parameters)
      return changes === 0 ? undefined : Number(lastInsertRowid)
    } catch (thrown) {
      throw this.#fault(thrown)
    }
  }

  #statement (): Driver.Statement {
    if (this.#known !== undefined) return this.#known
    const { driver, prepared, sql } = this.#parts
    const known = prepared.get(sql) ?? driver.prepare(sql)
    prepared.set(sql, known)
    this.#known = known
    return known
  }

  #requireTransaction (): void {
    invariant(this.#transaction.isOpen, 'writing needs a transaction')
    this.#requireNoFault()
  }

  #requireNoFault (): void {
    if (this.#transaction.fault !== undefined) throw this.#transaction.fault
  }

  #fault (thrown: unknown): unknown { return this.#transaction.faultOf(thrown, { isClosed: !this.#parts.driver.open }) }
}

function connect ({ path, isNew, image }: DatabaseOptions, subject: Subject): Driver.Database {
  if (path !== IN_MEMORY) requireFile(path, isNew, subject)
  try {
    // The driver keeps the buffer as its own.
    if (image !== undefined) return new Driver(Buffer.from(image))
    return new Driver(path, { fileMustExist: path !== IN_MEMORY })
  } catch (thrown) {
    throw databaseFault(thrown, subject)
  }
}

function requireFile (path: string, isNew: boolean, { name, missing }: Subject): void {
  if (!existsSync(dirname(path))) throw new StorageError('the home folder is not there', missing)
  if (isNew) createFile(path)
  else if (!existsSync(path)) throw new StorageError(`${name} is not in this home folder`, missing)
}

/**
 * Readable by this user alone from its first moment. An existing file is left unopened: on POSIX systems closing any
 * descriptor of a file gives up all locks that this process holds on it.
 */
function createFile (path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (thrown) {
    if (codeOf(thrown) !== 'EEXIST') throw fileFault(thrown, 'a database file cannot be made')
  }
}

function unlock (driver: Driver.Database, key: Uint8Array): void {
  invariant(key.byteLength === DATABASE_KEY_BYTES, 'a database key is 32 bytes')
  driver.pragma("cipher = 'sqlcipher'")
  driver.pragma('legacy = 4')
  driver.pragma(`key = "x'${Buffer.from(key).toString('hex')}'"`)
}

/**
 * Leaves a connection as it is until the process ends. SQLite would bring the log into the database when the last connection closes, also
 * at the ordinary end of the process; after a flush that failed, the log that it reads may be on no disk, and a power cut in the middle
 * would leave a database made of both. Only `exit` closes nothing.
 */
function abandon (driver: Driver.Database): void {
  if (held.has(driver)) return
  held.add(driver)
  process.once('beforeExit', () => { process.exit() })
}
