import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { StorageError } from '../../protocols/core/errors.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import { openAccountStore } from '../../store/account-store.ts'
import { openDatabase } from '../../store/database.ts'
import type { Writer } from '../../store/writer.ts'
import { addContact, aMessage, anOwn, content, KEY, openMemory, temporaryFolder } from './fixtures.ts'

describe('an account store', () => {
  const inFolder = temporaryFolder()

  it('keeps what was committed when it is opened again', () => {
    const path = inFolder('kept.db')
    const store = openAccountStore({ path, key: KEY, isNew: true })
    store.transact(writer => { writer.messages.append(aMessage(1)) })
    store.close()
    const again = openAccountStore({ path, key: KEY })
    assert.equal(again.read.messages.byId(content(1))?.text, 'text 1')
    again.close()
  })

  it('never corrupts, never leaves deleted text behind, and checkpoints often', () => {
    const store = openAccountStore({ path: inFolder('durable.db'), key: KEY, isNew: true })
    const setting = (name: string): unknown => Object.values(store.database.pragma(name)[0] as object)[0]
    assert.equal(setting('journal_mode'), 'wal')
    // NORMAL: consistent. That it is durable as well is the store's own doing: durability.test.ts.
    assert.equal(setting('synchronous'), 1)
    assert.equal(setting('fullfsync'), 1)
    assert.equal(setting('secure_delete'), 1)
    assert.equal(setting('foreign_keys'), 1)
    assert.ok(Number(setting('wal_autocheckpoint')) <= 1000)
    store.close()
  })

  it('leaves no word of a message in its files', () => {
    const path = inFolder('secret.db')
    const store = openAccountStore({ path, key: KEY, isNew: true })
    const secret = 'the eagle has landed at the old mill'
    store.transact(writer => {
      for (let number = 1; number <= 300; number++) writer.messages.append(aMessage(number, { text: `${secret} ${number}` }))
      writer.search.indexNext(1000)
    })
    const files = readdirSync(inFolder()).filter(name => name.startsWith('secret.db'))
    assert.ok(files.includes('secret.db-wal'))
    const isLegible = (): boolean => files.some(name => readFileSync(inFolder(name)).includes('eagle') || readFileSync(inFolder(name)).includes('CREATE TABLE'))
    assert.equal(isLegible(), false)
    store.database.pragma('wal_checkpoint(PASSIVE)')
    assert.equal(isLegible(), false)
    store.close()
    assert.equal(readFileSync(path).includes('eagle'), false)
  })

  it('is readable by its user alone', function () {
    if (process.platform === 'win32') return
    const store = openAccountStore({ path: inFolder('private.db'), key: KEY, isNew: true })
    store.transact(writer => { writer.messages.append(aMessage(1)) })
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(inFolder(`private.db${suffix}`)).mode & 0o077, 0)
    store.close()
  })

  it('refuses a wrong key and says what is safe', () => {
    const path = inFolder('key.db')
    openAccountStore({ path, key: KEY, isNew: true }).close()
    const before = readFileSync(path)
    assert.throws(() => openAccountStore({ path, key: new Uint8Array(32).fill(8) }), (error: unknown) =>
      error instanceof StorageError && error.message.includes('does not open with this key') && error.hint?.startsWith('Nothing was changed') === true)
    assert.deepEqual(readFileSync(path), before)
    openAccountStore({ path, key: KEY }).close()
  })

  it('refuses a file or folder that is not there', () => {
    assert.throws(() => openAccountStore({ path: inFolder('nothing.db'), key: KEY }), StorageError)
    assert.throws(() => openAccountStore({ path: inFolder('no/such/folder.db'), key: KEY, isNew: true }), StorageError)
    assert.equal(readdirSync(inFolder()).includes('nothing.db'), false)
  })

  it('refuses a folder in the place of the file', () => {
    assert.throws(() => openAccountStore({ path: inFolder(), key: KEY }), StorageError)
  })

  it('does not make a second account where there is one', () => {
    const path = inFolder('one.db')
    const store = openAccountStore({ path, key: KEY, isNew: true })
    store.transact(writer => { writer.own.create(anOwn()) })
    store.close()
    assert.throws(() => openAccountStore({ path, key: KEY, isNew: true }), /already/)
  })

  it('goes on with a file from an attempt that was cut short', () => {
    const path = inFolder('cut.db')
    writeFileSync(path, '')
    const store = openAccountStore({ path, key: KEY, isNew: true })
    store.transact(writer => { writer.own.create(anOwn()) })
    store.close()
  })

  it('refuses the database of a newer program', () => {
    const path = inFolder('newer.db')
    openAccountStore({ path, key: KEY, isNew: true }).close()
    const database = openDatabase({ path, key: KEY, isNew: false })
    database.transact(() => { database.execute('PRAGMA user_version = 99') })
    database.close()
    assert.throws(() => openAccountStore({ path, key: KEY }), (error: unknown) => error instanceof StorageError && error.message.includes('newer version of skein'))
  })

  it('can be closed twice, and says so when it is used afterwards', () => {
    const path = inFolder('closed.db')
    const store = openAccountStore({ path, key: KEY, isNew: true })
    store.close()
    store.close()
    assert.equal(readdirSync(inFolder()).includes('closed.db-wal'), false)
    assert.throws(() => store.read.messages.byRow(1), StorageError)
    assert.throws(() => { store.transact(() => {}) }, StorageError)
  })

  it('holds all of itself in one file once it is closed', () => {
    const store = openAccountStore({ path: inFolder('whole.db'), key: KEY, isNew: true })
    store.transact(writer => { writer.messages.append(aMessage(1)) })
    store.close()
    copyFileSync(inFolder('whole.db'), inFolder('copy.db'))
    const copy = openAccountStore({ path: inFolder('copy.db'), key: KEY })
    assert.equal(copy.read.messages.count(), 1)
    copy.close()
  })
})

