import assert from 'node:assert/strict'
import { lpStream } from '@libp2p/utils'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { encodeHopAnswer, encodeStopRequest } from '../../../protocols/paths/wire.ts'
import { HOP, STOP } from '../../../node/net/circuits.ts'
import { generateNetworkKey, parsePeerId, peerIdOf, peerIdToBytes } from '../../../node/net/identity.ts'
import { splice } from '../../../node/net/splice.ts'
import { ASK, Inbox, TALK, newNetwork, newStranger, stopAll, targetOf } from './neighbours.ts'
import { eventually, isReserved, newRelay, throughOnly } from './relays.ts'

const LIMIT = { durationMs: 60_000, bytes: 1_000_000 }

describe('a relay that lies', () => {
  afterEach(stopAll)

  it('cannot pass one caller off as another', async () => {
    const bob = newNetwork({ listen: [] })
    bob.serveRequest(ASK, request => request)
    const carol = peerIdOf(generateNetworkKey())
    const { host, target } = await newStranger()
    // It names Carol, and puts Ana through.
    await host.handle(HOP, async (stream, connection) => { await putThrough(stream, connection, { host, callee: bob.peerId, named: carol }) })
    bob.useRelays([target])
    await bob.start()
    await isReserved(bob)
    const ana = newNetwork({ listen: [], timeouts: { handshakeMs: 2_000 } })
    await ana.start()
    await assert.rejects(ana.request({ peerId: bob.peerId, addresses: target.addresses.map(address => `${address}/p2p/${target.peerId}/p2p-circuit`) }, ASK, new Uint8Array(1)))
    assert.deepEqual([bob.isConnected(carol), bob.isConnected(ana.peerId)], [false, false])
  })
})

describe('a relay', () => {
  afterEach(stopAll)

  it('holds no more than a window of what the other side does not take, and loses nothing of it', async () => {
    const relay = await newRelay()
    const [ana, bob] = [newNetwork({ listen: [] }), newNetwork({ listen: [] })]
    const atBob = new Inbox()
    const gate = Promise.withResolvers<undefined>()
    bob.serveChannel(TALK, () => async frames => {
      await gate.promise
      atBob.take(frames)
    })
    bob.useRelays([targetOf(relay)])
    await ana.start()
    await bob.start()
    await isReserved(bob)
    const channel = await ana.openChannel(throughOnly(bob, relay), TALK, () => { /* nothing comes */ })
    const frame = new Uint8Array(100_000)
    const FRAMES = 100
    const sending = (async () => { for (let count = 0; count < FRAMES; count++) await channel.send([frame]) })()
    // Until nothing moves any more.
    let before = -1
    await eventually(() => {
      const now = relay.circuitCounts()?.bytes ?? 0
      const isStill = now === before && now > 0
      before = now
      return isStill
    })
    assert.ok(before < 5_000_000, `${before} bytes went through`)
    gate.resolve(undefined)
    await sending
    await atBob.until(FRAMES)
  })

  it('counts its places and circuits, and forgets them', async () => {
    const relay = await newRelay()
    const [ana, bob] = [newNetwork({ listen: [] }), newNetwork({ listen: [] })]
    bob.serveRequest(ASK, request => request)
    bob.useRelays([targetOf(relay)])
    await ana.start()
    await bob.start()
    await isReserved(bob)
    await ana.request(throughOnly(bob, relay), ASK, new Uint8Array(1))
    const { bytes = 0, ...counts } = relay.circuitCounts() ?? {}
    assert.ok(bytes > 0)
    assert.deepEqual(counts, { reservations: 1, circuits: 1, circuitsBegun: 1, circuitsRefused: 0 })
    await ana.disconnectAll()
    await eventually(() => relay.circuitCounts()?.circuits === 0)
    await bob.stop()
    await eventually(() => relay.circuitCounts()?.reservations === 0)
  })
})

async function putThrough (stream: Stream, connection: Connection, { host, callee, named }: { readonly host: Libp2p, readonly callee: string, readonly named: string }): Promise<void> {
  const messages = lpStream(stream)
  await messages.read()
  if (connection.remotePeer.toString() === callee) {
    await messages.write(encodeHopAnswer({ type: 'ok', expiresAtMs: Date.UTC(2100, 0) }, LIMIT))
    return
  }
  const [toCallee] = host.getConnections(parsePeerId(callee))
  assert.ok(toCallee)
  const called = lpStream(await toCallee.newStream(STOP))
  await called.write(encodeStopRequest(peerIdToBytes(named), LIMIT))
  await called.read()
  await messages.write(encodeHopAnswer({ type: 'ok' }, LIMIT))
  splice(messages.unwrap(), called.unwrap(), { bytesMax: LIMIT.bytes, onBytes: () => { /* not counted */ }, onEnd: () => { /* over */ } })
}
