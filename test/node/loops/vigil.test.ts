import assert from 'node:assert/strict'
import { Vigil } from '../../../node/loops/vigil.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'

class Scene {
  readonly world = new World(1)
  readonly ether = new Ether(this.world, new SeededRandom(1, 'ether'))
  readonly network = new SimNetwork(this.ether, 'ana', '/sim/ana')
  readonly noticed: string[] = []
  /** What the wall clock has gained while nobody looked. */
  sleptMs = 0
  readonly vigil = new Vigil({
    clock: this.world.clock(() => true, () => this.sleptMs),
    network: this.network,
    onWoken: () => this.noticed.push('woken'),
    onAddresses: () => this.noticed.push('addresses')
  })
}

describe('the vigil', () => {
  it('has nothing to say while nothing changes', async () => {
    const scene = new Scene()
    scene.vigil.start()
    await scene.world.advance(3_600_000)
    assert.deepEqual(scene.noticed, [])
  })

  it('notices that the machine slept, and drops connections that may be dead', async () => {
    const scene = new Scene()
    await scene.network.start()
    const other = new SimNetwork(scene.ether, 'bob', '/sim/bob')
    await other.start()
    other.serveChannel({ id: 'ping', frameBytesMax: 1 }, () => () => {})
    await scene.world.within(scene.network.openChannel({ peerId: 'bob', addresses: ['/sim/bob'] }, { id: 'ping', frameBytesMax: 1 }, () => {}))
    scene.vigil.start()
    await scene.world.advance(15_000)
    scene.sleptMs = 8 * 3_600_000
    await scene.world.advance(10_000)
    assert.deepEqual([scene.noticed, scene.network.connectionCount()], [['woken'], 0])
    await scene.world.advance(60_000)
    assert.deepEqual(scene.noticed, ['woken'], 'once')
  })

  it('does not take a busy moment or a clock set back for sleep', async () => {
    const scene = new Scene()
    scene.vigil.start()
    await scene.world.advance(15_000)
    scene.sleptMs = 19_000
    await scene.world.advance(10_000)
    scene.sleptMs = -86_400_000
    await scene.world.advance(30_000)
    assert.deepEqual(scene.noticed, [])
  })

  it('notices another network', async () => {
    const scene = new Scene()
    scene.vigil.start()
    scene.network.address = '/sim/elsewhere'
    await scene.world.advance(10_000)
    assert.deepEqual(scene.noticed, ['addresses'])
    await scene.world.advance(60_000)
    assert.deepEqual(scene.noticed, ['addresses'])
  })

  it('ends with the node', async () => {
    const scene = new Scene()
    scene.vigil.start()
    scene.vigil.stop()
    scene.network.address = '/sim/elsewhere'
    await scene.world.advance(60_000)
    assert.deepEqual(scene.noticed, [])
  })
})
