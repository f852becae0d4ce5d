import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { readScenario } from '../../../testnet/scenario/read.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { Founding } from '../../../testnet/simulation/founding.ts'
import { simulateAll } from '../../../testnet/simulation/jobs.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { simulate } from '../../../testnet/simulation/play.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'

const run = promisify(execFile)
const SCENARIO = 'churn'

/**
 * The trace of a scenario changes with the product: each frame is in it. A value written down here would be replaced with every change of
 * a message's size, and nobody would look any more. So histories are compared with themselves, made in other ways; only the machinery
 * below the product (time, chance, lines) has a value that is written down.
 */
describe('a trace', function () {
  this.timeout(240_000)

  it('is the same in this process, on a thread, after other seeds, and in a process elsewhere in the world', async () => {
    const read = await readScenario(SCENARIO)
    const { scenario, expectations } = read
    const interrupted = new AbortController().signal
    const founding = await Founding.of({ users: scenario.users, relays: scenario.relays ?? 0 })
    const here: string[] = []
    for (const seed of [2, 1]) here[seed] = (await simulate({ founding, scenario, expectations, seed, interrupted, tell: () => {} })).hash
    founding.close()
    const threads = await simulateAll({ read, seeds: [1, 2], jobs: 2, interrupted, onPlayed: () => {} })
    assert.deepEqual(threads.map(({ hash }) => hash), here.slice(1))
    const { stdout } = await run(process.execPath, ['bin/skein.js', 'testnet', 'replay', SCENARIO, '--seed', '2', '--json'], { env: { ...process.env, TZ: 'Pacific/Auckland', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' }, maxBuffer: 2 ** 26 })
    assert.equal((JSON.parse(stdout) as { readonly data: { readonly trace: string } }).data.trace, here[2])
    assert.equal(new Set(here.slice(1)).size, 2, 'another seed is another history')
  })

  it('of the machinery alone has this value on every machine: when it has not, seeds of one machine repeat nothing on another', async () => {
    const world = new World(7)
    const ether = new Ether(world, new SeededRandom(7, 'ether'))
    ether.weather = { loss: 0.02, duplication: 0.2, reordering: 0.3, delayMsMax: 50 }
    ether.onFrame = ({ from, to, frame }) => { world.note(`${from} > ${to} ${frame.byteLength}`) }
    const [left, right] = ['left', 'right'].map(name => new SimNetwork(ether, name, `/sim/${name}`)) as [SimNetwork, SimNetwork]
    const protocol = { id: '/echo', frameBytesMax: 1_000 }
    right.serveChannel(protocol, channel => frames => { void channel.send(frames).catch(() => {}) })
    for (const network of [left, right]) await network.start()
    const talk = async (): Promise<void> => {
      for (let count = 0; count < 40; count++) {
        const channel = await left.openChannel({ peerId: 'right', addresses: ['/sim/right'] }, protocol, () => {}).catch(() => undefined)
        await channel?.send([1, 2, 3].map(() => world.random.bytes(1 + world.random.below(900)))).catch(() => {})
        await world.pause(world.random.fraction() * 400)
      }
    }
    await world.within(talk())
    assert.equal(world.hash(), '57469761613f68a5cde54ed8c352aeb474c654ff533ea88f80c632a8a7115f8b')
  })
})
