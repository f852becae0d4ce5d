import assert from 'node:assert/strict'
import { nextStatement, signStatement, verifyStatement, type NextStatement } from '../../../protocols/account/statement.ts'
import { encodeAccountAnswer, type SignedStatement } from '../../../protocols/account/wire.ts'
import { UnreachableError, StorageError } from '../../../protocols/core/errors.ts'
import { idKey } from '../../../protocols/core/ids.ts'
import { STATEMENT_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import { decodeBundleRequest, encodeBundleAnswer } from '../../../protocols/prekeys/wire.ts'
import { NOBODY } from '../../../node/contacts/introductions.ts'
import type { Located } from '../../../node/contacts/locate.ts'
import type { OfferedStatement } from '../../../node/contacts/statements.ts'
import { Destinations } from '../../../node/contacts/copies.ts'
import { Errands } from '../../../node/loops/errands.ts'
import { Sessions } from '../../../node/loops/sessions.ts'
import { ACCOUNT_PROTOCOL, PREKEYS_PROTOCOL } from '../../../node/protocols.ts'
import { UNADDRESSED } from '../../../store/types.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { START_MS } from '../../../testnet/simulation/world.ts'
import { Engine } from '../engine.ts'

/** Ana's engine with who looks after sessions; Bob answers requests from his own engine's store. */
class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly ether = new Ether(this.ana.world, new SeededRandom(1, 'ether'))
  readonly network = new SimNetwork(this.ether, this.ana.peerId, `/sim/${this.ana.peerId}`)
  readonly far = new SimNetwork(this.ether, this.bob.peerId, `/sim/${this.bob.peerId}`)
  readonly sessions: Sessions
  /** What Bob hands out. */
  list: SignedStatement = this.bob.offered().signed
  /** What relays show. */
  located: OfferedStatement | undefined
  locations = 0
  lookups = 0
  readonly bundleTokens: Array<Uint8Array | undefined> = []

  constructor () {
    const { store, directory, sealer, clock, random, turn } = this.ana
    void this.network.start()
    void this.far.start()
    this.far.serveRequest(ACCOUNT_PROTOCOL, () => {
      this.lookups += 1
      return Promise.resolve(encodeAccountAnswer({ type: 'statement', statement: this.list }))
    })
    this.far.serveRequest(PREKEYS_PROTOCOL, request => {
      this.bundleTokens.push(decodeBundleRequest(request).token)
      return Promise.resolve(encodeBundleAnswer({ type: 'bundle', bundle: this.bob.store.transact(writer => this.bob.sealer.issueBundle(writer, { nowMs: 1, withOneTime: false })) }))
    })
    this.sessions = new Sessions({ reader: store.read, directory, network: this.network, sealer, clock, turn, errands: new Errands({ clock, random }), reach: step => this.ana.steps.push(step), random, destinations: new Destinations(directory), verify: () => false, locate: () => this.#locate() })
    this.ana.listener = { onSessionless: devices => { for (const device of devices) this.sessions.obtain(device) } }
  }

  #locate (): Promise<Located> {
    this.locations += 1
    return Promise.resolve({ relays: [], statement: this.located, testimonies: [] })
  }

  /** We know where his entry in the directory is. */
  recorded (contact: number): void {
    this.ana.store.transact(writer => { writer.contacts.update(contact, { recordKey: new Uint8Array(32), readKey: new Uint8Array(32) }) })
    this.ana.directory.forget(contact)
  }

  async pass (delayMs: number): Promise<void> { await this.ana.world.advance(delayMs) }

  /** Bob as somebody whose invite we have: an account, and where it may be found. */
  asked (hints = [{ peerId: this.bob.peerId, address: `/sim/${this.bob.peerId}`, isRelay: false }]): number {
    return this.ana.store.transact(writer => {
      const contact = writer.contacts.create({ accountId: this.bob.own.accountId, ...NOBODY, standing: 'requested', inviteToken: new Uint8Array(16).fill(4), createdAtMs: START_MS })
      writer.hints.replace(contact, hints)
      return contact
    })
  }

  /** Signs Bob's next list. */
  renewed (change: Partial<NextStatement> = {}): SignedStatement {
    const verified = verifyStatement(this.list, (key, account, consent) => this.ana.sealer.verifyConsent(key, account, consent))
    return signStatement(nextStatement(verified, { nowMs: this.ana.world.nowMs, ...change }), this.bob.own.signingKey)
  }

  waiting (device = this.bob.device): string[][] {
    return this.ana.store.read.outbox.waiting(device, 9).map(({ refs }) => refs.map(ref => ref.kind))
  }
}

describe('sessions: introducing ourselves', () => {
  it('finds the device list at the invite’s hints, and queues the request with the invite’s token', async () => {
    const scene = new Scene()
    const contact = scene.asked()
    scene.sessions.introduce(contact)
    await scene.pass(1_000)
    const [device] = scene.ana.store.read.devices.ofContact(contact)
    assert.deepEqual([device?.peerId, device?.addresses], [scene.bob.peerId, [`/sim/${scene.bob.peerId}`]])
    const [envelope] = scene.ana.takeSealed()
    assert.deepEqual([envelope?.refs.map(ref => ref.kind), envelope?.gateToken], [['request'], new Uint8Array(16).fill(4)])
    assert.deepEqual(scene.bundleTokens, [new Uint8Array(16).fill(4)], 'the token also admits us to one-time keys')
  })

  it('asks one hint after the other', async () => {
    const scene = new Scene()
    const contact = scene.asked([{ peerId: 'peernobody', address: '/sim/peernobody', isRelay: false }, { peerId: scene.bob.peerId, address: `/sim/${scene.bob.peerId}`, isRelay: false }])
    scene.sessions.introduce(contact)
    await scene.pass(20_000)
    assert.equal(scene.ana.store.read.devices.ofContact(contact).length, 1)
  })

  it('goes on trying until somebody answers', async () => {
    const scene = new Scene()
    await scene.far.stop()
    const contact = scene.asked()
    scene.sessions.introduce(contact)
    await scene.pass(60_000)
    await scene.far.start()
    scene.sessions.hint(contact)
    // The dial that is under way takes 10 s to fail.
    await scene.pass(11_000)
    assert.equal(scene.ana.store.read.devices.ofContact(contact).length, 1)
  })

  it('believes nobody who hands out another account’s list, or one that is not signed', async () => {
    const cleo = new Engine('cleo')
    for (const list of [cleo.offered().signed, { payload: new Scene().list.payload, signature: new Uint8Array(64) }]) {
      const scene = new Scene()
      scene.list = list
      const contact = scene.asked()
      scene.sessions.introduce(contact)
      await scene.pass(10_000)
      assert.deepEqual(scene.ana.store.read.devices.ofContact(contact), [])
      assert.ok(scene.lookups > 1)
    }
  })

  it('is taken up again at the next start', async () => {
    const scene = new Scene()
    const contact = scene.asked()
    scene.sessions.resume()
    await scene.pass(1_000)
    assert.equal(scene.ana.store.read.devices.ofContact(contact).length, 1)
  })

  it('is not begun anew by a start while the request is on its way', async () => {
    const scene = new Scene()
    const contact = scene.asked()
    scene.sessions.introduce(contact)
    await scene.pass(1_000)
    const rows = scene.ana.store.read.outbox.ofDevice(scene.bob.device).map(({ row }) => row)
    assert.equal(rows.length, 1)
    for (let start = 0; start < 3; start++) {
      scene.sessions.resume()
      await scene.pass(1_000)
    }
    assert.deepEqual(scene.ana.store.read.outbox.ofDevice(scene.bob.device).map(({ row }) => row), rows)
  })

  it('asks once, however often it is begun', async () => {
    const scene = new Scene()
    const contact = scene.asked()
    scene.far.serveRequest(PREKEYS_PROTOCOL, () => Promise.reject(new Error('busy')))
    for (let time = 0; time < 3; time++) {
      scene.sessions.introduce(contact)
      await scene.pass(500)
    }
    assert.deepEqual(scene.waiting(), [['request']])
  })

  it('finds the device list at relays when no hint answers', async () => {
    const scene = new Scene()
    await scene.far.stop()
    const contact = scene.asked()
    scene.recorded(contact)
    scene.located = scene.bob.offered()
    scene.sessions.introduce(contact)
    await scene.pass(1_000)
    assert.equal(scene.ana.store.read.devices.ofContact(contact).length, 1)
    assert.deepEqual(scene.waiting(), [['request']], 'it waits for prekeys')
  })

  it('does not look for somebody who answers', async () => {
    const scene = new Scene()
    const contact = scene.asked()
    scene.recorded(contact)
    scene.sessions.introduce(contact)
    await scene.pass(1_000)
    assert.deepEqual([scene.ana.store.read.devices.ofContact(contact).length, scene.locations], [1, 0])
  })

  it('dials no relay for a device list', async () => {
    const scene = new Scene()
    const contact = scene.asked([{ peerId: scene.bob.peerId, address: `/sim/${scene.bob.peerId}`, isRelay: true }])
    scene.sessions.introduce(contact)
    await scene.pass(1_000)
    assert.equal(scene.lookups, 0)
  })

  it('is over when the contact was blocked or removed meanwhile', async () => {
    const scene = new Scene()
    const contact = scene.asked()
    scene.ana.store.transact(writer => { writer.contacts.update(contact, { standing: 'blocked' }) })
    scene.sessions.introduce(contact)
    await scene.pass(60_000)
    assert.equal(scene.lookups, 0)
  })
})

describe('sessions: obtaining one', () => {
  it('fetches prekeys, starts the session and seals what waited', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.ana.send(contact, 'hello')
    await scene.pass(1_000)
    assert.deepEqual([scene.ana.takeSealed().length, scene.ana.sealer.hasSession(scene.bob.device), scene.waiting()], [1, true, []])
    assert.ok(scene.ana.steps.includes('session.started'))
  })

  it('fetches once for all that waits', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    for (let index = 0; index < 5; index++) await scene.ana.send(contact, `${index}`)
    await scene.pass(1_000)
    assert.equal(scene.bundleTokens.length, 1)
  })

  it('writes down why it does not get on', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.far.stop()
    const id = await scene.ana.send(contact, 'hello')
    await scene.pass(10_100)
    const [row] = scene.ana.store.read.outbox.ofMessage(id)
    assert.deepEqual(scene.ana.store.read.traces.ofOutbox(row?.row ?? 0).map(({ step, detail }) => [step, detail]), [['unreachable', 'no address answers']])
  })

  it('is taken up again at the next start: for what waits without one, and for what waits with one', async () => {
    const scene = new Scene()
    scene.ana.listener = {}
    const contact = scene.ana.add(scene.bob)
    await scene.ana.send(contact, 'hello')
    scene.sessions.resume()
    await scene.pass(1_000)
    assert.equal(scene.ana.takeSealed().length, 1)
    scene.ana.store.transact(writer => writer.outbox.waiting({ deviceId: scene.bob.device, contact, refs: [{ kind: 'profile', id: new Uint8Array(16) }], queuedAtMs: 1, expiresAtMs: Number.MAX_SAFE_INTEGER }))
    scene.sessions.resume()
    await scene.pass(100)
    assert.equal(scene.ana.takeSealed().length, 1)
  })

  it('has nothing to do for what waits under no device', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob, 'requested')
    await scene.ana.send(contact, 'hello')
    assert.equal(scene.waiting(UNADDRESSED).length, 1)
    scene.far.serveRequest(PREKEYS_PROTOCOL, () => Promise.reject(new Error('busy')))
    scene.sessions.obtain(UNADDRESSED)
    await scene.pass(60_000)
    assert.equal(scene.waiting(UNADDRESSED).length, 1)
  })

  it('never starts one with a key that is not the listed one, and looks the list up', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    const impostor = new Engine('impostor')
    scene.far.serveRequest(PREKEYS_PROTOCOL, () => Promise.resolve(encodeBundleAnswer({
      type: 'bundle', bundle: impostor.store.transact(writer => ({ ...impostor.sealer.issueBundle(writer, { nowMs: 1, withOneTime: false }), deviceId: scene.bob.device }))
    })))
    await scene.ana.send(contact, 'hello')
    await scene.pass(10_000)
    assert.deepEqual([scene.ana.sealer.hasSession(scene.bob.device), scene.ana.takeSealed()], [false, []])
    assert.ok(scene.lookups > 0)
  })

  it('waits for room on the disk', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.ana.send(contact, 'hello')
    scene.ana.store.fault = new StorageError('the disk is full')
    await scene.pass(1_500)
    assert.equal(scene.ana.takeSealed().length, 0)
    scene.ana.store.fault = undefined
    await scene.pass(10_000)
    assert.equal(scene.ana.takeSealed().length, 1)
  })
})

