import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { envelopeId } from '../../../protocols/core/ids.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { MailboxQuotas, NewDeposit, RelayStore, RelayWriter } from '../../../store/relay/types.ts'

const MIB = 2 ** 20
const QUOTAS: MailboxQuotas = { aliasItemsMax: 1e6, aliasBytesMax: 1e12, mailboxItemsMax: 1e6, mailboxBytesMax: 1e12, aliasesMax: 100 }
const ALIASES = [1, 2].map(number => new Uint8Array(24).fill(number))
const BODY = Uint8Array.from(randomBytes(64 * 1024))
const EXPIRES_AT_MS = 6_000_000
const ITEMS = 512
const SLICE_ROWS = 100
const SLICE_PAGES = 256

describe('a relay store that gives back 64 MiB', () => {
  let folder = ''
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'skein-relay-')) })
  afterEach(() => { rmSync(folder, { recursive: true }) })

  it('does so in slices, over a restart, and what it holds within its cap all the while', () => {
    const path = join(folder, 'relay.db')
    const capBytes = 128 * MIB
    const store = openRelayStore({ path, isNew: true, capBytes })
    const used = (): number => statSync(path).size + statSync(`${path}-wal`).size
    let peakBytes = 0
    const stalls = { deposit: 0, delete: 0, expire: 0, vacuum: 0 }
    const timed = <T>(what: keyof typeof stalls, which: RelayStore, work: (writer: RelayWriter) => T): T => {
      const begin = process.hrtime.bigint()
      const result = which.commit(work)
      stalls[what] = Math.max(stalls[what], Number(process.hrtime.bigint() - begin) / 1e6)
      peakBytes = Math.max(peakBytes, used())
      return result
    }
    ALIASES.forEach((alias, index) => store.commit(writer => {
      writer.changeAliases(writer.createMailbox(`owner ${index}`, 1), { add: [{ alias, macKey: new Uint8Array(32), kind: 'contact', expiresAtMs: undefined }], remove: [], epoch: undefined }, 100)
    }))
    for (const alias of ALIASES) {
      for (let count = 0; count < ITEMS; count += 32) timed('deposit', store, writer => { assert.ok(writer.deposit(Array.from({ length: 32 }, () => newDeposit(alias)), QUOTAS).every(({ type }) => type === 'stored')) })
    }
    timed('delete', store, writer => { writer.deleteMailbox(1) })
    assert.equal(store.read.totals().items, ITEMS, 'a mailbox that was given up is gone at once for whoever counts')
    for (let slice = 0; slice < Math.floor(ITEMS / SLICE_ROWS); slice++) assert.deepEqual(timed('expire', store, writer => writer.expire(EXPIRES_AT_MS, SLICE_ROWS)), { items: 0, rows: SLICE_ROWS })
    // The last of that mailbox, and its door; the rest of the slice is the first of what has expired.
    const rest = SLICE_ROWS - ITEMS % SLICE_ROWS - 1
    assert.deepEqual(timed('expire', store, writer => writer.expire(EXPIRES_AT_MS, SLICE_ROWS)), { items: rest, rows: SLICE_ROWS })
    store.close()

    const again = openRelayStore({ path, isNew: false, capBytes })
    assert.equal(again.read.totals().items, ITEMS - rest, 'what had expired stays so')
    for (let rows = SLICE_ROWS; rows >= SLICE_ROWS;) ({ rows } = timed('expire', again, writer => writer.expire(EXPIRES_AT_MS, SLICE_ROWS)))
    assert.deepEqual([again.read.totals().items, again.read.totals().bytes, again.read.mailbox(2)?.usage], [0, 0, { items: 0, bytes: 0 }])
    for (let left = 1; left > 0;) left = timed('vacuum', again, writer => writer.vacuum(SLICE_PAGES))
    assert.ok(peakBytes <= capBytes)
    again.close()
    assert.ok(statSync(path).size < 8 * MIB)
    const words = Object.entries(stalls).map(([what, ms]) => `${what} ${ms.toFixed(1)} ms`).join(', ')
    console.log(`      longest: ${words}`)
  })
})

function newDeposit (alias: Uint8Array): NewDeposit {
  return { alias, depositId: envelopeId(Uint8Array.from(randomBytes(16))), body: BODY, storedAtMs: 60_000, expiresAtMs: EXPIRES_AT_MS, isControl: false }
}
