import assert from 'node:assert/strict'
import { MalformedError, NotFoundError, RefusedError, UntrustedError, UsageError } from '../../../protocols/core/errors.ts'
import { INVITE_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import { Pair } from './pair.ts'

const NUMBER = '0'.repeat(60)

describe('adding a contact', () => {
  it('asks them, and is done when they take everybody', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    const { contact } = await bob.call('contact.add', { link: await ana.link(), as: '@Ana M' })
    assert.deepEqual([contact.standing, contact.label, contact.alias], ['requested', 'Ana M', 'Ana M'])
    await pair.pass(5_000)
    assert.deepEqual([(await bob.call('contact.show', { who: 'ana m' })).contact.standing, (await ana.call('contact.show', { who: 'bob' })).contact.standing], ['accepted', 'accepted'])
  })

  it('is not for our own link, an old one, or what is no link', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await assert.rejects(ana.call('contact.add', { link: await ana.link() }), UsageError)
    await assert.rejects(bob.call('contact.add', { link: 'skein:i#nothing' }), MalformedError)
    const { link } = await ana.call('me.card', { once: true })
    await pair.pass(INVITE_LIFETIME_MS)
    await assert.rejects(bob.call('contact.add', { link }), RefusedError)
    assert.deepEqual((await bob.call('contact.list', {})).contacts, [])
  })

  it('needs an alias that is free and is one, and a text that fits', async () => {
    const pair = await Pair.friends()
    const cleo = await pair.third('cleo')
    const link = await cleo.link()
    const { ana } = pair
    await ana.call('contact.rename', { who: 'bob', as: 'b' })
    await assert.rejects(ana.call('contact.add', { link, as: 'B' }), UsageError)
    await assert.rejects(ana.call('contact.add', { link, as: 'a'.repeat(52) }), UsageError)
    await assert.rejects(ana.call('contact.add', { link, text: 'x'.repeat(501) }), MalformedError)
    assert.deepEqual((await ana.call('contact.list', {})).contacts.map(({ label }) => label), ['b'])
  })

  it('again is news of where they are now', async () => {
    const pair = await Pair.friends()
    const { ana, bob } = pair
    ana.sim.crash()
    bob.sim.store.transact(writer => { for (const { deviceId } of writer.read.devices.ofContact(1)) writer.devices.setAddresses(deviceId, ['/sim/gone']) })
    await pair.world.within(ana.sim.restart())
    const link = await ana.link()
    await bob.call('contact.add', { link })
    await pair.pass(30_000)
    assert.equal((await bob.call('contact.show', { who: 'ana' })).devices[0]?.addresses[0], '/sim/ana/0')
    assert.equal((await bob.call('contact.list', {})).contacts.length, 1)
  })

  it('brings back whom we removed', async () => {
    const pair = await Pair.friends()
    const { ana, bob } = pair
    await bob.call('contact.remove', { who: 'ana' })
    assert.deepEqual((await bob.call('contact.list', {})).contacts, [])
    assert.equal((await bob.call('contact.list', { all: true })).contacts[0]?.standing, 'removed')
    await bob.call('contact.add', { link: await ana.link() })
    await pair.pass(30_000)
    assert.equal((await bob.call('contact.list', {})).contacts[0]?.standing, 'accepted')
    await bob.send('ana', 'hello again')
    await pair.pass(5_000)
    assert.deepEqual(await ana.texts('bob'), ['hello again'])
  })
})

