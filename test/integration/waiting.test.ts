/** Messages wait for people who are not there, survive every restart, and say truly where they are. */
import assert from 'node:assert/strict'
import { friends, strangers, type Person } from './nodes.ts'

describe('messages that wait', () => {
  it('what was sent while the other was away arrives in order when it is back', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const ids = []
    for (let index = 0; index < 30; index++) ids.push(await ana.send(bob, `${index}`))
    await ana.attempted(ids[0] ?? '')
    assert.deepEqual(new Set((await ana.read(bob)).map(message => message.state)), new Set(['queued']))
    assert.equal((await ana.node.status()).outbox.open > 0, true)
    await bob.start()
    await bob.received('29')
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    assert.deepEqual(await bob.texts(ana), Array.from({ length: 30 }, (_, index) => `${index}`))
    assert.deepEqual(await arrivals(bob), ids, 'each once, in order')
    assert.deepEqual(new Set((await ana.read(bob)).map(message => message.state)), new Set(['delivered']))
    assert.equal((await ana.node.status()).outbox.open, 0)
  })

  it('what was queued survives a restart of its author', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const ids = [await ana.send(bob, 'one'), await ana.send(bob, 'two')]
    await ana.restart()
    assert.deepEqual((await ana.read(bob)).map(message => [message.text, message.state]), [['one', 'queued'], ['two', 'queued']])
    ids.push(await ana.send(bob, 'three'))
    await ana.stop()
    await bob.start()
    await ana.start()
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    assert.deepEqual(await bob.texts(ana), ['one', 'two', 'three'])
  })

  it('an account that is not on the network reads, searches and queues', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'yesterday'), 'delivered')
    await ana.stop()
    await ana.start({ isOnline: false })
    assert.deepEqual(await ana.texts(bob), ['yesterday'])
    assert.equal((await ana.call('search', { query: 'yester' })).messages.length, 1)
    const id = await ana.send(bob, 'from the train')
    assert.equal((await ana.message(id)).state, 'queued')
    await ana.node.start()
    await ana.until(id, 'delivered')
  })

  it('a message sent before acceptance survives restarts of both and arrives after it', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await bob.node.contacts.add(await ana.node.invite())
    const id = await bob.send(ana, 'early')
    await ana.event(event => event.type === 'request.received')
    await bob.restart()
    await ana.restart()
    await bob.stop()
    await ana.node.requests.accept(bob.account)
    await bob.start()
    await bob.until(id, 'delivered')
    assert.deepEqual(await ana.texts(bob), ['early'])
  })

  it('a request that found nobody at home is delivered when somebody is', async () => {
    await using pair = await strangers({ ana: { accept: 'all' } })
    const { ana, bob } = pair
    const link = await ana.node.invite()
    await ana.stop()
    await bob.node.contacts.add(link)
    const id = await bob.send(ana, 'knock')
    await bob.restart()
    await ana.start()
    await bob.until(id, 'delivered')
  })

  it('whoever comes back at another address is found again, both ways', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const before = bob.node.addresses()
    await bob.stop()
    const waiting = await ana.send(bob, 'where are you?')
    await bob.start({ listen: ['/ip4/127.0.0.1/tcp/0/ws'] })
    assert.notDeepEqual(bob.node.addresses(), before)
    await ana.until(waiting, 'delivered')
    await bob.until(await bob.send(ana, 'moved'), 'delivered')
    // Ana remembers: she finds Bob there without his help.
    await ana.restart()
    await ana.until(await ana.send(bob, 'found'), 'delivered')
    const { devices } = await ana.call('contact.show', { who: bob.account })
    assert.deepEqual(devices.map(device => device.addresses), [bob.node.addresses()])
  })

  it('a port that was free choice is the same after a restart', async () => {
    await using pair = await friends()
    const { ana } = pair
    const before = ana.node.addresses()
    await ana.restart()
    assert.deepEqual(ana.node.addresses(), before)
  })

  it('a trace says what is true at every stage', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await bob.node.contacts.add(await ana.node.invite())
    const id = await bob.send(ana, 'follow me')
    const trace = async (): Promise<{ headline: string, steps: string[], next: string[] }> => {
      const { headline, steps, next } = await bob.call('message.trace', { id })
      return { headline, steps: steps.map(({ step }) => step), next: next.map(({ step }) => step) }
    }
    await ana.event(event => event.type === 'request.received')
    assert.match((await trace()).headline, /^Queued on this computer.*accepts your request/)
    assert.deepEqual((await trace()).steps, ['queued'])
    await bob.stop()
    await ana.node.requests.accept(bob.account)
    await bob.start({ isOnline: false })
    assert.match((await trace()).headline, /^Queued/)
    await bob.stop()
    await bob.start()
    await bob.until(id, 'delivered')
    const delivered = await trace()
    assert.match(delivered.headline, /^Delivered/)
    assert.deepEqual(delivered.next, [])
    assert.deepEqual(delivered.steps.filter(step => !['unreachable', 'unanswered'].includes(step)), ['queued', 'sealed', 'sent', 'delivered'])
    await ana.call('mark-read', { with: bob.account })
    await bob.until(id, 'read')
    assert.match((await trace()).headline, /^Read/)
    assert.equal((await trace()).steps.at(-1), 'read')
    assertOrdered((await bob.call('message.trace', { id })).steps.map(step => step.at))
  })

  it('a trace names the attempts that came to nothing, and when the next one is due', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const id = await ana.send(bob, 'anybody?')
    await ana.attempted(id)
    const { headline, steps, next } = await ana.call('message.trace', { id })
    assert.match(headline, /^Queued.*safe/)
    const failed = steps.find(({ step }) => step === 'unreachable')
    assert.ok(failed?.cause !== undefined, 'an attempt says why it failed')
    const retry = next.find(({ step }) => step === 'retry')
    assert.ok(retry !== undefined && Date.parse(retry.at) > Date.parse(failed.at))
    assert.ok(next.some(({ step }) => step === 'delivered'))
    await bob.start()
    await ana.until(id, 'delivered')
    const after = await ana.call('message.trace', { id })
    assert.ok(after.steps.some(({ step }) => step === 'unreachable'), 'what happened stays told')
  })

  it('a message that is taken back does not arrive, and may be sent after all', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const [first, second, third] = [await ana.send(bob, 'one'), await ana.send(bob, 'two'), await ana.send(bob, 'three')]
    await ana.attempted(third)
    assert.equal((await ana.call('message.cancel', { id: second })).message.state, 'cancelled')
    assert.match((await ana.call('message.trace', { id: second })).headline, /^Taken back/)
    await bob.start()
    await Promise.all([first, third].map(id => ana.until(id, 'delivered')))
    assert.deepEqual(await bob.texts(ana), ['one', 'three'])
    assert.equal((await ana.message(second)).state, 'cancelled')
    await assert.rejects(ana.call('message.cancel', { id: first }), { code: 'refused' })
    await assert.rejects(ana.call('message.retry', { id: first }), { code: 'refused' })
    await ana.call('message.retry', { id: second })
    await ana.until(second, 'delivered')
    assert.deepEqual(await bob.texts(ana), ['one', 'two', 'three'])
  })

  it('one of many in an envelope is taken back alone', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const ids = await Promise.all(Array.from({ length: 10 }, (_, index) => ana.send(bob, `${index}`)))
    await Promise.all([2, 5].map(index => ana.call('message.cancel', { id: ids[index] ?? '' })))
    await bob.start()
    await Promise.all(ids.filter((_, index) => index !== 2 && index !== 5).map(id => ana.until(id, 'delivered')))
    assert.deepEqual(await bob.texts(ana), ['0', '1', '3', '4', '6', '7', '8', '9'])
  })

  it('a retry does not wait for the time that was set', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const id = await ana.send(bob, 'now, please')
    // Until the wait is long enough that it cannot pass by itself meanwhile.
    for (let attempts = 0; attempts < 4;) {
      const { steps } = await ana.call('message.trace', { id })
      attempts = steps.filter(({ step }) => step === 'unreachable').length
      if (attempts < 4) await ana.call('message.retry', { id })
      await ana.call('wait', { id, state: 'delivered', timeoutMs: 20 })
    }
    await bob.start()
    await ana.call('message.retry', { id })
    await ana.until(id, 'delivered')
    assert.ok((await ana.call('message.trace', { id })).steps.some(({ step }) => step === 'retry'))
  })

  it('the same idempotency key sends once: at the same time, later, and after a restart', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const once = async (): Promise<string> => (await ana.node.send(bob.account, 'paid 20', { idempotencyKey: 'invoice-7' })).id
    const together = await Promise.all(Array.from({ length: 8 }, once))
    await ana.restart()
    const ids = new Set([...together, await once(), await once()])
    assert.equal(ids.size, 1)
    await ana.until(await once(), 'delivered')
    assert.deepEqual(await bob.texts(ana), ['paid 20'])
    await ana.node.send(bob.account, 'paid 20', { idempotencyKey: 'invoice-8' })
    await bob.event(event => event.type === 'message.received' && event.message !== undefined && !ids.has(event.message.id))
    assert.deepEqual(await bob.texts(ana), ['paid 20', 'paid 20'])
  })

  it('thousands that were sent while the other was away arrive in order', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const count = 3000
    const ids = await Promise.all(Array.from({ length: count }, (_, index) => ana.send(bob, `${index}`)))
    await bob.start()
    await ana.call('message.retry', { id: ids[0] ?? '' })
    await ana.until(ids.at(-1) ?? '', 'delivered')
    assert.deepEqual(await arrivals(bob), ids, 'each once, in order')
  })

  it('a node that is stopped at any moment, again and again, loses nothing', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const ids = { ana: [] as string[], bob: [] as string[] }
    for (let round = 0; round < 10; round++) {
      const [fromAna, fromBob] = await Promise.all([ana.send(bob, `a${round}`), bob.send(ana, `b${round}`)])
      ids.ana.push(fromAna)
      ids.bob.push(fromBob)
      await Promise.all([round % 2 === 0 ? ana.restart() : undefined, round % 3 === 0 ? bob.restart() : undefined])
    }
    await Promise.all([...ids.ana.map(id => ana.until(id, 'delivered')), ...ids.bob.map(id => bob.until(id, 'delivered'))])
    assert.deepEqual(await ana.texts(bob), await bob.texts(ana))
    assert.equal((await ana.texts(bob)).length, 20)
  })

  it('whoever waits in the program is told of every end: delivered, taken back, and that nothing more comes', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const arrived = await ana.node.send(bob.account, 'one')
    await Promise.all([arrived.stored, arrived.delivered])
    await bob.call('mark-read', { with: ana.account })
    await arrived.read
    await bob.stop()
    const withdrawn = await ana.node.send(bob.account, 'two')
    const { delivered } = withdrawn
    const told = assert.rejects(delivered, { code: 'refused', message: /cancelled/ })
    await ana.call('message.cancel', { id: withdrawn.id })
    await told
  })

  it('waiting for a state ends with its time, and what is queued stays queued', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const id = await ana.send(bob, 'no hurry')
    const { isReached, state } = await ana.call('wait', { id, state: 'delivered', timeoutMs: 1 })
    assert.deepEqual({ isReached, state }, { isReached: false, state: 'queued' })
    await bob.start()
    await ana.until(id, 'delivered')
  })
})

/** Ids of the messages that arrived, as the feed of events tells them. */
async function arrivals (person: Person): Promise<string[]> {
  const ids = []
  for (let after = 'start'; ;) {
    const page = await person.call('events.page', { after, limit: 100 })
    if (page.events.length === 0) return ids
    for (const event of page.events) if (event.type === 'message.received' && event.message !== undefined) ids.push(event.message.id)
    after = page.cursor
  }
}

function assertOrdered (instants: readonly string[]): void {
  assert.deepEqual(instants, instants.toSorted())
}
