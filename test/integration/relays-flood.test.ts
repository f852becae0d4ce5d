/**
 * What strangers throw at a relay costs it nothing that lasts: malformed frames by the million, on every protocol that it serves, at a relay
 * in a process of its own, so that its memory is its own. SKEIN_FLOOD_FRAMES: how many, for a longer flood.
 */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { Channel, ChannelProtocol, PeerTarget } from '../../node/ports.ts'
import { ACCOUNT_PROTOCOL, CUSTODY_PROTOCOL, DEPOSIT_PROTOCOL, DIRECTORY_PROTOCOL, MAILBOX_PROTOCOL, PREKEYS_PROTOCOL, RELAY_PROTOCOL, SHARD_PROTOCOL } from '../../node/protocols.ts'
import { realClock } from '../../node/world.ts'
import { FRAME_BYTES_MAX } from '../../protocols/core/limits.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { encodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { encodeRelayQuery } from '../../protocols/mailbox/questions.ts'
import { RelayProcess } from './relay-process.ts'

const FRAMES = Number(process.env['SKEIN_FLOOD_FRAMES'] ?? 1_000_000)
const FRAMES_PER_STREAM = 250
const STRANGERS = 8
/** Of each stranger. */
const STREAMS_AT_ONCE = 8
const DATAGRAMS = 100_000
const MIB = 2 ** 20
/**
 * What JavaScript holds, which goes up and down by 10 MiB before it is collected: a stream that leaves 10 KiB behind is seen in a million
 * frames, one that leaves 1 KiB in ten millions.
 */
const HEAP_GROWTH_BYTES_MAX = 12 * MIB
/** What the process holds: the C library keeps what streams of 100 KB needed at once, and has seen the most after some ten thousand of them. */
const RESIDENT_GROWTH_BYTES_MAX = 64 * MIB

/** Of libp2p, and no Skein frames: docs/protocols/transport.md and directory.md. */
const HOP: ChannelProtocol = { id: '/libp2p/circuit/relay/0.2.0/hop', frameBytesMax: FRAME_BYTES_MAX }
const DHT: ChannelProtocol = { id: '/skein/kad/1.0.0', frameBytesMax: FRAME_BYTES_MAX }

const NONSENSE = [Uint8Array.of(0xff, 0xff, 0xff, 0xff), new Uint8Array(0), Uint8Array.of(0x0a, 0x80, 0x80, 0x80, 0x80, 0x01), Uint8Array.from(randomBytes(200)), new Uint8Array(2_000).fill(0x0a)]
const LARGE = new Uint8Array(64 * 1024).fill(0x0a)
const HELLO_FRAME = encodeDepositFrame({ type: 'hello', hello: HELLO })

/** What a stream begins with before its nonsense. */
const ATTACKS: ReadonlyArray<{ readonly protocol: ChannelProtocol, readonly first: readonly Uint8Array[] }> = [
  { protocol: DEPOSIT_PROTOCOL, first: [] },
  { protocol: DEPOSIT_PROTOCOL, first: [HELLO_FRAME] },
  { protocol: DEPOSIT_PROTOCOL, first: [HELLO_FRAME, HELLO_FRAME] },
  ...[MAILBOX_PROTOCOL, MAILBOX_PROTOCOL, CUSTODY_PROTOCOL, RELAY_PROTOCOL, PREKEYS_PROTOCOL, SHARD_PROTOCOL, DIRECTORY_PROTOCOL, ACCOUNT_PROTOCOL, HOP, DHT].map(protocol => ({ protocol, first: [] })),
  { protocol: MAILBOX_PROTOCOL, first: [LARGE] },
  { protocol: RELAY_PROTOCOL, first: [LARGE] }
]

