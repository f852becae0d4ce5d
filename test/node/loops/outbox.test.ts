import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { idKey, type ContentId } from '../../../protocols/core/ids.ts'
import { ENVELOPE_BUCKETS_BYTES, RETRY_REQUESTS_PER_HOUR } from '../../../protocols/core/limits.ts'
import type { RefusalReason } from '../../../protocols/deposit/wire.ts'
import { unpadBucket } from '../../../protocols/envelope/padding.ts'
import { decodeCiphertext, decodeEnvelope } from '../../../protocols/envelope/wire.ts'
import { encodeBundleAnswer } from '../../../protocols/prekeys/wire.ts'
import { Destinations } from '../../../node/contacts/copies.ts'
import { Errands } from '../../../node/loops/errands.ts'
import { Outbox } from '../../../node/loops/outbox.ts'
import { Sessions } from '../../../node/loops/sessions.ts'
import { ACCOUNT_PROTOCOL, PREKEYS_PROTOCOL } from '../../../node/protocols.ts'
import { queueRequest } from '../../../node/contacts/introductions.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { keyUse } from '../../../testnet/simulation/sealer.ts'
import { Engine } from '../engine.ts'
import { Mailbox } from '../mailbox.ts'

/** Ana's engine and outbox; of Bob only what the network shows: a mailbox, and who hands out his prekeys. */
class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly ether = new Ether(this.ana.world, new SeededRandom(1, 'ether'))
  readonly network = new SimNetwork(this.ether, this.ana.peerId, `/sim/${this.ana.peerId}`)
  readonly mailbox = new Mailbox(this.ether, this.bob.peerId)
  readonly contact = this.ana.add(this.bob)
  readonly lookups: string[] = []
  readonly outbox: Outbox

  constructor () {
    const { store, sealer, clock, random, directory, account, arrivals, turn } = this.ana
    const { network } = this
    void network.start()
    const sessions = new Sessions({ reader: store.read, directory, network, sealer, clock, turn, errands: new Errands({ clock, random }), reach: () => {}, random, destinations: new Destinations(directory), verify: () => false, locate: () => Promise.resolve({ relays: [], statement: undefined, testimonies: [] }) })
    this.outbox = new Outbox({ reader: store.read, network, sealer, clock, random, directory, account, arrivals, turn, sessions, reach: () => {}, onSettled: () => {}, onMissed: () => {} })
    this.ana.listener = { onSealed: envelopes => { this.outbox.offer(envelopes) }, onSessionless: devices => { for (const device of devices) sessions.obtain(device) } }
    this.ether.onFrame = ({ protocol, isForward }) => { if (isForward) this.lookups.push(protocol) }
    this.mailbox.network.serveRequest(PREKEYS_PROTOCOL, () => Promise.resolve(encodeBundleAnswer({
      type: 'bundle', bundle: this.bob.store.transact(writer => this.bob.sealer.issueBundle(writer, { nowMs: 1, withOneTime: false }))
    })))
  }

  static async started (): Promise<Scene> {
    const scene = new Scene()
    await scene.ana.meet(scene.bob)
    scene.outbox.start()
    return scene
  }

  async send (text: string): Promise<ContentId> { return await this.ana.send(this.contact, text) }

  async pass (delayMs: number): Promise<void> { await this.ana.world.advance(delayMs) }

  state (id: ContentId): string | undefined { return this.ana.store.read.messages.byId(id)?.state }

  steps (id: ContentId): string[] {
    return this.ana.store.read.outbox.ofMessage(id).flatMap(({ row }) => this.ana.store.read.traces.ofOutbox(row).map(({ step, detail }) => `${step}: ${detail}`))
  }

  refuse (reason: RefusalReason, decryptionError?: Uint8Array): void {
    this.mailbox.answer = ({ depositId }) => ({ type: 'refused', depositId, reason, retryAfterMs: 0, decryptionError })
  }

  take (): void { this.mailbox.answer = ({ depositId }) => ({ type: 'stored', depositId }) }
}

