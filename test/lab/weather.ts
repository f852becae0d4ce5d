/** Long lines and lossy ones, and two in one house. */
import assert from 'node:assert/strict'
import type { PeerTarget } from '../../node/ports.ts'
import { whyNoWire, type Weather } from './lab.ts'
import type { LabPeer } from './lab-peer.ts'
import { inTown, isReserved, patience, pause, type Act, type Scene } from './town.ts'

const ECHOES = 30

export const WEATHER: Act = {
  title: 'in bad weather',
  whyNot: whyNoWire,
  scenes: [
    through({ delayMs: 25, loss: 0 }, 600),
    through({ delayMs: 25, loss: 0.01 }, 2_000),
    {
      name: 'a user finds two relays again over a bad line, and keeps them',
      play: () => inTown({ weather: { delayMs: 100, loss: 0.05 }, users: 'bob' }, async ({ lab, bob }) => {
        lab.changeOwnAddress('b')
        await pause(3_000)
        await isReserved(bob)
        await pause(8_000)
        assert.ok((await bob.call('relays')).every(({ state }) => state === 'reserved'))
        return ''
      })
    }
  ]
}

export const HOUSE: Act = {
  title: 'in one house',
  scenes: [{
    isShort: true,
    name: 'two find each other without the internet, whatever address they had',
    play: () => inTown({ users: 'bob' }, async ({ lab }) => {
      lab.link('a', 'down')
      const [ana, cleo] = [await lab.start('a', { isOnLan: true, listen: ['/ip4/0.0.0.0/tcp/0'] }), await lab.start('a', { isOnLan: true, listen: ['/ip4/0.0.0.0/tcp/0'] })]
      const { peerId } = await ana.call('target')
      await cleo.until('survey', [], ({ neighbours }) => neighbours > 0)
      const { path } = await cleo.call('ping', { peerId, addresses: [] })
      assert.deepEqual(path, { type: 'direct' })
      return ''
    })
  }]
}

/** @param p95MsMax with one lost packet it is a retransmission later */
function through (weather: Weather, p95MsMax: number): Scene {
  return {
    isShort: weather.loss > 0,
    name: `${weather.delayMs} ms each way, ${weather.loss * 100} % lost: a relay carries what is said within ${p95MsMax} ms`,
    play: () => inTown({ a: 'symmetric', b: 'symmetric', weather }, async ({ ana, bob }) => {
      const there = await bob.call('target')
      const firstMs = await ana.call('echo', there, 256)
      const times = await echoes(ana, there)
      const [p50, p95] = [times[Math.floor(ECHOES * 0.5)] ?? 0, times[Math.floor(ECHOES * 0.95)] ?? 0]
      assert.ok(p95 < p95MsMax * patience(), `p95 was ${p95} ms`)
      assert.equal((await ana.call('path', there.peerId))?.type, 'relayed')
      return `first answer after ${firstMs.toFixed(0)} ms, then p50 ${p50.toFixed(0)} ms, p95 ${p95.toFixed(0)} ms`
    })
  }
}

async function echoes (ana: LabPeer, there: PeerTarget): Promise<number[]> {
  const times: number[] = []
  for (let count = 0; count < ECHOES; count++) times.push(await ana.call('echo', there, 256))
  return times.sort((left, right) => left - right)
}
