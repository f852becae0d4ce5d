import assert from 'node:assert/strict'
import type { Result } from '../../../protocols/local/operations.ts'
import { netcheckOperations } from '../../../node/operations/netcheck.ts'
import type { RelayStanding, Survey } from '../../../node/ports.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'

const SURVEY: Survey = { listening: ['/ip4/192.168.1.2/tcp/4001'], router: 'steady', seenAs: '203.0.113.7', checked: [], neighbours: 0 }
const RESERVED: RelayStanding = { peerId: 'one', state: 'reserved' }

/** A network of which the test says how it stands. */
class Standing extends SimNetwork {
  facts: Survey = SURVEY
  standings: readonly RelayStanding[] = [RESERVED]
  override relays (): readonly RelayStanding[] { return this.standings }
  override survey (): Promise<Survey> { return Promise.resolve(this.facts) }
}

class Scene {
  readonly world = new World(1)
  readonly network = new Standing(new Ether(this.world, new SeededRandom(1, 'ether')), 'ana', '/sim/ana')
  async check (facts: Partial<Survey> = {}, standings: readonly RelayStanding[] = [RESERVED]): Promise<Result<'netcheck'>> {
    this.network.facts = { ...SURVEY, ...facts }
    this.network.standings = standings
    return await this.world.within(Promise.resolve(netcheckOperations({ network: this.network, clock: this.world.clock(() => true, () => 0) }).netcheck({})))
  }
}

function words ({ findings }: Result<'netcheck'>): string[] { return findings.map(({ severity, what }) => `${severity}: ${what}`) }

describe('netcheck', () => {
  it('tells through how many relays others come', async () => {
    assert.deepEqual(words(await new Scene().check({}, [RESERVED, { peerId: 'two', state: 'refused', reason: 'the relay has no place left' }])).slice(0, 2), [
      'ok: reachable through 1 of 2 relays', 'warn: relay two: no calls come through it (the relay has no place left)'
    ])
  })

  it('is an error only when there are relays and none is there, after they had their time', async () => {
    const scene = new Scene()
    const beginMs = scene.world.nowMs
    const result = await scene.check({ router: 'blocked' }, [{ peerId: 'one', state: 'connecting', reason: 'connection refused' }])
    assert.equal(words(result)[0], 'error: reachable through none of 1 relay')
    assert.ok(scene.world.nowMs - beginMs >= 5_000)
  })

  it('says what to do without a relay', async () => {
    const [first] = (await new Scene().check({ router: 'blocked' }, [])).findings
    assert.deepEqual(first, { severity: 'warn', what: 'no relay is used: messages arrive only while both sides are online', fix: 'skein relays add ADDRESS' })
  })

  it('tells what a relay could dial, and what it could not', async () => {
    const scene = new Scene()
    const reachable = await scene.check({ checked: [{ address: '/ip4/203.0.113.7/tcp/4001', result: 'reachable' }] })
    assert.ok(words(reachable).includes('ok: reachable directly from anywhere, at /ip4/203.0.113.7/tcp/4001'))
    const unreachable = await scene.check({ checked: [{ address: '/ip4/203.0.113.7/tcp/4001', result: 'unreachable' }] })
    assert.ok(words(unreachable).includes('ok: not reachable directly from outside: /ip4/203.0.113.7/tcp/4001 did not answer a relay'))
    const unknown = await scene.check({ checked: [{ address: '/ip4/203.0.113.7/tcp/4001', result: 'refused' }] })
    assert.ok(words(unknown).includes('ok: reachable on the own network; whether from outside is not known, since no relay could try'))
    assert.ok(words(await scene.check({ listening: [] })).includes('ok: this node does not listen: others reach it through relays only'))
  })

  it('has words for every kind of router', async () => {
    const scene = new Scene()
    for (const router of ['open', 'steady', 'changing', 'unknown', 'blocked'] as const) {
      const { findings } = await scene.check({ router, neighbours: 2 })
      assert.equal(findings.length, 4, router)
      assert.equal(findings.at(-1)?.what, '2 nodes on the same local network')
    }
  })
})
