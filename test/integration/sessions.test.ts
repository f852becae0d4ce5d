/** The ratchet between real nodes: a session that is lost is mended, a key is used once, nothing stays unreadable. */
import assert from 'node:assert/strict'
import { SignalMessage } from '@signalapp/libsignal-client'
import { deviceIdText } from '../../protocols/core/ids.ts'
import { ONE_TIME_BUNDLE_BURST } from '../../protocols/core/limits.ts'
import { disposeAll, friends, Person, type Pair } from './nodes.ts'

describe('sessions between real nodes', () => {
  for (const who of ['the reader', 'the author', 'both'] as const) {
    it(`a session that ${who} lost is mended by the next message, without a word lost`, async () => {
      await using pair = await friends()
      const { ana, bob } = pair
      await talk(pair)
      await Promise.all([ana.stop(), bob.stop()])
      if (who !== 'the author') await loseSession(bob)
      if (who !== 'the reader') await loseSession(ana)
      await Promise.all([ana.start(), bob.start()])
      await ana.until(await ana.send(bob, 'can you read this?'), 'delivered')
      await bob.until(await bob.send(ana, 'every word'), 'delivered')
      assert.deepEqual(await bob.texts(ana), ['one', 'two', 'can you read this?', 'every word'])
      assert.deepEqual(await ana.texts(bob), await bob.texts(ana))
    })
  }

  it('a message that was under way when the session was lost is asked for again', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await talk(pair)
    await bob.stop()
    const ids = [await ana.send(bob, 'a'), await ana.send(bob, 'b'), await ana.send(bob, 'c')]
    await loseSession(bob)
    await bob.start()
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    assert.deepEqual((await bob.texts(ana)).slice(-3), ['a', 'b', 'c'])
    const { text } = await bob.event(event => event.type === 'node.trouble')
    assert.match(text ?? '', /asked for again/)
    const { steps } = await ana.call('message.trace', { id: ids[0] ?? '' })
    assert.ok(steps.some(({ step }) => step === 'undecryptable'), 'the trace tells it')
  })

  it('who has had all the one-time prekeys that one peer may have is served from the last resort, and loses nothing', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const sent = []
    // One bundle was for the request; each lost session takes another.
    for (let lost = 0; lost < ONE_TIME_BUNDLE_BURST + 1; lost++) {
      await bob.stop()
      await loseSession(bob)
      await bob.start()
      sent.push(`again ${lost}`)
      await bob.until(await bob.send(ana, `again ${lost}`), 'delivered')
    }
    await ana.until(await ana.send(bob, 'still here'), 'delivered')
    assert.deepEqual(await ana.texts(bob), [...sent, 'still here'])
    await ana.stop()
    const uses = await ana.withStore(({ database }) => database.prepare<[], { readonly count: number }>('SELECT count(*) AS count FROM last_resort_used').get()?.count)
    assert.ok(uses !== undefined && uses > 0, 'the last resort was used, and its use noted')
  })

  it('a hundred messages at once arrive once each, in order, and no message key is used twice', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await talk(pair)
    await bob.stop()
    const ids: string[] = []
    // Waves, so that many envelopes are sealed and not one; all of a wave at once.
    for (let wave = 0; wave < 20; wave++) ids.push(...await Promise.all(Array.from({ length: 5 }, (_, index) => ana.send(bob, `${wave * 5 + index}`))))
    await ana.stop()
    const counters = await sealedCounters(ana)
    assert.ok(counters.length >= 20, 'many envelopes')
    assert.equal(new Set(counters).size, counters.length, 'each message key once')
    await Promise.all([ana.start(), bob.start()])
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    const texts = (await bob.texts(ana)).slice(2)
    assert.deepEqual(texts, Array.from({ length: 100 }, (_, index) => `${index}`))
    await assertNothingUnreadable(pair)
  })

  it('twenty envelopes that arrive at once are opened one after the other', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await talk(pair)
    await Promise.all([ana.stop(), bob.stop()])
    await Promise.all([ana.start({ isOnline: false }), bob.start({ isOnline: false })])
    const ids = { ana: [] as string[], bob: [] as string[] }
    for (let index = 0; index < 20; index++) {
      ids.ana.push(await ana.send(bob, `a${index}`))
      ids.bob.push(await bob.send(ana, `b${index}`))
    }
    await Promise.all([ana.node.start(), bob.node.start()])
    await Promise.all([...ids.ana.map(id => ana.until(id, 'delivered')), ...ids.bob.map(id => bob.until(id, 'delivered'))])
    assert.deepEqual(await ana.texts(bob), await bob.texts(ana))
    await assertNothingUnreadable(pair)
  })

  it('both begin a session at the same time and go on with one', async () => {
    for (let round = 0; round < 3; round++) {
      await using pair = await friends()
      const { ana, bob } = pair
      await Promise.all([ana.stop(), bob.stop()])
      await Promise.all([loseSession(ana), loseSession(bob)])
      await Promise.all([ana.start({ isOnline: false }), bob.start({ isOnline: false })])
      const [fromAna, fromBob] = await Promise.all([ana.send(bob, 'me first'), bob.send(ana, 'no, me')])
      await Promise.all([ana.node.start(), bob.node.start()])
      await Promise.all([ana.until(fromAna, 'delivered'), bob.until(fromBob, 'delivered')])
      for (let turn = 0; turn < 3; turn++) {
        await ana.until(await ana.send(bob, `ping ${turn}`), 'delivered')
        await bob.until(await bob.send(ana, `pong ${turn}`), 'delivered')
      }
      assert.deepEqual(await ana.texts(bob), await bob.texts(ana))
    }
  })

  it('many people write to one at once, and each conversation is whole', async () => {
    await using ana = await Person.create('Ana', { accept: 'all' })
    const link = await ana.node.invite()
    const people = await Promise.all(['Bob', 'Cleo', 'Dora', 'Emil', 'Finn'].map(name => Person.create(name)))
    try {
      await Promise.all(people.map(async person => {
        await person.node.contacts.add(link)
        const ids = await Promise.all(Array.from({ length: 20 }, (_, index) => person.send(ana, `${index}`)))
        await Promise.all(ids.map(id => person.until(id, 'delivered')))
        assert.deepEqual(await ana.texts(person), Array.from({ length: 20 }, (_, index) => `${index}`))
      }))
    } finally {
      await disposeAll(people)
    }
  })
})