describe('safety numbers', () => {
  it('are shown once their keys are known', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    const link = await ana.link()
    ana.sim.crash()
    await bob.call('contact.add', { link, as: 'ana' })
    assert.equal((await bob.call('contact.show', { who: 'ana' })).safetyNumber, undefined)
    await assert.rejects(bob.call('contact.verify', { who: 'ana' }), NotFoundError)
    await pair.world.within(ana.sim.restart())
    await pair.pass(60_000)
    assert.equal((await bob.call('contact.show', { who: 'ana' })).safetyNumber, NUMBER)
  })

  it('mark a contact as verified only when the right one was read out, and it can be taken back', async () => {
    const { ana } = await Pair.friends()
    const isVerified = async (): Promise<boolean> => (await ana.call('contact.show', { who: 'bob' })).contact.isVerified
    assert.equal((await ana.call('contact.verify', { who: 'bob' })).safetyNumber, NUMBER)
    assert.equal(await isVerified(), false, 'looking is not comparing')
    await assert.rejects(ana.call('contact.verify', { who: 'bob', safetyNumber: '1'.repeat(60) }), UntrustedError)
    assert.equal(await isVerified(), false)
    await ana.call('contact.verify', { who: 'bob', safetyNumber: NUMBER.replace(/(.{5})/g, '$1 ') })
    assert.equal(await isVerified(), true)
    await ana.call('contact.verify', { who: 'bob', undo: true })
    assert.equal(await isVerified(), false)
  })

  it('of a changed key: accepting it lets waiting messages go, unverified', async () => {
    const { ana, bob, world } = await Pair.friends()
    await ana.call('contact.verify', { who: 'bob', safetyNumber: NUMBER })
    await ana.changeKeyOf(1)
    // Written in the moment of the change: it waits.
    const id = await world.within(ana.sim.core.turn.send({ contact: 1, body: { type: 'text', text: 'hello', replyTo: undefined }, idempotencyKey: undefined }))
    await world.advance(60_000)
    assert.deepEqual([(await ana.call('contact.show', { who: 'bob' })).contact.isVerified, ana.sim.store.read.messages.byId(id)?.state], [false, 'queued'])
    await ana.call('contact.verify', { who: 'bob', acceptKey: true })
    await world.advance(5_000)
    assert.deepEqual([(await ana.call('contact.show', { who: 'bob' })).contact.isKeyChanged, await bob.texts('ana')], [false, ['hello']])
  })

  it('say nothing about a key that changes while somebody compares', async () => {
    const { ana, world } = await Pair.friends()
    const changing = ana.sim.core.turn.write((writer, round) => {
      writer.contacts.update(1, { isKeyChanged: true, epoch: 1 })
      round.toForget.add(1)
    })
    const verifying = world.within((async () => await ana.sim.core.operations['contact.verify']({ who: 'bob', safetyNumber: NUMBER }))())
    await assert.rejects(verifying, UntrustedError)
    await changing
    const { contact } = await ana.call('contact.show', { who: 'bob' })
    assert.deepEqual([contact.isVerified, contact.isKeyChanged], [false, true])
  })
})

describe('blocking', () => {
  it('stops what has not left, says so, and lets nothing in', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    await ana.call('contact.block', { who: 'bob' })
    assert.deepEqual([(await ana.show(id)).state, (await ana.call('status', {})).outbox.open], ['cancelled', 0])
    await world.within(bob.sim.restart())
    await bob.send('ana', 'let me in')
    await world.advance(60_000)
    assert.deepEqual(await ana.texts('bob'), ['hello'])
  })

  it('and its end: they are what they were', async () => {
    const { ana, bob, world } = await Pair.friends()
    await ana.call('contact.block', { who: 'bob' })
    await ana.call('contact.block', { who: 'bob' })
    assert.equal((await ana.call('contact.unblock', { who: 'bob' })).contact.standing, 'accepted')
    await assert.rejects(ana.call('contact.unblock', { who: 'bob' }), RefusedError)
    await ana.send('bob', 'hello')
    await world.advance(5_000)
    assert.deepEqual(await bob.texts('ana'), ['hello'])
  })

  it('of somebody whom we had asked: the request goes on afterwards', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link(), as: 'ana' })
    await bob.call('contact.block', { who: 'ana' })
    assert.equal((await bob.call('contact.unblock', { who: 'ana' })).contact.standing, 'requested')
    await pair.pass(10_000)
    await ana.call('requests.accept', { id: 'bob' })
    await pair.pass(10_000)
    assert.equal((await bob.call('contact.show', { who: 'ana' })).contact.standing, 'accepted')
  })

  it('of a stranger who asked makes them no contact when it ends', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link() })
    await pair.pass(5_000)
    await ana.call('requests.reject', { id: 'bob', block: true })
    assert.equal((await ana.call('contact.list', { all: true })).contacts[0]?.standing, 'blocked')
    assert.equal((await ana.call('contact.unblock', { who: 'bob' })).contact.standing, 'removed')
  })
})

describe('contacts', () => {
  it('show their devices, and whether one is connected', async () => {
    const { ana, bob, world } = await Pair.friends()
    await ana.send('bob', 'hello')
    await world.advance(1_000)
    const { contact, devices } = await ana.call('contact.show', { who: 'bob' })
    assert.deepEqual([contact.isConnected, contact.devices, devices[0]?.peerId, devices[0]?.isListed], [true, 1, bob.sim.peerId, true])
  })

  it('are renamed to a name that is free', async () => {
    const { ana } = await Pair.friends()
    assert.equal((await ana.call('contact.rename', { who: 'bob', as: '@robert' })).contact.label, 'robert')
    await assert.rejects(ana.call('contact.rename', { who: 'robert', as: '' }), MalformedError)
    assert.equal((await ana.call('contact.show', { who: 'bob' })).contact.alias, 'robert', 'their own name still finds them')
  })

  it('that are removed keep the history, and their session is given up', async () => {
    const { ana, bob, world } = await Pair.friends()
    await ana.send('bob', 'hello')
    await world.advance(1_000)
    await ana.call('contact.remove', { who: 'bob' })
    assert.deepEqual(await ana.texts('bob'), ['hello'])
    await bob.send('ana', 'still there?')
    await world.advance(60_000)
    assert.deepEqual(await ana.texts('bob'), ['hello'])
  })
})
