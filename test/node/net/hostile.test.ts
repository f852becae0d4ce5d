import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { CONNECTIONS_PER_PEER_MAX } from '../../../protocols/core/limits.ts'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import { ASK, TALK, TCP, WEBSOCKET, atEnd, bareStream, newNetwork, newStranger, portOf, stopAll, targetOf, text } from './neighbours.ts'

const HANDSHAKE_MS = 300
/** The first words of every libp2p connection: multistream-select, then Noise. */
const MULTISTREAM = Buffer.from('\x13/multistream/1.0.0\n')
const NOISE = Buffer.from('\x07/noise\n')
const UPGRADE = 'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

describe('a node that strangers attack', () => {
  afterEach(stopAll)

  for (const listen of [TCP, WEBSOCKET]) {
    const openings: Array<readonly [what: string, bytes: string | Buffer]> = [
      ['says nothing', ''],
      ['says one byte', 'G'],
      ['says something like a web browser', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
      ['begins a web request and does not end it', 'GET / HTTP/1.1\r\nHost: x\r\nCookie: '],
      ['upgrades to WebSocket and is silent then', UPGRADE],
      ['upgrades to WebSocket and sends a broken frame', `${UPGRADE}\xff\xff\xff\xff`],
      ['says the first words and no more', MULTISTREAM],
      ['begins Noise and says no more', Buffer.concat([MULTISTREAM, NOISE])],
      ['sends chance instead of a handshake', Buffer.concat([MULTISTREAM, NOISE, randomBytes(4000)])],
      ['announces a handshake message and sends half of it', Buffer.concat([MULTISTREAM, NOISE, Buffer.from([0, 32]), randomBytes(16)])],
      ['sends chance only', randomBytes(64 * 1024)],
      ['sends zeros only', Buffer.alloc(64 * 1024)]
    ]
    for (const [what, bytes] of openings) {
      it(`cuts off whoever ${what}, over ${listen}`, async () => {
        const bob = await attacked(listen)
        const socket = await dial(bob)
        socket.write(bytes)
        await closing(socket)
        assert.equal(bob.connectionCount(), 0)
        await stillServes(bob)
      })

      it(`bears whoever ${what} and resets, over ${listen}`, async () => {
        const bob = await attacked(listen)
        const sockets = await Promise.all(Array.from({ length: 20 }, () => dial(bob)))
        for (const socket of sockets) {
          socket.write(bytes)
          setImmediate(() => socket.resetAndDestroy())
        }
        await Promise.all(sockets.map(closing))
        await stillServes(bob)
      })
    }

    it(`stops at once while strangers are silent, over ${listen}`, async () => {
      const bob = await attacked(listen, 60_000)
      const sockets = await Promise.all(Array.from({ length: 5 }, () => dial(bob)))
      sockets[0]?.write('G')
      sockets[1]?.write(UPGRADE)
      sockets[2]?.write(MULTISTREAM)
      await stillServes(bob)
      const begin = performance.now()
      await bob.stop()
      assert.ok(performance.now() - begin < 1000)
    })
  }

  it('takes a normal peer while others hold handshakes open', async () => {
    const bob = await attacked(TCP, 60_000)
    await Promise.all(Array.from({ length: 60 }, () => dial(bob)))
    await stillServes(bob)
  })

  it('bears streams that are opened, broken off and flooded at any moment', async () => {
    const bob = await attacked(TCP)
    for (let round = 0; round < 8; round++) {
      const stranger = await newStranger()
      await Promise.allSettled(Array.from({ length: 30 }, async (_, index) => {
        const stream = await bareStream(stranger, bob, index % 2 === 0 ? TALK : ASK)
        stream.send(randomBytes(index * 997))
        if (index % 3 === 0) stream.abort(new Error('gone'))
        if (index % 5 === 0) await stream.close()
        if (index === 10 + round) for (const connection of stranger.host.getConnections()) connection.abort(new Error('gone'))
      }))
    }
    await stillServes(bob)
  })

  it('bears connections that end at any moment on either side', async () => {
    const bob = await attacked(TCP)
    const ana = newNetwork({ listen: [] })
    await ana.start()
    for (let round = 0; round < 30; round++) {
      const channels = Array.from({ length: 5 }, async () => {
        const channel = await ana.openChannel(targetOf(bob), TALK, () => { /* nothing comes */ })
        for (;;) {
          await channel.send([randomBytes(200)])
          await turns(1)
        }
      })
      const ended = Promise.allSettled(channels)
      await turns(round)
      await (round % 2 === 0 ? ana : bob).disconnectAll()
      // Those that were still being opened go on over a new connection.
      while (await Promise.race([ended.then(() => false), turns(1).then(() => true)])) await ana.disconnectAll()
    }
    await stillServes(bob)
  })

  it('lets one peer have only so many connections', async () => {
    const bob = await attacked(TCP)
    const { host } = await newStranger()
    const address = multiaddr(`${bob.addresses()[0] ?? ''}/p2p/${bob.peerId}`)
    const streams: Stream[] = []
    for (let count = 0; count < 3 * CONNECTIONS_PER_PEER_MAX; count++) {
      // libp2p would share the connection with another of the same address: each goes to a port of its own at the stranger's side.
      streams.push(await (await host.dial(address, { force: true })).newStream(TALK.id))
    }
    await turns(20)
    assert.equal(bob.connectionCount(), CONNECTIONS_PER_PEER_MAX)
    assert.deepEqual(streams.map(stream => stream.status), streams.map((_, index) => index < 2 * CONNECTIONS_PER_PEER_MAX ? 'reset' : 'open'))
  })
})

async function turns (count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>(resolve => { setImmediate(resolve) })
}

/** Bob echoes what he gets, on channels and in requests. */
async function attacked (listen: string, handshakeMs = HANDSHAKE_MS): Promise<Libp2pNetwork> {
  const bob = newNetwork({ listen: [listen], timeouts: { handshakeMs } })
  bob.serveChannel(TALK, channel => async frames => { await channel.send(frames) })
  bob.serveRequest(ASK, request => Promise.resolve(request))
  await bob.start()
  return bob
}

async function dial (network: Libp2pNetwork): Promise<Socket> {
  const socket = connect(portOf(network), '127.0.0.1')
  atEnd(() => { socket.destroy() })
  socket.on('error', () => { /* being cut off is the point */ })
  socket.resume()
  await once(socket, 'connect')
  return socket
}

/** Being cut off with an error is as good as without. */
function closing (socket: Socket): Promise<void> {
  return new Promise(resolve => { socket.once('close', () => { resolve() }) })
}

async function stillServes (network: Libp2pNetwork): Promise<void> {
  const ana = newNetwork({ listen: [] })
  await ana.start()
  const [question] = text('are you there?')
  assert.deepEqual(await ana.request(targetOf(network), ASK, question ?? new Uint8Array(0)), question)
  await ana.stop()
}
