import assert from 'node:assert/strict'
import { envelopeId, idKey, type EnvelopeId } from '../../../protocols/core/ids.ts'
import { padBucket } from '../../../protocols/envelope/padding.ts'
import { decodeEnvelope, decodeRetryRequest, encodeCiphertext, encodeEnvelope, encodeRetryRequest, type Ciphertext } from '../../../protocols/envelope/wire.ts'
import { createOneTimeInvite, tokenState } from '../../../node/contacts/invites.ts'
import { refused, type Door, type Outcome } from '../../../node/turn/open.ts'
import type { SealedEnvelope } from '../../../node/turn/sealed-envelope.ts'
import { Engine, numberedId, sealBeside } from '../engine.ts'
import { newer } from '../contacts/people.ts'

const STORED = { type: 'stored' } as const

/** Ana writes; what she writes waits at a relay, and Bob collects it. */
class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly toBob = this.ana.add(this.bob)
  readonly toAna = this.bob.add(this.ana)
  /** What Bob was told of each envelope. */
  readonly told: Array<EnvelopeId | undefined> = []

  static async begin (): Promise<Scene> {
    const scene = new Scene()
    await scene.ana.meet(scene.bob)
    return scene
  }

  async write (text: string): Promise<SealedEnvelope> {
    await this.ana.send(this.toBob, text)
    const envelope = this.ana.takeSealed().at(-1)
    assert.ok(envelope)
    return envelope
  }

  /** An envelope as it lies at a relay. */
  sealed ({ envelopeId: id, sealed: { kind, body } }: SealedEnvelope, change: Partial<Ciphertext> = {}, from = this.ana): Uint8Array {
    const ciphertext = encodeCiphertext({ senderDevice: from.device, kind, body, envelopeId: id, ...change })
    return encodeEnvelope({ form: 'sealed', sealed: from.sealer.sealTo(this.bob.own.identityKey, this.bob.device, padBucket(ciphertext)) })
  }

  async collect (body: Uint8Array, door: Door = { type: 'contact', contact: this.toAna }): Promise<Outcome> {
    return await this.bob.world.within(new Promise<Outcome>(resolve => {
      const letter = body.byteLength < 20 ? undefined : this.bob.sealer.openSealed(sealIn(body))
      this.bob.turn.take([{ via: 'relay', relay: 'peerrelay', door, letter, onOutcome: (outcome, id) => { this.told.push(id); resolve(outcome) } }])
    }))
  }

  /** What Ana has no proof of yet. */
  unproven (): string[] {
    return this.ana.store.read.outbox.ofDevice(this.bob.device).flatMap(({ refs }) => refs.map(({ kind }) => kind)).filter(kind => kind !== 'delivered')
  }

  texts (): string[] { return this.bob.messages(this.toAna).map(({ text }) => text) }

  /** What Bob sends back, by what is in it, once his receipts are due. */
  async answers (): Promise<SealedEnvelope[]> {
    await this.bob.meet(this.ana)
    await this.bob.world.advance(4_000)
    return this.bob.takeSealed()
  }
}

function sealIn (body: Uint8Array): Uint8Array {
  const envelope = decodeEnvelope(body)
  return envelope.form === 'sealed' ? envelope.sealed : assert.fail('what lies at a relay is sealed')
}