describe('a relay under a flood of nonsense', function () {
  this.timeout(Math.max(240_000, FRAMES / 2))

  it(`is alive and as large as before after ${FRAMES.toLocaleString('en')} malformed frames`, async () => {
    await using stack = new AsyncDisposableStack()
    const relay = stack.use(await RelayProcess.start())
    const strangers = await Promise.all(Array.from({ length: STRANGERS }, async () => await stranger(stack)))
    let sent = 0
    let stream = 0
    const samples: Array<{ readonly residentBytes: number, readonly heapBytes: number }> = []
    const looked = { atFrames: 0 }
    async function flood (network: Libp2pNetwork): Promise<void> {
      while (sent < FRAMES) {
        const attack = ATTACKS[stream++ % ATTACKS.length]
        if (attack === undefined) return
        const frames = [...attack.first, ...Array.from({ length: FRAMES_PER_STREAM - attack.first.length }, (_frame, index) => NONSENSE[(index + stream) % NONSENSE.length] ?? LARGE)]
        sent += frames.length
        await throwAt(network, relay.target, { protocol: attack.protocol, frames })
        if (sent < looked.atFrames) continue
        looked.atFrames = sent + FRAMES / 40
        const metrics = await relay.metrics()
        samples.push({ residentBytes: metrics.get('skein_relay_resident_memory_bytes') ?? NaN, heapBytes: metrics.get('skein_relay_heap_bytes') ?? NaN })
      }
    }
    await Promise.all([...strangers.flatMap(network => Array.from({ length: STREAMS_AT_ONCE }, async () => { await flood(network) })), datagrams(relay.target)])

    const [resident, heap] = [samples.map(({ residentBytes }) => residentBytes), samples.map(({ heapBytes }) => heapBytes)]
    for (const [what, bytes] of [['resident', resident], ['heap', heap]] as const) console.log(`      ${what}: ${bytes.map(count => Math.round(count / MIB)).join(' ')} MiB`)
    assert.ok(growth(resident) < RESIDENT_GROWTH_BYTES_MAX, `it takes ${growth(resident) / MIB} MiB more`)
    assert.ok(growth(heap) < HEAP_GROWTH_BYTES_MAX, `its heap has ${growth(heap) / MIB} MiB more`)
    const metrics = await relay.metrics()
    assert.ok((metrics.get('skein_relay_malformed_total') ?? 0) > FRAMES / FRAMES_PER_STREAM / 4, 'what was malformed was read and counted')
    assert.equal(metrics.get('skein_relay_streams_collecting'), 0)
    assert.equal(relay.complaints(), '', 'and nothing of it is for the log')
    const friend = await stranger(stack)
    assert.ok((await friend.request(relay.target, RELAY_PROTOCOL, encodeRelayQuery({ version: 1, nonce: new Uint8Array(32) }))).byteLength > 0)
  })
})

async function stranger (stack: AsyncDisposableStack): Promise<Libp2pNetwork> {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'eve', clock: realClock })
  stack.defer(async () => { await network.stop() })
  await network.start()
  return network
}

/** Resolves when the relay has cut the stream, or taken all of it. */
async function throwAt (network: Libp2pNetwork, target: PeerTarget, { protocol, frames }: { readonly protocol: ChannelProtocol, readonly frames: readonly Uint8Array[] }): Promise<void> {
  let channel: Channel
  try {
    channel = await network.openChannel(target, protocol, () => undefined)
  } catch {
    return // as many streams at once as it takes
  }
  try {
    await channel.send(frames)
  } catch {
    // Cut while it was sending.
  }
  channel.close()
  await channel.closed
}

async function datagrams ({ addresses }: PeerTarget): Promise<void> {
  const [, port] = /\/tcp\/(\d+)$/.exec(addresses[0] ?? '') ?? []
  const socket = createSocket('udp4')
  socket.connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  for (let count = 0; count < DATAGRAMS; count += NONSENSE.length) {
    // The last one has been handed over: no heap of unsent ones in this process.
    await Promise.all(NONSENSE.map(async datagram => { await new Promise<void>(resolve => { socket.send(datagram, () => { resolve() }) }) }))
  }
  socket.close()
}

/** From the second quarter, when everything has been used, to the last; of the lowest, for in between it is what nobody has collected yet. */
function growth (samples: readonly number[]): number {
  return Math.min(...samples.slice(-samples.length / 4)) - Math.min(...samples.slice(samples.length / 4, samples.length / 2))
}
