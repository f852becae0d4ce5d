import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import type { Channel, PeerTarget } from '../../../node/ports.ts'
import { ASK, Inbox, TALK, TCP, WEBSOCKET, atEnd, newNetwork, stopAll, targetOf, text } from './neighbours.ts'
import { eventually, isReserved, newRelay } from './relays.ts'

const LIVENESS_MS = 100

for (const listen of [TCP, WEBSOCKET]) {
  describe(`a peer that goes without a word, over ${listen}`, () => {
    afterEach(stopAll)

    it('is noticed when its process stands still and something is sent to it', async () => {
      const { ana, far, channel } = await talkToFarProcess(listen)
      far.kill('SIGSTOP')
      await channel.send(text('are you there?'))
      assert.equal(await channel.closed, 'timeout')
      assert.equal(ana.connectionCount(), 0)
    })

    it('does not hold up who closes the channel', async () => {
      const { far, channel } = await talkToFarProcess(listen, 60_000)
      far.kill('SIGSTOP')
      channel.close()
      assert.equal(await channel.closed, 'closed')
    })

    it('does not hold up who disconnects or stops', async () => {
      const { ana, far, channel, target } = await talkToFarProcess(listen, 60_000)
      far.kill('SIGSTOP')
      await ana.disconnectAll()
      assert.equal(await channel.closed, 'reset')
      far.kill('SIGCONT')
      const again = await ana.openChannel(target, TALK, () => { /* nothing comes */ })
      far.kill('SIGSTOP')
      const begin = performance.now()
      await ana.stop()
      assert.ok(performance.now() - begin < 1500)
      assert.equal(await again.closed, 'stopped')
    })

    it('is noticed at once when its process is killed', async () => {
      const { far, channel } = await talkToFarProcess(listen, 60_000)
      far.kill('SIGKILL')
      assert.equal(await channel.closed, 'reset')
    })

    it('is given up when a new stream gets no answer, so that the next one dials anew', async () => {
      const { ana, far, channel, target } = await talkToFarProcess(listen, 60_000)
      far.kill('SIGSTOP')
      await assert.rejects(ana.request(target, ASK, new Uint8Array(1)))
      assert.equal(ana.connectionCount(), 0)
      await channel.closed
      far.kill('SIGCONT')
      await ana.request(target, ASK, new Uint8Array(1))
    })
  })
}

describe('a peer that is silent and alive', () => {
  afterEach(stopAll)

  it('keeps its connection', async () => {
    const { ana, channel, atAna } = await talkToFarProcess(TCP)
    // Many times what a dead one is given.
    await new Promise<void>(resolve => { setTimeout(resolve, 12 * LIVENESS_MS) })
    assert.equal(ana.connectionCount(), 1)
    await channel.send(text('still here'))
    await atAna.until(1)
    assert.deepEqual(atAna.lines, ['still here'])
  })
})

describe('a direct connection that nobody uses', () => {
  afterEach(stopAll)

  it('is ended by who dialled it, and the next word makes another', async () => {
    const { ana, channel, target } = await talkToFarProcess(TCP, 60_000, IDLE_MS)
    await channel.closed
    await eventually(() => ana.connectionCount() === 0)
    const atAna = new Inbox()
    const again = await ana.openChannel(target, TALK, atAna.take)
    await again.send(text('here again'))
    await atAna.until(1)
    assert.deepEqual(atAna.lines, ['here again'])
  })

  it('stays as long as something goes over it', async () => {
    const { ana, channel, atAna } = await talkToFarProcess(TCP, 60_000, IDLE_MS)
    let isEnded = false
    void channel.closed.then(() => { isEnded = true })
    const beginMs = performance.now()
    for (let count = 1; performance.now() - beginMs < 3 * IDLE_MS; count++) {
      await channel.send(text('still here'))
      await atAna.until(count)
    }
    assert.equal(isEnded, false)
    assert.equal(ana.connectionCount(), 1)
  })

  it('stays when it leads to a relay of our own, and when a relay has dialled it', async () => {
    const relay = await newRelay()
    const ana = newNetwork({ listen: [], timeouts: { idleMs: IDLE_MS } })
    ana.useRelays([targetOf(relay)])
    await ana.start()
    await isReserved(ana)
    const other = newNetwork({ relay: {}, timeouts: { idleMs: IDLE_MS } })
    await other.start()
    await other.ping(targetOf(relay))
    await new Promise<void>(resolve => { setTimeout(resolve, 4 * IDLE_MS) })
    assert.deepEqual([ana.isConnected(relay.peerId), other.isConnected(relay.peerId)], [true, true])
  })
})

/** Long enough that a busy machine gets a word there and back meanwhile. */
const IDLE_MS = 400

interface FarTalk {
  readonly ana: Libp2pNetwork
  readonly far: ChildProcess
  readonly target: PeerTarget
  readonly channel: Channel
  readonly atAna: Inbox
}

async function talkToFarProcess (listen: string, livenessMs = LIVENESS_MS, idleMs = 60_000): Promise<FarTalk> {
  const far = fork(fileURLToPath(new URL('far-process.ts', import.meta.url)), [listen], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  atEnd(async () => {
    const hasEnded = far.exitCode !== null || far.signalCode !== null
    if (hasEnded) return
    far.kill('SIGKILL')
    await once(far, 'exit')
  })
  const [target] = await once(far, 'message') as [PeerTarget]
  const ana = newNetwork({ listen: [], timeouts: { livenessMs, handshakeMs: 1500, idleMs } })
  await ana.start()
  const atAna = new Inbox()
  return { ana, far, target, atAna, channel: await ana.openChannel(target, TALK, atAna.take) }
}
