import assert from 'node:assert/strict'
import { idKey } from '../../../protocols/core/ids.ts'
import { DELIVERY_LIFETIME_MS, ENVELOPE_BUCKETS_BYTES, HEDGE_MS_MIN, WORK_BITS_MAX } from '../../../protocols/core/limits.ts'
import { decodeEvidence, verifyEvidence } from '../../../protocols/deposit/custody.ts'
import { hasWork, workChallenge } from '../../../protocols/deposit/work.ts'
import { unpadBucket } from '../../../protocols/envelope/padding.ts'
import { decodeCiphertext, decodeEnvelope } from '../../../protocols/envelope/wire.ts'
import { deriveAlias, depositMacInput, relayDepositId } from '../../../protocols/mailbox/alias.ts'
import { isMacOf } from '../../../node/crypto/mac.ts'
import { queueRequest } from '../../../node/contacts/introductions.ts'
import { CopiesScene } from './copies-scene.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const TOKEN = new Uint8Array(16).fill(4)

describe('copies of what somebody away is sent', () => {
  it('are left at each of their relays, and two of them make it stored', async () => {
    const scene = await CopiesScene.begin()
    const id = await scene.send('hello')
    await scene.pass(200)
    assert.deepEqual([scene.state(id), scene.count(id)], ['stored', '3/3'])
  })

  it('are sealed to the device and fill a size bucket; nothing in them is the same at two relays', async () => {
    const scene = await CopiesScene.begin()
    const id = await scene.send('hello')
    await scene.pass(200)
    const [outgoing] = scene.ana.store.read.outbox.ofMessage(id)
    assert.ok(outgoing?.envelopeId)
    for (const depot of scene.depots) {
      const [deposit] = depot.deposits
      assert.ok(deposit?.alias)
      const envelope = decodeEnvelope(deposit.body)
      assert.ok(envelope.form === 'sealed')
      const opened = scene.bob.sealer.openSealed(envelope.sealed)
      assert.ok(opened)
      assert.ok(ENVELOPE_BUCKETS_BYTES.some(bucket => Math.abs(bucket - deposit.body.byteLength) < 256))
      const inside = decodeCiphertext(unpadBucket(opened))
      assert.deepEqual([idKey(inside.senderDevice), idKey(inside.envelopeId ?? TOKEN)], [idKey(scene.ana.device), idKey(outgoing.envelopeId)])
      assert.equal(idKey(deposit.depositId), idKey(relayDepositId(scene.door(depot).depositKey, outgoing.envelopeId)))
    }
    for (const field of ['alias', 'depositId', 'mac'] as const) assert.equal(new Set(scene.depots.map(({ deposits: [deposit] }) => idKey(deposit?.[field] ?? TOKEN))).size, 3)
  })

  it('prove that we know the door, for this stream and these bytes', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    await scene.send('hello')
    await scene.pass(200)
    const depot = scene.depot(0)
    const [deposit] = depot.deposits
    assert.ok(deposit?.mac)
    const { depositId, lifetimeS, isWake, body } = deposit
    assert.ok(isMacOf(deposit.mac, scene.door(depot).macKey, depositMacInput({ nonce: depot.nonce, depositId, lifetimeS, isWake, body })))
    assert.deepEqual([isWake, lifetimeS], [true, DELIVERY_LIFETIME_MS / 1000])
  })

  it('leave evidence that proves to anybody what the relay promised', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    const ids = [await scene.send('one'), await scene.send('two'), await scene.send('three')]
    await scene.pass(200)
    for (const id of ids) {
      const [copy] = scene.rows(id)
      assert.ok(copy?.evidence)
      assert.ok(verifyEvidence(decodeEvidence(copy.evidence), scene.depot(0).signer.publicKey))
    }
  })

  it('go over one stream for each relay, many at once', async () => {
    const scene = await CopiesScene.begin()
    const texts = Array.from({ length: 100 }, (_, number) => ({ contact: scene.contact, body: { type: 'text' as const, text: `${number}`, replyTo: undefined }, idempotencyKey: undefined }))
    const ids = await scene.ana.world.within(Promise.all(texts.map(async draft => await scene.ana.turn.send(draft))))
    await scene.pass(500)
    assert.ok(ids.every(id => scene.state(id) === 'stored'))
    assert.ok(scene.network.connectionCount() <= scene.depots.length)
  })

  it('at the only relay that they have are one of one, and enough', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    const id = await scene.send('hello')
    await scene.pass(200)
    assert.deepEqual([scene.state(id), scene.count(id, 1)], ['stored', '1/1'])
  })

  it('are nowhere when they have no relays', async () => {
    const scene = await CopiesScene.begin({ depots: 0 })
    const id = await scene.send('hello')
    await scene.pass(60_000)
    assert.deepEqual([scene.state(id), scene.rows(id)], ['queued', []])
  })

  it('are taken up after a restart, and as soon as we learn of a relay', async () => {
    const scene = await CopiesScene.begin({ depots: 0 })
    const id = await scene.send('hello')
    scene.copies.stop()
    scene.tell(scene.depots.slice(0, 2))
    await scene.pass(1_000)
    assert.equal(scene.count(id), '0/3')
    scene.copies = scene.newCopies()
    scene.copies.start()
    await scene.pass(200)
    assert.equal(scene.count(id), '2/3')
    scene.tell(scene.depots)
    await scene.pass(200)
    assert.equal(scene.count(id), '3/3')
  })

  it('that run out are deposited again until somebody has it', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.depot(0).keepMs = 4 * DAY_MS
    const id = await scene.send('hello')
    await scene.pass(1_000)
    await scene.pass(3 * DAY_MS + HOUR_MS)
    assert.equal(scene.depot(0).deposits.length, 2)
    const [copy] = scene.rows(id)
    assert.ok((copy?.expiresAtMs ?? 0) > scene.ana.clock.now() + 3 * DAY_MS)
  })

  it('go to where the newest list says that the relay is', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    await scene.send('before')
    await scene.pass(200)
    const depot = scene.depot(0)
    await depot.network.stop()
    const id = await scene.send('meanwhile')
    await scene.pass(60_000)
    assert.equal(scene.count(id, 1), '0/1')
    depot.network.address = '/ip4/10.0.0.9/tcp/4001'
    await depot.network.start()
    await scene.pass(20 * 60_000)
    assert.equal(scene.count(id, 1), '0/1')
    scene.tell([depot])
    await scene.pass(20 * 60_000)
    assert.equal(scene.count(id, 1), '1/1')
  })

  it('count by our clock, however wrong the relay’s is', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.depot(0).skewMs = -400 * DAY_MS
    const id = await scene.send('hello')
    await scene.pass(200)
    assert.equal(scene.count(id, 1), '1/1')
  })

  it('end with a receipt: the rest is not deposited any more', async () => {
    const scene = await CopiesScene.begin()
    await scene.depot(2).network.stop()
    const id = await scene.send('hello')
    await scene.pass(200)
    const [outgoing] = scene.ana.store.read.outbox.ofMessage(id)
    assert.ok(outgoing)
    scene.ana.store.transact(writer => { writer.outbox.prove(outgoing.row, new Set([idKey(id)]), 1) })
    await scene.depot(2).network.start()
    scene.copies.hintAll()
    await scene.pass(HOUR_MS)
    assert.equal(scene.depot(2).deposits.length, 0)
  })
})

