import assert from 'node:assert/strict'
import { MalformedError, StorageError } from '../../../protocols/core/errors.ts'
import { idKey } from '../../../protocols/core/ids.ts'
import { refused, type Outcome } from '../../../node/turn/open.ts'
import { keyUse } from '../../../testnet/simulation/sealer.ts'
import { World } from '../../../testnet/simulation/world.ts'
import { arrivalOf, Engine } from '../engine.ts'

const FULL = new StorageError('the disk is full')

/** Ana, with Bob as a contact and a session to his device; and the same the other way round. */
async function anaAndBob (): Promise<{ readonly ana: Engine, readonly bob: Engine, readonly toBob: number, readonly toAna: number }> {
  const world = new World(1)
  const [ana, bob] = [new Engine('ana', world), new Engine('bob', world)]
  const [toBob, toAna] = [ana.add(bob), bob.add(ana)]
  await ana.meet(bob)
  await bob.meet(ana)
  ana.store.commits = 0
  bob.store.commits = 0
  return { ana, bob, toBob, toAna }
}

describe('the turn: batches', () => {
  it('makes one commit and one envelope of what is given in one tick', async () => {
    const { ana, toBob } = await anaAndBob()
    const ids = await Promise.all(['one', 'two', 'three'].map(text => ana.send(toBob, text)))
    assert.equal(ana.store.commits, 1)
    const [envelope, ...others] = ana.takeSealed()
    assert.deepEqual(others, [])
    assert.deepEqual(envelope?.refs.map(ref => idKey(ref.id)), ids.map(idKey))
    assert.deepEqual(ana.messages(toBob).map(message => message.text), ['one', 'two', 'three'])
  })

  it('makes the next envelope while the first is on its way: 64 drafts are a turn', async () => {
    const { ana, toBob } = await anaAndBob()
    await Promise.all(Array.from({ length: 130 }, (_, index) => ana.send(toBob, `${index}`)))
    assert.deepEqual(ana.takeSealed().map(envelope => envelope.refs.length), [64, 64, 2])
    assert.equal(ana.store.commits, 3)
  })

  it('answers a batch of deposits after one commit, each by itself', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    const sealed = []
    for (const text of ['one', 'two', 'three']) {
      await ana.send(toBob, text)
      sealed.push(...ana.takeSealed())
    }
    bob.store.commits = 0
    const outcomes = await bob.receive(ana, sealed)
    assert.deepEqual(outcomes, sealed.map(() => ({ type: 'stored' })))
    assert.deepEqual(bob.messages(toAna).map(message => message.text), ['one', 'two', 'three'])
    // A second one is the receipt that the first flight is owed.
    assert.ok(bob.store.commits <= 2)
  })

  it('runs what prepares a write before it, and its ratchet step is written with it', async () => {
    const { ana, bob } = await anaAndBob()
    const order: string[] = []
    await ana.turn.write(() => order.push('written'), async () => {
      await Promise.resolve()
      order.push('prepared')
      ana.sealer.dropSession(bob.device)
    })
    assert.deepEqual(order, ['prepared', 'written'])
    assert.equal(ana.sealer.hasSession(bob.device), false)
    ana.sealer.discard()
    assert.equal(ana.sealer.hasSession(bob.device), false, 'it is durable')
  })

  it('rings when there is something to tell, and only then', async () => {
    const { ana, toBob } = await anaAndBob()
    let rings = 0
    ana.feed.listen(() => { rings += 1 })
    await ana.turn.write(() => {})
    assert.equal(rings, 0)
    await ana.send(toBob, 'hello')
    assert.equal(rings, 1)
  })
})

