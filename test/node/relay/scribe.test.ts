import assert from 'node:assert/strict'
import { Scribe } from '../../../node/relay/scribe.ts'
import { Tally } from '../../../node/relay/tally.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import { World } from '../../../testnet/simulation/world.ts'

interface Scene { readonly world: World, readonly tally: Tally, readonly scribe: Scribe, readonly store: ReturnType<typeof openRelayStore> }

function scene (): Scene {
  const world = new World(1)
  const tally = new Tally()
  const store = openRelayStore({ path: ':memory:', isNew: true, capBytes: 2 ** 28 })
  const scribe = new Scribe({ store, clock: world.clock(() => true, () => 0), tally, reach: () => undefined, onStorage: () => undefined })
  return { world, tally, scribe, store }
}

describe('the one that writes', () => {
  it('makes one transaction of everything that came in the same turn of the loop', async () => {
    const { world, tally, scribe, store } = scene()
    await world.within(Promise.all(Array.from({ length: 50 }, async (_, index) => { await scribe.write(writer => { writer.setFact(`fact ${index}`, 'here') }) })))
    assert.equal(tally.commits.count, 1)
    assert.equal(store.read.fact('fact 49'), 'here')
  })

  it('writes no more bodies in one transaction than their bytes allow, and what is larger alone', async () => {
    const { world, tally, scribe } = scene()
    const MIB = 2 ** 20
    const done: Array<Promise<undefined>> = []
    for (const bytes of [3 * MIB, 3 * MIB, 3 * MIB, 9 * MIB, MIB, 7 * MIB, 1]) {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>()
      scribe.add({ weight: 1, bytes, write: () => undefined, onDone: () => { resolve(undefined) }, onFailed: reject })
      done.push(promise)
    }
    await world.within(Promise.all(done))
    assert.equal(tally.commits.count, 5, '3 + 3, 3, 9, 1 + 7, 1 byte')
  })

  it('lets what is wrong with one fail for one', async () => {
    const { world, scribe, store } = scene()
    const results = await world.within(Promise.allSettled([
      scribe.write(writer => { writer.setFact('first', 'here') }),
      scribe.write(() => { throw new Error('a bug') }),
      scribe.write(writer => { writer.setFact('last', 'here') })
    ]))
    assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled'])
    assert.deepEqual([store.read.fact('first'), store.read.fact('last')], ['here', 'here'])
  })

  it('tells of an earlier transaction before a later one, also when one flush covers both', async () => {
    const { world, scribe } = scene()
    const told: string[] = []
    const first = scribe.write(() => 'first', result => { told.push(result) })
    await world.run(() => false, 0.0005)
    const second = scribe.write(() => 'second', result => { told.push(result) })
    await world.within(Promise.all([first, second]))
    assert.deepEqual(told, ['first', 'second'])
  })

  it('finishes what it was given when it stops, and takes no more', async () => {
    const { world, scribe, store } = scene()
    const write = scribe.write(writer => { writer.setFact('last wish', 'granted') })
    await world.within(scribe.stop())
    await write
    assert.equal(store.read.fact('last wish'), 'granted')
    await assert.rejects(world.within(scribe.write(() => undefined)), /stopping/)
  })
})
