/**
 * Brings a database to the schema of this program: numbered SQL files, each applied once, in order, in a transaction of its
 * own, and never changed afterwards. Forward only: a database of a newer program is refused, not guessed at.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { StorageError } from '../protocols/core/errors.ts'
import { invariant } from '../protocols/core/invariant.ts'
import type { Database } from './database.ts'
import { codeOf, fileFault } from './faults.ts'

interface Migration { readonly version: number, readonly name: string, readonly sql: string, readonly checksum: string }

const FILES = new URL('./migrations/', import.meta.url)

/**
 * `files`: the folder of migrations, named 001-what.sql, 002-what.sql …
 * @throws StorageError when the database is of a newer program, or was made by other migrations than these
 */
export function migrate (database: Database, files: URL = FILES): void {
  const migrations = readMigrations(files)
  const version = versionOf(database)
  if (version > migrations.length) {
    const { name, newer } = database.subject
    throw new StorageError(`${name} is of a newer version of skein (schema ${version}, this one knows ${migrations.length})`, newer)
  }
  if (version > 0) checkHistory(database, migrations.slice(0, version))
  for (const migration of migrations.slice(version)) apply(database, migration)
}

function readMigrations (files: URL): Migration[] {
  try {
    const names = readdirSync(files).filter(name => name.endsWith('.sql')).sort()
    return names.map((name, index) => readMigration(new URL(name, files), name, index + 1))
  } catch (thrown) {
    if (codeOf(thrown) === '') throw thrown
    throw fileFault(thrown, 'the schema of the database is missing from this installation')
  }
}

function readMigration (file: URL, name: string, version: number): Migration {
  invariant(Number(name.slice(0, 3)) === version, 'migrations are numbered without a gap')
  // A checkout may have changed the line ends.
  const sql = readFileSync(file, 'utf8').replaceAll('\r\n', '\n')
  return { version, name, sql, checksum: createHash('sha256').update(sql).digest('hex') }
}

function versionOf (database: Database): number {
  const [row] = database.pragma('user_version') as [{ readonly user_version: number }]
  return row.user_version
}

function checkHistory (database: Database, migrations: readonly Migration[]): void {
  const applied = database.prepare<[], { readonly checksum: string }>('SELECT checksum FROM migrations ORDER BY version').all()
  const isSame = applied.length === migrations.length && migrations.every((migration, index) => migration.checksum === applied[index]?.checksum)
  if (isSame) return
  const { name, foreign } = database.subject
  throw new StorageError(`${name} was made by another build of skein`, foreign)
}

function apply (database: Database, migration: Migration): void {
  database.transact(() => {
    database.execute('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL) STRICT')
    database.execute(migration.sql)
    database.prepare<[number, string, string]>('INSERT INTO migrations (version, name, checksum) VALUES (?, ?, ?)').run(migration.version, migration.name, migration.checksum)
    database.execute(`PRAGMA user_version = ${migration.version}`)
  })
}