describe('sessions: a contact’s device list', () => {
  it('is fetched when ours is behind, and its devices are known from then on', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    scene.list = scene.renewed()
    scene.sessions.refresh(contact)
    await scene.pass(1_000)
    assert.equal(scene.ana.store.read.contacts.byNumber(contact)?.seq, 2)
    assert.deepEqual(scene.ana.events(), [], 'a list of the same devices is no news')
  })

  it('is not asked for when the contact is blocked or removed', async () => {
    for (const standing of ['blocked', 'removed'] as const) {
      const scene = new Scene()
      scene.sessions.refresh(scene.ana.add(scene.bob, standing))
      await scene.pass(60_000)
      assert.equal(scene.lookups, 0)
    }
  })

  it('that has not expired is left alone', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.pass(STATEMENT_LIFETIME_MS - 10_000)
    scene.sessions.keepFresh(contact)
    await scene.pass(1_000)
    assert.equal(scene.lookups, 0)
  })

  it('that has expired is looked for when something goes to them, until a fresher one is found', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.pass(STATEMENT_LIFETIME_MS)
    scene.sessions.keepFresh(contact)
    scene.sessions.keepFresh(contact)
    await scene.pass(20_000)
    assert.ok(scene.lookups >= 3 && scene.lookups <= 6, `${scene.lookups} lookups`)
    scene.list = scene.renewed()
    await scene.pass(60_000)
    const { lookups } = scene
    assert.equal(scene.ana.store.read.contacts.byNumber(contact)?.seq, 2)
    scene.sessions.keepFresh(contact)
    await scene.pass(3_600_000)
    assert.equal(scene.lookups, lookups)
  })

  it('that has expired is looked for at the start when something waits for them, and only then', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.pass(STATEMENT_LIFETIME_MS)
    scene.sessions.resume()
    await scene.pass(1_000)
    const idle = scene.lookups
    await scene.ana.send(contact, 'hello')
    scene.sessions.resume()
    await scene.pass(100)
    assert.deepEqual([idle, scene.lookups], [0, 1])
  })

  it('is stale and not false: what goes does not wait for a fresher one', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.pass(STATEMENT_LIFETIME_MS)
    scene.far.serveRequest(ACCOUNT_PROTOCOL, () => Promise.reject(new UnreachableError('nothing here')))
    scene.sessions.keepFresh(contact)
    await scene.ana.send(contact, 'hello')
    await scene.pass(1_000)
    assert.equal(scene.ana.takeSealed().length, 1)
  })

  it('of a revoked device ends what was for it', async () => {
    const scene = new Scene()
    const contact = scene.ana.add(scene.bob)
    await scene.ana.meet(scene.bob)
    const other = new Engine('other')
    const verified = verifyStatement(scene.list, (key, account, consent) => scene.ana.sealer.verifyConsent(key, account, consent))
    const [device] = verified.devices
    assert.ok(device)
    const identityKey = other.own.identityKey
    scene.list = scene.renewed({ devices: [{ ...device, deviceId: other.device, identityKey, peerId: other.peerId, consent: other.sealer.signConsent(scene.bob.own.accountId) }] })
    scene.sessions.refresh(contact)
    await scene.pass(1_000)
    assert.deepEqual(scene.ana.store.read.devices.ofContact(contact).map(({ deviceId, isListed }) => [idKey(deviceId), isListed]).sort(), [[idKey(other.device), true], [idKey(scene.bob.device), false]].sort())
    assert.equal(scene.ana.sealer.hasSession(scene.bob.device), false)
  })
})
