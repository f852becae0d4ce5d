/** A blob comes from several holders over real libp2p: honest ones, and such as lie, stop, lack and are silent. Bytes, or a typed end. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Download, type DownloadEnd } from '../../../node/media/download.ts'
import { serveBlobs } from '../../../node/media/serve.ts'
import { generateNetworkKey } from '../../../node/net/identity.ts'
import { Libp2pNetwork } from '../../../node/net/network.ts'
import type { Channel, PeerTarget } from '../../../node/ports.ts'
import { BLOB_PROTOCOL } from '../../../node/protocols.ts'
import { realClock, realRandom } from '../../../node/world.ts'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { decodeBlobRequest, encodeBlobAnswer, type BlobAnswer, type BlobRequest } from '../../../protocols/media/wire.ts'
import { BlobFiles } from '../../../store/blobs/blob-files.ts'
import { scratchFolder } from '../../integration/folders.ts'
import { makeBlob, putInto, type MadeBlob } from './blobs.ts'
import { FarRelay, LOOPBACK } from './far-relay.ts'

const READ_KEY = new Uint8Array(32).fill(7)

describe('a blob on its way here', function () {
  this.timeout(60_000)

  it('comes whole from two holders at once, each of which has half of it', async () => {
    await using scene = await Scene.open(12.5)
    const [even, odd] = [await scene.holder(index => index % 2 === 0), await scene.holder(index => index % 2 === 1)]
    await scene.arrives([even.target, odd.target])
    assert.ok(even.servedCount === 7 && odd.servedCount === 6)
  })

  it('of one leaf comes without a tree', async () => {
    await using scene = await Scene.open(0.25)
    await scene.arrives([(await scene.holder()).target])
  })

  it('is not asked for again where it is here already', async () => {
    await using scene = await Scene.open(8)
    await putInto(scene.folder, scene.blob, index => index < 5)
    const holder = await scene.holder()
    await scene.arrives([holder.target])
    assert.equal(holder.servedCount, 3)
  })

  it('comes from the honest one when others send garbage, other leaves, unasked ones, another size or a wrong tree', async () => {
    await using scene = await Scene.open(6)
    const { blob } = scene
    const opened: BlobAnswer = { type: 'opened', blobBytes: blob.bytes.byteLength, have: Uint8Array.of(0x3f) }
    const tree = blob.nodes.map(bytes => ({ type: 'node', bytes }) as const)
    const liars = await Promise.all([
      scene.liar(request => request.type === 'get' ? [opened] : request.type === 'wantNodes' ? tree : [{ type: 'leaf', index: 0, bytes: randomBytes(LEAF_BYTES) }]),
      scene.liar(request => request.type === 'get' ? [opened] : request.type === 'wantNodes' ? tree : [{ type: 'leaf', index: 1, bytes: blob.leaf(1) }]),
      scene.liar(request => request.type === 'get' ? [opened, { type: 'leaf', index: 5, bytes: blob.leaf(5) }] : []),
      scene.liar(request => request.type === 'get' ? [{ ...opened, blobBytes: 5 * LEAF_BYTES }] : []),
      scene.liar(request => request.type === 'get' ? [opened] : [{ type: 'node', bytes: randomBytes(100) }]),
      scene.liar(request => request.type === 'get' ? [opened, ...tree, ...tree] : []),
      scene.liar(() => Uint8Array.of(0xff, 0xff, 0xff))
    ])
    await scene.arrives([...liars, (await scene.holder()).target])
  })

  it('comes from the others when one stops half-way, or says nothing for 5 s', async () => {
    await using scene = await Scene.open(6)
    const opened: BlobAnswer = { type: 'opened', blobBytes: scene.blob.bytes.byteLength, have: Uint8Array.of(0x3f) }
    const tree = scene.blob.nodes.map(bytes => ({ type: 'node', bytes }) as const)
    const silent = await scene.liar(request => request.type === 'get' ? [opened] : request.type === 'wantNodes' ? tree : [])
    const breaking = await scene.liar((request, channel) => {
      if (request.type === 'get') return [opened]
      if (request.type === 'wantNodes') return tree
      channel.close()
      return []
    })
    const startMs = performance.now()
    await scene.arrives([silent, breaking, (await scene.holder(undefined, 200)).target])
    // Half of the silence that is allowed is enough for another one to be asked, too.
    assert.ok(performance.now() - startMs < 20_000)
  })

  it('ends with NOT_FOUND when all say so, with NO_PROVIDERS when nobody is there, and shows no wrong key that there is anything', async () => {
    await using scene = await Scene.open(2)
    const empty = await scene.holder(() => false)
    assert.deepEqual(await scene.fetch([empty.target]), { type: 'failed', code: 'NOT_FOUND', isMissed: true })
    const full = await scene.holder()
    assert.deepEqual(await scene.fetch([full.target], new Uint8Array(32)), { type: 'failed', code: 'NOT_FOUND', isMissed: true })
    const gone = { peerId: empty.target.peerId, addresses: ['/ip4/127.0.0.1/tcp/1'] }
    await empty.stop()
    assert.deepEqual(await scene.fetch([gone]), { type: 'failed', code: 'NO_PROVIDERS', isMissed: false })
  })

  it('ends with TIMEOUT when who has it never brings it, and with QUOTA when it wants us to come back tomorrow', async () => {
    await using scene = await Scene.open(2)
    const busy = await scene.liar(() => [{ type: 'refused', reason: 'busy', limitBytes: 0, retryAfterMs: 3_600_000 }])
    assert.deepEqual(await scene.fetch([busy]), { type: 'failed', code: 'QUOTA', isMissed: false })
    const breaking = await scene.liar((_, channel) => {
      channel.close()
      return []
    })
    assert.deepEqual(await scene.fetch([breaking]), { type: 'failed', code: 'TIMEOUT', isMissed: false })
  })

  it('comes from the others when a relay says that it has all, and has a part; and when one has sent garbage that hash and place betray', async () => {
    await using scene = await Scene.open(6)
    const relay = await scene.relay()
    relay.put(scene.blob, READ_KEY, index => index < 2)
    relay.behaviour = { isLyingAboutHave: true }
    const damaged = await scene.relay()
    damaged.put(scene.blob, READ_KEY)
    damaged.spoil(scene.blob.root, 3)
    await scene.arrives([relay.target, damaged.target, (await scene.holder()).target])
  })

  it('goes on when a holder is found later', async () => {
    await using scene = await Scene.open(3)
    const silent = await scene.liar(() => [])
    const download = await scene.begin([silent])
    const ended = download.download.run()
    download.download.found((await scene.holder()).target)
    assert.deepEqual(await ended, { type: 'done' })
    await download.close()
  })
})

interface Holder { readonly target: PeerTarget, readonly servedCount: number, readonly stop: () => Promise<void> }

class Scene implements AsyncDisposable {
  readonly blob: MadeBlob
  readonly folder: BlobFiles
  readonly #path: string
  readonly #network: Libp2pNetwork
  readonly #stack: AsyncDisposableStack
  #folders = 0

  static async open (leaves: number): Promise<Scene> {
    const stack = new AsyncDisposableStack()
    const { path } = stack.use(await scratchFolder())
    const network = stack.adopt(newNetwork([]), async made => { await made.stop() })
    await network.start()
    return new Scene({ blob: await makeBlob(randomBytes(leaves * LEAF_BYTES)), path, network, stack })
  }

  private constructor ({ blob, path, network, stack }: { readonly blob: MadeBlob, readonly path: string, readonly network: Libp2pNetwork, readonly stack: AsyncDisposableStack }) {
    this.blob = blob
    this.#path = path
    this.folder = new BlobFiles(`${path}/own`)
    this.#network = network
    this.#stack = stack
  }

  async holder (isThere?: (index: number) => boolean, leafMs = 0): Promise<Holder> {
    const folder = new BlobFiles(`${this.#path}/${this.#folders++}`)
    const has = Array.from({ length: this.blob.leafCount }, (_, index) => isThere?.(index) ?? true)
    if (has.includes(true)) await putInto(folder, this.blob, index => has[index] === true)
    const network = this.#stack.adopt(newNetwork([LOOPBACK]), async made => { await made.stop() })
    const holder = { servedCount: 0 }
    serveBlobs({
      network,
      clock: realClock,
      find: async (root, readKey) => {
        const found = Buffer.compare(readKey, READ_KEY) === 0 ? await folder.read(root) : undefined
        if (found === undefined || leafMs === 0) return found
        return { ...found, leaf: async index => { await new Promise(resolve => { setTimeout(resolve, leafMs) }); return await found.leaf(index) } }
      },
      onServed: () => { holder.servedCount += 1 }
    })
    await network.start()
    const target = targetOf(network)
    return { target, get servedCount () { return holder.servedCount }, stop: async () => { await network.stop() } }
  }

  async relay (): Promise<FarRelay> { return this.#stack.use(await FarRelay.start()) }

  /** Answers by hand. */
  async liar (answer: (request: BlobRequest, channel: Channel) => readonly BlobAnswer[] | Uint8Array): Promise<PeerTarget> {
    const network = this.#stack.adopt(newNetwork([LOOPBACK]), async made => { await made.stop() })
    network.serveChannel(BLOB_PROTOCOL, channel => frames => {
      for (const frame of frames) {
        const answers = answer(decodeBlobRequest(frame), channel)
        channel.send(answers instanceof Uint8Array ? [answers] : answers.map(encodeBlobAnswer)).catch(() => {})
      }
    })
    await network.start()
    return targetOf(network)
  }

  async begin (holders: readonly PeerTarget[], readKey = READ_KEY): Promise<{ readonly download: Download, readonly close: () => Promise<void> }> {
    const { root, bytes: { byteLength: blobBytes } } = this.blob
    const sink = await this.folder.write(root, blobBytes)
    return { download: new Download({ network: this.#network, clock: realClock, random: realRandom, root, readKey, blobBytes, sink, holders, onProgress: () => {} }), close: async () => { await sink.close() } }
  }

  async fetch (holders: readonly PeerTarget[], readKey = READ_KEY): Promise<DownloadEnd> {
    const { download, close } = await this.begin(holders, readKey)
    const ending = await download.run()
    await close()
    return ending
  }

  async arrives (holders: readonly PeerTarget[]): Promise<void> {
    assert.deepEqual(await this.fetch(holders), { type: 'done' })
    const here = await this.folder.read(this.blob.root)
    assert.ok(here !== undefined)
    for (let index = 0; index < this.blob.leafCount; index++) assert.equal(Buffer.compare(await here.leaf(index) ?? new Uint8Array(0), this.blob.leaf(index)), 0, `leaf ${index}`)
    await here.close()
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#stack.disposeAsync() }
}

function newNetwork (listen: readonly string[]): Libp2pNetwork {
  return new Libp2pNetwork({ networkKey: generateNetworkKey(), listen, agentVersion: 'test', clock: realClock })
}

function targetOf (network: Libp2pNetwork): PeerTarget { return { peerId: network.peerId, addresses: network.addresses() } }
