import assert from 'node:assert/strict'
import { Pair, type Caller } from './pair.ts'

/** The trace of a message: its headline, the steps with their causes, and what is still to come. */
async function trace (caller: Caller, id: string): Promise<{ readonly headline: string, readonly steps: string[], readonly next: string[] }> {
  const { headline, steps, next } = await caller.call('message.trace', { id })
  assert.deepEqual(steps.map(({ at }) => at), steps.map(({ at }) => at).sort(), 'steps stand in the order of their times')
  return { headline, steps: steps.map(({ step, cause }) => cause === undefined ? step : `${step} (${cause})`), next: next.map(({ step }) => step) }
}

describe('the trace of a message', () => {
  it('that arrived: every step, and nothing to come', async () => {
    const { ana, bob, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await world.advance(1_000)
    assert.deepEqual(await trace(ana, id), { headline: 'Delivered: a device of bob has it.', steps: ['queued', 'sealed', 'sent', 'delivered'], next: [] })
    await bob.call('mark-read', { with: 'ana' })
    await world.advance(1_000)
    assert.deepEqual(await trace(ana, id), { headline: 'Read by bob.', steps: ['queued', 'sealed', 'sent', 'delivered', 'read'], next: [] })
  })

  it('that was delivered a moment ago is not behind', async () => {
    const { ana } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'delivered' })
    assert.equal((await trace(ana, id)).steps.at(-1), 'delivered')
  })

  it('that cannot leave: why, and when it is tried again', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    await world.advance(10_500)
    const { headline, steps, next } = await trace(ana, id)
    assert.equal(headline, 'Queued on this computer, safe across restarts. No device of bob has been reached yet.')
    assert.ok(steps.includes('sealed') && steps.some(step => step.startsWith('unreachable (')))
    assert.deepEqual(next, ['retry', 'delivered'])
  })

  it('that left and was not answered says so, and no more', async () => {
    const { ana, bob, ether, world } = await Pair.friends()
    await ana.send('bob', 'first')
    await world.advance(1_000)
    ether.onFrame = ({ from, isForward }) => { if (from === ana.sim.peerId && isForward) bob.sim.crash() }
    const id = await ana.send('bob', 'second')
    await world.advance(500)
    const { headline, steps } = await trace(ana, id)
    assert.equal(headline, 'Queued on this computer, safe across restarts. It was sent, but no device of bob has acknowledged it yet.')
    assert.ok(steps.some(step => step.startsWith('unanswered (the connection ended')))
  })

  it('for somebody who has not accepted, or whose key has changed, waits for a person', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link(), as: 'ana' })
    const id = await bob.send('ana', 'hello')
    assert.equal((await trace(bob, id)).headline, 'Queued on this computer, safe across restarts. It leaves when ana accepts your request.')
    await bob.changeKeyOf(1)
    assert.match((await trace(bob, id)).headline, /It leaves when you have looked at the changed key of ana/)
  })

  it('that was taken back, refused or expired ends with that', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const taken = await ana.send('bob', 'hello')
    await ana.call('message.cancel', { id: taken })
    assert.deepEqual([(await trace(ana, taken)).headline, (await trace(ana, taken)).steps.at(-1)], ['Taken back. bob has not got it.', 'cancelled'])
    for (const [state, reason, headline, last] of [
      ['failed', 'it is too large for them', 'Not sent: it is too large for them. It is safe here.', 'failed (it is too large for them)'],
      ['expired', undefined, 'Expired: no device of bob collected it. It is safe here.', 'expired']
    ] as const) {
      const id = await ana.send('bob', 'hello')
      ana.sim.store.transact(writer => { writer.messages.advance(ana.row(id).id, state, Math.ceil(world.nowMs) + 1_000, reason) })
      const { steps, ...told } = await trace(ana, id)
      assert.deepEqual([told, steps.at(-1)], [{ headline, next: [] }, last])
    }
  })

  it('of theirs says when it was written and when it came', async () => {
    const { ana, bob, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await world.advance(1_000)
    assert.deepEqual(await trace(bob, id), { headline: 'From ana. It is safe in this node\'s database.', steps: ['written', 'received'], next: [] })
    await bob.call('mark-read', { with: 'ana' })
    assert.deepEqual((await trace(bob, id)).steps, ['written', 'received', 'read'])
  })

  it('that was tried again by hand says so', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    await world.advance(100)
    await ana.call('message.retry', { id })
    assert.ok((await trace(ana, id)).steps.includes('retry (asked for)'))
  })
})
