import assert from 'node:assert/strict'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { createOneTimeInvite, longTermInvite } from '../../../node/contacts/invites.ts'
import { START_MS } from '../../../testnet/simulation/world.ts'
import { Engine } from '../engine.ts'
import { MailboxScene, SECRET } from './mailbox-scene.ts'

describe('our mailbox at a relay', () => {
  it('is opened, with an alias for each contact, a gate for each invite, our epoch and prekeys in it', async () => {
    const scene = await MailboxScene.begin()
    const { eu, bob } = scene
    assert.ok(eu.holds(scene.aliasOf(SECRET)))
    assert.deepEqual(eu.disk.epoch, bob.account.aliasEpoch)
    assert.deepEqual(eu.shards.map(({ deviceId, oneTime }) => [deviceId, oneTime.length]), [[bob.device, 100]])
    assert.deepEqual(scene.opened, [[eu.peerId, true]])
    assert.equal(scene.mailboxes.standing(eu.peerId)?.at, 'open')
    assert.equal(bob.store.read.relays.byPeer(eu.peerId)?.name, 'eu')
  })

  it('gets an alias when somebody becomes a contact, and loses it when they are one no more', async () => {
    const scene = await MailboxScene.begin()
    const { bob, eu } = scene
    const cleo = bob.add(new Engine('cleo', bob.world))
    await bob.world.within(bob.turn.write((_writer, round) => { round.toForget.add(cleo) }))
    await scene.pass(100)
    const secret = bob.store.read.contacts.byNumber(cleo)?.aliasSecret
    assert.ok(secret)
    assert.ok(eu.holds(scene.aliasOf(secret)))
    await bob.world.within(bob.turn.write((writer, round) => {
      writer.contacts.update(cleo, { standing: 'removed' })
      round.toForget.add(cleo)
    }))
    await scene.pass(100)
    assert.ok(!eu.holds(scene.aliasOf(secret)))
    assert.equal(bob.store.read.contacts.byNumber(cleo)?.aliasSecret, undefined)
  })

  it('gets a gate for each invite that is open, and loses it with the invite', async () => {
    const scene = await MailboxScene.begin()
    const { bob, eu, mailboxes } = scene
    const options = { random: bob.random, nowMs: bob.clock.now() }
    const [once, card] = bob.store.transact(writer => [createOneTimeInvite(writer, options), longTermInvite(writer, { ...options, rotate: false })])
    await bob.world.within(mailboxes.synced())
    assert.deepEqual([...eu.disk.aliases.values()].map(({ kind }) => kind).sort(), ['contact', 'gateOnce', 'gateOpen'])
    bob.store.transact(writer => { writer.invites.markUsed(once.token, 1) })
    await bob.world.within(mailboxes.synced())
    assert.ok(!eu.holds(scene.aliasOf(once.token)))
    assert.ok(eu.holds(scene.aliasOf(card.token)))
  })

  it('that is just being opened is waited for by whoever wants a gate to be there', async () => {
    const scene = new MailboxScene()
    const { bob, eu, mailboxes } = scene
    bob.store.transact(writer => writer.relays.put({ peerId: eu.peerId, standing: 'used', name: '', code: undefined, addedAtMs: 1, openedAtMs: undefined, addresses: [eu.network.address] }))
    await scene.network.start()
    mailboxes.start()
    const card = bob.store.transact(writer => longTermInvite(writer, { random: bob.random, nowMs: 1, rotate: false }))
    await bob.world.within(mailboxes.synced())
    assert.ok(eu.holds(scene.aliasOf(card.token)))
  })

  it('tells depositors of a newer device list', async () => {
    const scene = await MailboxScene.begin()
    const { bob, eu, mailboxes } = scene
    bob.store.transact(writer => { bob.account.changeRelays(writer, () => [{ peerId: eu.peerId, addresses: [] }], START_MS) })
    mailboxes.sync()
    await scene.pass(100)
    assert.deepEqual(eu.disk.epoch, bob.account.aliasEpoch)
  })
})

