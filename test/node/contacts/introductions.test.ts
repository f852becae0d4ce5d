import assert from 'node:assert/strict'
import { envelopeId } from '../../../protocols/core/ids.ts'
import { padBucket } from '../../../protocols/envelope/padding.ts'
import { encodeCiphertext, encodeEnvelope } from '../../../protocols/envelope/wire.ts'
import type { RequestBody, WritableBody } from '../../../protocols/message/content.ts'
import type { SignedStatement } from '../../../protocols/account/wire.ts'
import { acceptContact, queueRequest } from '../../../node/contacts/introductions.ts'
import { createOneTimeInvite, longTermInvite, tokenState } from '../../../node/contacts/invites.ts'
import { refused, type DirectArrival, type Outcome } from '../../../node/turn/open.ts'
import { UNADDRESSED, type Contact, type Standing } from '../../../store/types.ts'
import { Engine, numberedId, sealBeside } from '../engine.ts'
import { deviceOf, newer, rotated } from './people.ts'

class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  /** Of Ana's: what admits to her. */
  readonly once: Uint8Array
  readonly card: Uint8Array

  constructor () {
    const options = { random: this.ana.random, nowMs: this.ana.clock.now() }
    this.once = this.ana.store.transact(writer => createOneTimeInvite(writer, options)).token
    this.card = this.ana.store.transact(writer => longTermInvite(writer, { ...options, rotate: false })).token
  }

  /** A letter of somebody who asks: sealed, with their device list in its head. */
  async letter ({ from = this.bob, token = this.once, statement = from.offered().signed, ...body }: Partial<RequestBody> & { readonly from?: Engine, readonly statement?: SignedStatement } = {}): Promise<Omit<DirectArrival, 'onOutcome'>> {
    if (from.store.read.contacts.byAccount(this.ana.own.accountId) === undefined) {
      from.add(this.ana, 'requested')
      await from.meet(this.ana)
    }
    const request = { type: 'request', name: from.name, text: 'We met on the ferry', addresses: [`/sim/${from.name}`], token, ...body } as const
    const { kind, body: sealedBody } = await sealBeside([this.control(request)], { from, to: this.ana })
    const ciphertext = encodeCiphertext({ senderDevice: from.device, kind, body: sealedBody, statement })
    const sealed = from.sealer.sealTo(this.ana.own.identityKey, this.ana.device, padBucket(ciphertext))
    return { via: 'direct', peerId: from.peerId, envelopeId: envelopeId(from.turn.ids.next(this.ana.clock.now())), body: encodeEnvelope({ form: 'sealed', sealed }), gateToken: token }
  }

  control<Body extends WritableBody> (body: Body): { id: ReturnType<typeof numberedId>, counter: number, hlcUs: number, parents: [], sentAtMs: number } & Body {
    return { id: numberedId(this.ana.random.below(1_000_000)), counter: 0, hlcUs: 0, parents: [], sentAtMs: this.ana.clock.now(), ...body }
  }

  /** Leaves letters with Ana, all in one turn. */
  async knock (...letters: ReadonlyArray<Omit<DirectArrival, 'onOutcome'>>): Promise<Outcome[]> {
    return await this.ana.world.within(Promise.all(letters.map(async letter => await new Promise<Outcome>(resolve => { this.ana.turn.take([{ ...letter, onOutcome: resolve }]) }))))
  }

  /** Something that Bob says as a contact. */
  async hears (body: WritableBody): Promise<void> {
    const sealed = await sealBeside([this.control(body)], { from: this.bob, to: this.ana })
    assert.deepEqual(await this.ana.receive(this.bob, [{ envelopeId: envelopeId(this.bob.turn.ids.next(1)), sealed }]), [{ type: 'stored' }])
  }

  get contact (): Contact {
    const contact = this.ana.store.read.contacts.byAccount(this.bob.own.accountId)
    assert.ok(contact)
    return contact
  }

  waiting (engine = this.bob): string[] {
    return this.ana.store.read.outbox.ofDevice(engine.device).flatMap(({ refs }) => refs.map(ref => ref.kind))
  }

  setPolicy (acceptPolicy: 'ask' | 'all'): void { this.ana.store.transact(writer => { writer.own.update({ acceptPolicy }) }) }
}

const STORED = { type: 'stored' } as const

