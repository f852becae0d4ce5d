import assert from 'node:assert/strict'
import { envelopeId, type EnvelopeId } from '../../../protocols/core/ids.ts'
import { padBucket, padContent } from '../../../protocols/envelope/padding.ts'
import { encodeCiphertext, encodeEnvelope, type Ciphertext } from '../../../protocols/envelope/wire.ts'
import { Directory } from '../../../node/directory.ts'
import { openArrival, refused, type Arrival, type DirectArrival, type Opened, type Outcome } from '../../../node/turn/open.ts'
import { SimSealer } from '../../../testnet/simulation/sealer.ts'
import { arrivalOf, Engine, sealBeside } from '../engine.ts'

interface Two { readonly ana: Engine, readonly bob: Engine, readonly toBob: number, readonly toAna: number }

/** Ana writes, Bob opens. */
async function anaAndBob (): Promise<Two> {
  const ana = new Engine('ana')
  const bob = new Engine('bob', ana.world)
  const [toBob, toAna] = [ana.add(bob), bob.add(ana)]
  await ana.meet(bob)
  return { ana, bob, toBob, toAna }
}

/** Something of Ana's in whatever form the test makes of it. */
async function letter ({ ana, bob, toBob }: Two, { form = clear, ...change }: { readonly form?: (ciphertext: Ciphertext) => Uint8Array } & Partial<Ciphertext> = {}): Promise<DirectArrival> {
  await ana.send(toBob, 'hello')
  const [envelope] = ana.takeSealed()
  assert.ok(envelope)
  const { envelopeId: id, sealed: { kind, body } } = envelope
  assert.ok(bob.device)
  return { via: 'direct', peerId: ana.peerId, envelopeId: id, body: form({ senderDevice: ana.device, kind, body, ...change }), gateToken: undefined, onOutcome: () => {} }
}

function clear (ciphertext: Ciphertext): Uint8Array { return encodeEnvelope({ form: 'clear', ciphertext }) }

async function open (bob: Engine, arrival: Arrival, seen = new Set<string>()): Promise<Opened> {
  return (await openArrival(arrival, { reader: bob.store.read, sealer: bob.sealer, directory: bob.directory, mayAskAgain: () => true }, seen)).opened
}

describe('opening an envelope', () => {
  it('gives the contents, whose they are, and what their author says of its device list', async () => {
    const two = await anaAndBob()
    const opened = await open(two.bob, await letter(two))
    assert.equal(opened.type, 'contents')
    assert.deepEqual([opened.from.contact, opened.contents.map(content => content.type), opened.senderStatement, opened.isFirstFlight], [two.toAna, ['text'], two.ana.account.ref, true])
  })

  it('takes the sealed form from a contact as well', async () => {
    const two = await anaAndBob()
    const form = (ciphertext: Ciphertext): Uint8Array => encodeEnvelope({ form: 'sealed', sealed: two.ana.sealer.sealTo(new Uint8Array(33), two.bob.device, padBucket(encodeCiphertext(ciphertext))) })
    assert.equal((await open(two.bob, await letter(two, { form }))).type, 'contents')
  })

  it('refuses what is sealed to somebody else, or is no envelope', async () => {
    const two = await anaAndBob()
    const form = (ciphertext: Ciphertext): Uint8Array => encodeEnvelope({ form: 'sealed', sealed: two.ana.sealer.sealTo(new Uint8Array(33), two.ana.device, padBucket(encodeCiphertext(ciphertext))) })
    assert.deepEqual(await open(two.bob, await letter(two, { form })), { type: 'answered', outcome: refused('malformed') })
    assert.deepEqual(await open(two.bob, await letter(two, { form: () => Uint8Array.of(1) })), { type: 'answered', outcome: refused('malformed') })
  })

  it('refuses a peer that is nobody’s listed device', async () => {
    const two = await anaAndBob()
    assert.deepEqual(await open(two.bob, { ...await letter(two), peerId: 'peercleo' }), { type: 'answered', outcome: refused('unknownSender') })
  })

  it('refuses a letter that names another device than the connection proves', async () => {
    const two = await anaAndBob()
    assert.deepEqual(await open(two.bob, await letter(two, { senderDevice: two.bob.device })), { type: 'answered', outcome: refused('malformed') })
  })

  it('answers a known envelope without opening it: a ratchet opens nothing twice', async () => {
    const two = await anaAndBob()
    const arrival = await letter(two)
    two.bob.store.transact(writer => { writer.received.add(arrival.envelopeId, 1, 'done') })
    assert.deepEqual(await open(two.bob, { ...arrival, body: Uint8Array.of(1) }), { type: 'answered', outcome: { type: 'stored' } })
  })

  it('opens one again that could not be decrypted before', async () => {
    const two = await anaAndBob()
    const arrival = await letter(two)
    two.bob.store.transact(writer => { writer.received.add(arrival.envelopeId, 1, 'undecryptable') })
    assert.equal((await open(two.bob, arrival)).type, 'contents')
  })

  it('says why it could not be decrypted, and what about', async () => {
    const two = await anaAndBob()
    const opened = await open(two.bob, await letter(two, { kind: 'whisper' }))
    assert.equal(opened.type, 'undecryptable')
    assert.equal(opened.reason, 'noSession')
    assert.ok(opened.decryptionError !== undefined && opened.decryptionError.byteLength > 0)
  })

  it('has no use for a retry request that is none', async () => {
    const two = await anaAndBob()
    assert.deepEqual(await open(two.bob, await letter(two, { kind: 'plaintext' })), { type: 'useless', outcome: refused('malformed') })
  })
})

