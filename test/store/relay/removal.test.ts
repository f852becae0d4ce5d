/** What closed doors leave, and what is only remembered: it goes in slices, is seen by nobody meanwhile, and takes no room from what waits. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { envelopeId } from '../../../protocols/core/ids.ts'
import type { Alias } from '../../../protocols/mailbox/wire.ts'
import { IN_MEMORY } from '../../../store/database.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { MailboxQuotas, NewDeposit, RelayStore } from '../../../store/relay/types.ts'

const MIB = 2 ** 20
const QUOTAS: MailboxQuotas = { aliasItemsMax: 1e6, aliasBytesMax: 1e12, mailboxItemsMax: 1e6, mailboxBytesMax: 1e12, aliasesMax: 100 }
const NOW_MS = Date.UTC(2026, 11, 1)
const DAY_MS = 24 * 3_600_000
const SLICE_ROWS = 50

describe('what a relay removes', () => {
  let store: RelayStore
  afterEach(() => { store.close() })

  function open (options: { readonly capBytes?: number, readonly rememberedMax?: number } = {}): void {
    store = openRelayStore({ path: IN_MEMORY, isNew: true, capBytes: 512 * MIB, ...options })
  }

  function mailbox (peerId: string, expiresAtMs?: number): { readonly mailbox: number, readonly alias: Alias } {
    const alias = { alias: bytes(24), macKey: bytes(32), kind: 'gateOpen' as const, expiresAtMs }
    return store.commit(writer => {
      const number = writer.createMailbox(peerId, 1)
      writer.changeAliases(number, { add: [alias], remove: [], epoch: undefined }, 100)
      return { mailbox: number, alias }
    })
  }

  function deposit (door: Alias, count: number, sizeBytes = 100): NewDeposit[] {
    const deposits = Array.from({ length: count }, (_, index) => ({ alias: door.alias, depositId: envelopeId(bytes(16)), body: bytes(sizeBytes), storedAtMs: NOW_MS, expiresAtMs: NOW_MS + DAY_MS + index * 60_000, isControl: false }))
    for (let from = 0; from < count; from += 256) assert.ok(store.commit(writer => writer.deposit(deposits.slice(from, from + 256), QUOTAS)).every(({ type }) => type === 'stored'))
    return deposits
  }

  function acknowledge (number: number, deposits: readonly NewDeposit[]): void { store.commit(writer => writer.acknowledge(number, deposits)) }

  /** Housekeeping in slices until nothing is left. Returns the rows of each transaction. */
  function tidy (nowMs = NOW_MS): number[] {
    const slices = []
    for (let rows = SLICE_ROWS; rows >= SLICE_ROWS;) {
      ({ rows } = store.commit(writer => writer.expire(nowMs, SLICE_ROWS)))
      slices.push(rows)
    }
    return slices
  }

  it('of a mailbox with very many envelopes is gone at once for whoever looks, and goes in slices', () => {
    open()
    const bob = mailbox('Bob')
    const deposits = deposit(bob.alias, 1_000)
    store.commit(writer => writer.acknowledge(bob.mailbox, deposits.slice(0, 300)))
    store.commit(writer => { writer.deleteMailbox(bob.mailbox) })
    const { mailboxes, aliases, items, bytes: size, remembered } = store.read.totals()
    assert.deepEqual({ mailboxes, aliases, items, size, remembered }, { mailboxes: 0, aliases: 0, items: 0, size: 0, remembered: 0 })
    assert.deepEqual(store.read.items(bob.mailbox, 0, { items: 10, bytes: MIB }), [])
    assert.deepEqual(store.read.custody(bob.alias.alias, [deposits[0]?.depositId ?? envelopeId(bytes(16))]), ['unknown'])
    const slices = tidy()
    assert.equal(slices.reduce((sum, rows) => sum + rows, 0), 1_001, 'an id each, and the door')
    assert.ok(slices.every(rows => rows <= SLICE_ROWS))
  })

  it('of a door is nothing that a new door finds, whatever number it gets', () => {
    open()
    const bob = mailbox('Bob')
    const before = deposit(bob.alias, 200)
    store.commit(writer => writer.acknowledge(bob.mailbox, before.slice(0, 100)))
    store.commit(writer => writer.changeAliases(bob.mailbox, { add: [], remove: [bob.alias.alias], epoch: undefined }, 100))
    assert.deepEqual([store.read.mailbox(bob.mailbox)?.usage.items, store.read.mailbox(bob.mailbox)?.gatePending, store.read.totals().remembered], [0, 0, 0])
    store.commit(writer => writer.changeAliases(bob.mailbox, { add: [bob.alias], remove: [], epoch: undefined }, 100))
    assert.deepEqual(store.read.custody(bob.alias.alias, before.map(({ depositId }) => depositId)), before.map(() => 'unknown'))
    assert.deepEqual(store.commit(writer => writer.deposit(before.slice(0, 10), QUOTAS)).map(({ type }) => type), before.slice(0, 10).map(() => 'stored'))
    tidy()
    assert.equal(store.read.items(bob.mailbox, 0, { items: 100, bytes: MIB }).length, 10)
    assert.equal(store.read.mailbox(bob.mailbox)?.usage.items, 10)
  })

  it('are doors whose time is over, when nothing waits behind them any more', () => {
    open()
    const [empty, used, other] = [mailbox('Ana', NOW_MS - 1), mailbox('Bob', NOW_MS - 1), mailbox('Cleo', NOW_MS + DAY_MS)]
    const waiting = deposit(used.alias, 1)
    tidy()
    assert.deepEqual([empty, used, other].map(({ alias }) => store.read.aliasOf(alias.alias) !== undefined), [false, true, true])
    assert.deepEqual([empty, used].map(({ mailbox: number }) => store.read.mailbox(number)?.aliasCount), [0, 1])
    store.commit(writer => writer.acknowledge(used.mailbox, waiting))
    tidy()
    assert.equal(store.read.aliasOf(used.alias.alias), undefined)
    assert.equal(store.read.totals().aliases, 1)
  })

  it('are ids beyond what is remembered for one door, and of no other', () => {
    open({ rememberedMax: 20 })
    const [bob, eve] = [mailbox('Bob'), mailbox('Eve')]
    const [few, many] = [deposit(bob.alias, 10), deposit(eve.alias, 100)]
    store.commit(writer => writer.acknowledge(eve.mailbox, many))
    store.commit(writer => writer.acknowledge(bob.mailbox, few))
    assert.equal(store.read.totals().remembered, 30)
    assert.deepEqual(store.read.custody(bob.alias.alias, few.map(({ depositId }) => depositId)), few.map(() => 'collected'))
    assert.equal(store.read.custody(eve.alias.alias, many.map(({ depositId }) => depositId)).filter(state => state === 'collected').length, 20)
    tidy(NOW_MS + 2 * DAY_MS)
    assert.equal(store.read.totals().remembered, 0)
  })

  it('are ids beyond their share of the cap, those first that would be forgotten first', () => {
    const capBytes = MIB
    open({ capBytes })
    const bob = mailbox('Bob')
    const share = Math.floor(capBytes * 0.1 / 96)
    for (let count = 0; count < 2 * share; count += 256) acknowledge(bob.mailbox, deposit(bob.alias, 256))
    const last = deposit(bob.alias, 1)
    assert.ok(store.read.totals().remembered > share)
    const slices = tidy()
    assert.ok(slices.every(rows => rows <= SLICE_ROWS))
    assert.ok(store.read.totals().remembered <= share)
    assert.deepEqual(store.read.custody(bob.alias.alias, last.map(({ depositId }) => depositId)), ['held'])
  })

  it('are all ids that are only remembered, where what waits has no room', () => {
    open({ capBytes: 4 * MIB })
    const bob = mailbox('Bob')
    acknowledge(bob.mailbox, deposit(bob.alias, 1_000))
    assert.throws(() => { for (;;) deposit(bob.alias, 1, 16 * 1024) }, { name: 'AssertionError' })
    assert.equal(store.read.totals().remembered, 1_000)
    const held = store.read.totals().items
    tidy()
    assert.deepEqual([store.read.totals().remembered, store.read.totals().items], [0, held])
  })
})

function bytes (length: number): Uint8Array { return Uint8Array.from(randomBytes(length)) }
