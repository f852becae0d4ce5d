/** The originals: libp2p's own client and relay of circuits speak with ours. */
import assert from 'node:assert/strict'
import { circuitRelayServer, circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import type { Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { ASK, TCP, atEnd, newNetwork, stopAll } from './neighbours.ts'
import { isReserved, newRelay } from './relays.ts'

describe('circuits of libp2p itself', () => {
  afterEach(stopAll)

  it('go through our relay', async () => {
    const relay = await newRelay()
    const relayAddress = `${relay.addresses()[0] ?? ''}/p2p/${relay.peerId}`
    const callee = await original([`${relayAddress}/p2p-circuit`])
    await callee.handle('/test/1', async stream => { await stream.close() }, { runOnLimitedConnection: true })
    const caller = await original([])
    const stream = await caller.dialProtocol(multiaddr(`${relayAddress}/p2p-circuit/p2p/${callee.peerId.toString()}`), '/test/1', { runOnLimitedConnection: true })
    assert.equal(stream.protocol, '/test/1')
    assert.equal(relay.circuitCounts()?.circuits, 1)
  })

  it('go to our users through its relay', async () => {
    const relay = await original([TCP], true)
    const addresses = relay.getMultiaddrs().map(address => address.decapsulate('/p2p/').toString())
    const bob = newNetwork({ listen: [] })
    bob.serveRequest(ASK, request => request)
    bob.useRelays([{ peerId: relay.peerId.toString(), addresses }])
    await bob.start()
    await isReserved(bob)
    const ana = newNetwork({ listen: [] })
    await ana.start()
    const circuits = addresses.map(address => `${address}/p2p/${relay.peerId.toString()}/p2p-circuit`)
    assert.deepEqual(await ana.request({ peerId: bob.peerId, addresses: circuits }, ASK, new Uint8Array(3)), new Uint8Array(3))
  })
})

async function original (listen: string[], isRelay = false): Promise<Libp2p> {
  const host = await createLibp2p({
    addresses: { listen },
    transports: [tcp(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    services: { identify: identify(), ...isRelay && { relay: circuitRelayServer() } }
  })
  atEnd(() => host.stop())
  return host
}
