/**
 * A relay's database: mailboxes, prekeys and records of others, in plain SQLite, for what is in it is sealed already and a key beside
 * the file would be decoration. docs/decisions/0008-relays.md
 */
import { StorageError } from '../../protocols/core/errors.ts'
import { IN_MEMORY, openDatabase, type Database } from '../database.ts'
import { RELAY_DATABASE } from '../faults.ts'
import { migrate } from '../migrate.ts'
import { confirmLog } from '../wal.ts'
import { SqlRelayReader } from './reader.ts'
import { DiskSpace } from './space.ts'
import { RunningTotals } from './totals.ts'
import type { RelayReader, RelayStore, RelayWriter } from './types.ts'
import { SqlRelayWriter } from './writer.ts'

export interface RelayStoreOptions {
  /** A file, or ':memory:'. */
  readonly path: string
  /** Makes the file. */
  readonly isNew: boolean
  /** What the file may take with everything around it. */
  readonly capBytes: number
  /** Ids of items that have gone, remembered for one door. */
  readonly rememberedMax?: number
  /** For simulations, in memory: begins with what another one's `image` was. */
  readonly image?: Uint8Array
}

/** For one door: it can be full and emptied every day of the month that they are remembered, and a little more. Some 1 MB. */
const REMEMBERED_MAX = 10_000

/**
 * Of what was deleted, pages that become free as a whole keep their bytes until they are used again or given back: writing them once more
 * made the end of a full mailbox a standstill of 200 ms. They hold sealed bodies and ids, as the pages beside them do.
 */
const DELETION = 'secure_delete = FAST'

const MIGRATIONS = new URL('./migrations/', import.meta.url)

/** @throws StorageError when the file is missing, damaged, read-only, or of a newer program */
export function openRelayStore ({ path, isNew, capBytes, rememberedMax = REMEMBERED_MAX, image }: RelayStoreOptions): SqlRelayStore {
  if (path !== IN_MEMORY && !isNew) confirmLog(`${path}-wal`, RELAY_DATABASE)
  const database = openDatabase({ path, isNew, isShrinkable: true, subject: RELAY_DATABASE, image })
  try {
    database.pragma(DELETION)
    migrate(database, MIGRATIONS)
    return new SqlRelayStore(database, { logPath: path === IN_MEMORY ? undefined : `${path}-wal`, capBytes, rememberedMax })
  } catch (thrown) {
    database.close()
    throw thrown
  }
}

interface StoreLimits { readonly logPath: string | undefined, readonly capBytes: number, readonly rememberedMax: number }

export class SqlRelayStore implements RelayStore {
  readonly read: RelayReader
  readonly #database: Database
  readonly #space: DiskSpace
  readonly #totals: RunningTotals
  readonly #writer: SqlRelayWriter
  readonly #limits: StoreLimits
  #isCrashed = false

  constructor (database: Database, limits: StoreLimits) {
    const { rememberedMax, ...space } = limits
    this.#limits = limits
    this.#database = database
    this.#space = new DiskSpace(database, space)
    this.#totals = new RunningTotals(database)
    this.read = new SqlRelayReader(database, { space: this.#space, totals: this.#totals })
    this.#writer = new SqlRelayWriter({ database, read: this.read, space: this.#space, totals: this.#totals, rememberedMax })
  }

  commit<T> (work: (writer: RelayWriter) => T): T {
    if (this.#isCrashed) throw new StorageError("the relay's database is closed")
    this.#totals.begin()
    const result = this.#database.transact(() => work(this.#writer))
    this.#totals.settle()
    return result
  }

  async durable (): Promise<void> { await this.#database.flushed() }
  setCap (capBytes: number): void { this.#space.setCap(capBytes) }
  close (): void { this.#database.close() }

  /** For simulations, as with an account's: as if the process had died. The one returned goes on from the last commit. */
  crash (): SqlRelayStore {
    this.#isCrashed = true
    return this.reopen()
  }

  /** For simulations: the same database once more. */
  reopen (): SqlRelayStore { return new SqlRelayStore(this.#database, this.#limits) }

  /** For simulations: see `Database.mark`. This object does not go back: `crash` makes one that does. */
  mark (): () => void { return this.#database.mark() }

  /** For simulations: everything in it, for another one to begin with. */
  image (): Uint8Array { return this.#database.image() }
}
