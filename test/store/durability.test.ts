import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import { openRelayStore } from '../../store/relay/relay-store.ts'
import { StorageError } from '../../protocols/core/errors.ts'

const { fdatasync, fdatasyncSync } = fs

/** What the disk is asked, in order; and whether it confirms. */
class Disk {
  readonly asked: string[] = []
  isFailing = false
  readonly #held: Array<() => void> = []
  isHolding = false

  install (): void {
    const observed = this as Disk
    fs.fdatasyncSync = (descriptor: number) => {
      observed.asked.push('flush')
      if (observed.isFailing) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      fdatasyncSync(descriptor)
    }
    const observedFlush = (descriptor: number, done: (fault: NodeJS.ErrnoException | null) => void): void => {
      observed.asked.push('flush')
      const go = (): void => {
        if (observed.isFailing) done(Object.assign(new Error('EIO'), { code: 'EIO' }))
        else fdatasync(descriptor, done)
      }
      if (observed.isHolding) observed.#held.push(go)
      else go()
    }
    fs.fdatasync = observedFlush as typeof fs.fdatasync
    syncBuiltinESMExports()
  }

  release (): void {
    this.isHolding = false
    for (const go of this.#held.splice(0)) go()
  }

  remove (): void {
    fs.fdatasync = fdatasync
    fs.fdatasyncSync = fdatasyncSync
    syncBuiltinESMExports()
  }
}

describe('durability of the account store', () => {
  const disk = new Disk()
  let folder: string
  let store: AccountStore

  before(() => disk.install())
  after(() => disk.remove())

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'skein-durability-'))
    disk.isFailing = false
    store = openAccountStore({ path: join(folder, 'account.db'), key: new Uint8Array(32).fill(1), isNew: true })
    disk.asked.length = 0
  })

  afterEach(() => {
    store.close()
    fs.rmSync(folder, { recursive: true })
  })

  it('has every transaction on the disk when it returns', () => {
    store.transact(writer => { writer.facts.set('one', 1) })
    store.transact(writer => { writer.facts.set('two', 2) })
    assert.deepEqual(disk.asked, ['flush', 'flush'])
  })

  it('does not wait at a commit, and is durable only when the disk has confirmed', async () => {
    disk.isHolding = true
    store.commit(writer => { writer.facts.set('one', 1) })
    assert.deepEqual(disk.asked, [])
    let isDurable = false
    const durable = store.durable().then(() => { isDurable = true })
    await new Promise(resolve => { setImmediate(resolve) })
    assert.equal(isDurable, false)
    assert.equal(store.read.facts.number('one'), 1)
    disk.release()
    await durable
    assert.equal(isDurable, true)
  })

  it('covers all commits that wait with one flush, and none that came after it began', async () => {
    disk.isHolding = true
    const first = store.durable()
    store.commit(writer => { writer.facts.set('two', 2) })
    const second = store.durable()
    const third = store.durable()
    disk.release()
    await Promise.all([first, second, third])
    assert.deepEqual(disk.asked, ['flush', 'flush'])
  })

  it('does nothing more after a flush that failed: nobody knows what is on the disk', async () => {
    disk.isFailing = true
    store.commit(writer => { writer.facts.set('one', 1) })
    await assert.rejects(store.durable(), StorageError)
    disk.isFailing = false
    await assert.rejects(store.durable(), StorageError)
    assert.throws(() => store.transact(writer => { writer.facts.set('two', 2) }), StorageError)
  })

  it('believes a log that a killed process has left only when the disk has confirmed it again', () => {
    store.transact(writer => { writer.facts.set('one', 1) })
    const path = join(folder, 'copy.db')
    for (const suffix of ['', '-wal']) fs.copyFileSync(join(folder, `account.db${suffix}`), `${path}${suffix}`)
    const options = { path, key: new Uint8Array(32).fill(1) }
    disk.isFailing = true
    assert.throws(() => openAccountStore(options), (error: unknown) => error instanceof StorageError && /log of the account database/.test(error.message) && /confirmed is safe/.test(error.hint ?? ''))
    disk.isFailing = false
    const again = openAccountStore(options)
    assert.equal(again.read.facts.number('one'), 1)
    again.close()
  })

  it('leaves the log where it is after a flush that failed, also at its closing', async () => {
    store.commit(writer => { writer.facts.set('one', 1) })
    const log = fs.readFileSync(join(folder, 'account.db-wal'))
    disk.isFailing = true
    await assert.rejects(store.durable(), StorageError)
    store.close()
    assert.deepEqual(fs.readFileSync(join(folder, 'account.db-wal')), log)
  })
})

describe('durability of the relay store', () => {
  const disk = new Disk()
  let folder: string

  before(() => disk.install())
  after(() => disk.remove())
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'skein-durability-'))
    disk.isFailing = false
  })
  afterEach(() => { fs.rmSync(folder, { recursive: true }) })

  /** The files of a relay whose process has ended in the middle. */
  function killed (): string {
    const path = join(folder, 'relay.db')
    const store = openRelayStore({ path, isNew: true, capBytes: 2 ** 28 })
    store.commit(writer => { writer.setFact('one', 'here') })
    for (const suffix of ['', '-wal']) fs.copyFileSync(`${path}${suffix}`, join(folder, `copy.db${suffix}`))
    store.close()
    disk.asked.length = 0
    return join(folder, 'copy.db')
  }

  it('answers from a log that a killed process has left only when the disk has confirmed that log again', () => {
    const path = killed()
    disk.isFailing = true
    assert.throws(() => openRelayStore({ path, isNew: false, capBytes: 2 ** 28 }), (error: unknown) => error instanceof StorageError && /relay\.db/.test(error.message) && /acknowledged is safe/.test(error.hint ?? ''))
    disk.isFailing = false
    const store = openRelayStore({ path, isNew: false, capBytes: 2 ** 28 })
    assert.deepEqual(disk.asked, ['flush', 'flush'])
    assert.equal(store.read.fact('one'), 'here')
    store.close()
  })

  it('speaks of its own database in its faults', () => {
    const missing = join(folder, 'relay.db')
    assert.throws(() => openRelayStore({ path: missing, isNew: false, capBytes: 2 ** 28 }), isOfRelay)
    fs.writeFileSync(missing, 'no database, and long enough to have a header that says so. '.repeat(100))
    assert.throws(() => openRelayStore({ path: missing, isNew: false, capBytes: 2 ** 28 }), isOfRelay)
  })
})

function isOfRelay (error: unknown): boolean {
  return error instanceof StorageError && /relay\.db/.test(error.message) && /relay/.test(error.hint ?? '') && !/account/.test(`${error.message} ${error.hint ?? ''}`)
}
