import assert from 'node:assert/strict'
import { equals } from 'uint8arrays'
import { stopAll } from '../neighbours.ts'
import { eventually } from '../relays.ts'
import { newAsker, newKeeper, owner, seqs } from './keepers.ts'

describe('the DHT', () => {
  afterEach(stopAll)

  it('keeps what one user publishes until another asks for it', async () => {
    const relay = await newKeeper()
    const ana = await newAsker([relay])
    const bob = await newAsker([relay])
    const { name, record } = owner()
    const published = record(5)
    assert.deepEqual(await ana.dht.put(name, published), { asked: 1, echoes: 1 })
    assert.deepEqual(await bob.dht.get(name), [published])
  })

  it('is found through any of its relays, because they find each other', async () => {
    const first = await newKeeper()
    const second = await newKeeper([first])
    const third = await newKeeper([first])
    await eventually(() => [first, second, third].every(({ dht }) => dht.peerCount === 2))
    const ana = await newAsker([second])
    const { name, record } = owner()
    assert.deepEqual(await ana.dht.put(name, record(1)), { asked: 3, echoes: 3 })
    const bob = await newAsker([third])
    assert.deepEqual(seqs(await bob.dht.get(name)), [1])
  })

  it('finds nothing, and says so soon, when nobody is there', async () => {
    const alone = await newAsker([])
    const { name, record } = owner()
    assert.deepEqual(await alone.dht.get(name), [])
    assert.deepEqual(await alone.dht.put(name, record(1)), { asked: 0, echoes: 0 })
  })

  it('goes on when the relays that it knew are gone', async () => {
    const relay = await newKeeper()
    const gone = await newKeeper()
    const { target } = gone
    await gone.network.stop()
    const ana = await newAsker([{ target }, relay])
    const { name, record } = owner()
    assert.deepEqual(await ana.dht.put(name, record(1)), { asked: 1, echoes: 1 })
  })
})

describe('a relay of the DHT that was started anew', () => {
  afterEach(stopAll)

  it('still shows what it keeps for its own users, and lets nobody overwrite it with an older one', async () => {
    const { name, record } = owner()
    const newest = record(7)
    const relay = await newKeeper([], { own: asked => equals(asked, name) ? newest : undefined })
    const asker = await newAsker([relay])
    assert.deepEqual(await asker.dht.get(name), [newest])
    assert.deepEqual(await asker.dht.put(name, record(6)), { asked: 1, echoes: 0 })
    assert.deepEqual(await asker.dht.put(name, record(8)), { asked: 1, echoes: 1 })
    assert.deepEqual(seqs(await asker.dht.get(name)), [8])
  })
})
