import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Libp2pNetwork } from '../../../node/net/network.ts'
import type { Channel, PeerTarget } from '../../../node/ports.ts'
import { ASK, Inbox, TALK, TCP, WEBSOCKET, atEnd, newNetwork, stopAll, text } from './neighbours.ts'

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

interface FarTalk {
  readonly ana: Libp2pNetwork
  readonly far: ChildProcess
  readonly target: PeerTarget
  readonly channel: Channel
  readonly atAna: Inbox
}

async function talkToFarProcess (listen: string, livenessMs = LIVENESS_MS): Promise<FarTalk> {
  const far = fork(fileURLToPath(new URL('far-process.ts', import.meta.url)), [listen], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  atEnd(async () => {
    const hasEnded = far.exitCode !== null || far.signalCode !== null
    if (hasEnded) return
    far.kill('SIGKILL')
    await once(far, 'exit')
  })
  const [target] = await once(far, 'message') as [PeerTarget]
  const ana = newNetwork({ listen: [], timeouts: { livenessMs, handshakeMs: 1500 } })
  await ana.start()
  const atAna = new Inbox()
  return { ana, far, target, atAna, channel: await ana.openChannel(target, TALK, atAna.take) }
}
