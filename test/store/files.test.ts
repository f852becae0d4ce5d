/** Small files beside the database: whole or not there, and there for good. What the kernel makes of it is in test/crash/power-loss-*. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StorageError } from '../../protocols/core/errors.ts'
import { createDurably, isThere, makeFolderDurably, writeDurably } from '../../store/files.ts'

const { openSync, fsyncSync, linkSync, writeSync } = fs

describe('small files', () => {
  let folder: string
  /** What was synced, by its path. */
  const synced: string[] = []
  const paths = new Map<number, string>()
  const at = (name: string): string => join(folder, name)
  const bytes = Buffer.from('whole')

  function patch (changes: Partial<Pick<typeof fs, 'openSync' | 'fsyncSync' | 'linkSync' | 'writeSync'>>): void {
    Object.assign(fs, changes)
    syncBuiltinESMExports()
  }

  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'skein-files-'))
    synced.length = 0
    patch({
      openSync: (path, ...rest) => {
        const descriptor = openSync(path, ...rest)
        paths.set(descriptor, String(path))
        return descriptor
      },
      fsyncSync: descriptor => {
        synced.push(paths.get(descriptor) ?? '')
        fsyncSync(descriptor)
      }
    })
  })
  afterEach(() => {
    patch({ openSync, fsyncSync, linkSync, writeSync })
    fs.rmSync(folder, { recursive: true })
  })

  it('have their bytes on the disk before their name, and their name before anybody is told', () => {
    assert.equal(createDurably(at('key'), bytes, 'it cannot be made'), true)
    writeDurably(at('vault'), 'new', 'it cannot be written')
    assert.deepEqual(synced, [at('key.new'), folder, at('vault.new'), folder])
    assert.deepEqual(fs.readdirSync(folder).toSorted(), ['key', 'vault'])
  })

  it('that are made leave what is there as it is', () => {
    fs.writeFileSync(at('key'), 'mine')
    assert.equal(createDurably(at('key'), bytes, 'it cannot be made'), false)
    assert.equal(fs.readFileSync(at('key'), 'utf8'), 'mine')
  })

  it('that somebody else makes in the meantime are theirs', () => {
    patch({
      linkSync: (from, to) => {
        fs.writeFileSync(to, 'theirs')
        linkSync(from, to)
      }
    })
    assert.equal(createDurably(at('key'), bytes, 'it cannot be made'), false)
    assert.equal(fs.readFileSync(at('key'), 'utf8'), 'theirs')
    assert.deepEqual(fs.readdirSync(folder), ['key'])
  })

  it('are made also where a file has one name only', () => {
    patch({ linkSync: () => { throw Object.assign(new Error('EPERM'), { code: 'EPERM' }) } })
    assert.equal(createDurably(at('key'), bytes, 'it cannot be made'), true)
    assert.equal(fs.readFileSync(at('key'), 'utf8'), 'whole')
    assert.deepEqual(fs.readdirSync(folder), ['key'])
  })

  it('that cannot be written leave nothing behind, and say what the disk said', () => {
    patch({ writeSync: () => { throw Object.assign(new Error('EIO'), { code: 'EIO' }) } })
    assert.throws(() => createDurably(at('key'), bytes, 'the key cannot be made'), (error: unknown) => error instanceof StorageError && error.message === 'the key cannot be made' && /disk failed/.test(error.hint ?? ''))
    assert.deepEqual(fs.readdirSync(folder), [])
  })

  it('stand in folders whose names are on the disk as well', () => {
    makeFolderDurably(at('a/b/c'))
    assert.deepEqual(synced, [at('a/b'), at('a'), folder])
    synced.length = 0
    makeFolderDurably(at('a/b/c'))
    assert.deepEqual(synced, [])
    assert.equal(fs.statSync(at('a/b')).mode & 0o777, 0o700)
  })

  it('are looked for without taking a disk that does not say for one that has none', () => {
    fs.writeFileSync(at('file'), '')
    assert.deepEqual([isThere(at('file')), isThere(at('none')), isThere(at('file/none'))], [true, false, false])
    assert.throws(() => isThere(at('x'.repeat(5_000))), StorageError)
  })
})