describe('a transaction', () => {
  it('leaves nothing behind when it throws, and the store goes on', () => {
    const store = openMemory()
    const failure = new Error('of the caller')
    assert.throws(() => { store.transact(writer => { writer.messages.append(aMessage(1)); throw failure }) }, failure)
    assert.equal(store.read.messages.count(), 0)
    store.transact(writer => { writer.messages.append(aMessage(2)) })
    assert.equal(store.read.messages.count(), 1)
    store.close()
  })

  it('sees its own writing, and gives back what its work returns', () => {
    const store = openMemory()
    const text = store.transact(writer => {
      writer.messages.append(aMessage(1))
      return writer.read.messages.byId(content(1))?.text
    })
    assert.equal(text, 'text 1')
    store.close()
  })

  it('tells of itself after the commit, in the order of asking', () => {
    const store = openMemory()
    const heard: string[] = []
    store.transact(writer => {
      writer.onCommit(() => { heard.push(`first ${store.read.messages.count()}`) })
      writer.onCommit(() => { heard.push('second') })
      writer.messages.append(aMessage(1))
      assert.deepEqual(heard, [])
    })
    assert.deepEqual(heard, ['first 1', 'second'])
    store.close()
  })

  it('tells nothing of itself when it fails, nor later', () => {
    const store = openMemory()
    let told = 0
    assert.throws(() => { store.transact(writer => { writer.onCommit(() => { told += 1 }); throw new Error('of the caller') }) })
    store.transact(() => {})
    assert.equal(told, 0)
    store.close()
  })

  it('lets what runs after the commit write again', () => {
    const store = openMemory()
    store.transact(writer => { writer.onCommit(() => { store.transact(next => { next.messages.append(aMessage(1)) }) }) })
    assert.equal(store.read.messages.count(), 1)
    store.close()
  })

  it('is not failed by what runs after its commit', async () => {
    const store = openMemory()
    const uncaught = nextUncaught()
    const order: string[] = []
    store.transact(writer => {
      writer.onCommit(() => { throw new Error('of a listener') })
      writer.onCommit(() => { order.push('the next one still runs') })
      writer.messages.append(aMessage(1))
    })
    assert.equal(store.read.messages.count(), 1)
    assert.deepEqual(order, ['the next one still runs'])
    assert.equal((await uncaught).message, 'of a listener')
    store.close()
  })

  it('does not nest', () => {
    const store = openMemory()
    assert.throws(() => { store.transact(() => { store.transact(() => {}) }) }, InvariantError)
    store.transact(() => {})
    store.close()
  })

  it('does not wait for promises: what would be written later is not in it', () => {
    const store = openMemory()
    assert.throws(() => { void store.transact(async writer => { writer.messages.append(aMessage(1)); await Promise.resolve() }) }, InvariantError)
    assert.equal(store.read.messages.count(), 0)
    store.close()
  })

  it('is the only place to write: a writer that escaped does nothing', () => {
    const store = openMemory()
    let escaped: Writer | undefined
    store.transact(writer => { escaped = writer })
    assert.throws(() => { escaped?.messages.append(aMessage(1)) }, InvariantError)
    assert.equal(store.read.messages.count(), 0)
    store.close()
  })

  it('does not close the store from within', () => {
    const store = openMemory()
    assert.throws(() => { store.transact(() => { store.close() }) }, InvariantError)
    store.close()
  })

  it('keeps references between tables true', () => {
    const store = openMemory()
    assert.throws(() => { store.transact(writer => { writer.hints.replace(7, [{ peerId: 'p', address: 'a', isRelay: false }]) }) }, /FOREIGN KEY/)
    addContact(store, 1)
    store.close()
  })
})

describe('a crashed store', () => {
  it('writes nothing more, and goes on from the last commit in the one that follows', () => {
    const store = openMemory()
    store.transact(writer => { writer.messages.append(aMessage(1)) })
    const next = store.crash()
    assert.throws(() => { store.transact(writer => { writer.messages.append(aMessage(2)) }) }, StorageError)
    next.transact(writer => { writer.messages.append(aMessage(3)) })
    assert.equal(next.read.messages.has(content(1)), true)
    assert.equal(next.read.messages.has(content(2)), false)
    next.close()
  })
})

/** mocha listens for uncaught exceptions, too; for the next one we stand in its place. */
async function nextUncaught (): Promise<Error> {
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  return await new Promise(resolve => {
    process.once('uncaughtException', error => {
      for (const listener of listeners) process.on('uncaughtException', listener)
      resolve(error)
    })
  })
}
