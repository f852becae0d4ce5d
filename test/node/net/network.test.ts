import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { generateNetworkKey, peerIdOf } from '../../../node/net/identity.ts'
import { SkeinError, UnreachableError } from '../../../protocols/core/errors.ts'
import type { Channel } from '../../../node/ports.ts'
import { ASK, Inbox, TALK, TCP, WEBSOCKET, atEnd, newNetwork, portOf, stopAll, targetOf, text } from './neighbours.ts'

describe('the network', () => {
  afterEach(stopAll)

  for (const listen of [TCP, WEBSOCKET, '/ip6/::1/tcp/0', '/ip6/::1/tcp/0/ws']) {
    it(`carries frames both ways, whole and in order, over ${listen}`, async () => {
      const ana = newNetwork({ listen: [listen] })
      const bob = newNetwork({ listen: [listen] })
      const atAna = new Inbox()
      const atBob = new Inbox()
      bob.serveChannel(TALK, channel => frames => {
        atBob.take(frames)
        void channel.send(frames)
      })
      await Promise.all([ana.start(), bob.start()])
      const channel = await ana.openChannel(targetOf(bob), TALK, atAna.take)
      assert.equal(channel.peerId, bob.peerId)
      const frames = Array.from({ length: 300 }, (_, index) => new Uint8Array(index * 200).fill(index))
      for (let start = 0; start < frames.length; start += 7) await channel.send(frames.slice(start, start + 7))
      await atAna.until(frames.length)
      assert.deepEqual(atBob.frames, frames)
      assert.deepEqual(atAna.frames, frames)
    })
  }

  it('knows the PeerId behind every inbound channel and request', async () => {
    const ana = newNetwork()
    const bob = newNetwork()
    const met: string[] = []
    bob.serveChannel(TALK, channel => () => { met.push(channel.peerId) })
    bob.serveRequest(ASK, (request, peerId) => {
      met.push(peerId)
      return Promise.resolve(request)
    })
    await Promise.all([ana.start(), bob.start()])
    const channel = await ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ })
    await channel.send(text('hello'))
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    assert.deepEqual(met, [ana.peerId, ana.peerId])
  })

  it('shares one connection among all that is opened at once', async () => {
    const ana = newNetwork()
    const bob = newNetwork()
    bob.serveChannel(TALK, () => () => { /* nothing comes */ })
    await Promise.all([ana.start(), bob.start()])
    const opening = Array.from({ length: 20 }, () => ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ }))
    await Promise.all(opening)
    assert.equal(ana.connectionCount(), 1)
    assert.equal(bob.connectionCount(), 1)
  })

  it('answers over the connection that a peer without addresses has opened', async () => {
    const ana = newNetwork({ listen: [] })
    const bob = newNetwork()
    const atAna = new Inbox()
    ana.serveChannel(TALK, () => atAna.take)
    bob.serveRequest(ASK, request => Promise.resolve(request))
    await Promise.all([ana.start(), bob.start()])
    assert.deepEqual(ana.addresses(), [])
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    const channel = await bob.openChannel({ peerId: ana.peerId, addresses: [] }, TALK, () => { /* nothing comes */ })
    await channel.send(text('back'))
    await atAna.until(1)
    assert.deepEqual(atAna.lines, ['back'])
    assert.equal(bob.connectionCount(), 1)
  })

  it('tells both sides of a first connection, and forgets it with the last', async () => {
    const ana = newNetwork()
    const bob = newNetwork()
    const told: string[] = []
    ana.onConnect(peerId => told.push(`ana met ${peerId}`))
    bob.onConnect(peerId => told.push(`bob met ${peerId}`))
    bob.serveChannel(TALK, () => () => { /* nothing comes */ })
    await Promise.all([ana.start(), bob.start()])
    assert.equal(ana.isConnected(bob.peerId), false)
    const first = await ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ })
    await ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ })
    assert.equal(ana.isConnected(bob.peerId), true)
    assert.equal(bob.isConnected(ana.peerId), true)
    assert.deepEqual(told.sort(), [`ana met ${bob.peerId}`, `bob met ${ana.peerId}`])
    await ana.disconnectAll()
    assert.equal(ana.isConnected(bob.peerId), false)
    assert.equal(ana.connectionCount(), 0)
    assert.equal(await first.closed, 'reset')
    await ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ })
    assert.equal(told.length, 4)
  })

  it('tells where it may be reached, with the ports it was given', async () => {
    const ana = newNetwork({ listen: [TCP, WEBSOCKET], announce: ['/dns4/ana.example/tcp/443/wss'] })
    await ana.start()
    const [announced, ...bound] = ana.addresses()
    assert.equal(announced, '/dns4/ana.example/tcp/443/wss')
    assert.equal(bound.length, 2)
    for (const address of bound) assert.match(address, /^\/ip4\/127\.0\.0\.1\/tcp\/[1-9]\d*(\/ws)?$/)
    await ana.stop()
    assert.deepEqual(ana.addresses(), ['/dns4/ana.example/tcp/443/wss'])
  })

  for (const kind of ['', '/ws']) {
    it(`does not start on a port that is taken, and names the address${kind}`, async () => {
      const ana = newNetwork()
      await ana.start()
      const address = `/ip4/127.0.0.1/tcp/${portOf(ana)}${kind}`
      const bob = newNetwork({ listen: [address, TCP] })
      await assert.rejects(bob.start(), (error: unknown) => error instanceof SkeinError && error.code === 'address_in_use' &&
        error.exit === 8 && error.message.startsWith(address))
      await ana.stop()
      await bob.start()
      assert.equal(bob.addresses().length, 2)
    })
  }

  it('does not start on an address that is none of this machine', async () => {
    const ana = newNetwork({ listen: ['/ip4/203.0.113.1/tcp/0'] })
    await assert.rejects(ana.start(), (error: unknown) => error instanceof SkeinError && error.code === 'cannot_listen')
  })

  it('starts again after it has stopped, as the same peer', async () => {
    const ana = newNetwork()
    const bob = newNetwork()
    bob.serveRequest(ASK, request => Promise.resolve(request))
    await Promise.all([ana.start(), bob.start()])
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    await bob.stop()
    await bob.start()
    assert.deepEqual(await ana.request(targetOf(bob), ASK, Uint8Array.of(7)), Uint8Array.of(7))
  })

  it('stops within a second with channels open, and both sides know', async () => {
    const ana = newNetwork()
    const bob = newNetwork({ listen: [TCP, WEBSOCKET] })
    const inbound: Channel[] = []
    bob.serveChannel(TALK, channel => {
      inbound.push(channel)
      return () => { /* nothing comes */ }
    })
    await Promise.all([ana.start(), bob.start()])
    const outbound = await ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ })
    await outbound.send(text('last words'))
    const begin = performance.now()
    await bob.stop()
    assert.ok(performance.now() - begin < 1000)
    assert.equal(await outbound.closed, 'reset')
    assert.equal(await inbound[0]?.closed ?? 'stopped', 'stopped')
    await assert.rejects(outbound.send(text('too late')), UnreachableError)
    await assert.rejects(bob.openChannel(targetOf(ana), TALK, () => { /* nothing comes */ }), UnreachableError)
  })
})

