import assert from 'node:assert/strict'
import { RETRY_REQUESTS_PER_HOUR } from '../../../protocols/core/limits.ts'
import { refused, type Outcome } from '../../../node/turn/open.ts'
import type { SealedEnvelope } from '../../../node/turn/sealed-envelope.ts'
import { Engine, numberedId, sealBeside } from '../engine.ts'

interface Two { readonly ana: Engine, readonly bob: Engine, readonly toBob: number, readonly toAna: number }

async function anaAndBob (): Promise<Two> {
  const ana = new Engine('ana')
  const bob = new Engine('bob', ana.world)
  const [toBob, toAna] = [ana.add(bob), bob.add(ana)]
  await ana.meet(bob)
  return { ana, bob, toBob, toAna }
}

async function sealed ({ ana, toBob }: Two, text = 'hello'): Promise<SealedEnvelope> {
  await ana.send(toBob, text)
  const [envelope] = ana.takeSealed()
  assert.ok(envelope)
  return envelope
}

/** As a session that the other side has never heard of. */
function unreadable (envelope: SealedEnvelope): SealedEnvelope {
  return { ...envelope, sealed: { ...envelope.sealed, kind: 'whisper' } }
}

describe('taking in: what could not be decrypted', () => {
  it('is asked for again, is remembered, and is told', async () => {
    const two = await anaAndBob()
    const [outcome] = await two.bob.receive(two.ana, [unreadable(await sealed(two))])
    assert.equal(outcome?.type, 'refused')
    assert.deepEqual([outcome.reason, outcome.retryAfterMs, outcome.decryptionError !== undefined], ['undecryptable', 0, true])
    assert.deepEqual(two.bob.events(), ['node.trouble'])
  })

  it('is asked for twenty times in an hour; then the sender waits', async () => {
    const two = await anaAndBob()
    const outcomes: Outcome[] = []
    for (let index = 0; index <= RETRY_REQUESTS_PER_HOUR; index++) outcomes.push(...await two.bob.receive(two.ana, [unreadable(await sealed(two))]))
    assert.deepEqual(outcomes.map(outcome => outcome.type === 'refused' && outcome.reason), [...Array<string>(RETRY_REQUESTS_PER_HOUR).fill('undecryptable'), 'busy'])
    await two.ana.world.advance(3_600_001)
    const [outcome] = await two.bob.receive(two.ana, [unreadable(await sealed(two))])
    assert.equal(outcome?.type === 'refused' && outcome.reason, 'undecryptable')
  })

  it('because of an unknown key waits until their device list has been looked up', async () => {
    const two = await anaAndBob()
    const envelope = await sealed(two)
    two.bob.store.transact(writer => { writer.devices.put({ ...deviceOf(two), identityKey: new Uint8Array(33).fill(9) }) })
    assert.deepEqual(await two.bob.receive(two.ana, [envelope]), [refused('busy', 3_000)])
    assert.deepEqual(two.bob.told.behind, [two.toAna])
    assert.equal(two.bob.store.read.received.undecryptableSince(0), 0, 'nobody is asked for what may be a lie')
  })

  it('is stored when it comes again and can be read by then', async () => {
    const two = await anaAndBob()
    const envelope = await sealed(two)
    await two.bob.receive(two.ana, [unreadable(envelope)])
    assert.deepEqual(await two.bob.receive(two.ana, [envelope]), [{ type: 'stored' }])
    assert.deepEqual(two.bob.messages(two.toAna).map(message => message.text), ['hello'])
  })
})

describe('taking in: what the sender says of its device list', () => {
  const heard = async (change: { readonly seq?: number, readonly epoch?: number, readonly hash?: Uint8Array }): Promise<Two> => {
    const two = await anaAndBob()
    const { ana, bob } = two
    const content = { id: numberedId(1), counter: 1, hlcUs: 1, parents: [], sentAtMs: 1, type: 'text', text: 'hello' } as const
    const body = await sealBeside([content], { from: ana, to: bob, senderStatement: { ...ana.account.ref, ...change } })
    assert.deepEqual(await bob.receive(ana, [{ envelopeId: ana.turn.ids.next(1) as SealedEnvelope['envelopeId'], sealed: body }]), [{ type: 'stored' }])
    return two
  }

  it('makes us look it up when ours is older', async () => {
    const { bob, toAna } = await heard({ seq: 2 })
    assert.deepEqual(bob.told.behind, [toAna])
    assert.deepEqual((await heard({ epoch: 1 })).bob.told.behind, [toAna])
  })

  it('makes no work when it is the one we have, or an older one', async () => {
    assert.deepEqual((await heard({})).bob.told.behind, [])
    assert.deepEqual((await heard({ seq: 0 })).bob.told.behind, [])
  })

  it('stops the conversation when it contradicts the one we have, and says so once', async () => {
    const { ana, bob, toAna } = await heard({ hash: new Uint8Array(32).fill(1) })
    assert.equal(bob.store.read.contacts.byNumber(toAna)?.isKeyChanged, true)
    const content = { id: numberedId(2), counter: 2, hlcUs: 2, parents: [], sentAtMs: 1, type: 'text', text: 'again' } as const
    const body = await sealBeside([content], { from: ana, to: bob, senderStatement: { ...ana.account.ref, hash: new Uint8Array(32).fill(1) } })
    await bob.receive(ana, [{ envelopeId: ana.turn.ids.next(1) as SealedEnvelope['envelopeId'], sealed: body }])
    assert.deepEqual(bob.events().filter(type => type === 'contact.key_changed'), ['contact.key_changed'])
    assert.equal(bob.messages(toAna).length, 2, 'what they say is not lost')
  })
})

describe('taking in: the receipt that moves the ratchet', () => {
  it('goes back for a first flight, once, to who is a contact', async () => {
    const two = await anaAndBob()
    await two.bob.receive(two.ana, [await sealed(two, 'one'), await sealed(two, 'two')])
    await two.bob.rest()
    const waiting = two.bob.store.read.outbox.waiting(two.ana.device, 9)
    assert.deepEqual(waiting.map(({ refs }) => refs.map(ref => ref.kind)).concat(two.bob.takeSealed().map(({ refs }) => refs.map(ref => ref.kind))), [['delivered']])
  })

  it('does not go to somebody whom we only asked', async () => {
    const two = await anaAndBob()
    two.bob.store.transact(writer => { writer.contacts.update(two.toAna, { standing: 'requested' }) })
    await two.bob.receive(two.ana, [await sealed(two)])
    await two.bob.rest()
    assert.equal(two.bob.store.read.outbox.openCount(), 0)
  })
})

function deviceOf ({ ana, bob }: Two): NonNullable<ReturnType<Engine['directory']['device']>> {
  const device = bob.directory.device(ana.device)
  assert.ok(device)
  return device
}