describe('an envelope that was collected at a relay', () => {
  it('is taken in like any other, and known by the id under its seal', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    assert.deepEqual(await scene.collect(scene.sealed(envelope)), STORED)
    assert.deepEqual(scene.texts(), ['hello'])
    assert.deepEqual(scene.told, [envelope.envelopeId])
  })

  it('is taken in once, whether its copies come from relays or from its author', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    assert.deepEqual(await scene.bob.receive(scene.ana, [envelope]), [STORED])
    assert.deepEqual([await scene.collect(scene.sealed(envelope)), await scene.collect(scene.sealed(envelope))], [STORED, STORED])
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('is of no use when it does not open, names no envelope, or is of somebody else than the alias', async () => {
    const scene = await Scene.begin()
    const cleo = new Engine('cleo', scene.ana.world)
    const toCleo = scene.bob.add(cleo)
    const envelope = await scene.write('hello')
    assert.deepEqual(await scene.collect(Uint8Array.of(1)), refused('malformed'))
    assert.deepEqual(await scene.collect(scene.sealed(envelope, { envelopeId: undefined })), refused('malformed'))
    assert.deepEqual(await scene.collect(scene.sealed(envelope), { type: 'contact', contact: toCleo }), refused('malformed'))
    assert.deepEqual(scene.texts(), [])
  })

  it('is of no use from somebody who was blocked since', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    scene.bob.store.transact(writer => { writer.contacts.update(scene.toAna, { standing: 'blocked' }) })
    scene.bob.directory.forget(scene.toAna)
    assert.deepEqual(await scene.collect(scene.sealed(envelope)), refused('unknownSender'))
  })

  it('waits for a newer device list when its author’s device is in none that we hold', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    const outcome = await scene.collect(scene.sealed(envelope, { senderDevice: new Engine('phone', scene.ana.world).device }))
    assert.ok(outcome.type === 'refused' && outcome.reason === 'busy' && outcome.retryAfterMs > 0)
    assert.deepEqual(scene.bob.told.behind, [scene.toAna])
  })
})

