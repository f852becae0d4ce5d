import assert from 'node:assert/strict'
import { RefusedError } from '../../protocols/core/errors.ts'
import { SentMessage } from '../../node/sent.ts'
import { realClock } from '../../node/world.ts'
import { Pair } from './operations/pair.ts'

describe('the promises of a message that was sent', () => {
  it('come true with its states, and are the same however often they are asked for', async () => {
    const { ana, bob, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    const sent = new SentMessage(id, { reader: ana.sim.store.read, arrivals: ana.sim.core.arrivals, directory: ana.sim.core.directory, clock: realClock })
    assert.equal(sent.delivered, sent.delivered)
    await world.within(Promise.all([sent.stored, sent.delivered]))
    await bob.call('mark-read', { with: 'ana' })
    await world.within(sent.read)
  })

  it('break when it is taken back, and say that it is safe', async () => {
    const { ana, bob, world } = await Pair.friends()
    bob.sim.crash()
    const id = await ana.send('bob', 'hello')
    const sent = new SentMessage(id, { reader: ana.sim.store.read, arrivals: ana.sim.core.arrivals, directory: ana.sim.core.directory, clock: realClock })
    const broken = assert.rejects(sent.delivered, (error: unknown) => error instanceof RefusedError && error.message === 'the message is cancelled' && error.hint === 'It is safe here.')
    await ana.call('message.cancel', { id })
    await world.within(broken)
  })
})
