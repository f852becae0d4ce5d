import assert from 'node:assert/strict'
import { StorageError, UnreachableError } from '../../../protocols/core/errors.ts'
import { envelopeId, idKey } from '../../../protocols/core/ids.ts'
import { padBucket } from '../../../protocols/envelope/padding.ts'
import { encodeCiphertext, encodeEnvelope } from '../../../protocols/envelope/wire.ts'
import { deriveAlias } from '../../../protocols/mailbox/alias.ts'
import { createOneTimeInvite, longTermInvite } from '../../../node/contacts/invites.ts'
import { Mailboxes } from '../../../node/loops/mailboxes.ts'
import type { SealedEnvelope } from '../../../node/turn/seal.ts'
import { Ether, SimNetwork } from '../../sim/network.ts'
import { SeededRandom } from '../../sim/random.ts'
import { START_MS } from '../../sim/world.ts'
import { Engine } from '../engine.ts'
import { FarRelay } from '../far-relay.ts'

const SECRET = new Uint8Array(32).fill(3)

/** Bob has mailboxes; Ana writes to him. */
class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly ether = new Ether(this.ana.world, new SeededRandom(1, 'ether'))
  readonly eu = new FarRelay(this.ether, 'eu')
  readonly us = new FarRelay(this.ether, 'us')
  readonly toBob = this.ana.add(this.bob)
  readonly toAna = this.bob.add(this.ana)
  readonly network = new SimNetwork(this.ether, this.bob.peerId, '/sim/bob')
  readonly mailboxes: Mailboxes
  readonly opened: Array<[string, boolean]> = []

  constructor () {
    const { store, sealer, clock, random, turn, account } = this.bob
    this.mailboxes = new Mailboxes({ reader: store.read, network: this.network, sealer, clock, random, turn, account })
  }

  static async begin ({ relays = ['eu'] }: { readonly relays?: ReadonlyArray<'eu' | 'us'> } = {}): Promise<Scene> {
    const scene = new Scene()
    const { bob, ana, mailboxes } = scene
    bob.store.transact(writer => {
      writer.contacts.update(scene.toAna, { aliasSecret: SECRET })
      relays.forEach((name, index) => writer.relays.put({ peerId: scene[name].peerId, standing: 'used', name: '', code: undefined, addedAtMs: index, openedAtMs: undefined, addresses: [scene[name].network.address] }))
    })
    await bob.world.within(bob.turn.write(() => {}, () => { bob.sealer.refillPrekeys(bob.store.read) }))
    bob.listener = { onTaken: taken => { mailboxes.taken(taken) }, onContacts: () => { mailboxes.sync() } }
    mailboxes.onOpened((relay, isNew) => { scene.opened.push([relay.peerId, isNew]) })
    await ana.meet(bob)
    await scene.network.start()
    mailboxes.start()
    await scene.pass(100)
    return scene
  }

  async pass (ms: number): Promise<void> { await this.bob.world.advance(ms) }

  async write (text: string): Promise<SealedEnvelope> {
    await this.ana.send(this.toBob, text)
    const envelope = this.ana.takeSealed().at(-1)
    assert.ok(envelope)
    return envelope
  }

  /** An envelope as it lies at a relay. */
  sealed ({ envelopeId: id, sealed: { kind, body } }: SealedEnvelope): Uint8Array {
    const ciphertext = encodeCiphertext({ senderDevice: this.ana.device, kind, body, envelopeId: id })
    return encodeEnvelope({ form: 'sealed', sealed: this.ana.sealer.sealTo(this.bob.own.identityKey, this.bob.device, padBucket(ciphertext)) })
  }

  /** Leaves an envelope at relays, as its author would. */
  deposit (envelope: SealedEnvelope, relays: readonly FarRelay[] = [this.eu]): void {
    for (const relay of relays) relay.deposit(this.sealed(envelope), { secret: SECRET, device: this.bob.device, envelope: envelope.envelopeId })
  }

  texts (): string[] { return this.bob.messages(this.toAna).map(({ text }) => text) }

  aliasOf (secret: Uint8Array, relay = this.eu): Uint8Array { return deriveAlias(secret, { relay: relay.peerId, device: this.bob.device }).alias }
}

