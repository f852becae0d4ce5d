import assert from 'node:assert/strict'
import { accountId, envelopeId } from '../../../protocols/core/ids.ts'
import { BATCH_DEPOSITS_MAX, INBOUND_WAITING_PER_PEER_MAX, LOOKUP_BURST, REQUESTS_PENDING_MAX } from '../../../protocols/core/limits.ts'
import { HELLO, type Hello } from '../../../protocols/deposit/hello.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit, type ResultFrame } from '../../../protocols/deposit/wire.ts'
import { encodeEnvelope } from '../../../protocols/envelope/wire.ts'
import { NOBODY } from '../../../node/contacts/introductions.ts'
import { createOneTimeInvite } from '../../../node/contacts/invites.ts'
import { serveDeposits } from '../../../node/handlers/deposit.ts'
import { Rates } from '../../../node/rates.ts'
import type { Channel, ChannelEnd, ChannelProtocol, FrameHandler } from '../../../node/ports.ts'
import type { Standing } from '../../../store/types.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Engine, numberedId } from '../engine.ts'

/** One stream into Ana's mailbox, without a network: frames go in as they are, and what comes back is kept. */
class Stream implements Channel {
  readonly peerId: string
  readonly isRelayed = false
  readonly closed: Promise<ChannelEnd>
  readonly answers: Array<ResultFrame<string, string>> = []
  isClosed = false
  isBroken = false
  onFrames: FrameHandler = () => {}
  #end: (end: ChannelEnd) => void = () => {}

