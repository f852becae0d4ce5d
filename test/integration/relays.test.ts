/** People who are never there together, and their relays. Real relays, real libp2p, real ratchets, real SQLite. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { scratchFolder } from './folders.ts'
import { Person, befriend } from './nodes.ts'
import { Place } from './place.ts'

/** Ana and Bob, contacts, with a mailbox each at these relays, and aware of each other's. */
async function apart (stack: AsyncDisposableStack, places: readonly Place[]): Promise<{ readonly ana: Person, readonly bob: Person }> {
  const [ana, bob] = [stack.use(await Person.create('Ana')), stack.use(await Person.create('Bob'))]
  await befriend(bob, ana)
  for (const person of [ana, bob]) for (const { address } of places) await person.call('relays.add', { address })
  for (const [one, other] of [[ana, bob], [bob, ana]] as const) await eventually(async () => (await one.call('contact.show', { who: other.account })).relays.length === places.length)
  return { ana, bob }
}

/** Resolves when no more than so many envelopes of somebody wait for a proof: receipts and the like have been left at the relays. */
async function left (person: Person, open: number): Promise<void> {
  await eventually(async () => (await person.node.status()).outbox.open <= open)
}

/** Resolves when nothing waits for somebody any more at their relays. */
async function emptied (person: Person): Promise<void> {
  await eventually(async () => (await person.call('relays.list', {})).relays.every(({ state, waiting }) => state === 'open' && waiting === 0))
}

async function eventually (isSo: () => Promise<boolean> | boolean): Promise<void> {
  while (!await isSo()) await new Promise(resolve => { setTimeout(resolve, 50) })
}

describe('two who are never there together', function () {
  this.timeout(120_000)

  it('exchange messages, edits and reactions through their relays, and know what has arrived', async () => {
    await using stack = new AsyncDisposableStack()
    const places = [await Place.open(stack), await Place.open(stack)]
    const { ana, bob } = await apart(stack, places)
    await bob.stop()
    const id = await ana.send(bob, 'I am on my way')
    await ana.until(id, 'stored')
    await ana.call('edit', { id, text: 'I am almost there' })
    await ana.until(await ana.send(bob, 'Have you eaten?'), 'stored')
    await ana.stop()
    await bob.start()
    await bob.received('Have you eaten?')
    await bob.call('react', { id, emoji: '+' })
    const answer = await bob.send(ana, 'See you')
    await bob.until(answer, 'stored')
    await left(bob, 2)
    await bob.stop()
    await ana.start()
    await ana.received('See you')
    await ana.until(id, 'delivered')
    assert.deepEqual((await ana.message(id)).reactions.map(({ emoji }) => emoji), ['+'])
    await left(ana, 0)
    await ana.stop()
    await bob.start()
    await bob.until(answer, 'delivered')
    assert.deepEqual(await bob.texts(ana), ['I am almost there', 'Have you eaten?', 'See you'])
    await emptied(bob)
  })

  it('go on when one of them has lost the session: what could not be read is asked for again', async () => {
    await using stack = new AsyncDisposableStack()
    const places = [await Place.open(stack)]
    const { ana, bob } = await apart(stack, places)
    await ana.until(await ana.send(bob, 'first'), 'delivered')
    await bob.stop()
    const id = await ana.send(bob, 'second')
    await ana.until(id, 'stored')
    await ana.stop()
    await bob.withStore(store => store.transact(writer => {
      for (const contact of writer.read.contacts.list()) for (const { deviceId } of writer.read.devices.ofContact(contact.contact)) writer.keys.removeSession(deviceId)
    }))
    // Bob cannot read it and says so at Ana's relay; she seals it anew at his; nobody sees anybody.
    await bob.start()
    await emptied(bob)
    await left(bob, 0)
    await bob.stop()
    await ana.start()
    await eventually(async () => (await ana.call('message.trace', { id })).steps.some(({ step }) => step === 'undecryptable'))
    // The state says stored since the first envelope; the copies are those of the new one.
    await eventually(async () => (await ana.message(id)).copies === 1)
    await ana.stop()
    await bob.start()
    await bob.received('second')
  })
})

describe('a relay of two people', function () {
  this.timeout(120_000)

  it('that has lost its disk is furnished again, and serves as before', async () => {
    await using stack = new AsyncDisposableStack()
    const [place] = [await Place.open(stack)]
    const { ana, bob } = await apart(stack, [place])
    await place.stop()
    await place.wipe()
    await place.start()
    for (const person of [ana, bob]) await eventually(async () => (await person.call('relays.list', {})).relays.every(({ state }) => state === 'open'))
    await bob.stop()
    await ana.until(await ana.send(bob, 'after the fire'), 'stored')
    await ana.stop()
    await bob.start()
    await bob.received('after the fire')
  })

  it('that got an old disk back hides nothing that it stores from then on, and shows nothing twice', async () => {
    await using stack = new AsyncDisposableStack()
    const place = await Place.open(stack)
    const { ana, bob } = await apart(stack, [place])
    await bob.stop()
    await ana.until(await ana.send(bob, 'one'), 'stored')
    await place.stop()
    const copy = join(stack.use(await scratchFolder()).path, 'copy')
    await place.copyTo(copy)
    await place.start()
    await bob.start()
    await bob.received('one')
    for (const text of ['two', 'three']) await ana.until(await ana.send(bob, text), 'delivered')
    await bob.stop()
    await place.stop()
    await place.putBack(copy)
    await place.start()
    await ana.until(await ana.send(bob, 'four'), 'stored')
    await ana.stop()
    await bob.start()
    await bob.received('four')
    await emptied(bob)
    assert.deepEqual(await bob.texts(ana), ['one', 'two', 'three', 'four'])
  })
})