describe('hedging', () => {
  it('gives a connection its head start: what is acknowledged in time goes to no relay', async () => {
    const scene = await CopiesScene.begin({ isAway: false })
    const first = await scene.send('nobody is connected yet')
    await scene.pass(1_000)
    const before = scene.depots.map(({ deposits }) => deposits.length)
    const id = await scene.send('hello')
    await scene.pass(60_000)
    assert.deepEqual([scene.state(first), scene.state(id)], ['delivered', 'delivered'])
    assert.deepEqual(scene.depots.map(({ deposits }) => deposits.length), before)
  })

  it('goes to the relays when the connection says nothing', async () => {
    const scene = await CopiesScene.begin({ isAway: false })
    await scene.send('we connect')
    await scene.pass(1_000)
    scene.device.answer = () => undefined
    const before = scene.depot(0).deposits.length
    const id = await scene.send('hello')
    await scene.pass(HEDGE_MS_MIN - 50)
    assert.equal(scene.depot(0).deposits.length, before)
    await scene.pass(400)
    assert.deepEqual([scene.state(id), scene.count(id)], ['stored', '3/3'])
  })

  it('goes to the relays at once when the device has no room', async () => {
    const scene = await CopiesScene.begin({ isAway: false })
    await scene.send('we connect')
    await scene.pass(1_000)
    scene.device.answer = ({ depositId }) => ({ type: 'refused', depositId, reason: 'storage', retryAfterMs: 60_000 })
    const id = await scene.send('hello')
    await scene.pass(HEDGE_MS_MIN / 2)
    assert.equal(scene.state(id), 'stored')
  })

  it('lets a delivery stand, whatever a relay says later', async () => {
    const scene = await CopiesScene.begin({ isAway: false })
    const id = await scene.send('dialled and deposited together')
    await scene.pass(5_000)
    assert.equal(scene.state(id), 'delivered')
  })
})

