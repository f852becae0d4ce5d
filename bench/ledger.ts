/** The least that a messenger must do with a message: one row in SQLite, on the disk before the commit returns. No code of ours. */
import Driver from 'better-sqlite3-multiple-ciphers'

/** Not encrypted, WAL, synchronous=FULL: SQLite itself waits for the disk at every commit. */
export class Ledger {
  readonly #driver: InstanceType<typeof Driver>
  readonly #begin
  readonly #commit
  readonly #append

  constructor (path: string) {
    this.#driver = new Driver(path)
    this.#driver.pragma('journal_mode = WAL')
    this.#driver.pragma('synchronous = FULL')
    this.#driver.exec('CREATE TABLE messages (row INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT')
    this.#begin = this.#driver.prepare('BEGIN IMMEDIATE')
    this.#commit = this.#driver.prepare('COMMIT')
    this.#append = this.#driver.prepare('INSERT INTO messages (body) VALUES (?)')
  }

  /** All in one transaction. */
  commit (bodies: readonly Uint8Array[]): void {
    this.#begin.run()
    for (const body of bodies) this.#append.run(body)
    this.#commit.run()
  }

  close (): void { this.#driver.close() }
}
