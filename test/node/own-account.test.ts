import assert from 'node:assert/strict'
import { StorageError } from '../../protocols/core/errors.ts'
import { ADDRESSES_MAX, STATEMENT_REFRESH_MS } from '../../protocols/core/limits.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import { publicKeyOf } from '../../protocols/core/signed.ts'
import { makeRecordKeys, OwnAccount } from '../../node/own-account.ts'
import { openAccountStore } from '../../store/account-store.ts'
import { START_MS } from '../../testnet/simulation/world.ts'
import { Engine } from './engine.ts'

describe('our own account', () => {
  it('shows what the disk says, after a reload', () => {
    const { account, store } = new Engine('ana')
    store.transact(writer => { writer.own.update({ name: 'Ana Maria', nameChangedAtMs: 7 }) })
    assert.equal(account.profile.name, 'ana')
    account.reload()
    assert.deepEqual([account.profile.name, account.profile.versionMs, account.own.name], ['Ana Maria', 7, 'Ana Maria'])
  })

  it('tells contacts of eight addresses at most, the best ones', () => {
    const ana = new Engine('ana')
    const account = new OwnAccount({ reader: ana.store.read, sealer: ana.sealer, addresses: () => Array.from({ length: 20 }, (_, index) => `/sim/${index}`) })
    assert.deepEqual(account.profile.addresses, Array.from({ length: ADDRESSES_MAX }, (_, index) => `/sim/${index}`))
  })

  it('signs its list again when it is time, and shows the new one after the commit', () => {
    const { account, store } = new Engine('ana')
    assert.equal(store.transact(writer => account.refreshStatement(writer, START_MS + STATEMENT_REFRESH_MS - 1)), false)
    assert.equal(store.transact(writer => {
      const isRefreshed = account.refreshStatement(writer, START_MS + STATEMENT_REFRESH_MS)
      assert.equal(account.ref.seq, 1, 'not before the commit')
      return isRefreshed
    }), true)
    assert.equal(account.ref.seq, 2)
  })

  it('shows the old list when the commit failed', () => {
    const { account, store } = new Engine('ana')
    assert.throws(() => store.transact(writer => {
      account.refreshStatement(writer, START_MS + STATEMENT_REFRESH_MS)
      throw new StorageError('the disk is full')
    }), StorageError)
    assert.equal(account.ref.seq, 1)
  })

  it('signs its list with other relays, one number for each change, also of one transaction', () => {
    const { account, store } = new Engine('ana')
    const relay = (peerId: string): ListedRelay => ({ peerId, addresses: [`/sim/${peerId}`] })
    const before = account.aliasEpoch
    store.transact(writer => {
      account.changeRelays(writer, relays => [...relays, relay('eu')], START_MS)
      account.changeRelays(writer, relays => [...relays, relay('us')], START_MS)
    })
    assert.deepEqual(account.relays, [relay('eu'), relay('us')])
    assert.equal(account.ref.seq, 3)
    assert.notDeepEqual(account.aliasEpoch, before)
    assert.deepEqual(account.aliasEpoch, account.ref.hash.subarray(0, 8))
  })

  it('tells whoever listens that its list is another one', () => {
    const { account, store } = new Engine('ana')
    let told = 0
    account.onChanged(() => { told += 1 })
    store.transact(writer => { account.changeRelays(writer, () => [], START_MS) })
    assert.equal(told, 1)
  })

  it('makes the keys behind its record once', () => {
    const { account, store, random } = new Engine('ana')
    const before: unknown = account.recordKeys
    assert.equal(before, undefined)
    store.transact(writer => { makeRecordKeys(writer, random) })
    const made = account.recordKeys
    assert.ok(made)
    assert.deepEqual(made.publicKey, publicKeyOf(made.signingKey))
    store.transact(writer => { makeRecordKeys(writer, random) })
    const { sealer } = new Engine('ana')
    assert.deepEqual(new OwnAccount({ reader: store.read, sealer, addresses: () => [] }).recordKeys, made)
    assert.deepEqual(account.profile.record?.readKey, made.readKey)
  })

  it('must be there', () => {
    const store = openAccountStore({ path: ':memory:' })
    const { sealer } = new Engine('ana')
    assert.throws(() => new OwnAccount({ reader: store.read, sealer, addresses: () => [] }), StorageError)
    store.close()
  })
})