describe('our mailbox at a relay', () => {
  it('is opened, with an alias for each contact, a gate for each invite, our epoch and prekeys in it', async () => {
    const scene = await Scene.begin()
    const { eu, bob } = scene
    assert.ok(eu.holds(scene.aliasOf(SECRET)))
    assert.deepEqual(eu.disk.epoch, bob.account.aliasEpoch)
    assert.deepEqual(eu.shards.map(({ deviceId, oneTime }) => [deviceId, oneTime.length]), [[bob.device, 100]])
    assert.deepEqual(scene.opened, [[eu.peerId, true]])
    assert.equal(scene.mailboxes.standing(eu.peerId)?.at, 'open')
    assert.equal(bob.store.read.relays.byPeer(eu.peerId)?.name, 'eu')
  })

  it('gets an alias when somebody becomes a contact, and loses it when they are one no more', async () => {
    const scene = await Scene.begin()
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
    const scene = await Scene.begin()
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

  it('tells depositors of a newer device list', async () => {
    const scene = await Scene.begin()
    const { bob, eu, mailboxes } = scene
    bob.store.transact(writer => { bob.account.changeRelays(writer, () => [{ peerId: eu.peerId, addresses: [] }], START_MS) })
    mailboxes.sync()
    await scene.pass(100)
    assert.deepEqual(eu.disk.epoch, bob.account.aliasEpoch)
  })
})

describe('collecting', () => {
  it('takes in what waits, and acknowledges it when it is on the disk, never before', async () => {
    const scene = await Scene.begin()
    const { bob, eu } = scene
    const disk = Promise.withResolvers<undefined>()
    bob.store.flush = disk.promise
    scene.deposit(await scene.write('hello'))
    await scene.pass(5_000)
    assert.deepEqual(scene.texts(), ['hello'])
    assert.deepEqual(eu.acknowledged, [])
    bob.store.flush = undefined
    disk.resolve(undefined)
    await scene.pass(100)
    assert.equal(eu.acknowledged.length, 1)
    assert.deepEqual(eu.disk.items, [])
  })

  it('goes on through a backlog of any length within what it allowed', async () => {
    const scene = await Scene.begin()
    await scene.network.stop()
    for (let number = 0; number < 700; number++) scene.deposit(await scene.write(`text ${number}`))
    await scene.network.start()
    await scene.pass(120_000)
    assert.equal(scene.texts().length, 700)
    assert.deepEqual(scene.eu.disk.items, [])
  })

  it('takes a message in once, whatever the number of relays that keep it, and empties all of them', async () => {
    const scene = await Scene.begin({ relays: ['eu', 'us'] })
    scene.deposit(await scene.write('hello'), [scene.eu, scene.us])
    await scene.pass(5_000)
    assert.deepEqual(scene.texts(), ['hello'])
    assert.deepEqual([scene.eu.disk.items, scene.us.disk.items], [[], []])
  })

  it('acknowledges at one relay what it has from another, without being sent it', async () => {
    const scene = await Scene.begin({ relays: ['eu', 'us'] })
    const envelope = await scene.write('hello')
    await scene.us.network.stop()
    scene.deposit(envelope, [scene.eu])
    await scene.pass(5_000)
    assert.deepEqual(scene.texts(), ['hello'])
    await scene.us.network.start()
    await scene.pass(90_000)
    const before = scene.us.acknowledged.length
    scene.deposit(envelope, [scene.us])
    await scene.pass(1_000)
    assert.equal(scene.us.acknowledged.length, before + 1)
    assert.deepEqual(scene.us.disk.items, [])
  })

  it('answers a copy of what came directly by a receipt: its author may not have heard our answer', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    await scene.bob.receive(scene.ana, [envelope])
    scene.deposit(envelope)
    await scene.pass(1_000)
    assert.deepEqual(scene.eu.disk.items, [])
    assert.deepEqual(scene.texts(), ['hello'])
    assert.ok(scene.bob.store.read.outbox.waiting(scene.ana.device, 9).some(({ refs }) => refs.some(({ kind, id }) => kind === 'delivered' && idKey(id) === idKey(scene.bob.messages(scene.toAna)[0]?.id ?? new Uint8Array()))))
  })

  it('takes in again nothing of what a relay forgot to delete', async () => {
    const scene = await Scene.begin()
    scene.eu.isForgetful = true
    scene.deposit(await scene.write('hello'))
    await scene.pass(1_000)
    scene.eu.isForgetful = false
    await scene.eu.restart(scene.eu.disk)
    await scene.pass(90_000)
    assert.deepEqual(scene.texts(), ['hello'])
    assert.deepEqual(scene.eu.disk.items, [])
  })

  it('acknowledges what is of no use, and takes aliases away that it does not know', async () => {
    const scene = await Scene.begin()
    const stray = new Uint8Array(24).fill(9)
    scene.eu.disk.aliases.set(idKey(stray), { alias: stray, macKey: new Uint8Array(32), kind: 'contact', expiresAtMs: undefined })
    scene.eu.put({ alias: stray, depositId: envelopeId(new Uint8Array(16)), body: Uint8Array.of(1) })
    scene.eu.put({ alias: scene.aliasOf(SECRET), depositId: envelopeId(new Uint8Array(16).fill(1)), body: Uint8Array.of(1) })
    await scene.pass(1_000)
    assert.deepEqual(scene.eu.disk.items, [])
    assert.ok(!scene.eu.holds(stray))
  })

  it('leaves at the relay what cannot be taken for now, and comes back for it', async () => {
    const scene = await Scene.begin()
    const { bob, eu } = scene
    bob.store.fault = new StorageError('the disk is full')
    scene.deposit(await scene.write('hello'))
    await scene.pass(60_000)
    assert.deepEqual([scene.texts(), eu.acknowledged, eu.disk.items.length], [[], [], 1])
    bob.store.fault = undefined
    await scene.pass(15 * 60_000)
    assert.deepEqual(scene.texts(), ['hello'])
    assert.deepEqual(eu.disk.items, [])
  })
})

describe('a relay that', () => {
  it('was away is found again, and gives what came meanwhile', async () => {
    const scene = await Scene.begin()
    await scene.eu.network.stop()
    await scene.pass(600_000)
    assert.notEqual(scene.mailboxes.standing(scene.eu.peerId)?.at, 'open')
    scene.deposit(await scene.write('hello'))
    await scene.eu.network.start()
    await scene.pass(90_000)
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('is dead holds no other one up', async () => {
    const scene = await Scene.begin({ relays: ['eu', 'us'] })
    await scene.eu.network.stop()
    scene.deposit(await scene.write('hello'), [scene.us])
    await scene.pass(1_000)
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('lost its disk is furnished again', async () => {
    const scene = await Scene.begin()
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
    const scene = await Scene.begin()
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
    const scene = await Scene.begin()
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
    const scene = await Scene.begin()
    scene.eu.refusal = 'blocked'
    await scene.eu.restart(scene.eu.disk)
    await scene.pass(120_000)
    const asked = scene.eu.opens.length
    await scene.pass(30 * 60_000)
    assert.equal(scene.eu.opens.length, asked)
    assert.equal(scene.mailboxes.standing(scene.eu.peerId)?.trouble, 'it has blocked this mailbox')
  })
})

describe('a hostile relay', () => {
  it('that sends more than it may only has to wait, and nothing is lost', async () => {
    const scene = await Scene.begin()
    await scene.network.stop()
    scene.eu.isPushy = true
    for (let number = 0; number < 1_000; number++) scene.deposit(await scene.write(`text ${number}`))
    await scene.network.start()
    await scene.pass(120_000)
    assert.equal(scene.texts().length, 1_000)
  })

  it('that repeats one item for ever shows it once', async () => {
    const scene = await Scene.begin()
    scene.deposit(await scene.write('hello'))
    const [item] = scene.eu.disk.items
    assert.ok(item)
    for (let time = 0; time < 100; time++) scene.eu.say({ type: 'items', items: [item, item] })
    await scene.pass(5_000)
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('that changes what it keeps, or shows it at another alias, gets it back as of no use', async () => {
    const scene = await Scene.begin({ relays: ['eu', 'us'] })
    const cleo = scene.bob.add(new Engine('cleo', scene.bob.world))
    scene.bob.store.transact(writer => { writer.contacts.update(cleo, { aliasSecret: new Uint8Array(32).fill(8) }) })
    await scene.bob.world.within(scene.mailboxes.synced())
    const envelope = await scene.write('hello')
    const item = { depositId: envelope.envelopeId, body: scene.sealed(envelope) }
    scene.eu.put({ ...item, alias: scene.aliasOf(new Uint8Array(32).fill(8)) })
    scene.eu.put({ ...item, alias: scene.aliasOf(SECRET), body: item.body.map((byte, index) => index === 10 ? byte ^ 1 : byte) })
    await scene.pass(1_000)
    assert.deepEqual([scene.texts(), scene.eu.disk.items], [[], []])
    scene.deposit(envelope, [scene.us])
    await scene.pass(1_000)
    assert.deepEqual(scene.texts(), ['hello'], 'a copy from another relay is as good as ever')
  })

  it('that talks nonsense, or does not answer, is left and tried again', async () => {
    const scene = await Scene.begin()
    const { eu } = scene
    eu.sayBytes(Uint8Array.of(1, 2, 3))
    await scene.pass(100)
    assert.notEqual(scene.mailboxes.standing(eu.peerId)?.at, 'open')
    eu.isSilent = true
    eu.disk.epoch = new Uint8Array(8)
    await scene.pass(60_000)
    assert.ok(eu.opens.length > 2)
    eu.isSilent = false
    await scene.pass(90_000)
    assert.equal(scene.mailboxes.standing(eu.peerId)?.at, 'open')
    assert.deepEqual(eu.disk.epoch, scene.bob.account.aliasEpoch)
  })

  it('that says goodbye is not come back to before the time it asks for', async () => {
    const scene = await Scene.begin()
    scene.eu.say({ type: 'goodbye', reason: 'shutdown', retryAfterMs: 600_000 })
    await scene.pass(590_000)
    assert.equal(scene.eu.opens.length, 1)
    await scene.pass(20_000)
    assert.equal(scene.eu.opens.length, 2)
  })
})

describe('prekeys at a relay', () => {
  it('are repeated as the same bytes when the answer was lost', async () => {
    const scene = await Scene.begin()
    const { bob, eu } = scene
    eu.losesAnswers = true
    await eu.restart()
    await scene.pass(90_000)
    assert.notEqual(bob.store.read.shards.newest(eu.peerId)?.bytes, undefined)
    eu.losesAnswers = false
    await scene.pass(20 * 60_000)
    assert.equal(bob.store.read.shards.newest(eu.peerId)?.bytes, undefined)
    const [, lost, ...repeated] = eu.shards
    assert.ok(repeated.length > 0)
    for (const upload of repeated.filter(({ oneTime }) => oneTime.length > 0)) assert.deepEqual(upload, lost)
  })

  it('are brought again when few are left, and not when they are enough', async () => {
    const scene = await Scene.begin()
    const { eu } = scene
    await eu.restart(eu.disk)
    await scene.pass(90_000)
    assert.equal(eu.shards.length, 1)
    eu.disk.oneTimeLeft = 19
    await eu.restart(eu.disk)
    await scene.pass(90_000)
    assert.equal(eu.shards.at(-1)?.oneTime.length, 81)
    assert.equal(eu.disk.oneTimeLeft, 100)
  })

  it('never fill our disk, whatever the relay says it has', async () => {
    const scene = await Scene.begin()
    for (let time = 0; time < 10; time++) {
      scene.eu.disk.oneTimeLeft = 0
      await scene.eu.restart(scene.eu.disk)
      await scene.pass(90_000)
    }
    assert.ok(scene.eu.shards.reduce((sum, { oneTime }) => sum + oneTime.length, 0) <= 500)
  })
})

describe('choosing a relay', () => {
  it('opens the mailbox before anybody is told, and drops what does not answer', async () => {
    const scene = await Scene.begin({ relays: [] })
    const { eu, bob, mailboxes } = scene
    const opened = await bob.world.within(mailboxes.open({ peerId: eu.peerId, addresses: [eu.network.address], code: 'tea' }))
    assert.equal(opened.isNew, true)
    assert.equal(eu.opens[0]?.admissionCode, 'tea')
    assert.ok(eu.holds(scene.aliasOf(SECRET)))
    await assert.rejects(bob.world.within(mailboxes.open({ peerId: 'peernobody', addresses: ['/sim/nobody'], code: undefined })), UnreachableError)
    assert.equal(mailboxes.standing('peernobody'), undefined)
  })

  it('fails when it does not take our aliases', async () => {
    const scene = await Scene.begin({ relays: [] })
    scene.eu.aliasRefusal = 'tooMany'
    await assert.rejects(scene.bob.world.within(scene.mailboxes.open({ peerId: scene.eu.peerId, addresses: [scene.eu.network.address], code: undefined })), UnreachableError)
  })

  it('and leaving it empties the mailbox first', async () => {
    const scene = await Scene.begin()
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
