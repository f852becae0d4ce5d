import assert from 'node:assert/strict'
import { StorageError } from '../../protocols/core/errors.ts'
import { Pair } from './operations/pair.ts'

describe('the core: its start', () => {
  it('makes prekeys, and takes up what was left', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    ana.sim.crash()
    await world.within(bob.sim.restart())
    await world.within(ana.sim.restart())
    await world.advance(5_000)
    assert.equal((await ana.show(id)).state, 'delivered')
    assert.ok(ana.sim.store.read.keys.stock().oneTime > 0)
  })

  it('tells contacts where we are when that has changed while we were away', async () => {
    const { ana, bob, world } = await Pair.friends()
    ana.sim.crash()
    ana.sim.store.transact(writer => { writer.own.update({ name: 'Ana Maria', nameChangedAtMs: Math.ceil(world.nowMs) }) })
    await world.within(ana.sim.restart())
    await world.advance(5_000)
    assert.equal((await bob.call('contact.list', {})).contacts[0]?.name, 'Ana Maria')
  })

  it('succeeds on a disk that takes nothing: people read, at least', async () => {
    const { ana, bob, world } = await Pair.friends()
    await bob.send('ana', 'hello')
    await world.advance(5_000)
    ana.sim.crash()
    const { store } = ana.sim
    const commit = store.commit.bind(store)
    store.commit = () => { throw new StorageError('the disk is full') }
    await world.within(ana.sim.restart())
    assert.deepEqual(await ana.texts('bob'), ['hello'])
    store.commit = commit
    await bob.send('ana', 'and again')
    await world.advance(30_000)
    assert.deepEqual(await ana.texts('bob'), ['hello', 'and again'])
  })
})

describe('the core: hope', () => {
  it('comes with a contact that connects: what waits goes at once', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    // Far into the pauses of five minutes.
    await world.advance(3_600_000)
    await world.within(bob.sim.restart())
    await bob.send('ana', 'here I am')
    await world.advance(5_000)
    assert.equal((await ana.show(id)).state, 'delivered')
  })

  it('comes with the end of a sleep', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    await world.advance(3_600_000)
    await world.within(bob.sim.restart())
    ana.sim.skewMs = 8 * 3_600_000
    await world.advance(30_000)
    assert.equal((await ana.show(id)).state, 'delivered')
  })

  it('comes with an acceptance: what waited for it goes at once', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link(), as: 'ana' })
    const ids = [await bob.send('ana', 'one'), await bob.send('ana', 'two')]
    await pair.pass(3_600_000)
    await ana.call('requests.accept', { id: 'bob' })
    await pair.pass(5_000)
    assert.deepEqual(await Promise.all(ids.map(async id => (await bob.show(id)).state)), ['delivered', 'delivered'])
  })
})

describe('the core: what contacts are told', () => {
  it('is each new address, and what waits is tried from there', async () => {
    const { ana, bob, world, ether } = await Pair.friends()
    const network = ether.nodes.get(ana.sim.peerId)
    assert.ok(network)
    network.address = '/sim/elsewhere'
    await world.advance(20_000)
    assert.deepEqual((await bob.call('contact.show', { who: 'ana' })).devices[0]?.addresses, ['/sim/elsewhere'])
  })
})

describe('the core: its end', () => {
  it('finishes what was given, lets nothing out afterwards, and the store can be closed', async () => {
    const { ana, bob, world } = await Pair.friends()
    const sending = ana.sim.core.operations.send({ to: 'bob', text: 'last' })
    await world.within(ana.sim.core.stop())
    await sending
    await assert.rejects(ana.send('bob', 'too late'), StorageError)
    ana.sim.store.close()
    await world.advance(3_600_000)
    assert.deepEqual(await bob.texts('ana'), [])
  })
})
