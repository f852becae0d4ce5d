import assert from 'node:assert/strict'
import { envelopeId } from '../../../protocols/core/ids.ts'
import { ACKNOWLEDGE_TIMEOUT_MS, BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_DEPOSITS_MAX } from '../../../protocols/core/limits.ts'
import { encodeResultFrame, type RefusalReason } from '../../../protocols/deposit/wire.ts'
import { Lane, type Letter } from '../../../node/loops/lane.ts'
import type { Channel, ChannelProtocol, FrameHandler, PeerTarget } from '../../../node/ports.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'
import { numberedId } from '../engine.ts'
import { Mailbox } from '../mailbox.ts'

interface Note extends Letter { readonly body: Uint8Array }

function letter (row: number, bytes = 100): Note {
  return { row, depositId: envelopeId(numberedId(row)), sizeBytes: bytes, body: new Uint8Array(bytes).fill(row) }
}

function letters (count: number, bytes?: number): Note[] {
  return Array.from({ length: count }, (_, index) => letter(index + 1, bytes))
}

/** A network whose window the test closes. */
class NarrowNetwork extends SimNetwork {
  window: Promise<void> | undefined

  override async openChannel (peer: PeerTarget, protocol: ChannelProtocol, onFrames: FrameHandler): Promise<Channel> {
    const channel = await super.openChannel(peer, protocol, onFrames)
    return {
      peerId: channel.peerId,
      isRelayed: channel.isRelayed,
      closed: channel.closed,
      close: () => { channel.close() },
      send: async frames => {
        await channel.send(frames)
        await this.window
      }
    }
  }
}

/** A lane from Ana to Bob's mailbox, over what the test puts into `outbox`. */
class Scene {
  readonly world = new World(1)
  readonly ether = new Ether(this.world, new SeededRandom(1, 'ether'))
  readonly network = new NarrowNetwork(this.ether, 'ana', '/sim/ana')
  readonly bob = new Mailbox(this.ether, 'bob')
  outbox: Note[] = []
  loads = 0
  skewMs = 0
  readonly stored: number[] = []
  readonly refused: Array<[number, string]> = []
  /** Reasons after which a letter is out of the lane. */
  readonly final = new Set<string>(['tooLarge', 'malformed', 'badToken', 'undecryptable'])
  readonly failed: Array<[string, number[], string]> = []
  readonly lane: Lane<Note>

  constructor (outbox: Note[] = []) {
    this.outbox = outbox
    void this.network.start()
    this.lane = new Lane<Note>({
      deposit: ({ depositId, body }) => ({ depositId, body, lifetimeS: 0, isWake: false, gateToken: undefined }),
      network: this.network,
      clock: this.world.clock(() => true, () => this.skewMs),
      random: { bytes: length => new Uint8Array(length), fraction: () => 0.5 },
      reach: () => {},
      target: () => ({ peerId: 'bob', addresses: ['/sim/bob'] }),
      load: (afterRow, limit) => {
        this.loads += 1
        return this.outbox.filter(each => each.row > afterRow).slice(0, limit)
      },
      onStored: ({ row }) => {
        this.stored.push(row)
        this.outbox = this.outbox.filter(each => each.row !== row)
      },
      onRefused: ({ row }, { reason }) => {
        this.refused.push([row, reason])
        if (this.final.has(reason)) this.outbox = this.outbox.filter(each => each.row !== row)
        return this.final.has(reason)
      },
      onAttemptFailed: (failed, step, error) => this.failed.push([step, failed.map(each => each.row), error.message])
    })
  }

  /** Puts letters into the outbox and offers them, as after a commit. */
  offer (...fresh: Note[]): void {
    this.outbox.push(...fresh)
    this.lane.offer(fresh)
  }

  async opened (): Promise<void> {
    this.offer(letter(1))
    await this.world.advance(100)
    assert.deepEqual(this.stored, [1])
  }

  refuse (reason: RefusalReason, retryAfterMs = 0): void {
    this.bob.answer = ({ depositId }) => ({ type: 'refused', depositId, reason, retryAfterMs })
  }

  take (): void { this.bob.answer = ({ depositId }) => ({ type: 'stored', depositId }) }
  keepSilent (): void { this.bob.answer = () => undefined }
}