describe('a receipt for what came through a relay', () => {
  it('is sealed some time later, one for all', async () => {
    const scene = await Scene.begin()
    const envelopes = [await scene.write('one'), await scene.write('two')]
    for (const envelope of envelopes) await scene.collect(scene.sealed(envelope))
    await scene.bob.rest()
    assert.deepEqual(scene.bob.takeSealed(), [])
    const [receipt, ...more] = await scene.answers()
    assert.deepEqual(more, [])
    assert.deepEqual(receipt?.refs.map(({ kind }) => kind), ['delivered', 'delivered'])
    await scene.ana.receive(scene.bob, [receipt])
    assert.deepEqual(scene.ana.messages(scene.toBob).map(({ state }) => state), ['delivered', 'delivered'])
    assert.deepEqual(scene.unproven(), [])
  })

  it('survives a crash that comes before it is sealed', async () => {
    const scene = await Scene.begin()
    await scene.collect(scene.sealed(await scene.write('one')))
    assert.deepEqual(scene.bob.store.read.outbox.waiting(scene.ana.device, 9).map(({ refs }) => refs.map(({ kind }) => kind)), [['delivered']])
  })

  it('is owed to nobody who left it with us directly', async () => {
    const scene = await Scene.begin()
    await scene.bob.meet(scene.ana)
    await scene.bob.receive(scene.ana, [await scene.write('first flight')])
    await scene.bob.rest()
    scene.bob.takeSealed()
    await scene.bob.receive(scene.ana, [await scene.write('hello')])
    await scene.bob.world.advance(4_000)
    assert.deepEqual(scene.bob.takeSealed(), [])
  })

  it('is sent again for a copy that comes much later: the first one may be lost', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    await scene.collect(scene.sealed(envelope))
    assert.equal((await scene.answers()).length, 1)
    await scene.collect(scene.sealed(envelope))
    assert.equal((await scene.answers()).length, 0, 'copies that come at about the same time share one')
    await scene.bob.world.advance(11 * 60_000)
    await scene.collect(scene.sealed(envelope))
    await scene.collect(scene.sealed(envelope))
    const [again, ...more] = await scene.answers()
    assert.ok(again)
    assert.deepEqual(more, [])
    await scene.ana.receive(scene.bob, [again])
    assert.deepEqual(scene.ana.messages(scene.toBob).map(({ state }) => state), ['delivered'])
  })

  it('is sent for a copy of what came directly, once', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    await scene.bob.receive(scene.ana, [envelope])
    await scene.answers()
    for (let copy = 0; copy < 3; copy++) await scene.collect(scene.sealed(envelope))
    assert.deepEqual((await scene.answers()).map(({ refs }) => refs.map(({ kind }) => kind)), [['delivered']])
  })

  it('names the envelope of what has no name of its own: a profile that was told', async () => {
    const scene = await Scene.begin()
    const { ana, bob } = scene
    const row = ana.store.transact(writer => writer.outbox.waiting({ deviceId: bob.device, contact: scene.toBob, refs: [{ kind: 'profile', id: new Uint8Array(16) }], queuedAtMs: 1, expiresAtMs: Number.MAX_SAFE_INTEGER }))
    ana.turn.seal(bob.device)
    await ana.rest()
    const [profile] = ana.takeSealed()
    assert.ok(profile)
    assert.notEqual(profile.row, row)
    await scene.collect(scene.sealed(profile))
    const receipts = await scene.answers()
    assert.deepEqual(receipts.map(({ refs }) => refs.map(({ id }) => idKey(id))), [[idKey(profile.envelopeId)]])
    await ana.receive(bob, receipts)
    assert.equal(ana.store.read.outbox.byRow(profile.row)?.state, 'delivered')
  })

  it('is owed to whom we have asked, too: their first words may come before their acceptance', async () => {
    const scene = await Scene.begin()
    scene.bob.store.transact(writer => { writer.contacts.update(scene.toAna, { standing: 'requested' }) })
    scene.bob.directory.forget(scene.toAna)
    await scene.collect(scene.sealed(await scene.write('hello')))
    assert.deepEqual((await scene.answers()).map(({ refs }) => refs.map(({ kind }) => kind)), [['delivered']])
  })

  it('is not sent for a receipt', async () => {
    const scene = await Scene.begin()
    await scene.collect(scene.sealed(await scene.write('hello')))
    const [receipt] = await scene.answers()
    assert.ok(receipt)
    scene.ana.store.transact(writer => { writer.contacts.update(scene.toBob, { aliasSecret: new Uint8Array(32) }) })
    await scene.ana.world.within(new Promise(resolve => {
      scene.ana.turn.take([{ via: 'relay', relay: 'peerrelay', door: { type: 'contact', contact: scene.toBob }, letter: padBucket(encodeCiphertext({ senderDevice: scene.bob.device, kind: receipt.sealed.kind, body: receipt.sealed.body, envelopeId: receipt.envelopeId })), onOutcome: resolve }])
    }))
    await scene.ana.world.advance(5_000)
    const owed = scene.ana.store.read.outbox.ofDevice(scene.bob.device).flatMap(({ refs }) => refs.map(({ id }) => idKey(id)))
    assert.ok(!owed.includes(idKey(receipt.envelopeId)))
  })

  it('also proves that an edit has arrived', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    await scene.ana.send(scene.toBob, { type: 'edit', target: scene.ana.messages(scene.toBob)[0]?.id ?? numberedId(0), text: 'hallo' })
    const [edit] = scene.ana.takeSealed()
    assert.ok(edit)
    await scene.collect(scene.sealed(envelope))
    await scene.collect(scene.sealed(edit))
    await scene.ana.receive(scene.bob, await scene.answers())
    assert.deepEqual(scene.unproven(), [])
  })
})

