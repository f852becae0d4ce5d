import assert from 'node:assert/strict'
import { IN_MEMORY, openDatabase } from '../../../store/database.ts'
import { migrate } from '../../../store/migrate.ts'
import { MailboxWriter } from '../../../store/relay/mailbox-writer.ts'
import { SqlRelayReader } from '../../../store/relay/reader.ts'
import { MAILBOX_NUMBER_MAX } from '../../../store/relay/rows.ts'
import { DiskSpace } from '../../../store/relay/space.ts'
import { Sweeper } from '../../../store/relay/sweeper.ts'
import { RunningTotals } from '../../../store/relay/totals.ts'

const MIGRATIONS = new URL('../../../store/relay/migrations/', import.meta.url)

describe('numbers of mailboxes', () => {
  it('rise, and when all have been given, those that became free come again', () => {
    const database = openDatabase({ path: IN_MEMORY, isNew: true, isShrinkable: true })
    migrate(database, MIGRATIONS)
    const space = new DiskSpace(database, { logPath: undefined, capBytes: 2 ** 30 })
    const totals = new RunningTotals(database)
    const parts = { database, space, totals, rememberedMax: 1, read: new SqlRelayReader(database, { space, totals }) }
    const writer = new MailboxWriter(parts, new Sweeper(parts))
    const numbers = database.transact(() => {
      const first = ['a', 'b', 'c'].map(peerId => writer.create(peerId, 1))
      writer.delete(2)
      const next = writer.create('d', 1)
      database.execute(`UPDATE sqlite_sequence SET seq = ${MAILBOX_NUMBER_MAX - 1} WHERE name = 'mailboxes'`)
      return [...first, next, ...['e', 'f', 'g'].map(peerId => writer.create(peerId, 1))]
    })
    assert.deepEqual(numbers, [1, 2, 3, 4, MAILBOX_NUMBER_MAX, 2, 5])
    database.close()
  })
})