describe('a contact request', () => {
  it('is held apart: a name, a text, and nothing goes back', async () => {
    const scene = new Scene()
    assert.deepEqual(await scene.knock(await scene.letter()), [STORED])
    const [request] = scene.ana.store.read.requests.list()
    assert.deepEqual([request?.name, request?.text, scene.contact.standing], ['bob', 'We met on the ferry', 'pending'])
    assert.deepEqual([scene.ana.events(), scene.waiting()], [['request.received'], []])
  })

  it('shows a name that cannot break our lines', async () => {
    const scene = new Scene()
    await scene.knock(await scene.letter({ name: '  Bob\u202e\nfrom\u0000 the  ferry ' }))
    assert.equal(scene.ana.store.read.requests.list()[0]?.name, 'Bob from the ferry')
  })

  it('is accepted at once by who takes everybody, and by who asked them, too', async () => {
    for (const prepare of [(scene: Scene) => { scene.setPolicy('all') }, (scene: Scene) => { scene.ana.add(scene.bob, 'requested') }]) {
      const scene = new Scene()
      prepare(scene)
      assert.deepEqual(await scene.knock(await scene.letter()), [STORED])
      assert.deepEqual([scene.contact.standing, scene.ana.store.read.requests.count(), scene.ana.events()], ['accepted', 0, ['contact.accepted']])
      assert.deepEqual(scene.waiting(), ['accept'])
    }
  })

  it('of the same person is shown once, however often and from wherever they ask', async () => {
    const scene = new Scene()
    await scene.knock(await scene.letter({ token: scene.card }))
    await scene.knock(await scene.letter({ token: scene.card, addresses: ['/sim/elsewhere'] }))
    assert.deepEqual([scene.ana.store.read.requests.count(), scene.ana.events()], [1, ['request.received']])
    assert.deepEqual(scene.ana.directory.device(scene.bob.device)?.addresses, ['/sim/elsewhere'])
  })

  it('of somebody who was removed is a request like any other', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob, 'removed')
    await scene.knock(await scene.letter())
    assert.deepEqual([scene.contact.standing, scene.ana.store.read.requests.count()], ['pending', 1])
  })

  it('that cannot be decrypted is asked for again, and nothing of it is kept', async () => {
    const scene = new Scene()
    const letter = await scene.letter()
    const unreadable = encodeCiphertext({ senderDevice: scene.bob.device, kind: 'whisper', body: (await sealBeside([scene.control({ type: 'accept', name: '', addresses: [] })], { from: scene.bob, to: scene.ana })).body, statement: scene.bob.offered().signed })
    const sealed = scene.bob.sealer.sealTo(scene.ana.own.identityKey, scene.ana.device, padBucket(unreadable))
    const [outcome] = await scene.knock({ ...letter, body: encodeEnvelope({ form: 'sealed', sealed }) })
    assert.equal(outcome?.type === 'refused' && outcome.reason, 'undecryptable')
    assert.equal(scene.ana.store.read.contacts.byAccount(scene.bob.own.accountId), undefined)
    assert.equal(tokenState(scene.once, scene.ana.store.read, scene.ana.clock.now()), 'valid')
  })

  it('without a device list, or with somebody else’s, is malformed', async () => {
    const scene = new Scene()
    const cleo = new Engine('cleo', scene.ana.world)
    assert.deepEqual(await scene.knock(await scene.letter({ statement: cleo.offered().signed })), [refused('malformed')])
  })
})

describe('a contact request: its invite', () => {
  it('that works once is used up with it, whatever the request says of a token', async () => {
    for (const claimed of [undefined, new Uint8Array(16).fill(9)]) {
      const scene = new Scene()
      const letter = await scene.letter({ token: claimed })
      assert.deepEqual(await scene.knock({ ...letter, gateToken: scene.once }), [STORED])
      assert.equal(tokenState(scene.once, scene.ana.store.read, scene.ana.clock.now()), 'invalid')
    }
  })

  it('that works once lets one of two in who come at the same moment', async () => {
    const scene = new Scene()
    const cleo = new Engine('cleo', scene.ana.world)
    assert.deepEqual(await scene.knock(await scene.letter(), await scene.letter({ from: cleo })), [STORED, refused('badToken')])
    assert.deepEqual(scene.ana.store.read.requests.list().map(({ name }) => name), ['bob'])
  })

  it('that works once does not fail who asks twice with it at the same moment', async () => {
    for (const policy of ['ask', 'all'] as const) {
      const scene = new Scene()
      scene.setPolicy(policy)
      assert.deepEqual(await scene.knock(await scene.letter(), await scene.letter()), [STORED, STORED])
      assert.equal(scene.ana.store.read.contacts.list().length, 1)
    }
  })

  it('for the long term stays valid', async () => {
    const scene = new Scene()
    await scene.knock(await scene.letter({ token: scene.card }))
    assert.equal(tokenState(scene.card, scene.ana.store.read, scene.ana.clock.now()), 'valid')
  })
})

