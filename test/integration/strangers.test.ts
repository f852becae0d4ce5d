/** Whatever comes over the network gets the right answer, leaves nothing behind, and stops nobody else. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { PublicKey } from '@signalapp/libsignal-client'
import { decodeInvite } from '../../protocols/account/invite.ts'
import { ACCOUNT_VERSION, decodeAccountAnswer, decodeSignedStatement, decodeStatement, encodeAccountLookup } from '../../protocols/account/wire.ts'
import { accountId, deviceId, envelopeId, parseAccountId, parseDeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { BATCH_FRAME_BYTES_MAX, ENVELOPE_BYTES_MAX, INVITE_TOKEN_BYTES, LOOKUP_BURST } from '../../protocols/core/limits.ts'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { encodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { padBucket } from '../../protocols/envelope/padding.ts'
import { encodeCiphertext, encodeEnvelope, type Ciphertext } from '../../protocols/envelope/wire.ts'
import { decodeBundleAnswer, encodeBundleRequest, PREKEYS_VERSION } from '../../protocols/prekeys/wire.ts'
import { generateIdentity } from '../../node/crypto/keys.ts'
import { ACCOUNT_PROTOCOL, PREKEYS_PROTOCOL } from '../../node/protocols.ts'
import type { OutboxCipherKind } from '../../store/types.ts'
import { Depositor, impostor } from './impostors.ts'
import { friends, Person, type Pair } from './nodes.ts'

const hello = encodeDepositFrame({ type: 'hello', hello: HELLO })

describe('bytes of strangers', () => {
  let pair: Pair

  before(async () => { pair = await friends() })
  after(async () => { await pair[Symbol.asyncDispose]() })
  // Whatever was tried: the node lives, knows nobody new, and its next good message passes.
  afterEach(async () => {
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'still fine'), 'delivered')
    assert.equal((await ana.node.contacts.list()).length, 1)
    assert.deepEqual(await ana.node.requests.list(), [])
    assert.equal((await ana.texts(bob)).every(text => text === 'still fine'), true)
  })

  it('a frame above the limit ends the stream before it is read', async () => {
    await using stranger = await Depositor.open(pair.ana, { frameBytesMax: 10 * BATCH_FRAME_BYTES_MAX })
    await assert.rejects(stranger.sendBytes(new Uint8Array(BATCH_FRAME_BYTES_MAX + 1)), { name: 'UnreachableError' })
    assert.equal(await stranger.closed, 'reset')
  })

  const farewells: Record<string, { readonly frames: readonly Uint8Array[], readonly reason: string }> = {
    'versions that nobody here speaks': { frames: [encodeDepositFrame({ type: 'hello', hello: { versionMin: 99, versionMax: 100, features: [] } })], reason: 'version' },
    'a hello with versions that make no sense': { frames: [encodeDepositFrame({ type: 'hello', hello: { versionMin: 3, versionMax: 1, features: [] } })], reason: 'malformed' },
    'deposits before the hello': { frames: [batch(1)], reason: 'malformed' },
    'a second hello': { frames: [hello, hello], reason: 'malformed' },
    garbage: { frames: [hello, randomBytes(300)], reason: 'malformed' },
    'a batch that was cut': { frames: [hello, batch(3).subarray(0, 70)], reason: 'malformed' },
    'a frame of no kind': { frames: [hello, new Uint8Array(0)], reason: 'malformed' },
    'more deposits than a batch may have': { frames: [hello, batch(257)], reason: 'malformed' },
    'a deposit id of the wrong size': { frames: [hello, encodeDepositFrame({ type: 'batch', deposits: [{ depositId: new Uint8Array(3) as EnvelopeId, body: new Uint8Array(9), lifetimeS: 0, isWake: false, gateToken: undefined }] })], reason: 'malformed' }
  }
  for (const [what, { frames, reason }] of Object.entries(farewells)) {
    it(`${what}: goodbye, ${reason}`, async () => {
      await using stranger = await Depositor.open(pair.ana)
      for (const frame of frames) await stranger.sendBytes(frame)
      let last = await stranger.next()
      if (last.type === 'hello') last = await stranger.next()
      assert.deepEqual(last, { type: 'goodbye', reason })
      await stranger.closed
    })
  }

  const refusals: Record<string, { readonly body: Uint8Array, readonly gateToken?: Uint8Array, readonly reason: string }> = {
    'a stranger without an invite': { body: randomBytes(500), reason: 'unknownSender' },
    'an invite that nobody gave': { body: randomBytes(500), gateToken: randomBytes(INVITE_TOKEN_BYTES), reason: 'badToken' },
    'an empty envelope': { body: new Uint8Array(0), reason: 'malformed' },
    'an envelope above the limit': { body: randomBytes(ENVELOPE_BYTES_MAX + 1), reason: 'tooLarge' }
  }
  for (const [what, { body, gateToken, reason }] of Object.entries(refusals)) {
    it(`${what}: refused, ${reason}`, async () => {
      await using stranger = await Depositor.greet(pair.ana)
      assert.equal(refusalOf(await stranger.deposit(body, { gateToken })), reason)
    })
  }

  it('a request must be what it says: every lie about who asks is malformed', async () => {
    const { ana, bob } = pair
    const token = decodeInvite(await ana.node.invite({ once: true })).token
    const sealTo = await sealerFor(ana)
    await bob.stop()
    const statement = decodeSignedStatement(await bob.withStore(store => store.read.own.get()?.statement ?? new Uint8Array(0)))
    await bob.start()
    const seal = (ciphertext: Ciphertext): Uint8Array => encodeEnvelope({ form: 'sealed', sealed: sealTo(padBucket(encodeCiphertext(ciphertext))) })
    const bobsDevice = parseDeviceId(bob.node.device)
    const inner = { senderDevice: bobsDevice, kind: 'prekey', body: randomBytes(200) } as const
    await using depositor = await Depositor.greet(ana)
    const lies: Record<string, Uint8Array> = {
      'no envelope': randomBytes(500),
      'sealed to somebody else': encodeEnvelope({ form: 'sealed', sealed: randomBytes(1024) }),
      'nobody asks': seal({ ...inner, statement: undefined }),
      'a statement with a wrong signature': seal({ ...inner, statement: { ...statement, signature: new Uint8Array(64) } }),
      'a statement that was changed': seal({ ...inner, statement: { ...statement, payload: flipped(statement.payload) } }),
      'somebody else\'s statement': seal({ ...inner, statement }),
      'a device that the statement does not list': seal({ ...inner, senderDevice: generateIdentity().deviceId, statement })
    }
    for (const [what, body] of Object.entries(lies)) assert.equal(refusalOf(await depositor.deposit(body, { gateToken: token })), 'malformed', what)
  })

  it('a stranger who knocks too often is told to wait', async () => {
    await using stranger = await Depositor.greet(pair.ana)
    const reasons = []
    for (let knock = 0; knock < LOOKUP_BURST + 3; knock++) reasons.push(refusalOf(await stranger.deposit(randomBytes(100))))
    assert.equal(reasons[0], 'unknownSender')
    assert.equal(reasons.at(-1), 'rate')
  })

  it('lookups of accounts and devices that are not here are refused, and garbage is not answered', async () => {
    const { node } = pair.ana
    const network = impostor()
    await network.start()
    try {
      const target = { peerId: node.peerId, addresses: node.addresses() }
      const ask = async (protocol: typeof ACCOUNT_PROTOCOL, bytes: Uint8Array): Promise<Uint8Array> => await network.request(target, protocol, bytes)
      assert.deepEqual(decodeAccountAnswer(await ask(ACCOUNT_PROTOCOL, encodeAccountLookup({ version: ACCOUNT_VERSION, accountId: accountId(new Uint8Array(32)) }))), { type: 'refusal', reason: 'unknownAccount' })
      assert.deepEqual(decodeAccountAnswer(await ask(ACCOUNT_PROTOCOL, encodeAccountLookup({ version: 77, accountId: parseAccountId(node.account) }))), { type: 'refusal', reason: 'version' })
      const bundle = { version: PREKEYS_VERSION, deviceId: parseDeviceId(node.device), token: undefined }
      assert.deepEqual(decodeBundleAnswer(await ask(PREKEYS_PROTOCOL, encodeBundleRequest({ ...bundle, deviceId: deviceId(new Uint8Array(16)) }))), { type: 'refusal', reason: 'unknownDevice' })
      assert.deepEqual(decodeBundleAnswer(await ask(PREKEYS_PROTOCOL, encodeBundleRequest({ ...bundle, version: 77 }))), { type: 'refusal', reason: 'version' })
      const answer = decodeBundleAnswer(await ask(PREKEYS_PROTOCOL, encodeBundleRequest(bundle)))
      assert.ok(answer.type === 'bundle' && answer.bundle.isLastResort, 'without an invite only the last resort')
      for (const protocol of [ACCOUNT_PROTOCOL, PREKEYS_PROTOCOL]) await assert.rejects(ask(protocol, randomBytes(100)), { name: 'UnreachableError' })
    } finally {
      await network.stop()
    }
  })
})

describe('bytes with the key of a contact', () => {
  it('a letter of another device, a changed one and a doubled one are answered rightly, and the true one is taken once', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'first'), 'delivered')
    await ana.until(await ana.send(bob, 'second'), 'delivered')
    await ana.stop()
    const id = await bob.send(ana, 'third')
    await bob.stop()
    await ana.start()
    const { networkKey, ciphertext, depositId } = await underWay(bob)
    await using depositor = await Depositor.greet(ana, { networkKey })
    const letter = (change: Partial<typeof ciphertext>): Uint8Array => encodeEnvelope({ form: 'clear', ciphertext: { ...ciphertext, ...change } })
    assert.equal(refusalOf(await depositor.deposit(letter({ senderDevice: generateIdentity().deviceId }))), 'malformed', 'of another device')
    const changed = await depositor.deposit(letter({ body: flipped(ciphertext.body) }))
    assert.equal(refusalOf(changed), 'undecryptable', 'a wrong MAC')
    assert.ok(changed.type === 'refused' && changed.decryptionError !== undefined, 'with a complaint that says which')
    assert.equal(refusalOf(await depositor.deposit(randomBytes(300))), 'malformed', 'no envelope at all')
    assert.deepEqual(await ana.texts(bob), ['first', 'second'])
    assert.equal((await depositor.deposit(letter({}), { depositId })).type, 'stored', 'the true one')
    assert.equal((await depositor.deposit(letter({}), { depositId })).type, 'stored', 'the same again is known')
    assert.equal(refusalOf(await depositor.deposit(letter({}))), 'undecryptable', 'the same under another id opens no second time')
    assert.deepEqual(await ana.texts(bob), ['first', 'second', 'third'])
    await depositor[Symbol.asyncDispose]()
    // Bob never saw an acknowledgement: he sends the same bytes again, and goes on.
    await bob.start()
    await bob.until(id, 'delivered')
    await bob.until(await bob.send(ana, 'fourth'), 'delivered')
    await ana.until(await ana.send(bob, 'fifth'), 'delivered')
    assert.deepEqual(await ana.texts(bob), ['first', 'second', 'third', 'fourth', 'fifth'])
  })

  it('letters that cannot be read make nobody busy: after twenty in an hour they are told to wait', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'one'), 'delivered')
    await ana.stop()
    await bob.send(ana, 'two')
    await bob.stop()
    await ana.start()
    const { networkKey, ciphertext } = await underWay(bob)
    await using depositor = await Depositor.greet(ana, { networkKey })
    const reasons = []
    for (let count = 0; count < 25; count++) {
      reasons.push(refusalOf(await depositor.deposit(encodeEnvelope({ form: 'clear', ciphertext: { ...ciphertext, body: flipped(ciphertext.body, count) } }))))
    }
    assert.deepEqual([reasons[0], reasons.at(-1)], ['undecryptable', 'busy'])
    await depositor[Symbol.asyncDispose]()
    await bob.start()
    await ana.received('two')
  })
})

function batch (count: number): Uint8Array {
  return encodeDepositFrame({ type: 'batch', deposits: Array.from({ length: count }, () => ({ depositId: envelopeId(new Uint8Array(randomBytes(16))), body: randomBytes(40), lifetimeS: 0, isWake: false, gateToken: undefined })) })
}

function refusalOf (result: Awaited<ReturnType<Depositor['deposit']>>): string {
  return result.type === 'refused' ? result.reason : result.type
}

/** With one bit of the last bytes changed: of a libsignal message that is the MAC. */
function flipped (bytes: Uint8Array, seed = 0): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const index = copy.length - 1 - (seed % 8)
  copy[index] = (copy[index] ?? 0) ^ (1 << (seed >> 3))
  return copy
}

