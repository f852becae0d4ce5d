import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StorageError } from '../../../protocols/core/errors.ts'
import { envelopeId } from '../../../protocols/core/ids.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { MailboxQuotas, NewDeposit } from '../../../store/relay/types.ts'
import { NO_MOUNT, smallDisk } from '../../integration/folders.ts'
import { skip } from '../../skip.ts'

const MIB = 2 ** 20
const QUOTAS: MailboxQuotas = { aliasItemsMax: 1e6, aliasBytesMax: 1e12, mailboxItemsMax: 1e6, mailboxBytesMax: 1e12, aliasesMax: 100 }
const ALIAS = new Uint8Array(24).fill(7)

describe('a relay store on a full disk', () => {
  it('undoes what does not fit as a whole, hands out and deletes what it has, and goes on when there is room', async function () {
    await using disk = await smallDisk(16 * MIB)
    if (disk === undefined) return skip(this, NO_MOUNT)
    const path = join(disk.path, 'relay.db')
    const store = openRelayStore({ path, isNew: true, capBytes: 1024 * MIB })
    store.commit(writer => { writer.changeAliases(writer.createMailbox('Bob', 1), { add: [{ alias: ALIAS, macKey: new Uint8Array(32), kind: 'contact', expiresAtMs: undefined }], remove: [], epoch: undefined }, 100) })
    const kept: NewDeposit[] = []
    const ballast = join(disk.path, 'ballast')
    writeFileSync(ballast, new Uint8Array(4 * MIB))
    assert.throws(() => {
      for (;;) {
        const group = Array.from({ length: 16 }, newDeposit)
        store.commit(writer => writer.deposit(group, QUOTAS))
        kept.push(...group)
      }
    }, (error: unknown) => error instanceof StorageError && error.message === 'the disk is full')
    assert.deepEqual(store.read.mailbox(1)?.usage, { items: kept.length, bytes: kept.length * 16 * 1024 })
    assert.equal(store.read.totals().items, kept.length)
    assert.equal(store.read.items(1, 0, { items: 5, bytes: MIB }).length, 5)

    rmSync(ballast)
    assert.equal(store.commit(writer => writer.acknowledge(1, kept.slice(0, 16))), 16)
    const more = newDeposit()
    assert.equal(store.commit(writer => writer.deposit([more], QUOTAS))[0]?.type, 'stored')
    await store.durable()
    store.close()
    const again = openRelayStore({ path, isNew: false, capBytes: 1024 * MIB })
    assert.equal(again.read.totals().items, kept.length - 15)
    assert.deepEqual(again.read.custody(ALIAS, [more.depositId]), ['held'])
    again.close()
  })
})

function newDeposit (): NewDeposit {
  return { alias: ALIAS, depositId: envelopeId(Uint8Array.from(randomBytes(16))), body: Uint8Array.from(randomBytes(16 * 1024)), storedAtMs: 60_000_000, expiresAtMs: 120_000_000, isControl: false }
}
