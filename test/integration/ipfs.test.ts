/** Programs of IPFS at a real relay: a stock Helia by bitswap, and anybody over HTTP; each with the read key of a blob, and without. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { unixfs } from '@helia/unixfs'
import { withBitswap } from '@helia/bitswap'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createHeliaLight } from 'helia'
import { createLibp2p, type Libp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import { PutStream } from '../../node/media/put-stream.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import { BLOB_PROTOCOL, MAILBOX_PROTOCOL } from '../../node/protocols.ts'
import { createRelay, initRelay, type RelayNode } from '../../node/relay/relay-node.ts'
import { realClock } from '../../node/world.ts'
import { encodeFrames } from '../../protocols/core/framing.ts'
import { LEAF_BYTES } from '../../protocols/core/limits.ts'
import { encodeOwnerFrame, MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { readTagOf } from '../../protocols/media/proof.ts'
import { rootText, type BlobRoot } from '../../protocols/media/root.ts'
import { BLOB_VERSION, encodeBlobRequest } from '../../protocols/media/wire.ts'
import { BlobFiles } from '../../store/blobs/blob-files.ts'
import { makeBlob, putInto, sha256, type MadeBlob } from '../node/media/blobs.ts'
import { scratchFolder } from './folders.ts'
import { LOOPBACK } from './nodes.ts'

const NOTHING = new Uint8Array(0)
const DAY_MS = 24 * 3_600_000
/** What is refused stays unanswered, or is answered "not here": then a stock node goes on waiting. */
const UNANSWERED_MS = 1_500

describe('a program of IPFS at a relay', function () {
  this.timeout(60_000)

  it('fetches a blob by its CID when it has shown the read key, and nothing else', async () => {
    await using place = await Place.open()
    const [blob, other] = [await place.keep(randomBytes(2.5 * LEAF_BYTES), 1), await place.keep(randomBytes(5_000), 2)]
    // A Helia each: one that has given up loses what is asked anew in the 10 ms after that.
    await using stranger = await StockHelia.connect(place.relay)
    await using guesser = await StockHelia.connect(place.relay)
    await using reader = await StockHelia.connect(place.relay)
    await guesser.show(blob.root, keyOf(2))
    await reader.show(blob.root, keyOf(1))
    await Promise.all([
      assert.rejects(stranger.cat(blob.root, UNANSWERED_MS), 'the key has not been shown, or only by somebody else'),
      assert.rejects(guesser.cat(blob.root, UNANSWERED_MS), 'that was another key'),
      assert.rejects(reader.cat(other.root, UNANSWERED_MS), 'the key of one blob is that of no other')
    ])
    assert.deepEqual(await reader.cat(blob.root), Buffer.from(blob.bytes))
    assert.ok(place.relay.stats().media.servedBytes >= blob.bytes.byteLength)
  })

  it('is given nothing by bitswap where the operator has turned that off', async () => {
    await using place = await Place.open({ SKEIN_RELAY_MEDIA_BITSWAP: 'false' })
    const blob = await place.keep(randomBytes(5_000), 1)
    await using helia = await StockHelia.connect(place.relay)
    await helia.show(blob.root, keyOf(1))
    await assert.rejects(helia.cat(blob.root, UNANSWERED_MS))
  })

  it('reads each block over HTTP with the read key, and finds nothing with another one, without one, or under another name', async () => {
    await using place = await Place.open()
    const blob = await place.keep(randomBytes(2.5 * LEAF_BYTES), 1)
    const [node = NOTHING] = blob.nodes
    const names = [[rootText(blob.root), node], ...[0, 1, 2].map(index => [leafName(blob, index), blob.leaf(index)] as const)] as const
    for (const [name, bytes] of names) {
      const response = await place.fetch(name, keyOf(1))
      assert.deepEqual([response.status, response.headers.get('content-type'), response.headers.get('cache-control')?.includes('immutable')], [200, 'application/vnd.ipld.raw', true])
      assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(bytes))
    }
    const refused = [await place.fetch(rootText(blob.root), keyOf(2)), await place.fetch(rootText(blob.root)), await place.fetch('bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', keyOf(1)), await place.fetch('nonsense', keyOf(1))]
    const answers = new Set(await Promise.all(refused.map(async response => `${response.status} ${await response.text()}`)))
    assert.deepEqual([answers.size, [...answers][0]?.slice(0, 3)], [1, '404'], 'nobody learns which it was')
    assert.equal((await place.fetch(rootText(blob.root), keyOf(1), { query: '?format=car' })).status, 406)
    const head = await place.fetch(rootText(blob.root), keyOf(1), { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, String(node.byteLength)])
  })

  it('finds nothing any more that its owner has given back', async () => {
    await using place = await Place.open()
    const blob = await place.keep(randomBytes(5_000), 1)
    assert.equal((await place.fetch(rootText(blob.root), keyOf(1))).status, 200)
    await place.release(blob.root)
    assert.equal((await place.fetch(rootText(blob.root), keyOf(1))).status, 404)
  })
})

/** A relay, and the owner of a mailbox there. */
class Place implements AsyncDisposable {
  readonly relay: RelayNode
  readonly #owner: Libp2pNetwork
  readonly #files: BlobFiles
  readonly #stack: AsyncDisposableStack