/** A message each way: from then on both hold a session that both have used. */
async function talk ({ ana, bob }: Pair): Promise<void> {
  await ana.until(await ana.send(bob, 'one'), 'delivered')
  await bob.until(await bob.send(ana, 'two'), 'delivered')
}

/** Takes the sessions out of a stopped node's database, as a damaged record would be. */
async function loseSession (person: Person): Promise<void> {
  await person.withStore(store => store.transact(writer => {
    for (const { contact } of store.read.contacts.list()) {
      for (const { deviceId } of store.read.devices.ofContact(contact)) writer.keys.removeSession(deviceId)
    }
  }))
}

/** Ratchet key and counter of every envelope that waits in a stopped node's outbox. */
async function sealedCounters (person: Person): Promise<string[]> {
  return await person.withStore(store => store.read.outbox.openDevices().flatMap(({ deviceId }) => {
    return store.read.outbox.sealed(deviceId, { afterRow: 0, limit: 1000 }).map(({ cipherKind, ciphertext }) => {
      assert.equal(cipherKind, 'whisper')
      const message = SignalMessage.deserialize(Uint8Array.from(ciphertext ?? []))
      return `${deviceIdText(deviceId)} ${message.counter()}`
    })
  }))
}

async function assertNothingUnreadable ({ ana, bob }: Pair): Promise<void> {
  for (const person of [ana, bob]) {
    const { events } = await person.call('events.page', { after: 'start', limit: 1000 })
    assert.deepEqual(events.filter(event => event.type === 'node.trouble').map(event => event.text), [])
  }
}
