import assert from 'node:assert/strict'
import { lpStream, streamPair } from '@libp2p/utils'
import { TypedEventEmitter } from '@libp2p/interface'
import type { Connection, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { decodeHopAnswer, encodeConnect, encodeReserve, type HopAnswer } from '../../../protocols/paths/wire.ts'
import { CircuitServer } from '../../../node/net/circuit-server.ts'
import type { HostComponents } from '../../../node/net/host.ts'
import { generateNetworkKey, parsePeerId, peerIdOf, peerIdToBytes } from '../../../node/net/identity.ts'
import { realClock } from '../../../node/world.ts'

const USERS = 1_500

type Serve = (stream: Stream, connection: Connection) => void | Promise<void>

/** The server of a relay without a network: requests come in as streams of peers that the test makes up. */
class Hall {
  readonly server: CircuitServer
  #serve: Serve = () => { /* not started */ }

  constructor (reservationsMax: number) {
    const components = {
      events: new TypedEventEmitter(),
      registrar: { handle: (_protocol: string, handler: Serve) => { this.#serve = handler } },
      connectionManager: { getConnections: () => [] }
    } as unknown as HostComponents
    this.server = new CircuitServer({ components, clock: realClock, reservationsMax, limit: { durationMs: 60_000, bytes: 1_000 } })
  }

  async ask (peerId: string, request: Uint8Array, address = '/ip4/192.0.2.1/tcp/4001'): Promise<HopAnswer> {
    const [ours, theirs] = await streamPair()
    void this.#serve(theirs, { remotePeer: parsePeerId(peerId), remoteAddr: multiaddr(address) } as Connection)
    const messages = lpStream(ours)
    await messages.write(request)
    return decodeHopAnswer((await messages.read()).subarray())
  }
}

function newPeer (): string { return peerIdOf(generateNetworkKey()) }

describe('a relay\'s hall', () => {
  it('has places for more than a thousand users, each once, and not for one more', async () => {
    const hall = new Hall(USERS)
    await hall.server.start()
    const first = newPeer()
    for (let count = 1; count < USERS; count++) assert.equal((await hall.ask(newPeer(), encodeReserve())).type, 'ok')
    for (let again = 0; again < 3; again++) assert.equal((await hall.ask(first, encodeReserve())).type, 'ok')
    assert.equal(hall.server.counts().reservations, USERS)
    assert.deepEqual(await hall.ask(newPeer(), encodeReserve()), { type: 'refused', reason: 'full' })
    assert.equal((await hall.ask(first, encodeReserve())).type, 'ok')
  })

  it('gives no places to whoever comes through a circuit, and calls for none', async () => {
    const hall = new Hall(10)
    await hall.server.start()
    const circuit = `/p2p/${newPeer()}/p2p-circuit`
    assert.deepEqual(await hall.ask(newPeer(), encodeReserve(), circuit), { type: 'refused', reason: 'permission' })
    assert.deepEqual(await hall.ask(newPeer(), encodeConnect(peerIdToBytes(newPeer())), circuit), { type: 'refused', reason: 'permission' })
  })

  it('does not know who keeps no place, and cannot reach who has gone', async () => {
    const hall = new Hall(10)
    await hall.server.start()
    const bob = newPeer()
    assert.deepEqual(await hall.ask(newPeer(), encodeConnect(peerIdToBytes(bob))), { type: 'refused', reason: 'absent' })
    await hall.ask(bob, encodeReserve())
    assert.deepEqual(await hall.ask(newPeer(), encodeConnect(peerIdToBytes(bob))), { type: 'refused', reason: 'unreachable' })
    assert.equal(hall.server.counts().circuitsRefused, 2)
  })

  it('cuts off who sends no request', async () => {
    const hall = new Hall(10)
    await hall.server.start()
    await assert.rejects(hall.ask(newPeer(), Uint8Array.of(0x0a, 0xff, 0xff, 0xff)))
    await assert.rejects(hall.ask(newPeer(), new Uint8Array(5_000)))
  })
})