describe('a lane', () => {
  it('says hello, then sends what waits in the order of its rows', async () => {
    const scene = new Scene(letters(5))
    scene.lane.hint()
    await scene.world.advance(100)
    assert.deepEqual([scene.bob.numbers, scene.bob.batches, scene.stored], [[1, 2, 3, 4, 5], [5], [1, 2, 3, 4, 5]])
  })

  it('does not dial when nothing waits', async () => {
    const scene = new Scene()
    scene.lane.hint()
    await scene.world.advance(60_000)
    assert.equal(scene.bob.channels.length, 0)
  })

  it('keeps its stream, and sends what is fresh from memory', async () => {
    const scene = new Scene()
    await scene.opened()
    const { loads } = scene
    scene.offer(letter(2), letter(3))
    await scene.world.advance(100)
    scene.offer(letter(4))
    await scene.world.advance(100)
    assert.deepEqual([scene.bob.numbers, scene.bob.batches, scene.bob.channels.length], [[1, 2, 3, 4], [1, 2, 1], 1])
    assert.deepEqual(scene.stored, [1, 2, 3, 4])
    assert.equal(scene.loads, loads, 'without asking the database')
  })

  it('puts no more into a frame than the protocol allows', async () => {
    const scene = new Scene(letters(20, 60_000))
    scene.lane.hint()
    await scene.world.advance(1_000)
    assert.equal(scene.stored.length, 20)
    for (const count of scene.bob.batches) assert.ok(count * 60_000 <= BATCH_FRAME_BYTES_MAX)
    const many = new Scene(letters(600))
    many.lane.hint()
    await many.world.advance(1_000)
    assert.deepEqual([many.stored.length, Math.max(...many.bob.batches)], [600, BATCH_DEPOSITS_MAX])
  })
})

describe('a lane: what is under way', () => {
  it('is at most 512 deposits; answers make room', async () => {
    const scene = new Scene(letters(1_000))
    scene.keepSilent()
    scene.lane.hint()
    await scene.world.advance(1_000)
    assert.equal(scene.bob.deposits.length, IN_FLIGHT_DEPOSITS_MAX)
    scene.take()
    scene.bob.say({ type: 'batch', results: scene.bob.deposits.slice(0, 10).map(({ depositId }) => ({ type: 'stored', depositId })) })
    await scene.world.advance(1_000)
    assert.deepEqual([scene.bob.deposits.length, scene.stored.length], [1_000, 498])
  })

  it('is at most 4 MiB and an envelope: more at once would cut the stream each time', async () => {
    const scene = new Scene(letters(200, 64_000))
    const bytes = (): number => scene.bob.deposits.reduce((sum, { body }) => sum + body.byteLength, 0)
    scene.keepSilent()
    scene.lane.hint()
    await scene.world.advance(1_000)
    scene.offer(...Array.from({ length: 64 }, (_, index) => letter(201 + index, 64_000)))
    await scene.world.advance(1_000)
    assert.ok(bytes() > IN_FLIGHT_BYTES_MAX - 64_000 && bytes() <= IN_FLIGHT_BYTES_MAX + 64_000)
    scene.take()
    scene.bob.say({ type: 'batch', results: scene.bob.deposits.map(({ depositId }) => ({ type: 'stored', depositId })) })
    await scene.world.advance(1_000)
    assert.equal(scene.stored.length, 264)
  })

  it('waits for the peer’s window before more is written', async () => {
    const scene = new Scene()
    await scene.opened()
    const window = Promise.withResolvers<undefined>()
    scene.network.window = window.promise
    scene.offer(letter(2))
    scene.offer(letter(3))
    scene.offer(letter(4))
    await scene.world.advance(100)
    assert.deepEqual(scene.bob.numbers, [1, 2])
    window.resolve(undefined)
    await scene.world.advance(100)
    assert.deepEqual([scene.bob.numbers, scene.bob.batches], [[1, 2, 3, 4], [1, 1, 2]])
  })

  it('and had no answer when the stream ended goes again, the same bytes in the same order', async () => {
    const scene = new Scene(letters(3))
    scene.keepSilent()
    scene.lane.hint()
    await scene.world.advance(100)
    scene.ether.partition()
    scene.ether.isPartitioned = false
    scene.take()
    await scene.world.advance(1_500)
    assert.deepEqual(scene.failed, [['unanswered', [1, 2, 3], 'the connection ended (reset)']])
    assert.deepEqual([scene.bob.numbers, scene.stored], [[1, 2, 3, 1, 2, 3], [1, 2, 3]])
    const [first, , , again] = scene.bob.deposits
    assert.deepEqual(again?.body, first?.body)
  })

  it('counts as lost when no answer comes in 15 s, whatever the stream says', async () => {
    const scene = new Scene(letters(2))
    scene.keepSilent()
    scene.lane.hint()
    await scene.world.advance(ACKNOWLEDGE_TIMEOUT_MS - 100)
    assert.equal(scene.bob.channels.length, 1)
    scene.take()
    await scene.world.advance(2_500)
    assert.deepEqual([scene.failed, scene.bob.channels.length, scene.stored], [[['unanswered', [1, 2], 'the connection ended (closed)']], 2, [1, 2]])
  })

  it('is watched from the oldest: answers to others do not make up for it', async () => {
    const scene = new Scene(letters(2))
    scene.bob.answer = ({ depositId }) => depositId[15] === 1 ? undefined : { type: 'stored', depositId }
    scene.lane.hint()
    for (let row = 3; row < 9; row++) {
      await scene.world.advance(5_000)
      scene.offer(letter(row))
    }
    assert.ok(scene.bob.channels.length >= 2)
    assert.ok(scene.failed.every(([, rows]) => rows.includes(1)))
  })

  it('is forgotten when it was settled by other means: a late answer says nothing', async () => {
    const scene = new Scene(letters(2))
    scene.keepSilent()
    scene.lane.hint()
    await scene.world.advance(100)
    scene.lane.forget(letter(1).depositId)
    scene.bob.say({ type: 'batch', results: [1, 2, 2, 7].map(row => ({ type: 'stored', depositId: letter(row).depositId })) })
    await scene.world.advance(100)
    assert.deepEqual(scene.stored, [2])
  })
})

