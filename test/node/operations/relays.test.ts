import assert from 'node:assert/strict'
import { decodeInvite } from '../../../protocols/account/invite.ts'
import { NotFoundError, RefusedError, UnreachableError, UsageError } from '../../../protocols/core/errors.ts'
import { envelopeId } from '../../../protocols/core/ids.ts'
import { deriveAlias } from '../../../protocols/mailbox/alias.ts'
import type { RelayView } from '../../../protocols/local/schema.ts'
import { FarRelay } from '../far-relay.ts'
import { Pair } from './pair.ts'

interface Scene extends Pair { readonly eu: FarRelay, readonly us: FarRelay }

async function friendsWithRelays (): Promise<Scene> {
  const pair = await Pair.friends()
  return Object.assign(pair, { eu: new FarRelay(pair.ether, 'eu'), us: new FarRelay(pair.ether, 'us') })
}

describe('a relay of ours', () => {
  it('is furnished, written down and told to contacts', async () => {
    const { ana, bob, eu, world } = await friendsWithRelays()
    const { relay } = await ana.call('relays.add', { address: eu.address })
    assert.deepEqual([relay.peerId, relay.address, relay.name, relay.state, relay.waiting], [eu.peerId, eu.address, 'eu', 'open', 0])
    assert.deepEqual(ana.sim.core.account.relays, [{ peerId: eu.peerId, addresses: [eu.network.address] }])
    assert.deepEqual(ana.sim.core.account.aliasEpoch.length, 8)
    await world.advance(5_000)
    assert.deepEqual(eu.disk.epoch, ana.sim.core.account.aliasEpoch)
    assert.deepEqual((await bob.call('contact.show', { who: 'ana' })).relays, [{ peerId: eu.peerId, addresses: [eu.network.address] }])
    const [toBob] = ana.sim.store.read.contacts.list()
    const [toAna] = bob.sim.store.read.contacts.list()
    assert.ok(toBob?.aliasSecret !== undefined && toAna !== undefined)
    assert.deepEqual(toAna.theirAliasSecret, toBob.aliasSecret, 'Bob knows the secret behind his door')
    assert.deepEqual([toAna.recordKey, toAna.readKey], [ana.sim.core.account.recordKeys?.publicKey, ana.sim.core.account.recordKeys?.readKey])
    assert.ok(eu.holds(deriveAlias(toBob.aliasSecret, { relay: eu.peerId, device: ana.sim.core.account.own.deviceId }).alias))
  })

  it('is there after a restart', async () => {
    const { ana, eu, world } = await friendsWithRelays()
    await ana.call('relays.add', { address: eu.address })
    ana.sim.crash()
    await world.within(ana.sim.restart())
    await world.advance(5_000)
    assert.deepEqual((await ana.call('relays.list', {})).relays.map(({ peerId, state }) => [peerId, state]), [[eu.peerId, 'open']])
  })

  it('says what waits there, until it is here', async () => {
    const { ana, bob, eu, world } = await friendsWithRelays()
    await ana.call('relays.add', { address: eu.address })
    const [contact] = ana.sim.store.read.contacts.list()
    assert.ok(contact?.aliasSecret)
    const door = { secret: contact.aliasSecret, device: ana.sim.core.account.own.deviceId }
    const waiting = async (): Promise<number | undefined> => (await ana.call('relays.list', {})).relays[0]?.waiting
    await eu.network.stop()
    for (const name of ['one', 'two']) eu.deposit(Uint8Array.of(1), { ...door, envelope: envelopeId(Buffer.from(name.padEnd(16))) })
    await eu.network.start()
    await world.run(() => ana.sim.core.mailboxes.standing(eu.peerId)?.at === 'open', 90_000)
    assert.equal(await waiting(), 2)
    await world.advance(1_000)
    assert.equal(await waiting(), 0)
    assert.ok(bob.sim.isAlive)
  })

  it('may be added again: another address of it is one more, and the order stays', async () => {
    const { ana, eu, us, world } = await friendsWithRelays()
    for (const { address } of [eu, us]) await ana.call('relays.add', { address })
    await ana.call('relays.add', { address: `/sim/elsewhere/p2p/${eu.peerId}` })
    assert.deepEqual(ana.sim.core.account.relays.map(({ peerId, addresses }) => [peerId, addresses.length]), [[eu.peerId, 2], [us.peerId, 1]])
    await world.advance(1_000)
    assert.deepEqual((await ana.call('relays.list', {})).relays.map(({ state }) => state), ['open', 'open'])
  })

  it('that cannot be used changes nothing, and it is said why', async () => {
    const { ana, eu } = await friendsWithRelays()
    const before = ana.sim.core.account.ref
    await assert.rejects(ana.call('relays.add', { address: 'eu.example.org' }), UsageError)
    await assert.rejects(ana.call('relays.add', { address: '/sim/nobody/p2p/peernobody' }), UnreachableError)
    await assert.rejects(ana.call('relays.add', { address: `/sim/ana/p2p/${ana.sim.peerId}` }), UsageError)
    eu.refusal = 'admission'
    await assert.rejects(ana.call('relays.add', { address: eu.address }), (error: unknown) => error instanceof RefusedError && error.hint?.includes('--code') === true)
    assert.deepEqual(ana.sim.core.account.ref, before)
    assert.deepEqual((await ana.call('relays.list', {})).relays, [])
  })

  it('is one of five at most', async () => {
    const { ana, ether } = await friendsWithRelays()
    for (let number = 1; number <= 5; number++) await ana.call('relays.add', { address: new FarRelay(ether, `relay${number}`).address })
    await assert.rejects(ana.call('relays.add', { address: new FarRelay(ether, 'relay6').address }), RefusedError)
  })

  it('is left after contacts are told, by its name, peer id or address', async () => {
    const { ana, bob, eu, us, world } = await friendsWithRelays()
    for (const { address } of [eu, us]) await ana.call('relays.add', { address })
    assert.deepEqual(await ana.call('relays.remove', { relay: 'EU' }), { relay: eu.peerId, isLeft: true })
    assert.equal(eu.disk.hasMailbox, false)
    await world.advance(5_000)
    assert.deepEqual((await bob.call('contact.show', { who: 'ana' })).relays.map(({ peerId }) => peerId), [us.peerId])
    await us.network.stop()
    await world.advance(60_000)
    assert.deepEqual(await ana.call('relays.remove', { relay: us.address }), { relay: us.peerId, isLeft: false })
    assert.deepEqual((await ana.call('relays.list', {})).relays.map(({ state }) => state), ['leaving'])
    await us.network.start()
    await world.advance(120_000)
    assert.deepEqual((await ana.call('relays.list', {})).relays, [])
    await assert.rejects(ana.call('relays.remove', { relay: 'eu' }), NotFoundError)
  })

  it('is tested: whether it answers, how fast, what its clock says, by which rules', async () => {
    const { ana, eu, us } = await friendsWithRelays()
    await ana.call('relays.add', { address: eu.address })
    const [tested] = (await ana.call('relays.test', {})).relays
    assert.ok(tested)
    assert.deepEqual([tested.isReachable, tested.name, tested.admission, tested.takesMailboxes, tested.limits?.days, tested.problems], [true, 'eu', 'open', true, 30, []])
    assert.ok(tested.ms !== undefined && tested.ms < 100)
    us.skewMs = -3_600_000
    const [other] = (await ana.call('relays.test', { relay: us.address })).relays
    assert.match(other?.problems.join() ?? '', /60 minutes behind/)
    await us.network.stop()
    assert.deepEqual((await ana.call('relays.test', { relay: us.address })).relays.map(({ isReachable }) => isReachable), [false])
  })
})