  constructor (peerId: string) {
    this.peerId = peerId
    this.closed = new Promise(resolve => { this.#end = resolve })
  }

  send (frames: readonly Uint8Array[]): Promise<void> {
    if (this.isBroken) return Promise.reject(new Error('the stream is gone'))
    this.answers.push(...frames.map(decodeResultFrame))
    return Promise.resolve()
  }

  close (): void {
    this.isClosed = true
    this.#end('closed')
  }
}

class Doorway extends SimNetwork {
  accept: (channel: Channel) => FrameHandler = () => () => {}
  override serveChannel (_protocol: ChannelProtocol, accept: (channel: Channel) => FrameHandler): void { this.accept = accept }
}

class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly stream: Stream
  readonly #network = new Doorway(new Ether(this.ana.world, new SeededRandom(1, 'ether')), this.ana.peerId, '/sim/ana')

  constructor (peerId = 'peerbob') {
    const { store, directory, clock, turn } = this.ana
    serveDeposits({ network: this.#network, reader: store.read, directory, clock, turn, rates: new Rates(clock, () => ({ burst: LOOKUP_BURST, perSecond: 2 })), reach: step => this.ana.steps.push(step) })
    this.stream = this.open(peerId)
  }

  /** Bob has a standing with Ana, and a session to her. */
  static async known (standing: Standing = 'accepted'): Promise<Scene> {
    const scene = new Scene()
    scene.ana.add(scene.bob, standing)
    scene.bob.add(scene.ana)
    await scene.bob.meet(scene.ana)
    return scene
  }

  open (peerId: string): Stream {
    const stream = new Stream(peerId)
    stream.onFrames = this.#network.accept(stream)
    return stream
  }

  hello (hello: Hello = HELLO): void { void this.stream.onFrames([encodeDepositFrame({ type: 'hello', hello })]) }

  deposit (...deposits: Deposit[]): Promise<void> | undefined {
    return this.stream.onFrames([encodeDepositFrame({ type: 'batch', deposits })]) as Promise<void> | undefined
  }

  /** An envelope of Bob's. */
  async written (text = 'hello'): Promise<Deposit> {
    await this.bob.send(1, text)
    const [envelope] = this.bob.takeSealed()
    assert.ok(envelope)
    const { kind, body } = envelope.sealed
    return { depositId: envelope.envelopeId, body: encodeEnvelope({ form: 'clear', ciphertext: { senderDevice: this.bob.device, kind, body } }), lifetimeS: 0, isWake: false, gateToken: undefined }
  }

  get results (): string[] {
    return this.stream.answers.flatMap(answer => answer.type === 'batch' ? answer.results.map(result => result.type === 'stored' ? 'stored' : `${result.reason} ${result.retryAfterMs}`) : [])
  }
}

function junk (number: number, change: Partial<Deposit> = {}): Deposit {
  return { depositId: envelopeId(numberedId(number)), body: Uint8Array.of(1), lifetimeS: 0, isWake: false, gateToken: undefined, ...change }
}

describe('taking deposits: the stream', () => {
  it('begins with a hello each way', () => {
    const scene = new Scene()
    scene.hello()
    assert.deepEqual(scene.stream.answers, [{ type: 'hello', hello: HELLO }])
    assert.equal(scene.stream.isClosed, false)
  })

  it('ends with a goodbye when there is no common version', () => {
    const scene = new Scene()
    scene.hello({ versionMin: 2, versionMax: 9, features: [] })
    assert.deepEqual([scene.stream.answers, scene.stream.isClosed], [[{ type: 'goodbye', reason: 'version' }], true])
  })

  it('ends when a batch comes before the hello, or a second hello', () => {
    const early = new Scene()
    void early.deposit(junk(1))
    assert.deepEqual([early.stream.answers, early.stream.isClosed], [[{ type: 'goodbye', reason: 'malformed' }], true])
    const twice = new Scene()
    twice.hello()
    twice.hello()
    assert.deepEqual([twice.stream.answers.at(-1), twice.stream.isClosed], [{ type: 'goodbye', reason: 'malformed' }, true])
  })

  it('ends when a frame is none, and takes nothing after it', async () => {
    const scene = await Scene.known()
    scene.hello()
    void scene.stream.onFrames([Uint8Array.of(255, 255), encodeDepositFrame({ type: 'batch', deposits: [await scene.written()] })])
    await scene.ana.rest()
    assert.deepEqual([scene.stream.answers.at(-1), scene.stream.isClosed, scene.results], [{ type: 'goodbye', reason: 'malformed' }, true, []])
  })

  it('that is gone takes no answers, and nobody minds', async () => {
    const scene = await Scene.known()
    scene.hello()
    scene.stream.isBroken = true
    void scene.deposit(await scene.written())
    await scene.ana.rest()
    assert.equal(scene.ana.messages(1).length, 1)
  })
})

describe('taking deposits: the answer', () => {
  it('comes after the disk has it, never before', async () => {
    const scene = await Scene.known()
    const disk = Promise.withResolvers<undefined>()
    scene.ana.store.flush = disk.promise
    scene.hello()
    void scene.deposit(await scene.written())
    await scene.ana.rest()
    assert.deepEqual([scene.results, scene.ana.messages(1).length], [[], 1])
    disk.resolve(undefined)
    await scene.ana.rest()
    assert.deepEqual(scene.results, ['stored'])
    assert.deepEqual(scene.ana.steps.filter(step => step.startsWith('receive.')), ['receive.arrived', 'receive.arrived', 'receive.opened', 'receive.beforeCommit', 'receive.afterCommit', 'receive.acknowledged'])
  })

  it('to all deposits of a turn comes in one frame', async () => {
    const scene = await Scene.known()
    scene.hello()
    void scene.deposit(await scene.written('one'), junk(1, { body: new Uint8Array() }), await scene.written('two'))
    await scene.ana.rest()
    assert.deepEqual(scene.results.sort(), ['malformed 0', 'stored', 'stored'])
    assert.ok(scene.stream.answers.length <= 3, 'a hello, the refusal, the turn')
  })

  it('is the same when the same envelope comes again', async () => {
    const scene = await Scene.known()
    scene.hello()
    const deposit = await scene.written()
    for (let time = 0; time < 3; time++) {
      void scene.deposit(deposit)
      await scene.ana.rest()
    }
    assert.deepEqual([scene.results, scene.ana.messages(1).length], [['stored', 'stored', 'stored'], 1])
  })

  it('to more refused deposits than a frame takes comes in several', async () => {
    const scene = new Scene()
    scene.hello()
    const deposits = Array.from({ length: 2 * BATCH_DEPOSITS_MAX + 10 }, (_, number) => junk(number))
    const batch = (from: number): Uint8Array => encodeDepositFrame({ type: 'batch', deposits: deposits.slice(from, from + BATCH_DEPOSITS_MAX) })
    void scene.stream.onFrames([batch(0), batch(BATCH_DEPOSITS_MAX), batch(2 * BATCH_DEPOSITS_MAX)])
    await scene.ana.rest()
    assert.deepEqual([scene.results.length, scene.stream.answers.length], [deposits.length, 4])
  })
})

describe('taking deposits: from whom', () => {
  const refusals: ReadonlyArray<readonly [string, Standing | undefined, Uint8Array | undefined, string]> = [
    ['a stranger', undefined, undefined, 'unknownSender 0'],
    ['a stranger whose invite is not ours', undefined, new Uint8Array(16), 'badToken 0'],
    ['who was blocked', 'blocked', undefined, 'unknownSender 0'],
    ['who was blocked, whatever invite they show', 'blocked', new Uint8Array(16), 'badToken 0'],
    ['who waits for our answer', 'pending', undefined, 'notAccepted 3600000'],
    ['who was removed', 'removed', undefined, 'unknownSender 0']
  ]
  for (const [who, standing, gateToken, expected] of refusals) {
    it(`${who}: nothing is opened, and the answer is ${expected}`, async () => {
      const scene = standing === undefined ? new Scene() : await Scene.known(standing)
      scene.hello()
      void scene.deposit(junk(1, { gateToken }))
      await scene.ana.rest()
      assert.deepEqual([scene.results, scene.ana.steps.includes('receive.opened')], [[expected], false])
    })
  }

  it('a contact is slowed by nothing but its own window, a stranger by a rate', async () => {
    const scene = await Scene.known()
    scene.hello()
    for (let number = 0; number < LOOKUP_BURST * 2; number++) void scene.deposit(junk(number))
    await scene.ana.rest()
    assert.deepEqual(new Set(scene.results), new Set(['malformed 0']))
    const stranger = new Scene()
    stranger.hello()
    for (let number = 0; number < LOOKUP_BURST + 1; number++) void stranger.deposit(junk(number))
    await stranger.ana.rest()
    assert.deepEqual(stranger.results.slice(-2), ['unknownSender 0', 'rate 5000'])
  })

  it('with an invite of ours a stranger comes as far as its letter head is believed', async () => {
    const scene = new Scene()
    const { token } = scene.ana.store.transact(writer => createOneTimeInvite(writer, { random: scene.ana.random, nowMs: scene.ana.clock.now() }))
    scene.hello()
    void scene.deposit(junk(1, { gateToken: token }), junk(2, { gateToken: token, body: new Uint8Array(20_000) }))
    await scene.ana.rest()
    assert.deepEqual(scene.results.sort(), ['malformed 0', 'tooLarge 0'])
  })

  it('when 64 requests wait, another is told to come later', async () => {
    const scene = new Scene()
    const { token } = scene.ana.store.transact(writer => {
      for (let number = 0; number < REQUESTS_PENDING_MAX; number++) {
        const contact = writer.contacts.create({ accountId: accountId(scene.ana.random.bytes(32)), ...NOBODY, standing: 'pending', createdAtMs: 1 })
        writer.requests.create({ contact, requestId: numberedId(number), name: '', text: '', inviteToken: undefined, receivedAtMs: 1 })
      }
      return createOneTimeInvite(writer, { random: scene.ana.random, nowMs: scene.ana.clock.now() })
    })
    scene.hello()
    void scene.deposit(junk(1, { gateToken: token }))
    await scene.ana.rest()
    assert.deepEqual(scene.results, ['full 3600000'])
  })
})

describe('taking deposits: back-pressure', () => {
  it('stops reading from a peer of which 512 wait for their commit, and goes on at half of it', async () => {
    const scene = await Scene.known()
    scene.hello()
    const disk = Promise.withResolvers<undefined>()
    scene.ana.store.flush = disk.promise
    const written: Deposit[] = []
    for (let number = 0; number < INBOUND_WAITING_PER_PEER_MAX; number++) written.push(await scene.written(`${number}`))
    assert.equal(scene.deposit(...written.slice(0, BATCH_DEPOSITS_MAX)), undefined)
    let isReading = false
    const reading = scene.deposit(...written.slice(BATCH_DEPOSITS_MAX))
    assert.ok(reading instanceof Promise)
    void reading.then(() => { isReading = true })
    await scene.ana.rest()
    assert.equal(isReading, false)
    disk.resolve(undefined)
    await scene.ana.rest()
    await scene.ana.rest()
    assert.deepEqual([isReading, scene.results.length], [true, INBOUND_WAITING_PER_PEER_MAX])
  })

  it('holds back nobody else', async () => {
    const scene = await Scene.known()
    const other = scene.open('peercleo')
    void other.onFrames([encodeDepositFrame({ type: 'hello', hello: HELLO })])
    assert.deepEqual(other.answers, [{ type: 'hello', hello: HELLO }])
  })
})
