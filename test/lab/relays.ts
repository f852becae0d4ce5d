/** Whatever happens to a relay, a cable or an address: a user who keeps places at two relays is reachable again within 15 s. */
import assert from 'node:assert/strict'
import { inTown, isReachable, isReserved, patience, pause, type Act, type Scene, type Town } from './town.ts'

const AGAIN_MS = 15_000
/** Long enough for a half-hearted attempt to have given up. */
const OUTAGE_MS = 5_000

export const RELAYS: Act = {
  title: 'a user who keeps places at two relays is reachable again',
  scenes: [
    short('after a relay was killed and started again', async ({ relays, bob, restart }) => {
      await relays[0].kill()
      await bob.until('relays', [], standings => standings.some(({ state }) => state === 'connecting'))
      await pause(OUTAGE_MS)
      await restart()
    }),
    scene('after the router\'s cable was out: it has forgotten everybody, and tells nobody', async ({ lab }) => {
      lab.link('b', 'down')
      await pause(OUTAGE_MS)
      lab.link('b', 'up')
    }),
    short('after the own cable was out', async ({ lab, bob }) => {
      lab.link('b', 'down', 'inside')
      await bob.until('relays', [], standings => standings.every(({ state }) => state === 'connecting'))
      await pause(OUTAGE_MS)
      lab.link('b', 'up', 'inside')
    }),
    short('when the router gets another address', ({ lab }) => { lab.changeAddress('b', '11.0.0.150') }),
    scene('when the own machine gets another address', ({ lab }) => { lab.changeOwnAddress('b') }),
    scene('after a long time without the network', async ({ lab, bob }) => {
      lab.link('b', 'down', 'inside')
      await bob.until('relays', [], standings => standings.every(({ state }) => state === 'connecting'))
      await pause(4 * OUTAGE_MS)
      lab.link('b', 'up', 'inside')
    })
  ]
}

function short (name: string, trouble: (town: Town) => void | Promise<void>): Scene { return { ...scene(name, trouble), isShort: true } }

function scene (name: string, trouble: (town: Town) => void | Promise<void>): Scene {
  return {
    name,
    play: () => inTown({ spec: { listen: [] }, users: 'bob' }, async town => {
      await trouble(town)
      const tookMs = await isReachable(town.bob, town.ana)
      assert.ok(tookMs < AGAIN_MS * patience(), `it took ${tookMs} ms`)
      await isReserved(town.bob)
      return `through both relays after ${(tookMs / 1000).toFixed(1)} s`
    })
  }
}
