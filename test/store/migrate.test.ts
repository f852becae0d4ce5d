import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { StorageError } from '../../protocols/core/errors.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import { openDatabase, type Database } from '../../store/database.ts'
import { migrate } from '../../store/migrate.ts'
import { temporaryFolder } from './fixtures.ts'

const FIRST = { '001-first.sql': 'CREATE TABLE fruit (name TEXT) STRICT;' }
const SECOND = { ...FIRST, '002-second.sql': "INSERT INTO fruit VALUES ('apple'); ALTER TABLE fruit ADD COLUMN colour TEXT;" }

describe('migrations', () => {
  const inFolder = temporaryFolder()

  it('run once each, in order, whenever the database was made', () => {
    const database = open()
    migrate(database, files('one', FIRST))
    migrate(database, files('two', SECOND))
    migrate(database, files('two', SECOND))
    assert.deepEqual(fruit(database), [{ name: 'apple', colour: null }])
    assert.deepEqual(database.pragma('user_version'), [{ user_version: 2 }])
    database.close()
  })

  it('refuse a database of a newer program and leave it as it is', () => {
    const database = open()
    migrate(database, files('newer', SECOND))
    assert.throws(() => { migrate(database, files('older', FIRST)) }, (error: unknown) => error instanceof StorageError && error.message.includes('schema 2, this one knows 1'))
    assert.equal(fruit(database).length, 1)
    database.close()
  })

  it('refuse a database that other migrations have made', () => {
    const database = open()
    migrate(database, files('ours', FIRST))
    assert.throws(() => { migrate(database, files('theirs', { '001-first.sql': 'CREATE TABLE fruit (name TEXT, taste TEXT) STRICT;' })) }, StorageError)
    database.close()
  })

  it('are the same whatever line ends a checkout has given them', () => {
    const database = open()
    migrate(database, files('unix', { '001-first.sql': 'CREATE TABLE fruit (\n  name TEXT\n) STRICT;\n' }))
    migrate(database, files('dos', { '001-first.sql': 'CREATE TABLE fruit (\r\n  name TEXT\r\n) STRICT;\r\n' }))
    database.close()
  })

  it('leave nothing of one that fails', () => {
    const database = open()
    assert.throws(() => { migrate(database, files('broken', { ...FIRST, '002-second.sql': "INSERT INTO fruit VALUES ('apple'); INSERT INTO vegetables VALUES (1);" })) }, /vegetables/)
    assert.equal(fruit(database).length, 0)
    assert.deepEqual(database.pragma('user_version'), [{ user_version: 1 }])
    database.close()
  })

  it('are numbered without a gap', () => {
    const database = open()
    assert.throws(() => { migrate(database, files('gap', { ...FIRST, '003-third.sql': 'SELECT 1;' })) }, InvariantError)
    database.close()
  })

  it('say so when this installation lacks them', () => {
    const database = open()
    assert.throws(() => { migrate(database, pathToFileURL(`${inFolder('nowhere')}/`)) }, StorageError)
    database.close()
  })

  function files (name: string, content: Readonly<Record<string, string>>): URL {
    mkdirSync(inFolder(name), { recursive: true })
    for (const [file, sql] of Object.entries(content)) writeFileSync(inFolder(`${name}/${file}`), sql)
    return pathToFileURL(`${inFolder(name)}/`)
  }
})

function open (): Database { return openDatabase({ path: ':memory:', isNew: true }) }

function fruit (database: Database): unknown[] { return database.prepare('SELECT * FROM fruit').all() }