describe('the outbox', () => {
  it('delivers what is fresh, in the clear form, and the message says so', async () => {
    const scene = await Scene.started()
    const id = await scene.send('hello')
    await scene.pass(100)
    const [deposit] = scene.mailbox.deposits
    assert.ok(deposit)
    const envelope = decodeEnvelope(deposit.body)
    assert.ok(envelope.form === 'clear')
    assert.deepEqual([idKey(envelope.ciphertext.senderDevice), deposit.gateToken], [idKey(scene.ana.device), undefined])
    assert.equal(scene.state(id), 'delivered')
  })

  it('tells who waits as soon as the acknowledgement is there, before the mark of it is written', async () => {
    const scene = await Scene.started()
    const id = await scene.send('hello')
    const states: Array<string | undefined> = []
    scene.ana.arrivals.listen(idKey(id), state => states.push(state, scene.state(id)))
    await scene.ana.world.run(() => states.length > 0, 1_000)
    assert.deepEqual(states, ['delivered', 'queued'])
  })

  it('takes up what was left when the node stopped', async () => {
    const scene = new Scene()
    await scene.ana.meet(scene.bob)
    const ids = [await scene.send('one'), await scene.send('two')]
    await scene.pass(60_000)
    assert.deepEqual(scene.mailbox.deposits, [], 'nothing leaves before the start')
    scene.outbox.start()
    await scene.pass(100)
    assert.deepEqual(ids.map(id => scene.state(id)), ['delivered', 'delivered'])
  })

  it('never sends what the disk may forget, not even from the database', async () => {
    const scene = await Scene.started()
    const disk = Promise.withResolvers<undefined>()
    scene.ana.store.flush = disk.promise
    const sending = scene.ana.turn.send({ contact: scene.contact, body: { type: 'text', text: 'hello', replyTo: undefined }, idempotencyKey: undefined })
    await scene.pass(10)
    scene.outbox.retry(scene.bob.device)
    await scene.pass(100)
    assert.deepEqual([scene.ana.store.read.outbox.openCount(), scene.mailbox.deposits.length], [1, 0])
    disk.resolve(undefined)
    await sending
    await scene.pass(100)
    assert.equal(scene.mailbox.deposits.length, 1)
  })

  it('writes down why it does not get on, and when it tries again', async () => {
    const scene = await Scene.started()
    await scene.mailbox.network.stop()
    const id = await scene.send('hello')
    await scene.pass(10_100)
    assert.deepEqual([scene.state(id), scene.steps(id)], ['queued', ['unreachable: no address answers']])
    const atMs = scene.outbox.nextTryAtMs(scene.bob.device)
    assert.ok(atMs !== undefined && atMs > scene.ana.world.nowMs && atMs < scene.ana.world.nowMs + 1_300)
  })

  it('tries at once when a contact may be reachable, when everything may be, and when a person asks', async () => {
    for (const hint of ['hint', 'hintAll', 'retry'] as const) {
      const scene = await Scene.started()
      await scene.mailbox.network.stop()
      const id = await scene.send('hello')
      await scene.pass(300_000)
      await scene.mailbox.network.start()
      if (hint === 'hint') scene.outbox.hint(scene.contact)
      else if (hint === 'retry') scene.outbox.retry(scene.bob.device)
      else scene.outbox.hintAll()
      await scene.pass(100)
      assert.equal(scene.state(id), 'delivered', hint)
    }
  })

  it('tries at once when they connect to us; our own dial is no news', async () => {
    const scene = await Scene.started()
    scene.mailbox.hello = undefined
    const id = await scene.send('hello')
    // In the pause after the fourth dial: each waits 10 s for a hello, then 1 s, 2 s, 4 s, 8 s.
    await scene.pass(50_000)
    assert.equal(scene.mailbox.channels.length, 4)
    scene.mailbox.hello = { versionMin: 1, versionMax: 1, features: [] }
    scene.network.serveChannel({ id: 'ping', frameBytesMax: 1 }, () => () => {})
    await scene.ana.world.within(scene.mailbox.network.openChannel({ peerId: scene.ana.peerId, addresses: [`/sim/${scene.ana.peerId}`] }, { id: 'ping', frameBytesMax: 1 }, () => {}))
    await scene.pass(100)
    assert.equal(scene.state(id), 'delivered')
  })

  it('ends with the node', async () => {
    const scene = await Scene.started()
    await scene.send('one')
    await scene.pass(100)
    scene.outbox.stop()
    await scene.send('two')
    scene.outbox.retry(scene.bob.device)
    await scene.pass(60_000)
    assert.deepEqual([scene.mailbox.deposits.length, scene.mailbox.openCount], [1, 0])
  })
})