describe('a peer that cannot be reached', () => {
  afterEach(stopAll)

  it('is one whose port refuses', async () => {
    const ana = newNetwork()
    const bob = newNetwork()
    await Promise.all([ana.start(), bob.start()])
    const target = targetOf(bob)
    await bob.stop()
    await assert.rejects(ana.openChannel(target, TALK, () => { /* nothing comes */ }), unreachableBecause('connection refused'))
    await assert.rejects(ana.request(target, ASK, new Uint8Array(1)), unreachableBecause('connection refused'))
  })

  for (const listen of [TCP, WEBSOCKET]) {
    it(`is one at whose address a different peer answers, over ${listen}`, async () => {
      const ana = newNetwork()
      const bob = newNetwork({ listen: [listen] })
      await Promise.all([ana.start(), bob.start()])
      const target = { peerId: peerIdOf(generateNetworkKey()), addresses: bob.addresses() }
      await assert.rejects(ana.openChannel(target, TALK, () => { /* nothing comes */ }), unreachableBecause('a different peer answered'))
      assert.equal(ana.connectionCount(), 0)
    })

    it(`is one that accepts and then says nothing, over ${listen}`, async () => {
      const ana = newNetwork({ timeouts: { handshakeMs: 300 } })
      await ana.start()
      const address = listen.replace('/tcp/0', `/tcp/${await silentPort()}`)
      const target = { peerId: peerIdOf(generateNetworkKey()), addresses: [address] }
      await assert.rejects(ana.openChannel(target, TALK, () => { /* nothing comes */ }), unreachableBecause('no answer in time'))
      assert.equal(ana.connectionCount(), 0)
    })
  }

  it('is one that does not speak the protocol, and the connection serves on', async () => {
    const ana = newNetwork()
    const bob = newNetwork()
    bob.serveRequest(ASK, request => Promise.resolve(request))
    await Promise.all([ana.start(), bob.start()])
    await assert.rejects(ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ }), unreachableBecause('the peer does not speak this protocol'))
    await ana.request(targetOf(bob), ASK, new Uint8Array(1))
    assert.equal(ana.connectionCount(), 1)
  })

  it('is one without an address that we dial', async () => {
    const ana = newNetwork()
    await ana.start()
    for (const addresses of [[], ['/ip4/0.0.0.0/tcp/1'], ['nonsense', '/dnsaddr/x.example']]) {
      await assert.rejects(ana.openChannel({ peerId: peerIdOf(generateNetworkKey()), addresses }, TALK, () => { /* nothing comes */ }),
        unreachableBecause('no address that can be dialled'))
    }
  })

  it('is ourselves', async () => {
    const ana = newNetwork()
    await ana.start()
    await assert.rejects(ana.openChannel(targetOf(ana), TALK, () => { /* nothing comes */ }), unreachableBecause('the address is our own'))
  })

  it('is reached all the same when only its first addresses are dead', async () => {
    const ana = newNetwork({ timeouts: { handshakeMs: 900 } })
    const bob = newNetwork()
    bob.serveRequest(ASK, request => Promise.resolve(request))
    await Promise.all([ana.start(), bob.start()])
    const addresses = ['/ip4/127.0.0.1/tcp/1', `/ip4/127.0.0.1/tcp/${await silentPort()}`, ...bob.addresses()]
    await ana.request({ peerId: bob.peerId, addresses }, ASK, new Uint8Array(1))
  })
})

/** Listens, accepts, and never says a word. */
async function silentPort (): Promise<number> {
  const server = createServer(socket => {
    socket.on('error', () => { /* it may be reset */ })
    atEnd(() => { socket.destroy() })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  atEnd(() => { server.close() })
  return (server.address() as AddressInfo).port
}

function unreachableBecause (reason: string): (error: unknown) => boolean {
  return error => {
    assert.ok(error instanceof UnreachableError)
    assert.equal(error.message, `the peer cannot be reached: ${reason}`)
    return true
  }
}
