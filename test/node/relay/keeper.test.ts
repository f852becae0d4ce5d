import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { Keeper } from '../../../node/relay/keeper.ts'
import { Scribe } from '../../../node/relay/scribe.ts'
import { Tally } from '../../../node/relay/tally.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { RelayStore } from '../../../store/relay/types.ts'
import { World } from '../../../testnet/simulation/world.ts'

interface Scene { readonly world: World, readonly tally: Tally, readonly keeper: Keeper, readonly store: RelayStore }

function scene (): Scene {
  const world = new World(1)
  const tally = new Tally()
  const store = openRelayStore({ path: ':memory:', isNew: true, capBytes: 2 ** 28 })
  const clock = world.clock(() => true, () => 0)
  const scribe = new Scribe({ store, clock, tally, reach: () => undefined, onStorage: () => undefined })
  return { world, tally, keeper: new Keeper({ store, scribe, clock, tally }), store }
}

function today (store: RelayStore): unknown {
  const [day] = store.read.days(1)
  return day === undefined ? undefined : { stored: day.stored, refused: day.refused }
}

describe('the housekeeping of a relay', () => {
  it('counts what happened into the day once, also when the operator asks while a round is under way', async () => {
    const { world, tally, keeper, store } = scene()
    keeper.start()
    tally.stored(1)
    tally.refused('full')
    await world.advance(60_000)
    tally.stored(1)
    tally.refused('rate')
    await world.within(Promise.all([keeper.tidy(), keeper.tidy(), keeper.tidy()]))
    await world.advance(120_000)
    assert.deepEqual(today(store), { stored: 2, refused: { full: 1, rate: 1 } })
  })

  it('counts what the disk did not take into the next round', async () => {
    const { world, tally, keeper, store } = scene()
    tally.stored(1)
    tally.refused('full')
    const { commit } = store
    Object.assign(store, { commit: () => { throw new StorageError('the disk is full') } })
    await assert.rejects(world.within(keeper.tidy()), StorageError)
    Object.assign(store, { commit })
    await world.within(keeper.tidy())
    assert.deepEqual(today(store), { stored: 1, refused: { full: 1 } })
  })

  it('begins no round while one waits for the disk', async () => {
    const { world, keeper, store } = scene()
    const flushed = Promise.withResolvers<undefined>()
    let waits = 0
    Object.assign(store, {
      durable: async () => {
        waits += 1
        await flushed.promise
      }
    })
    keeper.start()
    await world.advance(600_000)
    assert.equal(waits, 1)
    flushed.resolve(undefined)
    await world.within(keeper.stop())
  })
})