describe('a lane: refusals', () => {
  it('of one envelope do not stop the others', async () => {
    const scene = new Scene(letters(3))
    scene.bob.answer = ({ depositId }) => depositId[15] === 2 ? { type: 'refused', depositId, reason: 'tooLarge', retryAfterMs: 0 } : { type: 'stored', depositId }
    scene.lane.hint()
    await scene.world.advance(60_000)
    assert.deepEqual([scene.stored, scene.refused, scene.bob.numbers], [[1, 3], [[2, 'tooLarge']], [1, 2, 3]])
  })

  it('for now pause the lane for as long as was asked; then everything from there goes again', async () => {
    const scene = new Scene(letters(2))
    scene.refuse('busy', 3_000)
    scene.lane.hint()
    await scene.world.advance(100)
    scene.offer(letter(3))
    scene.take()
    await scene.world.advance(2_800)
    assert.deepEqual([scene.bob.numbers, scene.lane.retryAtMs !== undefined], [[1, 2], true])
    await scene.world.advance(300)
    assert.deepEqual([scene.bob.numbers, scene.stored, scene.bob.channels.length], [[1, 2, 1, 2, 3], [1, 2, 3], 1])
  })

  it('end with hope', async () => {
    const scene = new Scene(letters(1))
    scene.refuse('notAccepted', 3_600_000)
    scene.lane.hint()
    await scene.world.advance(1_000)
    scene.take()
    scene.lane.hint()
    await scene.world.advance(100)
    assert.deepEqual(scene.stored, [1])
  })

  it('never silence us for good', async () => {
    const scene = new Scene(letters(1))
    scene.refuse('full', Number.MAX_SAFE_INTEGER)
    scene.lane.hint()
    await scene.world.advance(1_000)
    scene.take()
    await scene.world.advance(3_600_000)
    assert.deepEqual(scene.stored, [1])
  })
})

