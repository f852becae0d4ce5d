import assert from 'node:assert/strict'
import { closeSync, copyFileSync, openSync, readFileSync, readSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { StorageError } from '../../protocols/core/errors.ts'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import { checkAccountStore } from '../../store/check.ts'
import { aMessage, content, KEY, temporaryFolder } from './fixtures.ts'

const MESSAGES = 200
const PAGE_BYTES = 4096

describe('a damaged account database', () => {
  const inFolder = temporaryFolder()

  before(() => {
    const store = openAccountStore({ path: inFolder('sound.db'), key: KEY, isNew: true })
    store.transact(writer => {
      for (let number = 1; number <= MESSAGES; number++) writer.messages.append(aMessage(number, { text: `text ${number} `.repeat(40) }))
      writer.search.indexNext(MESSAGES)
    })
    store.close()
  })

  it('is a storage fault wherever a bit has flipped, and never a wrong answer', () => {
    const pages = statSync(inFolder('sound.db')).size / PAGE_BYTES
    const found = { fault: 0, sound: 0 }
    for (let page = 0; page < pages; page++) {
      copyFileSync(inFolder('sound.db'), inFolder('flipped.db'))
      flipBit(inFolder('flipped.db'), page * PAGE_BYTES + (page * 997) % PAGE_BYTES)
      found[readsAs(inFolder('flipped.db'))] += 1
    }
    assert.deepEqual(found, { fault: pages, sound: 0 })
  })

  it('is found by the check, which goes on after it', () => {
    copyFileSync(inFolder('sound.db'), inFolder('checked.db'))
    flipBit(inFolder('checked.db'), statSync(inFolder('checked.db')).size - PAGE_BYTES / 2)
    const store = openAccountStore({ path: inFolder('checked.db'), key: KEY })
    const findings = checkAccountStore(store)
    assert.equal(findings[0]?.severity, 'error')
    assert.ok(findings[0].fix?.includes('backup'))
    store.close()
  })

  it('is a storage fault when its end is missing', () => {
    copyFileSync(inFolder('sound.db'), inFolder('short.db'))
    truncateSync(inFolder('short.db'), 5 * PAGE_BYTES + 100)
    assert.equal(readsAs(inFolder('short.db')), 'fault')
  })

  it('is a storage fault when it is another file altogether', () => {
    writeFileSync(inFolder('junk.db'), Buffer.alloc(3 * PAGE_BYTES, 'junk'))
    assert.equal(readsAs(inFolder('junk.db')), 'fault')
    assert.deepEqual(readFileSync(inFolder('junk.db')), Buffer.alloc(3 * PAGE_BYTES, 'junk'))
  })

  it('cannot be written either: a failed transaction is a storage fault with a way out', () => {
    copyFileSync(inFolder('sound.db'), inFolder('written.db'))
    const store = openAccountStore({ path: inFolder('written.db'), key: KEY })
    flipEveryPage(inFolder('written.db'))
    store.database.pragma('shrink_memory')
    assert.throws(() => {
      store.transact(writer => { for (let number = 1; number <= MESSAGES; number++) writer.messages.setPosition(content(number), 1, 0) })
    }, (error: unknown) => error instanceof StorageError && error.hint?.includes('skein doctor') === true)
    store.close()
  })
})

/** Reads everything back, then every page. Anything but the messages that were written, or a storage fault, fails the test. */
function readsAs (path: string): 'fault' | 'sound' {
  let store: AccountStore | undefined
  try {
    store = openAccountStore({ path, key: KEY })
    for (let number = 1; number <= MESSAGES; number++) {
      assert.equal(store.read.messages.byId(content(number))?.text, `text ${number} `.repeat(40))
    }
    assert.equal(store.read.messages.page(1, { limit: MESSAGES }).length, MESSAGES)
    assert.equal(store.read.search.find('text 77', { limit: 5 }).length, 1)
    return checkAccountStore(store).some(finding => finding.severity === 'error') ? 'fault' : 'sound'
  } catch (error) {
    if (error instanceof StorageError) return 'fault'
    throw error
  } finally {
    store?.close()
  }
}

function flipEveryPage (path: string): void {
  // The first page is read before every transaction: without it nothing would be tried.
  for (let page = 1; page < statSync(path).size / PAGE_BYTES; page++) flipBit(path, page * PAGE_BYTES + 100)
}

function flipBit (path: string, offset: number): void {
  const file = openSync(path, 'r+')
  const byte = new Uint8Array(1)
  readSync(file, byte, 0, 1, offset)
  writeSync(file, Uint8Array.of((byte[0] ?? 0) ^ 1), 0, 1, offset)
  closeSync(file)
}
