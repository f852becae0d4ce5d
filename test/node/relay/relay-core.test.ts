import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { MAILBOX_PROTOCOL } from '../../../node/protocols.ts'
import { RELAY_DEFAULTS } from '../../../node/relay/config.ts'
import { merkleTree, storedLeaf, verifyEvidence } from '../../../protocols/deposit/custody.ts'
import { encodeDepositFrame } from '../../../protocols/deposit/wire.ts'
import { searchWork, workChallenge } from '../../../protocols/deposit/work.ts'
import { sha256 } from '../../../node/crypto/mac.ts'
import type { Room } from '../../../store/relay/types.ts'
import { Town } from './town.ts'

describe('a relay', () => {
  it('hands what was deposited to its owner, in order, and forgets it when the owner has it', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob')
    assert.equal(owner.opened.isNew, true)
    assert.equal(await owner.addDoors([door]), 'done')
    const ana = await town.depositor('Ana')
    const deposits = [1, 2, 3].map(() => ana.deposit(door))
    assert.deepEqual(await ana.put(deposits), ['stored', 'stored', 'stored'])
    await owner.until(() => owner.items.length === 3)
    assert.deepEqual(owner.items.map(({ depositId, body }) => ({ depositId, body })), deposits.map(({ depositId, body }) => ({ depositId, body })))
    assert.equal(town.core.stats().held.items, 3, 'nothing goes before it is acknowledged')
    owner.say({ type: 'acknowledgement', deposits: owner.items.map(({ alias, depositId }) => ({ alias, depositId })) })
    await owner.until(() => town.core.stats().held.items === 0)
  })

  it('answers nobody before the disk has it', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob')
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    const flushed = Promise.withResolvers<undefined>()
    Object.assign(town.store, { durable: async () => { await flushed.promise } })
    const put = ana.put([ana.deposit(door)])
    await town.world.run(() => false, 1_000)
    assert.deepEqual([ana.results.length, owner.items.length], [0, 0])
    assert.equal(town.store.read.mailbox(1)?.usage.items, 1, 'it is written')
    flushed.resolve(undefined)
    assert.deepEqual(await put, ['stored'])
    await owner.until(() => owner.items.length === 1)
  })

  it('reads no more from whoever is refused all the time: each refusal of a batch counts, also for what has come already', async () => {
    const town = new Town({ rates: { ...RELAY_DEFAULTS.rates, refusalsPerPeer: { burst: 4, perSecond: 2 } } })
    await town.start()
    const door = town.door()
    await (await town.owner('Bob')).addDoors([door])
    const [eve, ana] = [await town.depositor('Eve'), await town.depositor('Ana')]
    const batch = (): Uint8Array => encodeDepositFrame({ type: 'batch', deposits: Array.from({ length: 8 }, () => eve.deposit(town.door())) })
    await eve.channel.send([batch(), batch(), batch()])
    await town.world.advance(1_900)
    assert.equal(eve.results.length, 8, 'four were free, and four cost half a second each')
    assert.deepEqual(await ana.put([ana.deposit(door)]), ['stored'], 'nobody else waits')
    await town.world.advance(20_000)
    assert.equal(eve.results.length, 24)
  })

  it('looks nothing up for whoever comes too fast', async () => {
    const town = new Town({ rates: { ...RELAY_DEFAULTS.rates, depositsPerPeer: { burst: 2, perSecond: 0.001 } } })
    await town.start()
    const door = town.door()
    await (await town.owner('Bob')).addDoors([door])
    const eve = await town.depositor('Eve')
    assert.deepEqual(await eve.put([eve.deposit(door), eve.deposit(door)]), ['stored', 'stored'])
    let lookups = 0
    const { read } = town.store
    const aliasOf = read.aliasOf.bind(read)
    Object.assign(read, { aliasOf: (alias: Uint8Array) => { lookups += 1; return aliasOf(alias) } })
    assert.deepEqual(await eve.put(Array.from({ length: 20 }, () => eve.deposit(door))), Array.from({ length: 20 }, () => 'rate'))
    assert.equal(lookups, 0)
  })

  it('tells a depositor that the disk refuses, and stores nothing', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    await (await town.owner('Bob')).addDoors([door])
    const ana = await town.depositor('Ana')
    const commit = town.store.commit.bind(town.store)
    Object.assign(town.store, { commit: () => { throw new StorageError('the disk is full') } })
    assert.deepEqual(await ana.put([ana.deposit(door)]), ['storage'])
    assert.ok(town.core.closed().includes('storage'))
    Object.assign(town.store, { commit })
    await town.world.advance(120_000)
    assert.equal(town.core.closed().includes('storage'), false, 'the next thing it writes shows that there is room')
    assert.deepEqual(await ana.put([ana.deposit(door)]), ['stored'])
  })

  it('signs what it has stored: each deposit can be proven alone', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    await (await town.owner('Bob')).addDoors([door], { epoch: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) })
    const ana = await town.depositor('Ana')
    const deposits = [1, 2, 3, 4, 5].map(() => ana.deposit(door))
    await ana.put(deposits)
    const [batch] = ana.batches
    assert.ok(batch?.signature !== undefined && batch.relayTimeMs !== undefined)
    const { signature, relayTimeMs } = batch
    const facts = batch.results.map((result, index) => {
      assert.ok(result.type === 'stored' && result.expiresAtMs !== undefined && result.aliasEpoch !== undefined)
      return { alias: door.alias, depositId: result.depositId, bodyHash: sha256(deposits[index]?.body ?? door.alias), relayTimeMs, expiresAtMs: result.expiresAtMs, aliasEpoch: result.aliasEpoch }
    })
    const leaves = facts.map(storedLeaf)
    const paths = merkleTree(leaves).paths
    facts.forEach((fact, index) => {
      const path = paths[index] ?? []
      assert.ok(verifyEvidence({ ...fact, index, count: facts.length, path, signature }, town.signer.publicKey))
      assert.ok(!verifyEvidence({ ...fact, expiresAtMs: 0, index, count: facts.length, path, signature }, town.signer.publicKey))
    })
  })

  it('takes the same deposit once, however often it comes, also when it has been collected', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob')
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    const deposit = ana.deposit(door)
    assert.deepEqual(await ana.put([deposit, deposit]), ['stored', 'stored'])
    await owner.until(() => owner.items.length === 1)
    owner.say({ type: 'acknowledgement', deposits: [{ alias: door.alias, depositId: deposit.depositId }, { alias: door.alias, depositId: deposit.depositId }] })
    await owner.until(() => town.core.stats().held.items === 0)
    assert.deepEqual(await ana.put([deposit]), ['stored'])
    assert.equal(town.core.stats().held.items, 0)
  })

  it('refuses who does not know the door or its key', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    await (await town.owner('Bob')).addDoors([door])
    const ana = await town.depositor('Ana')
    assert.deepEqual(await ana.put([ana.deposit(town.door()), ana.deposit(door, { macKey: town.random.bytes(32) })]), ['unknownAlias', 'badMac'])
    assert.deepEqual(town.core.stats().deposits.refused, { unknownAlias: 1, badMac: 1 })
  })

  it('gives an owner no more than its credit, and goes on when there is more of it', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob', { credit: { items: 2, bytes: 1_000_000 } })
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    await ana.put([1, 2, 3, 4, 5].map(() => ana.deposit(door)))
    await town.world.run(() => false, 1_000)
    assert.equal(owner.items.length, 2)
    owner.say({ type: 'credit', items: 10, bytes: 1 })
    await owner.until(() => owner.items.length === 5)
    assert.deepEqual(owner.items.map(({ position }) => position), [1, 2, 3, 4, 5])
  })

  it('begins at the beginning for whoever comes from another run of it', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob')
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    await ana.put([1, 2, 3].map(() => ana.deposit(door)))
    const { incarnation } = owner.opened
    const same = await town.owner('Bob', { after: 2, incarnation })
    await same.until(() => same.items.length > 0)
    assert.deepEqual(same.items.map(({ position }) => position), [3])
    const other = await town.owner('Bob', { after: 2, incarnation: new Uint8Array(8) })
    await other.until(() => other.items.length === 3)
  })

  it('ends the stream of a device that opens another one, and only then', async () => {
    const town = new Town()
    await town.start()
    const first = await town.owner('Bob')
    const aside = await town.owner('Bob', { isCollecting: false })
    assert.deepEqual([first.goodbye, aside.goodbye], [undefined, undefined])
    await town.owner('Bob')
    await first.until(() => first.goodbye === 'replaced')
  })

  it('keeps room for receipts in a mailbox that is full for texts, and tells its owner that somebody waits', async () => {
    const town = new Town({ quotas: { ...RELAY_DEFAULTS.quotas, aliasItemsMax: 10 } })
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob', { isCollecting: false })
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    assert.deepEqual(await ana.put(Array.from({ length: 10 }, () => ana.deposit(door))), [...Array<string>(9).fill('stored'), 'mailboxFull'])
    assert.deepEqual(await ana.put([ana.deposit(door, { isWake: false, body: new Uint8Array(1024) })]), ['stored'])
    const { items } = town.store.read.list(1, 0, 1)
    owner.say({ type: 'acknowledgement', deposits: items.map(({ alias, depositId }) => ({ alias, depositId })) })
    await owner.until(() => owner.frames.some(({ type }) => type === 'usage'))
  })

  it('lets a stranger through a gate once, or against work', async () => {
    const town = new Town()
    await town.start()
    const [once, open] = [town.door(), town.door()]
    const owner = await town.owner('Bob', { isCollecting: false })
    await owner.addDoors([once], { kind: 'gateOnce' })
    await owner.addDoors([open], { kind: 'gateOpen' })
    const eve = await town.depositor('Eve')
    assert.deepEqual(await eve.put([eve.deposit(once)]), ['stored'])
    assert.deepEqual(await eve.put([eve.deposit(once), eve.deposit(open)]), ['full', 'work'])
    const deposit = eve.deposit(open)
    const challenge = workChallenge({ nonce: eve.nonce, alias: open.alias, depositId: deposit.depositId })
    const work = searchWork(challenge, { bits: 17, from: 0, count: 2 ** 22 })
    assert.deepEqual(await eve.put([{ ...deposit, work }]), ['stored'])
  })

  it('goes by the room that the cap leaves, free pages included, and keeps the last of it for receipts', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    await (await town.owner('Bob')).addDoors([door])
    const ana = await town.depositor('Ana')
    const leave = async (room: Room): Promise<void> => {
      Object.assign(town.store.read, { space: () => ({ usedBytes: 100, capBytes: 100, freeBytes: 50, room }) })
      await town.world.advance(1_000)
    }
    await leave({ forText: 50_000, forControl: 60_000 })
    assert.deepEqual(await ana.put([ana.deposit(door)]), ['stored'])
    await leave({ forText: 0, forControl: 10_000 })
    assert.deepEqual(await ana.put([ana.deposit(door), ana.deposit(door, { isWake: false })]), ['capacity', 'stored'])
    await leave({ forText: -10_000, forControl: 0 })
    assert.deepEqual(await ana.put([ana.deposit(door), ana.deposit(door, { isWake: false })]), ['capacity', 'capacity'])
  })

  it('makes no new mailbox when memory is short or the operator wants none, and opens those that are there', async () => {
    const town = new Town({ admission: { type: 'code', codes: new Set(['please']) } })
    await town.start()
    assert.equal((await town.owner('Eve')).goodbye, 'admission')
    await town.owner('Bob', { admissionCode: 'please' })
    town.vitals = { ...town.vitals, residentBytes: 2 ** 40 }
    await town.world.advance(2_000)
    assert.equal((await town.owner('Carol', { admissionCode: 'please' })).goodbye, 'capacity')
    assert.equal((await town.owner('Bob')).opened.isNew, false)
    assert.equal(await town.world.within(town.core.block('peerBob', true)), true)
    assert.equal((await town.owner('Bob')).goodbye, 'blocked')
  })

  it('that closes for good takes nothing more, and lets its owners fetch what waits', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob')
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    await ana.put([ana.deposit(door)])
    assert.equal(await town.world.within(town.core.drain(true)), 1)
    await owner.until(() => owner.goodbye === 'draining')
    assert.deepEqual(await ana.put([ana.deposit(door)]), ['capacity'])
    assert.equal((await town.owner('Carol')).goodbye, 'draining')
    const again = await town.owner('Bob')
    await again.until(() => again.items.length === 1)
    again.say({ type: 'acknowledgement', deposits: again.items.map(({ alias, depositId }) => ({ alias, depositId })) })
    await again.until(() => again.goodbye === 'draining')
  })

  it('says goodbye when it stops, after it has finished what it took', async () => {
    const town = new Town()
    await town.start()
    const door = town.door()
    const owner = await town.owner('Bob')
    await owner.addDoors([door])
    const ana = await town.depositor('Ana')
    const put = ana.put([ana.deposit(door)])
    await town.world.run(() => town.store.read.mailbox(1)?.usage.items === 1, 1_000)
    await town.world.within(town.core.stop())
    assert.deepEqual(await put, ['stored'])
    await owner.until(() => owner.goodbye === 'shutdown')
  })

  it('ends a stream of nonsense with a word, and counts it', async () => {
    const town = new Town()
    await town.start()
    const eve = await town.peer('Eve')
    const channel = await town.world.within(eve.openChannel(town.target(), MAILBOX_PROTOCOL, () => undefined))
    await channel.send([Uint8Array.of(0xff, 0xff, 0xff)])
    assert.equal(await town.world.within(channel.closed), 'closed')
    assert.equal(town.core.stats().traffic.malformed, 1)
  })
})
