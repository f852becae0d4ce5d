import assert from 'node:assert/strict'
import { CIRCUIT_FRAME_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { generateNetworkKey } from '../../../node/net/identity.ts'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import { ASK, Inbox, TALK, newNetwork, portOf, stopAll, targetOf, text } from './neighbours.ts'
import { eventually, isReserved, newRelay, throughOnly } from './relays.ts'

describe('a peer that only a relay reaches', () => {
  afterEach(stopAll)

  it('is called through it, and both know', async () => {
    const { ana, bob, atBob, relay } = await scene()
    const channel = await ana.openChannel(throughOnly(bob, relay), TALK, () => { /* nothing comes */ })
    await channel.send(text('hello through the relay'))
    await atBob.until(1)
    assert.deepEqual(atBob.lines, ['hello through the relay'])
    assert.equal(channel.isRelayed, true)
    assert.deepEqual(ana.path(bob.peerId), { type: 'relayed', relay: relay.peerId })
    assert.deepEqual(bob.path(ana.peerId), { type: 'relayed', relay: relay.peerId })
  })

  it('gets the first frame whole, however soon it comes', async () => {
    const { ana, bob, atBob, relay } = await scene()
    const frame = new Uint8Array(CIRCUIT_FRAME_BYTES_MAX).fill(7)
    const channel = await ana.openChannel(throughOnly(bob, relay), TALK, () => { /* nothing comes */ })
    await channel.send([frame, ...text('and another')])
    await atBob.until(2)
    assert.deepEqual(atBob.frames[0], frame)
  })

  it('tells the address by which it is called, last and once per relay', async () => {
    const { bob, relay } = await scene()
    assert.equal(bob.addresses().at(-1), `${relay.addresses()[0] ?? ''}/p2p/${relay.peerId}/p2p-circuit`)
    assert.equal(bob.addresses().length, 2)
  })

  it('is still called by its own address first', async () => {
    const { ana, bob } = await scene()
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    assert.deepEqual(ana.path(bob.peerId), { type: 'direct' })
  })

  it('is called through the relay when its own address leads nowhere', async () => {
    const { ana, bob, relay } = await scene()
    const { addresses, peerId } = throughOnly(bob, relay)
    // Discard: nobody listens there.
    await ana.request({ peerId, addresses: ['/ip4/127.0.0.1/tcp/9', ...addresses] }, ASK, new Uint8Array(1))
    assert.deepEqual(ana.path(bob.peerId), { type: 'relayed', relay: relay.peerId })
  })

  it('is not reached through a relay at which it keeps no place', async () => {
    const { ana, bob } = await scene()
    const other = await newRelay()
    await assert.rejects(ana.request(throughOnly(bob, other), ASK, new Uint8Array(1)), { message: 'the peer cannot be reached: they keep no place at the relay' })
  })

  it('is pinged, with the path named', async () => {
    const { ana, bob, relay } = await scene()
    const { path, ms } = await ana.ping(throughOnly(bob, relay))
    assert.deepEqual(path, { type: 'relayed', relay: relay.peerId })
    assert.ok(ms > 0 && ms < 1000)
  })

  it('takes calls only through relays that it chose', async () => {
    const { ana, bob } = await scene()
    const stranger = await newRelay()
    // The stranger knows Bob and makes as if he had asked for a place.
    await stranger.request(targetOf(bob), ASK, new Uint8Array(1))
    await assert.rejects(ana.request(throughOnly(bob, stranger), ASK, new Uint8Array(1)))
    assert.equal(bob.isConnected(ana.peerId), false)
  })
})

describe('a circuit', () => {
  afterEach(stopAll)

  it('ends when it has carried what the relay grants', async () => {
    const relay = await newRelay({ circuitBytesMax: 200_000 })
    const { ana, bob, atBob } = await pairAt(relay)
    const channel = await ana.openChannel(throughOnly(bob, relay), TALK, () => { /* nothing comes */ })
    for (let sent = 0; sent < 4 && ana.isConnected(bob.peerId); sent++) {
      try {
        await channel.send([new Uint8Array(90_000)])
      } catch {
        break
      }
    }
    assert.equal(await channel.closed, 'reset')
    assert.ok(atBob.frames.length < 3)
  })

  it('ends after the time that the relay grants, and is made anew', async () => {
    const relay = await newRelay({ circuitMs: 300 })
    const { ana, bob } = await pairAt(relay)
    const channel = await ana.openChannel(throughOnly(bob, relay), TALK, () => { /* nothing comes */ })
    assert.equal(await channel.closed, 'reset')
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
  })
})

describe('places at relays', () => {
  afterEach(stopAll)

  it('are kept at two fixed relays at once', async () => {
    // libp2p's own client: createLibp2p hangs for ever on the second fixed circuit address.
    const relays = [await newRelay(), await newRelay()]
    const bob = newNetwork()
    bob.useRelays(relays.map(targetOf))
    await bob.start()
    await isReserved(bob, 2)
    assert.equal(bob.addresses().length, 3)
  })

  it('are given to a sixteenth and a twentieth user', async () => {
    // libp2p's defaults: the sixteenth is refused, and its createLibp2p rejects; the sixth in one second is cut off.
    const relay = await newRelay()
    const users = Array.from({ length: 20 }, () => newNetwork({ listen: [] }))
    for (const user of users) user.useRelays([targetOf(relay)])
    await Promise.all(users.map(user => user.start()))
    await Promise.all(users.map(user => isReserved(user)))
  })

  it('are refused beyond the relay\'s own limit, in words and without harm', async () => {
    const relay = await newRelay({ reservationsMax: 1 })
    const [first, second] = [newNetwork(), newNetwork()]
    first.useRelays([targetOf(relay)])
    second.useRelays([targetOf(relay)])
    await first.start()
    await isReserved(first)
    await second.start()
    await eventually(() => second.relays()[0]?.state === 'refused')
    assert.equal(second.relays()[0]?.reason, 'the relay has no place left')
    assert.equal(second.isConnected(relay.peerId), true)
    assert.equal(second.addresses().length, 1)
  })

  it('are freed when their user leaves', async () => {
    const relay = await newRelay({ reservationsMax: 1 })
    const [first, second] = [newNetwork(), newNetwork()]
    first.useRelays([targetOf(relay)])
    second.useRelays([targetOf(relay)])
    await first.start()
    await isReserved(first)
    await first.stop()
    await eventually(() => !relay.isConnected(first.peerId))
    await second.start()
    await isReserved(second)
  })

  it('are no matter to a relay that serves no circuits: the connection stays', async () => {
    const plain = newNetwork()
    await plain.start()
    const bob = newNetwork()
    bob.useRelays([targetOf(plain)])
    await bob.start()
    await eventually(() => bob.relays()[0]?.state === 'refused')
    assert.equal(bob.relays()[0]?.reason, 'the relay serves no circuits')
    assert.equal(bob.isConnected(plain.peerId), true)
  })

  it('are taken again when the relay has restarted', async () => {
    const networkKey = generateNetworkKey()
    const relay = await newRelay({}, { networkKey })
    const listen = [`/ip4/127.0.0.1/tcp/${portOf(relay)}`]
    const { ana, bob } = await pairAt(relay)
    const told = bob.addresses()
    await relay.stop()
    await eventually(() => bob.relays()[0]?.state === 'connecting')
    // Each change of it would be a new device list for every contact.
    assert.deepEqual(bob.addresses(), told)
    const again = await newRelay({}, { networkKey, listen })
    await isReserved(bob)
    await ana.request(throughOnly(bob, again), ASK, new Uint8Array(1))
  })

  it('are taken when the relay comes up only later', async () => {
    const networkKey = generateNetworkKey()
    const relay = await newRelay({}, { networkKey })
    const target = targetOf(relay)
    const listen = [`/ip4/127.0.0.1/tcp/${portOf(relay)}`]
    await relay.stop()
    const bob = newNetwork()
    bob.useRelays([target])
    await bob.start()
    await eventually(() => bob.relays()[0]?.reason === 'connection refused')
    await newRelay({}, { networkKey, listen })
    await isReserved(bob)
  })

  it('are taken again after the machine slept and all connections were dropped', async () => {
    const relay = await newRelay()
    const { ana, bob } = await pairAt(relay)
    await bob.disconnectAll()
    assert.equal(bob.relays()[0]?.state, 'connecting')
    await isReserved(bob)
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
  })

  it('are given up when their relay is no longer wanted, and those that stay, stay', async () => {
    const [first, second] = [await newRelay(), await newRelay()]
    const bob = newNetwork()
    bob.useRelays([targetOf(first), targetOf(second)])
    await bob.start()
    await isReserved(bob, 2)
    bob.useRelays([targetOf(second)])
    assert.deepEqual(bob.relays(), [{ peerId: second.peerId, state: 'reserved' }])
    assert.equal(bob.addresses().length, 2)
  })
})

interface Scene {
  readonly ana: Libp2pNetwork
  readonly bob: Libp2pNetwork
  readonly atBob: Inbox
}

async function scene (): Promise<Scene & { readonly relay: Libp2pNetwork }> {
  const relay = await newRelay()
  return { ...await pairAt(relay), relay }
}

/** Ana, who has no relay, and Bob, who keeps a place at `relay`. */
async function pairAt (relay: Libp2pNetwork): Promise<Scene> {
  const [ana, bob] = [newNetwork({ listen: [] }), newNetwork()]
  const atBob = new Inbox()
  bob.serveChannel(TALK, () => atBob.take)
  bob.serveRequest(ASK, request => request)
  bob.useRelays([targetOf(relay)])
  await ana.start()
  await bob.start()
  await isReserved(bob)
  return { ana, bob, atBob }
}