describe('a lane: dialling', () => {
  it('is tried again with growing pauses, and says when', async () => {
    const scene = new Scene(letters(1))
    await scene.bob.network.stop()
    scene.lane.hint()
    await scene.world.advance(10_500)
    assert.deepEqual(scene.failed, [['unreachable', [], 'no address answers']])
    assert.ok(scene.lane.retryAtMs !== undefined && scene.lane.retryAtMs > scene.world.nowMs)
    await scene.bob.network.start()
    await scene.world.advance(1_500)
    assert.deepEqual([scene.stored, scene.lane.retryAtMs], [[1], undefined])
  })

  it('happens at once when there is hope', async () => {
    const scene = new Scene(letters(1))
    await scene.bob.network.stop()
    scene.lane.hint()
    await scene.world.advance(300_000)
    await scene.bob.network.start()
    scene.lane.hint()
    await scene.world.advance(100)
    assert.deepEqual(scene.stored, [1])
  })

  it('does not wait for the end of a long pause when somebody writes', async () => {
    const scene = new Scene(letters(1))
    await scene.bob.network.stop()
    scene.lane.hint()
    await scene.world.advance(300_000)
    await scene.bob.network.start()
    await scene.world.advance(6_000)
    scene.offer(letter(2))
    await scene.world.advance(100)
    assert.deepEqual(scene.stored, [1, 2])
  })

  it('but does so only once the pause is some seconds old: who writes a lot does not dial without pause', async () => {
    const scene = new Scene(letters(1))
    scene.bob.hello = undefined
    scene.lane.hint()
    await scene.world.advance(10_500)
    const dials = scene.bob.channels.length
    for (let row = 2; row < 12; row++) {
      scene.offer(letter(row))
      await scene.world.advance(10)
    }
    assert.equal(scene.bob.channels.length, dials)
  })

  it('fails when no hello comes in 10 s, and the stream is closed', async () => {
    const scene = new Scene(letters(1))
    scene.bob.hello = undefined
    scene.lane.hint()
    await scene.world.advance(10_500)
    assert.deepEqual([scene.failed, scene.bob.openCount, scene.bob.deposits], [[['unreachable', [], 'no hello came in time']], 0, []])
  })

  it('fails when they speak no version of ours, and the stream is closed', async () => {
    const scene = new Scene(letters(1))
    scene.bob.hello = { versionMin: 2, versionMax: 3, features: [] }
    scene.lane.hint()
    await scene.world.advance(100)
    assert.deepEqual([scene.failed, scene.bob.openCount, scene.bob.deposits], [[['unreachable', [], 'the other side speaks no version that we do']], 0, []])
  })

  it('fails when they say goodbye instead of hello', async () => {
    const scene = new Scene(letters(1))
    scene.bob.hello = undefined
    scene.lane.hint()
    await scene.world.advance(20)
    scene.bob.say({ type: 'goodbye', reason: 'shutdown' })
    await scene.world.advance(20)
    assert.deepEqual([scene.failed, scene.bob.openCount], [[['unreachable', [], 'the other side ended the stream (shutdown)']], 0])
  })

  it('a peer that answers with nonsense loses the stream', async () => {
    const scene = new Scene()
    await scene.opened()
    scene.keepSilent()
    scene.offer(letter(2))
    await scene.world.advance(100)
    await scene.bob.channels.at(-1)?.send([encodeResultFrame({ type: 'hello', hello: { versionMin: 1, versionMax: 1, features: [] } }), Uint8Array.of(255, 255)])
    await scene.world.advance(100)
    assert.deepEqual([scene.bob.openCount, scene.failed.map(([step, rows]) => [step, rows])], [0, [['unanswered', [2]]]])
  })

  it('ends with the node: nothing is dialled, and the stream is closed', async () => {
    const scene = new Scene()
    await scene.opened()
    scene.lane.stop()
    scene.offer(letter(2))
    scene.lane.hint()
    await scene.world.advance(3_600_000)
    assert.deepEqual([scene.bob.openCount, scene.bob.channels.length, scene.bob.numbers], [0, 1, [1]])
  })

  it('that succeeds after the node has ended opens nothing', async () => {
    const scene = new Scene(letters(1))
    scene.lane.hint()
    scene.lane.stop()
    await scene.world.advance(60_000)
    assert.deepEqual([scene.bob.openCount, scene.bob.numbers], [0, []])
  })

  it('does not believe the wall clock: set back a day, it still tries when the pause is over', async () => {
    const scene = new Scene(letters(1))
    await scene.bob.network.stop()
    scene.lane.hint()
    await scene.world.advance(10_500)
    scene.skewMs = -86_400_000
    await scene.bob.network.start()
    await scene.world.advance(1_500)
    assert.deepEqual(scene.stored, [1])
  })
})