/** HPKE to a person's device, as docs/protocols/envelope.md says. */
async function sealerFor ({ node }: Person): Promise<(bytes: Uint8Array) => Uint8Array> {
  const network = impostor()
  await network.start()
  try {
    const lookup = encodeAccountLookup({ version: ACCOUNT_VERSION, accountId: parseAccountId(node.account) })
    const answer = decodeAccountAnswer(await network.request({ peerId: node.peerId, addresses: node.addresses() }, ACCOUNT_PROTOCOL, lookup))
    assert.equal(answer.type, 'statement')
    const [device] = decodeStatement(answer.statement.payload).devices
    assert.ok(device)
    const key = PublicKey.deserialize(Uint8Array.from(device.identityKey))
    return bytes => key.seal(Uint8Array.from(bytes), Buffer.from('skein/envelope/v1'), Uint8Array.from(device.deviceId))
  } finally {
    await network.stop()
  }
}

interface UnderWay { readonly networkKey: Uint8Array, readonly depositId: EnvelopeId, readonly ciphertext: { readonly senderDevice: ReturnType<typeof parseDeviceId>, readonly kind: OutboxCipherKind, readonly body: Uint8Array } }

/** The newest envelope in the outbox of a stopped node, and the key that its connections prove. */
async function underWay (person: Person): Promise<UnderWay> {
  return await person.withStore(({ read }) => {
    const own = read.own.get()
    const [device] = read.outbox.openDevices()
    const letter = device === undefined ? undefined : read.outbox.sealed(device.deviceId, { afterRow: 0, limit: 100 }).at(-1)
    assert.ok(own && letter?.ciphertext && letter.envelopeId && letter.cipherKind)
    return { networkKey: own.networkKey, depositId: letter.envelopeId, ciphertext: { senderDevice: own.deviceId, kind: letter.cipherKind, body: letter.ciphertext } }
  })
}