describe('a relay that lies', () => {
  const honest = 'two others are enough'

  async function lied (lie: (scene: CopiesScene) => void): Promise<{ readonly scene: CopiesScene, readonly steps: string[] }> {
    const scene = await CopiesScene.begin()
    lie(scene)
    const id = await scene.send('hello')
    await scene.pass(500)
    assert.deepEqual([scene.state(id), scene.count(id)], ['stored', '2/3'], honest)
    return { scene, steps: scene.steps(id) }
  }

  for (const [what, lie] of Object.entries<(scene: CopiesScene) => void>({
    'signs with another key': scene => { scene.depot(0).twist = batch => ({ ...batch, signature: scene.depot(1).signer.sign(new Uint8Array(32)) }) },
    'does not sign': scene => { scene.depot(0).twist = ({ type, results }) => ({ type, results }) },
    'promises longer than it signs': scene => { scene.depot(0).twist = batch => ({ ...batch, results: batch.results.map(result => result.type === 'stored' ? { ...result, expiresAtMs: (result.expiresAtMs ?? 0) + DAY_MS } : result) }) },
    'says another time than it signs': scene => { scene.depot(0).twist = batch => ({ ...batch, relayTimeMs: 1 }) },
    'says less than it has to': scene => { scene.depot(0).answer = ({ depositId }) => ({ type: 'stored', depositId }) }
  })) {
    it(`and ${what} has stored nothing: it is named, and asked last`, async () => {
      const { scene, steps } = await lied(lie)
      assert.ok(steps.some(step => step.startsWith('relay.postponed: 10.0.0.1:4001: its signature')), steps.join('\n'))
      const [outgoing] = scene.ana.store.read.outbox.ofDevice(scene.bob.device)
      assert.ok(outgoing)
      assert.equal(scene.destinations.of(outgoing).at(-1)?.relay.peerId, scene.depot(0).network.peerId)
    })
  }

  it('and promises what has run out already has stored nothing', async () => {
    await lied(scene => { scene.depot(0).keepMs = -1 })
    await lied(scene => { scene.depot(0).keepMs = 1_000 })
  })

  it('and signs for what was never deposited changes nothing', async () => {
    const scene = await CopiesScene.begin()
    scene.depot(0).twist = batch => ({ ...batch, results: [...batch.results, { type: 'stored', depositId: scene.depot(0).deposits[0]?.depositId ?? batch.results[0]?.depositId as never, expiresAtMs: 1, aliasEpoch: new Uint8Array(8) }] })
    const id = await scene.send('hello')
    await scene.pass(500)
    assert.equal(scene.count(id), '2/3')
  })

  it('and answers nothing at all is left for later', async () => {
    const { steps } = await lied(scene => { scene.depot(0).answer = () => undefined })
    assert.deepEqual(steps, [])
  })

  it('is believed again when it tells the truth', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.depot(0).twist = ({ type, results }) => ({ type, results })
    const id = await scene.send('hello')
    await scene.pass(500)
    assert.equal(scene.state(id), 'queued')
    scene.depot(0).twist = batch => batch
    await scene.pass(2 * HOUR_MS)
    assert.equal(scene.state(id), 'stored')
  })
})