describe('the turn: the disk', () => {
  it('lets nothing out before the disk has it', async () => {
    const { ana, toBob } = await anaAndBob()
    const disk = Promise.withResolvers<undefined>()
    ana.store.flush = disk.promise
    let isSent = false
    const sending = ana.turn.send({ contact: toBob, body: { type: 'text', text: 'hello', replyTo: undefined }, idempotencyKey: undefined }).then(() => { isSent = true })
    await ana.rest()
    const row = ana.store.read.outbox.sealed(bobOf(ana, toBob), { afterRow: 0, limit: 1 })[0]?.row ?? 0
    assert.equal(ana.messages(toBob).length, 1, 'committed')
    assert.deepEqual([isSent, ana.told.sealed.length, ana.turn.mayLeave(row)], [false, 0, false])
    disk.resolve(undefined)
    await sending
    assert.deepEqual([isSent, ana.told.sealed.length, ana.turn.mayLeave(row)], [true, 1, true])
  })

  it('goes on while it waits for the disk, four turns far, and answers in order', async () => {
    const { ana, toBob } = await anaAndBob()
    const disk = Promise.withResolvers<undefined>()
    ana.store.flush = disk.promise
    const answered: number[] = []
    const all = []
    for (let index = 0; index < 6; index++) {
      all.push(ana.turn.write(() => index).then(result => answered.push(result)))
      await ana.rest()
    }
    assert.equal(ana.store.commits, 4)
    assert.deepEqual(answered, [])
    disk.resolve(undefined)
    await ana.world.within(Promise.all(all))
    assert.deepEqual(answered, [0, 1, 2, 3, 4, 5])
    assert.deepEqual(ana.messages(toBob), [])
  })

  it('fails everybody when the disk does not confirm, and does nothing more', async () => {
    const { ana, toBob } = await anaAndBob()
    ana.store.flush = Promise.reject(FULL)
    ana.store.flush.catch(() => {})
    await assert.rejects(ana.send(toBob, 'one'), FULL)
    ana.store.flush = undefined
    await assert.rejects(ana.send(toBob, 'two'), FULL)
    assert.deepEqual(ana.told.sealed, [])
    assert.equal(ana.told.storage[0], FULL)
  })

  it('refuses all of a turn that the disk does not take, as if it had never been', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    await bob.send(toAna, 'hello')
    const [fromBob] = bob.takeSealed()
    assert.ok(fromBob)
    ana.store.fault = FULL
    const [sent, written, [outcome]] = await Promise.all([settle(ana.send(toBob, 'hello')), settle(ana.turn.write(() => {})), ana.receive(bob, [fromBob])])
    assert.deepEqual([sent, written], [FULL, FULL])
    assert.deepEqual(outcome, refused('storage', 5_000))
    assert.deepEqual([ana.messages(toBob), ana.events(), ana.told.sealed], [[], [], []])
    assert.deepEqual(ana.told.storage, [FULL])
  })

  it('recovers when there is room again, uses no key twice, and says so', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    ana.store.fault = FULL
    assert.equal(await settle(ana.send(toBob, 'lost')), FULL)
    ana.store.fault = undefined
    await ana.send(toBob, 'kept')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    assert.match(keyUse(envelope.sealed.body).key, /\/0$/, 'the ratchet went back')
    assert.deepEqual(await bob.receive(ana, [envelope]), [{ type: 'stored' }])
    assert.deepEqual(bob.messages(toAna).map(message => message.text), ['kept'])
    assert.deepEqual(ana.told.storage, [FULL, undefined])
  })

  it('takes an envelope that the disk refused when it comes again', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    await ana.send(toBob, 'hello')
    const sealed = ana.takeSealed()
    bob.store.fault = FULL
    assert.deepEqual(await bob.receive(ana, sealed), [refused('storage', 5_000)])
    bob.store.fault = undefined
    assert.deepEqual(await bob.receive(ana, sealed), [{ type: 'stored' }])
    assert.equal(bob.messages(toAna).length, 1)
  })

  it('writes the marks and seals the contents of a failed turn after a pause', async () => {
    const { ana, toBob } = await anaAndBob()
    const id = await ana.send(toBob, 'hello')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    ana.store.fault = FULL
    ana.turn.settle([{ type: 'delivered', row: envelope.row, contact: toBob, refs: envelope.refs, atMs: 1, sentAtMs: 1 }])
    await ana.world.advance(20)
    assert.deepEqual(ana.told.storage, [FULL])
    ana.store.fault = undefined
    await ana.world.advance(4_900)
    assert.equal(ana.store.read.messages.byId(id)?.state, 'queued')
    await ana.world.advance(200)
    assert.equal(ana.store.read.messages.byId(id)?.state, 'delivered')
  })
})

describe('the turn: one bad item', () => {
  it('never takes its neighbours with it', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    await bob.send(toAna, 'hello')
    const sealed = bob.takeSealed()
    const bad = new MalformedError('write', 'must work')
    const [first, failed, second, [outcome]] = await Promise.all([
      settle(ana.send(toBob, 'one')),
      settle(ana.turn.write(() => { throw bad })),
      settle(ana.turn.write(() => 'written')),
      ana.receive(bob, sealed)
    ])
    assert.equal(failed, bad)
    assert.deepEqual([second, outcome], ['written', { type: 'stored' }])
    assert.deepEqual(ana.messages(toBob).map(message => message.text).sort(), ['hello', 'one'])
    assert.ok(first instanceof Uint8Array)
  })

  it('leaves the ratchet where it was: what it encrypted is encrypted by the next', async () => {
    const { ana, toBob } = await anaAndBob()
    await Promise.all([ana.send(toBob, 'one'), settle(ana.turn.write(() => { throw new MalformedError('write', 'must work') })), ana.send(toBob, 'two')])
    const sealed = ana.takeSealed()
    const uses = new Map<string, string>()
    for (const { sealed: { body } } of sealed) {
      const { key, content } = keyUse(body)
      assert.equal(uses.has(key), false)
      uses.set(key, content)
    }
    assert.equal(uses.size, 2)
  })

  it('that cannot be taken in is refused as malformed, with its neighbours stored', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    await ana.send(toBob, 'good')
    const [good] = ana.takeSealed()
    assert.ok(good)
    const outcomes: Outcome[] = []
    const broken = { ...arrivalOf(ana, good, outcome => outcomes.push(outcome)), body: Uint8Array.of(1, 2, 3), envelopeId: bob.turn.ids.next(1) as typeof good.envelopeId }
    bob.turn.take([broken, arrivalOf(ana, good, outcome => outcomes.push(outcome))])
    await bob.rest()
    assert.deepEqual(outcomes, [refused('malformed'), { type: 'stored' }])
    assert.equal(bob.messages(toAna).length, 1)
  })
})