describe('a relay that', () => {
  it('was away is found again, and gives what came meanwhile', async () => {
    const scene = await MailboxScene.begin()
    await scene.eu.network.stop()
    await scene.pass(600_000)
    assert.notEqual(scene.mailboxes.standing(scene.eu.peerId)?.at, 'open')
    scene.deposit(await scene.write('hello'))
    await scene.eu.network.start()
    await scene.pass(90_000)
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('is dead holds no other one up', async () => {
    const scene = await MailboxScene.begin({ relays: ['eu', 'us'] })
    await scene.eu.network.stop()
    scene.deposit(await scene.write('hello'), [scene.us])
    await scene.pass(1_000)
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('lost its disk is furnished again', async () => {
    const scene = await MailboxScene.begin()
    const { eu } = scene
    const [first] = eu.shards
    await eu.restart()
    await scene.pass(90_000)
    assert.ok(eu.holds(scene.aliasOf(SECRET)))
    assert.deepEqual(eu.disk.epoch, scene.bob.account.aliasEpoch)
    const again = eu.shards.at(-1)
    assert.ok(first !== undefined && again !== undefined)
    assert.equal(new Set([...first.oneTime, ...again.oneTime].map(({ id }) => id)).size, 200, 'no key is given to it twice')
    assert.deepEqual(scene.opened, [[eu.peerId, true], [eu.peerId, true]])
  })

  it('got an old disk back gives what it stores from then on, whatever its positions are', async () => {
    const scene = await MailboxScene.begin()
    const old = scene.eu.copy()
    for (const text of ['one', 'two', 'three']) scene.deposit(await scene.write(text))
    await scene.pass(1_000)
    await scene.eu.restart(old)
    scene.deposit(await scene.write('four'))
    await scene.pass(90_000)
    assert.deepEqual(scene.texts(), ['one', 'two', 'three', 'four'])
    assert.deepEqual(scene.eu.disk.items, [])
  })

  it('got an old disk back opens no alias that was withdrawn since', async () => {
    const scene = await MailboxScene.begin()
    const { bob, eu } = scene
    const old = eu.copy()
    bob.store.transact(writer => { writer.contacts.update(scene.toAna, { standing: 'blocked' }) })
    bob.directory.forget(scene.toAna)
    await bob.world.within(scene.mailboxes.synced())
    assert.ok(!eu.holds(scene.aliasOf(SECRET)))
    await eu.restart(old)
    await scene.pass(90_000)
    scene.deposit(await scene.write('let me in'))
    await scene.pass(1_000)
    assert.deepEqual(scene.texts(), [])
    assert.ok(!eu.holds(scene.aliasOf(SECRET)), 'what comes by it takes it away')
  })

  it('says no is not asked again at once, and says why', async () => {
    const scene = await MailboxScene.begin()
    scene.eu.refusal = 'blocked'
    await scene.eu.restart(scene.eu.disk)
    await scene.pass(120_000)
    const asked = scene.eu.opens.length
    await scene.pass(30 * 60_000)
    assert.equal(scene.eu.opens.length, asked)
    assert.equal(scene.mailboxes.standing(scene.eu.peerId)?.trouble, 'it has blocked this mailbox')
    assert.match(scene.mailboxes.trouble().join(), /Your relay eu keeps no mailbox for you: it has blocked this mailbox/)
  })

  it('is silent for days is told of', async () => {
    const scene = await MailboxScene.begin()
    await scene.eu.network.stop()
    await scene.pass(3_600_000)
    assert.deepEqual(scene.mailboxes.trouble(), [])
    await scene.pass(2 * 24 * 3_600_000)
    assert.match(scene.mailboxes.trouble().join(), /has not answered for 2 days/)
  })
})

describe('choosing a relay', () => {
  it('opens the mailbox before anybody is told, and drops what does not answer', async () => {
    const scene = await MailboxScene.begin({ relays: [] })
    const { eu, bob, mailboxes } = scene
    const opened = await bob.world.within(mailboxes.open({ peerId: eu.peerId, addresses: [eu.network.address], code: 'tea' }))
    assert.equal(opened.isNew, true)
    assert.equal(eu.opens[0]?.admissionCode, 'tea')
    assert.ok(eu.holds(scene.aliasOf(SECRET)))
    await assert.rejects(bob.world.within(mailboxes.open({ peerId: 'peernobody', addresses: ['/sim/nobody'], code: undefined })), UnreachableError)
    assert.equal(mailboxes.standing('peernobody'), undefined)
  })

  it('fails when it does not take our aliases', async () => {
    const scene = await MailboxScene.begin({ relays: [] })
    scene.eu.aliasRefusal = 'tooMany'
    await assert.rejects(scene.bob.world.within(scene.mailboxes.open({ peerId: scene.eu.peerId, addresses: [scene.eu.network.address], code: undefined })), UnreachableError)
  })

  it('and leaving it empties the mailbox first', async () => {
    const scene = await MailboxScene.begin()
    const { eu, bob, mailboxes } = scene
    await eu.network.stop()
    bob.store.transact(writer => { writer.relays.leave(eu.peerId) })
    scene.deposit(await scene.write('last'))
    assert.equal(await bob.world.within(mailboxes.leave(eu.peerId)), false)
    await eu.network.start()
    await scene.pass(120_000)
    assert.deepEqual(scene.texts(), ['last'])
    assert.equal(eu.disk.hasMailbox, false)
    assert.equal(bob.store.read.relays.byPeer(eu.peerId), undefined)
  })
})