  static async open (environment: Readonly<Record<string, string>> = {}): Promise<Place> {
    const stack = new AsyncDisposableStack()
    const folder = stack.use(await scratchFolder())
    const home = join(folder.path, 'relay')
    initRelay({ home })
    const relay = stack.use(await createRelay({ home, listen: [LOOPBACK], environment: { SKEIN_RELAY_DHT_ON: 'false', SKEIN_RELAY_HTTP: 'off', SKEIN_RELAY_MEDIA_HTTP: `127.0.0.1:${await freePort()}`, ...environment } }))
    await relay.start()
    const owner = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [LOOPBACK], agentVersion: 'owner', clock: realClock })
    await owner.start()
    stack.defer(async () => { await owner.stop() })
    const place = new Place({ relay, owner, files: new BlobFiles(join(folder.path, 'own')), stack })
    await place.#openMailbox()
    return place
  }

  private constructor ({ relay, owner, files, stack }: { readonly relay: RelayNode, readonly owner: Libp2pNetwork, readonly files: BlobFiles, readonly stack: AsyncDisposableStack }) {
    this.relay = relay
    this.#owner = owner
    this.#files = files
    this.#stack = stack
  }

  /** Brings a blob there, as its owner. */
  async keep (bytes: Uint8Array, key: number): Promise<MadeBlob> {
    const blob = await makeBlob(bytes)
    await putInto(this.#files, blob)
    const source = await this.#files.read(blob.root)
    assert.ok(source !== undefined)
    const door = { root: blob.root, blobBytes: bytes.byteLength, alias: NOTHING, mac: NOTHING, ttlMs: DAY_MS, readTag: readTagOf(keyOf(key)) }
    const outcome = await new PutStream({ network: this.#owner, clock: realClock, target: this.#target, door, source, isSigned: () => true, onPromise: () => {}, onProgress: () => {} }).put()
    await source.close()
    assert.equal(outcome.type, 'stored')
    return blob
  }

  async release (root: BlobRoot): Promise<void> {
    const answered = Promise.withResolvers<undefined>()
    const channel = await this.#owner.openChannel(this.#target, BLOB_PROTOCOL, () => { answered.resolve(undefined) })
    await channel.send([encodeBlobRequest({ type: 'release', root })])
    await answered.promise
    channel.close()
  }

  async fetch (name: string, key?: Uint8Array, { query = '?format=raw', method = 'GET' }: { readonly query?: string, readonly method?: string } = {}): Promise<Response> {
    return await fetch(`${this.relay.mediaHttp ?? ''}/ipfs/${name}${query}`, { method, ...key !== undefined && { headers: { authorization: `Bearer ${Buffer.from(key).toString('base64url')}` } } })
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#stack.disposeAsync() }

  get #target (): { readonly peerId: string, readonly addresses: readonly string[] } { return { peerId: this.relay.peerId, addresses: this.relay.addresses() } }

  async #openMailbox (): Promise<void> {
    const opened = Promise.withResolvers<undefined>()
    const channel = await this.#owner.openChannel(this.#target, MAILBOX_PROTOCOL, () => { opened.resolve(undefined) })
    await channel.send([encodeOwnerFrame({ type: 'open', versionMin: MAILBOX_VERSION, versionMax: MAILBOX_VERSION, features: [], admissionCode: undefined, isCollecting: true, after: 0, credit: { items: 1, bytes: 1_000 } })])
    await opened.promise
  }
}

/** As its makers set it up, without their servers on the internet; it finds what it wants at the peers that it is connected with. */
class StockHelia implements AsyncDisposable {
  readonly #libp2p: Libp2p
  readonly #relay: string
  readonly #node: ReturnType<typeof withBitswap>
  readonly #fs: ReturnType<typeof unixfs>

  static async connect (relay: RelayNode): Promise<StockHelia> {
    const libp2p = await createLibp2p({ transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()], services: { identify: identify() } })
    const helia = createHeliaLight()
    Object.defineProperty(helia, 'libp2p', { value: libp2p, enumerable: true })
    const node = withBitswap(helia as Parameters<typeof withBitswap>[0])
    await node.start()
    const [address = ''] = relay.addressesForUsers()
    await Promise.all([once(libp2p as unknown as EventTarget, 'peer:identify'), libp2p.dial(multiaddr(address))])
    return new StockHelia(libp2p, address, node)
  }

  private constructor (libp2p: Libp2p, relay: string, node: ReturnType<typeof withBitswap>) {
    this.#libp2p = libp2p
    this.#relay = relay
    this.#node = node
    this.#fs = unixfs(node)
  }

  async cat (root: BlobRoot, withinMs = 20_000): Promise<Buffer> {
    const pieces = []
    for await (const piece of this.#fs.cat(CID.decode(root), { signal: AbortSignal.timeout(withinMs) })) pieces.push(piece)
    return Buffer.concat(pieces)
  }

  /** What a reader says in Skein's own protocol. Resolves when the relay has answered. */
  async show (root: BlobRoot, readKey: Uint8Array): Promise<void> {
    const stream = await this.#libp2p.dialProtocol(multiaddr(this.#relay), BLOB_PROTOCOL.id)
    const answered = once(stream as unknown as EventTarget, 'message')
    stream.send(encodeFrames([encodeBlobRequest({ type: 'get', version: BLOB_VERSION, root, readKey })]))
    await answered
    await stream.close()
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    await this.#node.stop()
    await this.#libp2p.stop()
  }
}

function keyOf (key: number): Uint8Array { return new Uint8Array(32).fill(key) }

function leafName (blob: MadeBlob, index: number): string {
  const digest = new Uint8Array(36)
  digest.set([1, 0x55, 0x12, 32])
  digest.set(sha256(blob.leaf(index)), 4)
  return CID.decode(digest).toString()
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