describe('the outbox: a contact request', () => {
  it('is sealed to the device, fills a size bucket, shows the invite’s token, and says inside who asks', async () => {
    const scene = await Scene.started()
    scene.ana.store.transact(writer => { writer.contacts.update(scene.contact, { standing: 'requested', inviteToken: new Uint8Array(16).fill(4) }) })
    const contact = scene.ana.store.read.contacts.byNumber(scene.contact)
    assert.ok(contact)
    await scene.ana.world.within(scene.ana.turn.write((writer, round) => { queueRequest(contact, { writer, round }) }))
    await scene.pass(100)
    const [deposit] = scene.mailbox.deposits
    assert.ok(deposit)
    assert.deepEqual(deposit.gateToken, new Uint8Array(16).fill(4))
    const envelope = decodeEnvelope(deposit.body)
    assert.ok(envelope.form === 'sealed')
    const opened = scene.bob.sealer.openSealed(envelope.sealed)
    assert.ok(opened)
    // The simulated seal adds 16 bytes, the real one 49: the padded size is what counts.
    assert.ok(ENVELOPE_BUCKETS_BYTES.some(bucket => opened.byteLength === bucket - 49 - 4))
    const { senderDevice, statement } = decodeCiphertext(unpadBucket(opened))
    assert.deepEqual([idKey(senderDevice), statement], [idKey(scene.ana.device), scene.ana.offered().signed])
  })
})

describe('the outbox: refusals', () => {
  it('for good fail the message, in words that a person understands', async () => {
    const scene = await Scene.started()
    scene.refuse('tooLarge')
    const id = await scene.send('hello')
    await scene.pass(200)
    assert.deepEqual([scene.state(id), scene.ana.store.read.messages.byId(id)?.reason], ['failed', 'it is too large for them'])
    assert.equal(scene.mailbox.deposits.length, 1)
  })

  it('for now are kept in its trace, and it goes again', async () => {
    const scene = await Scene.started()
    scene.refuse('full')
    const id = await scene.send('hello')
    await scene.pass(200)
    assert.deepEqual([scene.state(id), scene.steps(id)], ['queued', ['postponed: their mailbox is full']])
    scene.take()
    await scene.pass(2_000)
    assert.equal(scene.state(id), 'delivered')
  })

  it('because they do not know us make us look their devices up', async () => {
    const scene = await Scene.started()
    scene.refuse('unknownSender')
    const id = await scene.send('hello')
    await scene.pass(200)
    assert.ok(scene.state(id) === 'queued')
    assert.ok(scene.steps(id).includes('postponed: they do not know this device'))
    scene.mailbox.network.serveRequest(ACCOUNT_PROTOCOL, () => Promise.reject(new Error('nothing here')))
    await scene.pass(1_500)
    assert.ok(scene.lookups.includes(ACCOUNT_PROTOCOL.id))
  })
})

