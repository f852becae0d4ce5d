import assert from 'node:assert/strict'
import { realClock } from '../../../node/world.ts'
import type { Clock, Timer } from '../../../node/ports.ts'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import { ASK, TALK, newNetwork, stopAll, targetOf } from './neighbours.ts'
import { eventually, isReserved, newRelay, throughOnly } from './relays.ts'

describe('two who talk through a relay', () => {
  afterEach(stopAll)

  it('are directly connected a moment later when one of them can be dialled, and give the circuit up', async () => {
    const { ana, bob, relay } = await scene({ doesBobListen: true })
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
    assert.deepEqual(ana.path(bob.peerId), { type: 'relayed', relay: relay.peerId })
    await eventually(() => ana.path(bob.peerId)?.type === 'direct')
    await eventually(() => ana.connectionCount() === 2)
  })

  it('are so too when only the caller can be dialled', async () => {
    const { ana, bob, relay } = await scene({ doesAnaListen: true })
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
    await eventually(() => ana.path(bob.peerId)?.type === 'direct' && bob.path(ana.peerId)?.type === 'direct')
  })

  it('are connected by WebRTC when neither can be dialled, and what they say goes over it', async () => {
    const { ana, bob, relay } = await scene({})
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
    await eventually(() => ana.path(bob.peerId)?.type === 'direct' && bob.path(ana.peerId)?.type === 'direct')
    const frame = new Uint8Array(60_000).fill(3)
    const channel = await ana.openChannel({ peerId: bob.peerId, addresses: [] }, TALK, () => { /* nothing comes */ })
    assert.equal(channel.isRelayed, false)
    assert.deepEqual(await ana.request({ peerId: bob.peerId, addresses: [] }, ASK, frame), frame)
    await relay.stop()
    assert.deepEqual(await ana.request({ peerId: bob.peerId, addresses: [] }, ASK, frame), frame)
  })

  it('need not be contacts from the start', async () => {
    const clock = new HastyClock()
    const { ana, bob, relay } = await scene({ doesBobListen: true, doesBobKnow: false, clock })
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
    await eventually(() => clock.waited.has(15_000))
    bob.meet(() => true)
    await eventually(() => ana.path(bob.peerId)?.type === 'direct')
  })

  it('stay on the circuit when one does not know the other: nobody is told an address', async () => {
    const { ana, bob, relay } = await scene({ doesBobListen: true, doesBobKnow: false })
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
    await eventually(() => bob.isConnected(ana.peerId))
    await ana.ping(throughOnly(bob, relay))
    assert.deepEqual(ana.path(bob.peerId), { type: 'relayed', relay: relay.peerId })
  })
})

/** Long pauses are over at once. */
class HastyClock implements Clock {
  readonly waited = new Set<number>()
  readonly now = realClock.now
  readonly monotonic = realClock.monotonic
  readonly soon = realClock.soon
  timer (delayMs: number, fire: () => void): Timer {
    this.waited.add(delayMs)
    return realClock.timer(delayMs === 15_000 ? 50 : delayMs, fire)
  }
}

interface Wishes { readonly doesAnaListen?: boolean, readonly doesBobListen?: boolean, readonly doesBobKnow?: boolean, readonly clock?: Clock }

async function scene ({ doesAnaListen = false, doesBobListen = false, doesBobKnow = true, clock = realClock }: Wishes): Promise<{ readonly ana: Libp2pNetwork, readonly bob: Libp2pNetwork, readonly relay: Libp2pNetwork }> {
  const relay = await newRelay()
  const ana = newNetwork(doesAnaListen ? { clock } : { clock, listen: [] })
  const bob = newNetwork(doesBobListen ? {} : { listen: [] })
  bob.serveChannel(TALK, () => () => { /* heard */ })
  bob.serveRequest(ASK, request => request)
  for (const network of [ana, bob]) network.useRelays([targetOf(relay)])
  ana.meet(() => true)
  bob.meet(() => doesBobKnow)
  await ana.start()
  await bob.start()
  await isReserved(ana)
  await isReserved(bob)
  return { ana, bob, relay }
}
