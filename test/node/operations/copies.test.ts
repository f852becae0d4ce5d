import assert from 'node:assert/strict'
import type { Result } from '../../../protocols/local/operations.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { SimRelay } from '../../../testnet/simulation/relay.ts'
import { Pair } from './pair.ts'

/** Ana and Bob, contacts with relays; Bob is away. */
class Apart {
  readonly pair: Pair
  readonly relays: readonly SimRelay[]

  constructor (pair: Pair, count: number) {
    this.pair = pair
    const { world, ether } = pair
    this.relays = Array.from({ length: count }, (_, index) => new SimRelay({ world, ether, name: `relay${index}`, random: new SeededRandom(1, `relay${index}`) }))
  }

  static async begin (count = 3): Promise<Apart> {
    const pair = await Pair.friends()
    const apart = new Apart(pair, count)
    for (const relay of apart.relays) {
      await pair.world.within(relay.start())
      for (const one of [pair.ana, pair.bob]) await one.call('relays.add', { address: relay.address })
    }
    await pair.pass(30_000)
    pair.bob.sim.crash()
    return apart
  }

  relay (index: number): SimRelay {
    const relay = this.relays[index]
    assert.ok(relay)
    return relay
  }

  async audit (): Promise<Result<'message.audit'>> { return await this.pair.ana.call('message.audit', {}) }
}

describe('copies, as a person sees them', () => {
  it('are waited for, counted, and told of in the trace with until when', async () => {
    const { pair: { ana } } = await Apart.begin()
    const id = await ana.send('bob', 'hello')
    const waited = await ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 60_000 })
    assert.deepEqual([waited.state, waited.isReached, waited.copies, waited.copiesOf], ['stored', true, 3, 3])
    const shown = await ana.show(id)
    assert.deepEqual([shown.state, shown.copies, shown.copiesOf, shown.copiesEnough], ['stored', 3, 3, 2])
    const trace = await ana.call('message.trace', { id })
    assert.equal(trace.headline, 'Stored at 3 of 3 relays of bob, sealed. It is safe there and here.')
    assert.equal(trace.steps.filter(({ step, text }) => step === 'stored' && /keeps a copy until \d{4}-\d\d-\d\d, and has signed for it/.test(text)).length, 3)
  })

  it('of one relay are one of one', async () => {
    const { pair: { ana } } = await Apart.begin(1)
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'stored', timeoutMs: 60_000 })
    const shown = await ana.show(id)
    assert.deepEqual([shown.copies, shown.copiesOf, shown.copiesEnough], [1, 1, 1])
    assert.match((await ana.call('message.trace', { id })).headline, /the one relay of bob, sealed\. 1 copy/)
  })

  it('are waited for in vain where there are too few relays, and the answer says how many there are', async () => {
    const { pair: { ana } } = await Apart.begin(1)
    const id = await ana.send('bob', 'hello')
    const waited = await ana.call('wait', { id, state: 'stored', copies: 2, timeoutMs: 5_000 })
    assert.deepEqual([waited.state, waited.isReached, waited.copies], ['stored', false, 1])
  })

  it('show no more once a device has the message', async () => {
    const { pair: { ana, bob, world } } = await Apart.begin()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'stored', timeoutMs: 60_000 })
    await world.within(bob.sim.restart())
    await ana.call('wait', { id, state: 'delivered', timeoutMs: 60_000 })
    assert.equal((await ana.show(id)).copies, undefined)
    assert.deepEqual(await bob.texts('ana'), ['hello'])
  })

  it('that are missing are named in the trace, with the next attempt', async () => {
    const { pair: { ana, world }, relays: [first] } = await Apart.begin()
    first?.crash()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'stored', copies: 2, timeoutMs: 60_000 })
    await ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 30_000 })
    const trace = await ana.call('message.trace', { id })
    assert.match(trace.headline, /^Stored at 2 of 3 relays of bob/)
    assert.ok(trace.steps.some(({ step, cause }) => step === 'relay.unreachable' && cause?.startsWith(`…${first?.peerId.slice(-6) ?? ''}`) === true))
    const isNamed = async (): Promise<boolean> => (await ana.call('message.trace', { id })).next.some(({ text }) => text.startsWith('next attempt at …'))
    let waitedS = 0
    while (!await isNamed() && waitedS++ < 30) await world.advance(1_000)
    assert.ok(waitedS < 30)
  })

  it('make it too late to take a message back, and a person is told', async () => {
    const { pair: { ana } } = await Apart.begin()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'stored', timeoutMs: 60_000 })
    await assert.rejects(ana.call('message.cancel', { id }), /relays keep copies/)
    assert.equal((await ana.show(id)).state, 'stored')
  })
})

describe('an audit of relays', () => {
  it('finds everything where it was promised', async () => {
    const { pair: { ana }, relays } = await Apart.begin()
    const ids = [await ana.send('bob', 'one'), await ana.send('bob', 'two')]
    for (const id of ids) await ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 60_000 })
    const audit = await ana.call('message.audit', {})
    assert.deepEqual([audit.sent, audit.waiting, audit.delivered, audit.expired, audit.lost], [2, 2, 0, 0, 0])
    assert.equal(audit.relays.length, relays.length)
    for (const { promised, held, isHonest, isReachable } of audit.relays) assert.deepEqual([held, isHonest, isReachable], [promised, true, true])
  })

  it('names a relay that has lost what it signed for, and leaves it there again', async () => {
    const apart = await Apart.begin()
    const { ana, world } = apart.pair
    const unlucky = apart.relay(1)
    const backup = unlucky.store.image()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 60_000 })
    unlucky.crash()
    unlucky.changeDisk(backup)
    await world.within(unlucky.restart())
    await world.advance(60_000)
    const audit = await apart.audit()
    assert.ok(audit.lost >= 1)
    const [liar] = audit.relays.filter(({ isHonest }) => !isHonest)
    assert.deepEqual([liar?.relay, liar?.lost, audit.relays.filter(({ isHonest }) => isHonest).length], [unlucky.peerId, audit.lost, 2])
    const trace = await ana.call('message.trace', { id })
    assert.ok(trace.steps.some(({ step, cause }) => step === 'relay.lost' && cause?.includes('signed that it would keep it until') === true))
    await ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 60_000 })
    assert.equal((await apart.audit()).lost, 0)
  })

  it('is made without being asked, some times a day', async () => {
    const apart = await Apart.begin()
    const { ana, world } = apart.pair
    const unlucky = apart.relay(2)
    const backup = unlucky.store.image()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 60_000 })
    for (const passes of [1_200_000, 12 * 3_600_000]) {
      unlucky.crash()
      unlucky.changeDisk(backup)
      await world.within(unlucky.restart())
      await world.advance(passes)
      // Else this would find it lost.
      assert.equal((await apart.audit()).lost, 0)
    }
  })

  it('does not blame a relay that is away', async () => {
    const apart = await Apart.begin()
    const id = await apart.pair.ana.send('bob', 'hello')
    await apart.pair.ana.call('wait', { id, state: 'stored', copies: 3, timeoutMs: 60_000 })
    apart.relay(0).crash()
    const audit = await apart.audit()
    assert.deepEqual([audit.lost, audit.relays.filter(({ isReachable }) => !isReachable).map(({ relay }) => relay)], [0, [apart.relay(0).peerId]])
    assert.ok(audit.relays.every(({ isHonest }) => isHonest))
  })

  it('has nothing to ask when nothing waits', async () => {
    const { ana } = await Pair.friends()
    assert.deepEqual((await ana.call('message.audit', {})).relays, [])
  })
})
