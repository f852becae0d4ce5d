/** What strangers throw at a relay costs it nothing that lasts. */
import assert from 'node:assert/strict'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { DEPOSIT_PROTOCOL, MAILBOX_PROTOCOL, RELAY_PROTOCOL } from '../../node/protocols.ts'
import { encodeRelayQuery } from '../../protocols/mailbox/questions.ts'
import { createRelay, initRelay } from '../../node/relay/relay-node.ts'
import { realClock } from '../../node/world.ts'
import { scratchFolder } from './folders.ts'
import { LOOPBACK } from './nodes.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const NONSENSE = [Uint8Array.of(0xff, 0xff, 0xff, 0xff), new Uint8Array(64 * 1024).fill(0x0a), new Uint8Array(0)]
const STREAMS_AT_ONCE = 32
const FRAMES_PER_STREAM = 100
const ROUNDS = 4

describe('a relay under a flood of nonsense', function () {
  this.timeout(120_000)

  it('cuts each stream, keeps its memory, and serves on', async () => {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(await scratchFolder())
    initRelay({ home: `${folder.path}/relay` })
    const relay = stack.use(await createRelay({ home: `${folder.path}/relay`, listen: [LOOPBACK], environment: { SKEIN_RELAY_DHT_ON: 'false', SKEIN_RELAY_HTTP: 'off' } }))
    await relay.start()
    const target = { peerId: relay.peerId, addresses: relay.addresses() }
    const eve = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'eve', clock: realClock })
    stack.defer(async () => { await eve.stop() })
    await eve.start()

    async function flood (): Promise<void> {
      await Promise.all(Array.from({ length: STREAMS_AT_ONCE }, async (_, index) => {
        const channel = await eve.openChannel(target, index % 2 === 0 ? DEPOSIT_PROTOCOL : MAILBOX_PROTOCOL, () => undefined)
        try {
          await channel.send(Array.from({ length: FRAMES_PER_STREAM }, (_frame, count) => NONSENSE[(index + count) % 2] ?? NONSENSE[0] ?? new Uint8Array()))
        } catch { /* cut while it was sending */ }
        await channel.closed
      }))
    }

    await flood()
    collectGarbage()
    const before = process.memoryUsage().heapUsed
    for (let round = 0; round < ROUNDS; round++) await flood()
    collectGarbage()
    const grown = process.memoryUsage().heapUsed - before
    assert.ok(grown < 4 * 1024 * 1024, `the heap grew by ${grown} bytes`)
    // Our end of a stream may know of its end a moment sooner.
    while (relay.stats().peers.depositing > 0) await turn()
    const { traffic, peers } = relay.stats()
    assert.ok(traffic.malformed >= ROUNDS * STREAMS_AT_ONCE / 2, `${traffic.malformed} were counted`)
    assert.equal(peers.collecting, 0)
    assert.ok((await eve.request(target, RELAY_PROTOCOL, encodeRelayQuery({ version: 1, nonce: new Uint8Array(32) }))).byteLength > 0)
  })
})
