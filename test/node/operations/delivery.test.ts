import assert from 'node:assert/strict'
import { RefusedError } from '../../../protocols/core/errors.ts'
import { Pair } from './pair.ts'

describe('taking back and trying again', () => {
  it('a message that has not left is taken back, and its neighbours stay', async () => {
    const { ana, bob, world } = await Pair.friends()
    await world.within(bob.sim.core.stop())
    bob.sim.crash()
    const [keep, drop] = await Promise.all([ana.send('bob', 'keep'), ana.send('bob', 'drop')])
    await ana.call('message.cancel', { id: drop })
    assert.equal((await ana.show(drop)).state, 'cancelled')
    await world.within(bob.sim.restart())
    await world.advance(600_000)
    assert.deepEqual([await bob.texts('ana'), (await ana.show(keep)).state], [['keep'], 'delivered'])
  })

  it('a delivered one is not taken back, and somebody else’s is not ours to take', async () => {
    const { ana, bob, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await world.advance(1_000)
    await assert.rejects(ana.call('message.cancel', { id }), RefusedError)
    await assert.rejects(ana.call('message.retry', { id }), RefusedError)
    await assert.rejects(bob.call('message.cancel', { id }), RefusedError)
  })

  it('what was taken back goes when a person asks for it', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    await ana.call('message.cancel', { id })
    await world.within(bob.sim.restart())
    await ana.call('message.retry', { id })
    await world.advance(5_000)
    assert.deepEqual([await bob.texts('ana'), (await ana.show(id)).state], [['hello'], 'delivered'])
  })

  it('also what was taken back before they had accepted us', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link(), as: 'ana' })
    const id = await bob.send('ana', 'hello')
    await bob.call('message.cancel', { id })
    await pair.pass(5_000)
    await ana.call('requests.accept', { id: 'bob' })
    await pair.pass(5_000)
    await bob.call('message.retry', { id })
    await pair.pass(5_000)
    assert.deepEqual(await ana.texts('bob'), ['hello'])
  })

  it('nothing goes by trying again that may not be sent', async () => {
    const { ana, bob } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    await ana.call('contact.block', { who: 'bob' })
    assert.equal((await ana.show(id)).state, 'cancelled')
    await assert.rejects(ana.call('message.retry', { id }), RefusedError)
  })
})