describe('opening: what decrypts to nonsense', () => {
  const nonsense = async ({ ana, bob }: Two): Promise<{ readonly envelopeId: EnvelopeId, readonly sealed: Awaited<ReturnType<typeof sealBeside>> }> => {
    const sealed = await ana.sealer.encrypt(bob.device, padContent(Uint8Array.of(7, 7, 7)))
    return { envelopeId: envelopeId(ana.turn.ids.next(1)), sealed }
  }

  it('is refused for good, and not opened again', async () => {
    const two = await anaAndBob()
    const envelope = await nonsense(two)
    assert.deepEqual(await two.bob.receive(two.ana, [envelope]), [refused('malformed')])
    assert.deepEqual(await two.bob.receive(two.ana, [envelope]), [{ type: 'stored' }])
    assert.deepEqual(two.bob.messages(two.toAna), [])
  })

  it('is asked for again by nobody when it comes twice at once', async () => {
    const two = await anaAndBob()
    const envelope = await nonsense(two)
    const outcomes = await two.bob.receive(two.ana, [envelope, envelope])
    assert.deepEqual(outcomes, [refused('malformed'), { type: 'stored' }])
    assert.equal(two.bob.store.read.received.undecryptableSince(0), 0)
  })
})

describe('opening: an envelope that comes twice', () => {
  it('at once is taken in once and answered twice', async () => {
    const { ana, bob, toBob, toAna } = await anaAndBob()
    await ana.send(toBob, 'hello')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    assert.deepEqual(await bob.receive(ana, [envelope, envelope, envelope]), [{ type: 'stored' }, { type: 'stored' }, { type: 'stored' }])
    assert.equal(bob.messages(toAna).length, 1)
  })

  it('is answered after a restart without being opened', async () => {
    const { ana, bob, toBob } = await anaAndBob()
    await ana.send(toBob, 'hello')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    await bob.receive(ana, [envelope])
    const fresh = new SimSealer({ own: bob.own, reader: bob.store.read, random: bob.random, now: () => 1 })
    const outcomes: Outcome[] = []
    const { opened } = await openArrival(arrivalOf(ana, envelope, outcome => outcomes.push(outcome)), { reader: bob.store.read, sealer: fresh, directory: new Directory(bob.store.read), mayAskAgain: () => true }, new Set())
    assert.deepEqual(opened, { type: 'answered', outcome: { type: 'stored' } })
  })
})
