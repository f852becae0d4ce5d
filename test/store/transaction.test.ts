/** What becomes of SQLite's answers: a disk that is gone is told from a database that is damaged. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ACCOUNT_DATABASE, UnconfirmedWriteError } from '../../store/faults.ts'
import { StorageError } from '../../protocols/core/errors.ts'
import { Transaction } from '../../store/transaction.ts'
import { Wal } from '../../store/wal.ts'

const { fdatasyncSync } = fs

describe('a fault of the database', () => {
  let folder: string
  let wal: Wal
  let isDiskGone = false

  before(() => {
    fs.fdatasyncSync = descriptor => {
      if (isDiskGone) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      fdatasyncSync(descriptor)
    }
    syncBuiltinESMExports()
  })
  after(() => {
    fs.fdatasyncSync = fdatasyncSync
    syncBuiltinESMExports()
  })
  beforeEach(() => {
    folder = fs.mkdtempSync(join(tmpdir(), 'skein-transaction-'))
    fs.writeFileSync(join(folder, 'wal'), '')
    wal = new Wal(join(folder, 'wal'), ACCOUNT_DATABASE)
    isDiskGone = false
  })
  afterEach(() => {
    wal.close()
    fs.rmSync(folder, { recursive: true })
  })

  function faultOf (code: string): unknown {
    return new Transaction(ACCOUNT_DATABASE, wal).faultOf(Object.assign(new Error(code), { code }), { isClosed: false })
  }

  for (const code of ['SQLITE_IOERR_READ', 'SQLITE_IOERR_WRITE', 'SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_CANTOPEN']) {
    it(`is what it says while the disk confirms, and the end when it does not: ${code}`, () => {
      const fault = faultOf(code)
      assert.ok(fault instanceof StorageError && !(fault instanceof UnconfirmedWriteError))
      wal.requireSound()
      isDiskGone = true
      assert.ok(faultOf(code) instanceof UnconfirmedWriteError)
      assert.throws(() => { wal.requireSound() }, UnconfirmedWriteError)
    })
  }

  it('that says of itself what it is asks the disk nothing: it is full, or nothing was confirmed', () => {
    isDiskGone = true
    assert.match(String(faultOf('SQLITE_FULL')), /full/)
    wal.requireSound()
    assert.ok(faultOf('SQLITE_IOERR_FSYNC') instanceof UnconfirmedWriteError)
    assert.throws(() => { wal.requireSound() }, UnconfirmedWriteError)
  })
})