describe('the outbox: what they could not read', () => {
  /** A complaint about the session that an envelope was made in. */
  const complaintAbout = (body: Uint8Array): Uint8Array => {
    const envelope = decodeEnvelope(body)
    assert.ok(envelope.form === 'clear')
    return Buffer.from(keyUse(envelope.ciphertext.body).key.split('/')[1] ?? '')
  }

  it('goes again in a new envelope under a new session, and arrives', async () => {
    const scene = await Scene.started()
    let isFirst = true
    scene.mailbox.answer = ({ depositId, body }) => {
      if (!isFirst) return { type: 'stored', depositId }
      isFirst = false
      return { type: 'refused', depositId, reason: 'undecryptable', retryAfterMs: 0, decryptionError: complaintAbout(body) }
    }
    const id = await scene.send('hello')
    await scene.pass(1_000)
    const [first, second] = scene.mailbox.deposits
    assert.ok(first && second)
    assert.notEqual(idKey(second.depositId), idKey(first.depositId))
    assert.notDeepEqual(complaintAbout(second.body), complaintAbout(first.body))
    assert.deepEqual([scene.state(id), scene.steps(id)], ['delivered', ['undecryptable: the session is out of step']])
  })

  it('keeps a newer session when the complaint is about an older one', async () => {
    const scene = await Scene.started()
    let isFirst = true
    scene.mailbox.answer = ({ depositId }) => {
      if (!isFirst) return { type: 'stored', depositId }
      isFirst = false
      return { type: 'refused', depositId, reason: 'undecryptable', retryAfterMs: 0, decryptionError: Buffer.from('long ago') }
    }
    const id = await scene.send('hello')
    await scene.pass(1_000)
    const [first, second] = scene.mailbox.deposits
    assert.ok(first && second)
    assert.deepEqual(complaintAbout(second.body), complaintAbout(first.body))
    assert.equal(scene.state(id), 'delivered')
  })

  it('is sealed anew twenty times in an hour at most: a broken peer does not keep us in a loop', async () => {
    const scene = await Scene.started()
    scene.mailbox.answer = ({ depositId, body }) => ({ type: 'refused', depositId, reason: 'undecryptable', retryAfterMs: 0, decryptionError: complaintAbout(body) })
    const id = await scene.send('hello')
    await scene.pass(60_000)
    const envelopes = new Set(scene.mailbox.deposits.map(({ depositId }) => idKey(depositId)))
    assert.equal(envelopes.size, RETRY_REQUESTS_PER_HOUR + 1)
    // The last one stays, and is offered again with growing pauses.
    assert.ok(scene.mailbox.deposits.length < RETRY_REQUESTS_PER_HOUR + 10, `${scene.mailbox.deposits.length} deposits in a minute`)
    assert.equal(scene.state(id), 'queued')
    scene.take()
    await scene.pass(300_000)
    assert.equal(scene.state(id), 'delivered')
  })

  it('stays where it is when it has been taken back meanwhile', async () => {
    const scene = await Scene.started()
    scene.mailbox.answer = () => undefined
    const id = await scene.send('hello')
    await scene.pass(100)
    scene.ana.store.transact(writer => { writer.outbox.dropDevice(scene.bob.device, 1) })
    const [deposit] = scene.mailbox.deposits
    assert.ok(deposit)
    scene.mailbox.say({ type: 'batch', results: [{ type: 'refused', depositId: deposit.depositId, reason: 'undecryptable', retryAfterMs: 0 }] })
    await scene.pass(1_000)
    assert.deepEqual(scene.ana.store.read.outbox.ofMessage(id).map(({ state }) => state), ['cancelled'])
    assert.equal(scene.mailbox.deposits.length, 1)
  })

  it('waits for room on the disk', async () => {
    const scene = await Scene.started()
    scene.mailbox.answer = () => undefined
    const id = await scene.send('hello')
    await scene.pass(100)
    scene.ana.store.fault = new StorageError('the disk is full')
    const [deposit] = scene.mailbox.deposits
    assert.ok(deposit)
    scene.mailbox.say({ type: 'batch', results: [{ type: 'refused', depositId: deposit.depositId, reason: 'undecryptable', retryAfterMs: 0, decryptionError: complaintAbout(deposit.body) }] })
    await scene.pass(1_000)
    scene.ana.store.fault = undefined
    scene.take()
    await scene.pass(10_000)
    assert.equal(scene.state(id), 'delivered')
  })
})