describe('an invite of somebody with relays', () => {
  it('names them first, then where we are, with what finds us anywhere, and opens gates there', async () => {
    const { ana, eu, us } = await friendsWithRelays()
    for (const { address } of [eu, us]) await ana.call('relays.add', { address })
    const card = decodeInvite((await ana.call('me.card', { once: true })).link)
    assert.deepEqual(card.hints.map(({ isRelay, peerId }) => [isRelay, Buffer.from(peerId).toString()]), [[true, eu.peerId], [true, us.peerId], [false, ana.sim.peerId]])
    assert.deepEqual([card.recordKey, card.readKey], [ana.sim.core.account.recordKeys?.publicKey, ana.sim.core.account.recordKeys?.readKey])
    for (const relay of [eu, us]) {
      const { alias } = deriveAlias(card.token, { relay: relay.peerId, device: ana.sim.core.account.own.deviceId })
      assert.ok(relay.holds(alias))
    }
  })

  it('does not wait for a relay that is not there', async () => {
    const { ana, eu, world } = await friendsWithRelays()
    await ana.call('relays.add', { address: eu.address })
    await eu.network.stop()
    const beginMs = world.nowMs
    await ana.call('me.card', {})
    assert.ok(world.nowMs - beginMs <= 3_100)
  })
})

describe('relays, before the node is on the network', () => {
  it('are listed as they are known', async () => {
    const { ana, eu } = await friendsWithRelays()
    await ana.call('relays.add', { address: eu.address })
    await ana.world.within(ana.sim.core.stop())
    const [relay] = (await ana.call('relays.list', {})).relays as [RelayView]
    assert.deepEqual([relay.state, relay.name], ['offline', 'eu'])
    assert.ok(relay.answeredAt)
  })
})