describe('a contact request: of an old list', () => {
  it('changes nothing: its device may have been revoked since', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    const phone = new Engine('phone', scene.ana.world)
    // Bob has replaced his device; whoever has the old one also has the old list and an invite.
    scene.ana.store.transact(writer => { writer.contacts.update(contact, { seq: 2, statementHash: newer(scene.bob, { devices: [deviceOf(phone, scene.bob)] }).verified.hash, name: 'bob' }) })
    assert.deepEqual(await scene.knock(await scene.letter({ token: scene.card, name: 'Mallory' })), [STORED])
    assert.deepEqual([scene.contact.name, scene.contact.standing, scene.ana.events(), scene.waiting()], ['bob', 'accepted', [], []])
  })
})

describe('an acceptance', () => {
  it('opens the conversation: what waited leaves, and it is told', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob, 'requested')
    scene.bob.add(scene.ana)
    await scene.bob.meet(scene.ana)
    await scene.ana.send(contact, 'hello')
    await scene.hears({ type: 'accept', name: 'Bob', addresses: ['/sim/here'] })
    assert.deepEqual([scene.contact.standing, scene.contact.name, scene.contact.inviteToken], ['accepted', 'Bob', undefined])
    assert.deepEqual(scene.ana.directory.device(scene.bob.device)?.addresses, ['/sim/here'])
    assert.ok(scene.ana.events().includes('contact.accepted'))
    assert.deepEqual(scene.ana.told.hinted.includes(contact), true)
    await scene.ana.rest()
    assert.deepEqual(scene.ana.takeSealed().flatMap(({ refs }) => refs.map(ref => ref.kind)), ['text', 'delivered'])
    assert.deepEqual(scene.ana.store.read.outbox.waiting(UNADDRESSED, 9), [])
  })

  it('that nobody asked for accepts nothing', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob)
    scene.bob.add(scene.ana)
    await scene.bob.meet(scene.ana)
    await scene.hears({ type: 'accept', name: 'Bob', addresses: [] })
    assert.equal(scene.ana.events().includes('contact.accepted'), false)
  })

  it('of ours reaches every listed device', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob, 'pending')
    const row = scene.ana.store.read.contacts.byNumber(contact)
    assert.ok(row)
    await scene.ana.world.within(scene.ana.turn.write((writer, round) => { acceptContact(row, { writer, round }) }))
    assert.deepEqual([scene.contact.standing, scene.waiting()], ['accepted', ['accept']])
  })

  it('of somebody whose key has changed lets nothing out that waited', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.ana.send(contact, 'hello')
    scene.setPolicy('all')
    const phone = new Engine('phone', scene.ana.world)
    const stolen = rotated(scene.bob, [deviceOf(phone, scene.bob)])
    phone.add(scene.ana, 'requested')
    await phone.meet(scene.ana)
    assert.deepEqual(await scene.knock(await scene.letter({ from: phone, token: scene.card, statement: stolen.signed })), [STORED])
    assert.equal(scene.contact.isKeyChanged, true)
    assert.deepEqual([scene.waiting(phone), scene.ana.store.read.outbox.waiting(UNADDRESSED, 9).length], [['accept'], 1])
  })
})

