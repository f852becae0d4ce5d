import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { envelopeId, idKey } from '../../../protocols/core/ids.ts'
import { CALM } from '../../../testnet/simulation/ether.ts'
import { Engine } from '../engine.ts'
import { MailboxScene, SECRET } from './mailbox-scene.ts'

describe('collecting', () => {
  it('takes in what waits, and acknowledges it when it is on the disk, never before', async () => {
    const scene = await MailboxScene.begin()
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
    const scene = await MailboxScene.begin()
    await scene.network.stop()
    for (let number = 0; number < 700; number++) scene.deposit(await scene.write(`text ${number}`))
    await scene.network.start()
    await scene.pass(120_000)
    assert.equal(scene.texts().length, 700)
    assert.deepEqual(scene.eu.disk.items, [])
  })

  it('takes what comes in the same breath as the opening, or before it', async () => {
    const scene = await MailboxScene.begin()
    scene.ether.weather = { ...CALM, reordering: 1, delayMsMax: 200 }
    for (let time = 1; time <= 10; time++) {
      await scene.eu.network.stop()
      scene.deposit(await scene.write(`text ${time}`))
      await scene.eu.network.start()
      await scene.pass(90_000)
      assert.equal(scene.texts().length, time)
    }
  })

  it('takes a message in once, whatever the number of relays that keep it, and empties all of them', async () => {
    const scene = await MailboxScene.begin({ relays: ['eu', 'us'] })
    scene.deposit(await scene.write('hello'), [scene.eu, scene.us])
    await scene.pass(5_000)
    assert.deepEqual(scene.texts(), ['hello'])
    assert.deepEqual([scene.eu.disk.items, scene.us.disk.items], [[], []])
  })

  it('acknowledges at one relay what it has from another, without being sent it', async () => {
    const scene = await MailboxScene.begin({ relays: ['eu', 'us'] })
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
    const scene = await MailboxScene.begin()
    const envelope = await scene.write('hello')
    await scene.bob.receive(scene.ana, [envelope])
    scene.deposit(envelope)
    await scene.pass(1_000)
    assert.deepEqual(scene.eu.disk.items, [])
    assert.deepEqual(scene.texts(), ['hello'])
    assert.ok(scene.bob.store.read.outbox.waiting(scene.ana.device, 9).some(({ refs }) => refs.some(({ kind, id }) => kind === 'delivered' && idKey(id) === idKey(scene.bob.messages(scene.toAna)[0]?.id ?? new Uint8Array()))))
  })

  it('takes in again nothing of what a relay forgot to delete', async () => {
    const scene = await MailboxScene.begin()
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
    const scene = await MailboxScene.begin()
    const stray = new Uint8Array(24).fill(9)
    scene.eu.disk.aliases.set(idKey(stray), { alias: stray, macKey: new Uint8Array(32), kind: 'contact', expiresAtMs: undefined })
    scene.eu.put({ alias: stray, depositId: envelopeId(new Uint8Array(16)), body: Uint8Array.of(1) })
    scene.eu.put({ alias: scene.aliasOf(SECRET), depositId: envelopeId(new Uint8Array(16).fill(1)), body: Uint8Array.of(1) })
    await scene.pass(1_000)
    assert.deepEqual(scene.eu.disk.items, [])
    assert.ok(!scene.eu.holds(stray))
  })

  it('leaves at the relay what cannot be taken for now, and comes back for it', async () => {
    const scene = await MailboxScene.begin()
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

describe('a hostile relay', () => {
  it('that sends more than it may only has to wait, and nothing is lost', async () => {
    const scene = await MailboxScene.begin()
    await scene.network.stop()
    scene.eu.isPushy = true
    for (let number = 0; number < 1_000; number++) scene.deposit(await scene.write(`text ${number}`))
    await scene.network.start()
    await scene.pass(120_000)
    assert.equal(scene.texts().length, 1_000)
  })

  it('that repeats one item for ever shows it once', async () => {
    const scene = await MailboxScene.begin()
    scene.deposit(await scene.write('hello'))
    const [item] = scene.eu.disk.items
    assert.ok(item)
    for (let time = 0; time < 100; time++) scene.eu.say({ type: 'items', items: [item, item] })
    await scene.pass(5_000)
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('that changes what it keeps, or shows it at another alias, gets it back as of no use', async () => {
    const scene = await MailboxScene.begin({ relays: ['eu', 'us'] })
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
    const scene = await MailboxScene.begin()
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
    const scene = await MailboxScene.begin()
    scene.eu.say({ type: 'goodbye', reason: 'shutdown', retryAfterMs: 600_000 })
    await scene.pass(590_000)
    assert.equal(scene.eu.opens.length, 1)
    await scene.pass(20_000)
    assert.equal(scene.eu.opens.length, 2)
  })
})