describe('a relay that refuses', () => {
  for (const reason of ['mailboxFull', 'capacity', 'rate', 'busy', 'storage', 'full'] as const) {
    it(`because of ${reason} is asked again later, and the others have it meanwhile`, async () => {
      const scene = await CopiesScene.begin()
      scene.depot(0).refuse(reason, { retryAfterMs: 1_000 })
      const id = await scene.send('hello')
      await scene.pass(500)
      assert.deepEqual([scene.state(id), scene.count(id)], ['stored', '2/3'])
      assert.ok(scene.steps(id).some(step => step.startsWith('relay.postponed: 10.0.0.1:4001: ')))
      scene.depot(0).take()
      await scene.pass(20 * 60_000)
      assert.equal(scene.count(id), '3/3')
    })
  }

  for (const reason of ['unknownAlias', 'badMac'] as const) {
    it(`because of ${reason} makes us look for a newer list`, async () => {
      const scene = await CopiesScene.begin()
      scene.depot(0).refuse(reason)
      await scene.send('hello')
      await scene.pass(15_000)
      assert.ok(scene.lookups > 0)
    })
  }

  it('because a mailbox was full has room again when its owner shows a sign of life', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.depot(0).refuse('mailboxFull', { retryAfterMs: HOUR_MS })
    const ids = [await scene.send('one'), await scene.send('two')]
    await scene.pass(1_000)
    scene.depot(0).take()
    scene.copies.heard(new Set([scene.contact + 1]))
    await scene.pass(5_000)
    assert.deepEqual(ids.map(id => scene.state(id)), ['queued', 'queued'])
    scene.copies.heard(new Set([scene.contact]))
    await scene.pass(5_000)
    assert.deepEqual(ids.map(id => scene.state(id)), ['stored', 'stored'])
  })

  it('does not hold up what goes to others there', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    const isFirst = (deposit: { readonly depositId: Uint8Array }): boolean => scene.depot(0).deposits.findIndex(({ depositId }) => idKey(depositId) === idKey(deposit.depositId)) === 0
    scene.depot(0).answer = deposit => isFirst(deposit) ? { type: 'refused', depositId: deposit.depositId, reason: 'mailboxFull', retryAfterMs: HOUR_MS } : scene.depot(0).stored(deposit)
    const first = await scene.send('one')
    await scene.pass(100)
    const second = await scene.send('two')
    await scene.pass(100)
    assert.deepEqual([scene.state(first), scene.state(second)], ['queued', 'stored'])
  })

  it('for good is not asked again, until a person says so', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.depot(0).refuse('tooLarge')
    const id = await scene.send('hello')
    await scene.pass(DAY_MS)
    assert.equal(scene.depot(0).deposits.length, 1)
    assert.ok(scene.steps(id).some(step => step.startsWith('relay.refused: ')))
    scene.depot(0).take()
    const [outgoing] = scene.ana.store.read.outbox.ofMessage(id)
    assert.ok(outgoing)
    scene.copies.retry(outgoing.row)
    await scene.pass(200)
    assert.equal(scene.state(id), 'stored')
  })

  it('tells of a newer list by another epoch', async () => {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.depot(0).epoch = new Uint8Array(8).fill(9)
    await scene.send('hello')
    await scene.pass(15_000)
    assert.ok(scene.lookups > 0)
  })
})

describe('a gate', () => {
  /** Ana asks Bob to be a contact: she has his invite and his list. */
  async function asking (): Promise<CopiesScene> {
    const scene = await CopiesScene.begin({ depots: 1 })
    scene.ana.store.transact(writer => { writer.contacts.update(scene.contact, { standing: 'requested', theirAliasSecret: undefined, inviteToken: TOKEN }) })
    scene.ana.directory.forget(scene.contact)
    return scene
  }

  async function ask (scene: CopiesScene): Promise<void> {
    await scene.ana.world.within(scene.ana.turn.write((writer, round) => {
      const contact = writer.read.contacts.byNumber(scene.contact)
      assert.ok(contact)
      queueRequest(contact, { writer, round })
    }))
  }

  it('is opened by the invite’s token, and the request says inside who asks', async () => {
    const scene = await asking()
    await ask(scene)
    await scene.pass(500)
    const depot = scene.depot(0)
    const [deposit] = depot.deposits
    assert.ok(deposit?.alias)
    assert.equal(idKey(deposit.alias), idKey(deriveAlias(TOKEN, { relay: depot.network.peerId, device: scene.bob.device }).alias))
    const envelope = decodeEnvelope(deposit.body)
    assert.ok(envelope.form === 'sealed')
    const opened = scene.bob.sealer.openSealed(envelope.sealed)
    assert.ok(opened)
    assert.ok(decodeCiphertext(unpadBucket(opened)).statement, 'a stranger shows who they are')
    assert.equal(deposit.gateToken, undefined, 'the relay does not learn the token')
  })

  it('that asks for work gets it, for its nonce', async () => {
    const scene = await asking()
    const depot = scene.depot(0)
    const isPaid = ({ alias, depositId, work }: { readonly alias?: Uint8Array | undefined, readonly depositId: Uint8Array, readonly work?: Uint8Array | undefined }): boolean =>
      alias !== undefined && work !== undefined && hasWork(workChallenge({ nonce: depot.nonce, alias, depositId }), work, 8)
    depot.answer = deposit => isPaid(deposit) ? depot.stored(deposit) : { type: 'refused', depositId: deposit.depositId, reason: 'work', retryAfterMs: 0, workBits: 8 }
    await ask(scene)
    await scene.pass(1_000)
    assert.deepEqual(depot.deposits.map(isPaid), [false, true])
  })

  it('that asks for a day of work gets none, and one that is never content soon no more', async () => {
    const scene = await asking()
    scene.depot(0).refuse('work', { workBits: 1 })
    await ask(scene)
    await scene.pass(900)
    assert.equal(scene.depot(0).deposits.length, 5, 'four times more, and then a pause')
    const other = await asking()
    other.depot(0).refuse('work', { workBits: WORK_BITS_MAX + 1 })
    await ask(other)
    await other.pass(900)
    assert.equal(other.depot(0).deposits.length, 1)
  })
})
