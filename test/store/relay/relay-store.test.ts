import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deviceId, envelopeId } from '../../../protocols/core/ids.ts'
import type { Alias, AliasKind } from '../../../protocols/mailbox/wire.ts'
import type { ShardUpload } from '../../../protocols/prekeys/shard.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { MailboxQuotas, NewDeposit, RelayStore } from '../../../store/relay/types.ts'

const QUOTAS: MailboxQuotas = { aliasItemsMax: 1_000, aliasBytesMax: 2 ** 24, mailboxItemsMax: 10_000, mailboxBytesMax: 2 ** 26, aliasesMax: 100 }
const NOW_MS = Date.UTC(2026, 11, 1)
const DAY_MS = 24 * 3_600_000
const MIB = 2 ** 20

describe('what a relay remembers', () => {
  let folder = ''
  const open: RelayStore[] = []
  beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'skein-relay-')) })
  afterEach(() => {
    for (const store of open.splice(0)) store.close()
    rmSync(folder, { recursive: true })
  })

  function openStore ({ isNew = true, capBytes = 512 * MIB }: { readonly isNew?: boolean, readonly capBytes?: number } = {}): RelayStore {
    const store = openRelayStore({ path: join(folder, 'relay.db'), isNew, capBytes })
    open.push(store)
    return store
  }

  function mailbox (store: RelayStore, peerId = 'Bob', kind: AliasKind = 'contact'): { readonly mailbox: number, readonly alias: Alias } {
    const alias = { alias: bytes(24), macKey: bytes(32), kind, expiresAtMs: undefined }
    return store.commit(writer => {
      const number = writer.createMailbox(peerId, 1)
      assert.equal(writer.changeAliases(number, { add: [alias], remove: [], epoch: undefined }, 100), 'done')
      return { mailbox: number, alias }
    })
  }

  function deposit ({ alias }: Alias, more: Partial<NewDeposit> = {}): NewDeposit {
    return { alias, depositId: envelopeId(bytes(16)), body: bytes(1024), storedAtMs: NOW_MS, expiresAtMs: NOW_MS + DAY_MS, isControl: false, ...more }
  }

  it('is there after a restart, and counted as before', () => {
    const store = openStore()
    const { mailbox: number, alias } = mailbox(store)
    const items = [deposit(alias), deposit(alias)]
    store.commit(writer => writer.deposit(items, QUOTAS))
    const before = store.read.totals()
    store.close()
    const again = openStore({ isNew: false })
    assert.deepEqual(again.read.totals(), before)
    assert.deepEqual(again.read.items(number, 0, { items: 10, bytes: MIB }).map(({ position, body }) => ({ position, body })), items.map(({ body }, index) => ({ position: index + 1, body })))
  })

  it('is nothing of a transaction that failed, in the counts neither', () => {
    const store = openStore()
    const { alias } = mailbox(store)
    const before = store.read.totals()
    assert.throws(() => store.commit(writer => {
      writer.deposit([deposit(alias)], QUOTAS)
      throw new Error('the power went')
    }), /power/)
    assert.deepEqual(store.read.totals(), before)
    assert.deepEqual(store.commit(writer => writer.deposit([deposit(alias)], QUOTAS)).map(({ type }) => type), ['stored'])
  })

  it('gives each item a position of its own for good, also after it has gone', () => {
    const store = openStore()
    const { mailbox: number, alias } = mailbox(store)
    const first = deposit(alias)
    store.commit(writer => writer.deposit([first], QUOTAS))
    assert.equal(store.commit(writer => writer.acknowledge(number, [first, first])), 1)
    const [outcome] = store.commit(writer => writer.deposit([deposit(alias)], QUOTAS))
    assert.ok(outcome?.type === 'stored' && outcome.position === 2)
  })

  it('knows what it held, handed over and let expire', () => {
    const store = openStore()
    const { mailbox: number, alias } = mailbox(store)
    const [held, collected, expired] = [deposit(alias), deposit(alias), deposit(alias, { expiresAtMs: NOW_MS + 60_000 })]
    store.commit(writer => writer.deposit([held, collected, expired], QUOTAS))
    store.commit(writer => writer.acknowledge(number, [collected]))
    assert.deepEqual(store.commit(writer => writer.expire(NOW_MS + 120_000, 100)), { items: 1, rows: 1 })
    const ids = [held, collected, expired, deposit(alias)].map(({ depositId }) => depositId)
    assert.deepEqual(store.read.custody(alias.alias, ids), ['held', 'collected', 'expired', 'unknown'])
    assert.deepEqual(store.commit(writer => writer.deposit([held, collected], QUOTAS)).map(({ type }) => type), ['known', 'known'])
    assert.equal(store.read.totals().items, 1)
  })

  it('keeps again what has expired and is brought again, for it promises nothing that it has not', () => {
    const store = openStore()
    const { mailbox: number, alias } = mailbox(store)
    const first = deposit(alias, { expiresAtMs: NOW_MS + 90_000 })
    const [outcome] = store.commit(writer => writer.deposit([first], QUOTAS))
    assert.ok(outcome?.type === 'stored' && outcome.expiresAtMs === NOW_MS + 120_000, 'until the minute is over')
    assert.equal(store.commit(writer => writer.expire(NOW_MS + 119_999, 100)).items, 0)
    assert.equal(store.commit(writer => writer.expire(NOW_MS + 120_000, 100)).items, 1)
    const [again] = store.commit(writer => writer.deposit([{ ...first, expiresAtMs: NOW_MS + DAY_MS }], QUOTAS))
    assert.ok(again?.type === 'stored' && again.position === 2)
    assert.deepEqual(store.read.custody(alias.alias, [first.depositId]), ['held'])
    assert.deepEqual(store.read.items(number, 0, { items: 10, bytes: MIB }).map(({ body }) => body), [first.body])
    assert.equal(store.commit(writer => writer.acknowledge(number, [first])), 1)
    assert.equal(store.read.totals().items, 0)
  })

  it('goes with its door, and with its mailbox', () => {
    const store = openStore()
    const { mailbox: number, alias } = mailbox(store)
    const other = { alias: bytes(24), macKey: bytes(32), kind: 'gateOpen' as const, expiresAtMs: undefined }
    store.commit(writer => writer.changeAliases(number, { add: [other], remove: [], epoch: bytes(8) }, 100))
    store.commit(writer => writer.deposit([deposit(alias), deposit(other), deposit(other)], QUOTAS))
    assert.equal(store.read.mailbox(number)?.gatePending, 2)
    store.commit(writer => writer.changeAliases(number, { add: [], remove: [other.alias], epoch: undefined }, 100))
    const left = store.read.mailbox(number)
    assert.deepEqual([left?.usage.items, left?.gatePending, left?.aliasCount, store.read.totals().items], [1, 0, 1, 1])
    store.commit(writer => { writer.deleteMailbox(number) })
    const { mailboxes, aliases, items, bytes: size } = store.read.totals()
    assert.deepEqual({ mailboxes, aliases, items, size }, { mailboxes: 0, aliases: 0, items: 0, size: 0 })
    assert.equal(store.read.aliasOf(alias.alias), undefined)
  })

  it('never takes a door that is another mailbox\'s', () => {
    const store = openStore()
    const { alias } = mailbox(store, 'Bob')
    const eve = mailbox(store, 'Eve')
    assert.equal(store.commit(writer => writer.changeAliases(eve.mailbox, { add: [alias], remove: [alias.alias], epoch: undefined }, 100)), 'taken')
    assert.equal(store.commit(writer => writer.changeAliases(eve.mailbox, { add: Array.from({ length: 100 }, () => ({ ...alias, alias: bytes(24) })), remove: [], epoch: undefined }, 100)), 'tooMany')
  })

  it('counts a door once that is named twice, when it comes and when it goes', () => {
    const store = openStore()
    const { mailbox: number, alias } = mailbox(store)
    const other = { ...alias, alias: bytes(24) }
    assert.equal(store.commit(writer => writer.changeAliases(number, { add: [other, other, alias], remove: [], epoch: undefined }, 2)), 'done')
    assert.equal(store.read.mailbox(number)?.aliasCount, 2)
    store.commit(writer => writer.deposit([deposit(other)], QUOTAS))
    assert.equal(store.commit(writer => writer.changeAliases(number, { add: [], remove: [other.alias, other.alias, bytes(24)], epoch: undefined }, 2)), 'done')
    assert.deepEqual([store.read.mailbox(number)?.aliasCount, store.read.mailbox(number)?.usage], [1, { items: 0, bytes: 0 }])
    assert.equal(store.read.totals().aliases, 1)
  })

  it('gives a pair of prekeys once, though they are uploaded again', () => {
    const store = openStore()
    const { mailbox: number } = mailbox(store)
    const shard = newShard(3)
    assert.equal(store.commit(writer => writer.putShard(number, shard)), 3)
    const taken = store.commit(writer => writer.takeBundle(shard.deviceId, { mailbox: number, withOneTime: true }))
    assert.deepEqual(taken?.oneTime, shard.oneTime[0])
    assert.equal(store.commit(writer => writer.putShard(number, shard)), 2, 'the one that was given out stays out')
    assert.equal(store.commit(writer => writer.takeBundle(shard.deviceId, { mailbox: undefined, withOneTime: false }))?.oneTime, undefined)
    assert.equal(store.read.totals().prekeys, 2)
  })

  it('never takes more of the disk than it may, and still takes what is small when texts no longer pass', () => {
    const capBytes = 16 * MIB
    const store = openStore({ capBytes })
    const { mailbox: number, alias } = mailbox(store)
    let outcome = 'stored'
    const stored: NewDeposit[] = []
    while (outcome === 'stored') {
      const batch = Array.from({ length: 32 }, () => deposit(alias, { body: bytes(16 * 1024) }))
      outcome = store.commit(writer => writer.deposit(batch, { ...QUOTAS, aliasItemsMax: 1e6, aliasBytesMax: 1e12, mailboxItemsMax: 1e6, mailboxBytesMax: 1e12 })).map(result => result.type === 'refused' ? result.reason : result.type).at(-1) ?? ''
      stored.push(...batch)
      assert.ok(store.read.space().usedBytes <= capBytes)
    }
    assert.equal(outcome, 'capacity')
    assert.deepEqual(store.commit(writer => writer.deposit([deposit(alias, { isControl: true })], { ...QUOTAS, aliasItemsMax: 1e6, aliasBytesMax: 1e12, mailboxItemsMax: 1e6, mailboxBytesMax: 1e12 })).map(({ type }) => type), ['stored'])
    for (let from = 0; from < stored.length; from += 256) store.commit(writer => writer.acknowledge(number, stored.slice(from, from + 256)))
    for (let left = 1; left > 0;) left = store.commit(writer => writer.vacuum(256))
    store.close()
    assert.ok(statSync(join(folder, 'relay.db')).size < capBytes / 2, 'what was freed is given back')
  })

  it('is nothing that names anybody: the file holds no clear text but PeerIds', () => {
    const store = openStore()
    const { alias } = mailbox(store, '12D3KooWBob')
    store.commit(writer => writer.deposit([deposit(alias)], QUOTAS))
    store.close()
    const texts = readFileSync(join(folder, 'relay.db'), 'latin1').match(/[\w ]{12,}/g) ?? []
    const names = texts.filter(text => /ana|carol|skein:/i.test(text))
    assert.deepEqual(names, [])
  })
})

function newShard (pairs: number): ShardUpload {
  const key = (id: number): ShardUpload['lastResort'] => ({ id, key: bytes(1569), signature: bytes(64) })
  return {
    version: 1,
    deviceId: deviceId(bytes(16)),
    registrationId: 7,
    identityKey: bytes(33),
    signedPrekey: { id: 1, key: bytes(33), signature: bytes(64) },
    lastResort: key(2),
    oneTime: Array.from({ length: pairs }, (_, index) => ({ id: index + 10, key: bytes(33), kem: key(index + 100) }))
  }
}

function bytes (length: number): Uint8Array { return Uint8Array.from(randomBytes(length)) }