describe('a request of a contact', () => {
  it('who lost track of us is answered again, and found where they are now', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob)
    scene.bob.add(scene.ana)
    await scene.bob.meet(scene.ana)
    await scene.hears({ type: 'request', name: 'Bob', text: '', addresses: ['/sim/moved'], token: undefined })
    assert.deepEqual(scene.ana.directory.device(scene.bob.device)?.addresses, ['/sim/moved'])
    assert.ok(scene.waiting().includes('accept'))
  })

  it('whom we asked makes us contacts: both wanted it', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob, 'requested')
    scene.bob.add(scene.ana)
    await scene.bob.meet(scene.ana)
    await scene.hears({ type: 'request', name: 'Bob', text: '', addresses: [], token: undefined })
    assert.equal(scene.contact.standing, 'accepted')
  })
})

describe('a profile', () => {
  const known = async (standing: Standing = 'accepted'): Promise<Scene> => {
    const scene = new Scene()
    scene.ana.add(scene.bob, standing)
    scene.bob.add(scene.ana)
    await scene.bob.meet(scene.ana)
    return scene
  }

  it('changes name and addresses, and tells of a name', async () => {
    const scene = await known()
    await scene.hears({ type: 'profile', name: 'Robert', addresses: ['/sim/moved'], versionMs: 5 })
    assert.deepEqual([scene.contact.name, scene.contact.profileVersion, scene.ana.directory.device(scene.bob.device)?.addresses], ['Robert', 5, ['/sim/moved']])
    assert.deepEqual(scene.ana.events(), ['contact.changed'])
  })

  it('that is older never changes the name back', async () => {
    const scene = await known()
    await scene.hears({ type: 'profile', name: 'Robert', addresses: [], versionMs: 5 })
    await scene.hears({ type: 'profile', name: 'Bob', addresses: [], versionMs: 4 })
    assert.equal(scene.contact.name, 'Robert')
  })

  it('with the name that we know is no event', async () => {
    const scene = await known()
    await scene.hears({ type: 'profile', name: 'bob', addresses: ['/sim/moved'], versionMs: 5 })
    assert.deepEqual(scene.ana.events(), [])
  })
})

describe('asking', () => {
  const ask = (scene: Scene): void => {
    scene.ana.store.transact(writer => { writer.contacts.update(scene.contact.contact, { inviteToken: new Uint8Array(16).fill(3) }) })
    void scene.ana.turn.write((writer, round) => { queueRequest(scene.contact, { writer, round }) })
  }

  it('puts one request into the outbox for each device, with the invite’s token', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob, 'requested')
    ask(scene)
    await scene.ana.rest()
    const [row] = scene.ana.store.read.outbox.ofDevice(scene.bob.device)
    assert.deepEqual([scene.waiting(), row?.gateToken], [['request'], new Uint8Array(16).fill(3)])
  })

  it('again while one waits to be made adds none; one that is on its way gives place to one that says where we are now', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob, 'requested')
    ask(scene)
    await scene.ana.rest()
    ask(scene)
    await scene.ana.rest()
    assert.deepEqual(scene.waiting(), ['request'])
    await scene.ana.meet(scene.bob)
    scene.ana.turn.seal(scene.bob.device)
    await scene.ana.rest()
    const [before] = scene.ana.store.read.outbox.ofDevice(scene.bob.device)
    assert.ok(before?.envelopeId)
    ask(scene)
    await scene.ana.rest()
    const [after, ...others] = scene.ana.store.read.outbox.ofDevice(scene.bob.device)
    assert.deepEqual([after?.state, others], ['sealed', []])
    assert.ok((after?.row ?? 0) > before.row)
    assert.equal(scene.ana.store.read.outbox.byRow(before.row)?.state, 'cancelled')
  })

  it('again lets one stand that a relay keeps', async () => {
    const scene = new Scene()
    scene.ana.add(scene.bob, 'requested')
    await scene.ana.meet(scene.bob)
    ask(scene)
    await scene.ana.rest()
    const [kept] = scene.ana.store.read.outbox.ofDevice(scene.bob.device)
    assert.ok(kept)
    scene.ana.store.transact(writer => {
      writer.copies.put({ outbox: kept.row, relay: 'relay', depositId: envelopeId(new Uint8Array(16)), state: 'stored', attempts: 1, storedAtMs: 1, expiresAtMs: 2, detail: undefined, evidence: undefined })
    })
    ask(scene)
    await scene.ana.rest()
    assert.deepEqual(scene.ana.store.read.outbox.ofDevice(scene.bob.device).map(({ state }) => state), ['sealed', 'sealed'])
  })
})
