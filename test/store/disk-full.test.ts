import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '../../protocols/core/errors.ts'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import { checkAccountStore } from '../../store/check.ts'
import { skip } from '../skip.ts'
import { aMessage, content, KEY } from './fixtures.ts'

const LONG = 'x'.repeat(1000)

describe('an account store on a full disk', () => {
  const disk = smallDisk('2m')
  afterEach(() => {
    // On a full disk the WAL stays beside its database: it holds what is committed.
    for (const name of readdirSync(disk())) rmSync(disk(name))
    resize('2m', disk())
  })

  it('undoes the transaction as a whole, goes on reading, and writes again when there is room', () => {
    const store = openAccountStore({ path: disk('full.db'), key: KEY, isNew: true })
    const kept = fillUp(store)
    assert.equal(store.read.messages.count(), kept)
    assert.equal(store.read.messages.has(content(kept)), true)
    assert.equal(store.read.messages.has(content(kept + 1)), false)
    resize('8m', disk())
    store.transact(writer => { writer.messages.append(aMessage(kept + 1, { text: LONG })) })
    assert.equal(store.read.messages.count(), kept + 1)
    assert.deepEqual(checkAccountStore(store).filter(finding => finding.severity !== 'ok'), [])
    store.close()
    const again = openAccountStore({ path: disk('full.db'), key: KEY })
    assert.equal(again.read.messages.count(), kept + 1)
    again.close()
  })

  it('commits no half of a transaction whose fault was caught on the way', () => {
    const store = openAccountStore({ path: disk('caught.db'), key: KEY, isNew: true })
    let caught = 0
    assert.throws(() => {
      store.transact(writer => {
        writer.facts.set('half', 1)
        for (let number = 1; number <= 50_000; number++) {
          try {
            writer.messages.append(aMessage(number, { text: LONG }))
          } catch (error) {
            assert.ok(error instanceof StorageError)
            caught += 1
          }
        }
      })
    }, isStorageFault)
    assert.ok(caught > 1)
    assert.equal(store.read.facts.number('half'), undefined)
    assert.equal(store.read.messages.count(), 0)
    store.close()
  })

  it('says what is wrong when there is no room to open or to make it', () => {
    openAccountStore({ path: disk('there.db'), key: KEY, isNew: true }).close()
    assert.throws(() => { writeFileSync(disk('ballast'), Buffer.alloc(4 * 1024 * 1024)) }, /ENOSPC/)
    assert.throws(() => openAccountStore({ path: disk('there.db'), key: KEY }).close(), isStorageFault)
    assert.throws(() => openAccountStore({ path: disk('new.db'), key: KEY, isNew: true }).close(), isStorageFault)
    rmSync(disk('ballast'))
    openAccountStore({ path: disk('there.db'), key: KEY }).close()
    openAccountStore({ path: disk('new.db'), key: KEY, isNew: true }).close()
  })

  it('says what is wrong when the disk cannot be written at all', () => {
    openAccountStore({ path: disk('frozen.db'), key: KEY, isNew: true }).close()
    execFileSync('mount', ['-o', 'remount,ro', disk()])
    try {
      assert.throws(() => openAccountStore({ path: disk('frozen.db'), key: KEY }).close(), isStorageFault)
      assert.throws(() => openAccountStore({ path: disk('other.db'), key: KEY, isNew: true }).close(), isStorageFault)
    } finally {
      execFileSync('mount', ['-o', 'remount,rw', disk()])
    }
    openAccountStore({ path: disk('frozen.db'), key: KEY }).close()
  })
})

/** Commits ever more messages until the disk is full. Returns how many are kept. */
function fillUp (store: AccountStore): number {
  for (let kept = 0; ; kept += 10) {
    try {
      store.transact(writer => { for (let number = kept + 1; number <= kept + 10; number++) writer.messages.append(aMessage(number, { text: LONG })) })
    } catch (error) {
      assert.ok(error instanceof StorageError)
      assert.equal(error.message, 'the disk is full')
      assert.match(error.hint ?? '', /safe/)
      return kept
    }
  }
}

function isStorageFault (error: unknown): boolean { return error instanceof StorageError && error.hint !== undefined }

/** A file system in memory that holds no more than it is told. */
function smallDisk (size: string): (name?: string) => string {
  let folder = ''
  let isMounted = false
  before(function () {
    if (process.platform !== 'linux') skip(this, 'a small disk needs a tmpfs, which only Linux has')
    folder = mkdtempSync(join(tmpdir(), 'skein-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder], { stdio: 'pipe' })
      isMounted = true
    } catch {
      skip(this, 'a small disk needs mount, which this user or system does not allow')
    }
  })
  after(() => {
    if (isMounted) execFileSync('umount', [folder])
    if (folder !== '') rmdirSync(folder)
  })
  return (name = '.') => join(folder, name)
}

function resize (size: string, folder: string): void { execFileSync('mount', ['-o', `remount,size=${size}`, folder]) }