describe('an envelope of a relay that cannot be decrypted', () => {
  it('is asked for again by a retry request, once for all its copies', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    const copy = scene.sealed(envelope, { kind: 'whisper' })
    assert.deepEqual([await scene.collect(copy), await scene.collect(copy)], [STORED, STORED])
    const [request, ...more] = scene.bob.takeSealed()
    assert.deepEqual(more, [])
    assert.ok(request)
    assert.deepEqual([request.sealed.kind, request.deviceId], ['plaintext', scene.ana.device])
    assert.deepEqual(decodeRetryRequest(request.sealed.body).envelopeId, envelope.envelopeId)
    assert.equal(scene.bob.store.read.outbox.byRow(request.row)?.state, 'sealed')
  })

  it('is sealed again by its author, in another envelope', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    await scene.collect(scene.sealed(envelope, { kind: 'whisper' }))
    assert.deepEqual(await scene.ana.receive(scene.bob, scene.bob.takeSealed()), [STORED])
    await scene.ana.rest()
    assert.deepEqual(scene.ana.told.sessionless, [scene.bob.device], 'a new session is needed')
    await scene.ana.meet(scene.bob)
    scene.ana.turn.seal(scene.bob.device)
    await scene.ana.rest()
    const [again] = scene.ana.takeSealed()
    assert.ok(again)
    assert.notEqual(idKey(again.envelopeId), idKey(envelope.envelopeId))
    await scene.collect(scene.sealed(again))
    assert.deepEqual(scene.texts(), ['hello'])
  })

  it('stays at the relay when too many were asked for', async () => {
    const scene = await Scene.begin()
    const envelope = await scene.write('hello')
    scene.bob.store.transact(writer => {
      for (let number = 0; number < 20; number++) writer.received.add(envelopeId(numberedId(number)), scene.bob.clock.now(), 'undecryptable')
    })
    const outcome = await scene.collect(scene.sealed(envelope, { kind: 'whisper' }))
    assert.ok(outcome.type === 'refused' && outcome.retryAfterMs > 0)
  })
})

describe('a retry request', () => {
  const asking = (envelope: EnvelopeId): { readonly kind: 'plaintext', readonly body: Uint8Array } => ({ kind: 'plaintext', body: encodeRetryRequest({ envelopeId: envelope, decryptionError: Uint8Array.of(1) }) })

  it('for an envelope that was for another device, or for none, brings nothing about', async () => {
    const scene = await Scene.begin()
    const cleo = new Engine('cleo', scene.ana.world)
    scene.ana.add(cleo)
    const envelope = await scene.write('hello')
    assert.deepEqual(await scene.ana.receive(cleo, [{ envelopeId: envelopeId(numberedId(1)), sealed: asking(envelope.envelopeId) }]), [STORED])
    assert.deepEqual(await scene.ana.receive(scene.bob, [{ envelopeId: envelopeId(numberedId(2)), sealed: asking(envelopeId(numberedId(3))) }]), [STORED])
    assert.equal(scene.ana.store.read.outbox.byRow(envelope.row)?.state, 'sealed')
  })
})

describe('a contact request at a gate', () => {
  it('is held apart, and uses the invite of that gate up', async () => {
    const scene = await Scene.begin()
    const cleo = new Engine('cleo', scene.ana.world)
    cleo.add(scene.bob, 'requested')
    await cleo.meet(scene.bob)
    const token = scene.bob.store.transact(writer => createOneTimeInvite(writer, { random: scene.bob.random, nowMs: scene.bob.clock.now() })).token
    const letter = async (number: number, statement = cleo.offered().signed): Promise<Uint8Array> => {
      const content = { id: numberedId(number), counter: 0, hlcUs: 0, parents: [], sentAtMs: 0, type: 'request', name: 'cleo', text: 'Ferry', addresses: [], token: undefined } as const
      const { kind, body } = await sealBeside([content], { from: cleo, to: scene.bob })
      const envelope = { envelopeId: envelopeId(numberedId(number)), sealed: { kind, body } } as SealedEnvelope
      return scene.sealed(envelope, { statement }, cleo)
    }
    assert.deepEqual(await scene.collect(await letter(1), { type: 'gate', token }), STORED)
    assert.deepEqual(scene.bob.store.read.requests.list().map(({ name, text }) => [name, text]), [['cleo', 'Ferry']])
    assert.equal(tokenState(token, scene.bob.store.read, scene.bob.clock.now()), 'invalid')
    const dora = newer(cleo)
    assert.deepEqual(await scene.collect(await letter(2, dora.signed), { type: 'gate', token: new Uint8Array(16) }), STORED, 'who waits for an answer may ask again')
  })
})