describe('the turn: marks of delivery', () => {
  it('ride with the next work', async () => {
    const { ana, toBob } = await anaAndBob()
    const id = await ana.send(toBob, 'one')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    ana.turn.settle([{ type: 'delivered', row: envelope.row, contact: toBob, refs: envelope.refs, atMs: 7, sentAtMs: 5 }])
    ana.store.commits = 0
    await ana.send(toBob, 'two')
    assert.equal(ana.store.commits, 1)
    assert.equal(ana.store.read.messages.byId(id)?.deliveredAtMs, 7)
  })

  it('go alone after 20 ms', async () => {
    const { ana, toBob } = await anaAndBob()
    const id = await ana.send(toBob, 'one')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    ana.turn.settle([{ type: 'delivered', row: envelope.row, contact: toBob, refs: envelope.refs, atMs: 7, sentAtMs: 5 }])
    await ana.world.advance(19)
    assert.equal(ana.store.read.messages.byId(id)?.state, 'queued')
    await ana.world.advance(2)
    assert.equal(ana.store.read.messages.byId(id)?.state, 'delivered')
  })

  it('do not wait when there are many', async () => {
    const { ana, toBob } = await anaAndBob()
    ana.turn.settle(Array.from({ length: 256 }, (_, row) => ({ type: 'delivered', row: row + 1_000, contact: toBob, refs: [], atMs: 1, sentAtMs: 1 })))
    await ana.rest()
    assert.equal(ana.store.commits, 1)
  })

  it('are written at once for who reads, and cost nothing when there are none', async () => {
    const { ana, toBob } = await anaAndBob()
    await ana.turn.settled()
    assert.equal(ana.store.commits, 0)
    const id = await ana.send(toBob, 'one')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    ana.turn.settle([{ type: 'delivered', row: envelope.row, contact: toBob, refs: envelope.refs, atMs: 7, sentAtMs: 5 }])
    await ana.turn.settled()
    assert.equal(ana.store.read.messages.byId(id)?.state, 'delivered')
  })

  it('that cannot be written let who reads go on', async () => {
    const { ana, toBob } = await anaAndBob()
    ana.store.fault = FULL
    ana.turn.settle([{ type: 'delivered', row: 1, contact: toBob, refs: [], atMs: 7, sentAtMs: 5 }])
    await ana.turn.settled()
    assert.deepEqual(ana.told.storage, [FULL])
  })
})

describe('the turn: the end', () => {
  it('finishes what was given, and takes no more', async () => {
    const { ana, bob, toBob } = await anaAndBob()
    const last = ana.turn.send({ contact: toBob, body: { type: 'text', text: 'last', replyTo: undefined }, idempotencyKey: undefined })
    await ana.world.within(ana.turn.stop())
    await last
    assert.equal(ana.messages(toBob).length, 1)
    await assert.rejects(ana.turn.write(() => {}), StorageError)
    await assert.rejects(ana.turn.send({ contact: toBob, body: { type: 'text', text: 'late', replyTo: undefined }, idempotencyKey: undefined }), StorageError)
    await bob.send(1, 'hello')
    assert.deepEqual(await ana.receive(bob, bob.takeSealed()), [refused('busy')])
  })

  it('writes the marks that were still waiting', async () => {
    const { ana, toBob } = await anaAndBob()
    const id = await ana.send(toBob, 'one')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    ana.turn.settle([{ type: 'delivered', row: envelope.row, contact: toBob, refs: envelope.refs, atMs: 7, sentAtMs: 5 }])
    await ana.world.within(ana.turn.stop())
    assert.equal(ana.store.read.messages.byId(id)?.state, 'delivered')
  })
})

function bobOf (ana: Engine, contact: number): Engine['device'] {
  const [device] = ana.store.read.devices.ofContact(contact)
  assert.ok(device)
  return device.deviceId
}

/** The value, or the error. */
async function settle<T> (promise: Promise<T>): Promise<unknown> {
  try {
    return await promise
  } catch (error) {
    return error
  }
}
