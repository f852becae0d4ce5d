/** A blob is brought to relays over real libp2p: such as take it, refuse, break, lie or say nothing. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { networkKeyOf } from '../../../protocols/core/peer-id.ts'
import { LEAF_BYTES } from '../../../protocols/core/limits.ts'
import { isBlobWordSigned, readTagOf } from '../../../protocols/media/proof.ts'
import type { BlobCopy } from '../../../store/types.ts'
import { Slots } from '../../../node/media/slots.ts'
import { Upload, type UploadPlace, type UploadProgress } from '../../../node/media/upload.ts'
import { generateNetworkKey } from '../../../node/net/identity.ts'
import { Libp2pNetwork } from '../../../node/net/network.ts'
import { realClock, realRandom } from '../../../node/world.ts'
import { BlobFiles } from '../../../store/blobs/blob-files.ts'
import { scratchFolder } from '../../integration/folders.ts'
import { makeBlob, putInto, type MadeBlob } from './blobs.ts'
import { FarRelay, KEPT_MS, type Behaviour } from './far-relay.ts'

const READ_KEY = new Uint8Array(32).fill(7)

describe('a blob on its way to relays', function () {
  this.timeout(60_000)

  it('is at two of three, whole, and each has signed for it', async () => {
    await using scene = await Scene.open(5.5)
    const relays = [await scene.relay(), await scene.relay(), await scene.relay()]
    scene.begin(relays)
    await scene.until(({ at }) => at === 'stored')
    assert.deepEqual(relays.map(relay => relay.hasAll(scene.blob.root)), [true, true, false])
    const { stored, of, enough, keepUntilMs } = scene.upload.progress
    assert.deepEqual([stored, of, enough], [2, 3, 2])
    assert.ok(keepUntilMs > realClock.now() + KEPT_MS / 2)
    for (const relay of relays.slice(0, 2)) {
      const copy = scene.copies.get(relay.network.peerId)
      assert.ok(copy?.state === 'stored' && copy.evidence !== undefined && copy.keepUntilMs !== undefined)
      const word = { root: scene.blob.root, blobBytes: scene.blob.bytes.byteLength, keepUntilMs: copy.keepUntilMs }
      assert.ok(isBlobWordSigned('stored', word, { signature: copy.evidence, publicKey: networkKeyOf(relay.network.peerId) ?? new Uint8Array(0) }))
      assert.deepEqual(relay.came, [0, 1, 2, 3, 4, 5])
    }
  })

  it('goes to ours when theirs refuse, and each refusal is shown with its reason', async () => {
    await using scene = await Scene.open(1.5)
    const theirs = [await scene.relay({ refusal: { reason: 'tooLarge', limitBytes: 2 ** 20, retryAfterMs: 0 } }), await scene.relay({ refusal: { reason: 'quota', limitBytes: 0, retryAfterMs: 60_000 } })]
    const ours = [await scene.relay(), await scene.relay()]
    scene.begin(theirs, ours)
    await scene.until(({ at }) => at === 'stored')
    assert.ok(ours.every(relay => relay.hasAll(scene.blob.root)))
    assert.deepEqual(scene.upload.progress.relays.filter(({ isOwn }) => !isOwn).map(({ detail }) => detail), ['it takes files of at most 1 MiB', 'the recipient\'s share of its disk is full'])
  })

  it('goes on where it was when the line breaks: no leaf is sent twice but the last one', async () => {
    await using scene = await Scene.open(9)
    const relay = await scene.relay({ breaksAfter: 4 })
    scene.begin([relay])
    await scene.until(({ at }) => at === 'stored')
    assert.ok(relay.hasAll(scene.blob.root))
    assert.ok(relay.came.length <= 9 + 2, `${relay.came.length} leaves for 9`)
  })

  it('is brought by the next process where this one stopped', async () => {
    await using scene = await Scene.open(6)
    const relay = await scene.relay({ breaksAfter: 3 })
    scene.begin([relay])
    await scene.until(({ relays }) => relays[0]?.detail !== undefined)
    scene.upload.stop()
    relay.behaviour = {}
    scene.begin([relay])
    await scene.until(({ at }) => at === 'stored')
    assert.ok(relay.came.length <= 8)
  })

  it('does not count where a relay signs for something else, or says what no state allows', async () => {
    await using scene = await Scene.open(1.5)
    const [liar, honest] = [await scene.relay({ isSigningWrong: true }), await scene.relay()]
    scene.begin([liar, honest])
    await scene.until(({ stored, relays }) => stored === 1 && relays[0]?.detail !== undefined)
    assert.match(scene.upload.progress.relays[0]?.detail ?? '', /signed for something else/)
    assert.equal(scene.copies.get(liar.network.peerId)?.state, 'refused')
  })

  it('is refused when everybody refuses for good, and waits when nobody answers', async () => {
    await using scene = await Scene.open(1.5)
    scene.begin([await scene.relay({ refusal: { reason: 'notOffered', limitBytes: 0, retryAfterMs: 0 } })])
    await scene.until(({ at }) => at === 'refused')
    const gone = await scene.relay()
    await gone.network.stop()
    scene.begin([gone])
    await scene.until(({ at, relays }) => at === 'waiting' && relays[0]?.detail !== undefined)
  })

  it('ends at once when it is not wanted any more', async () => {
    await using scene = await Scene.open(20)
    const relay = await scene.relay()
    scene.begin([relay])
    while (relay.came.length < 2) await new Promise(resolve => { setImmediate(resolve) })
    scene.upload.stop()
    await Promise.all(relay.channels.map(async channel => await channel.closed))
    assert.equal(relay.hasAll(scene.blob.root), false)
  })
})

class Scene implements AsyncDisposable {
  readonly blob: MadeBlob
  readonly copies = new Map<string, Pick<BlobCopy, 'state' | 'keepUntilMs' | 'detail' | 'evidence'>>()
  readonly #folder: BlobFiles
  readonly #network: Libp2pNetwork
  readonly #stack: AsyncDisposableStack
  #upload: Upload | undefined
  #onKept: () => void = () => {}

  static async open (leaves: number): Promise<Scene> {
    const stack = new AsyncDisposableStack()
    const { path } = stack.use(await scratchFolder())
    const folder = new BlobFiles(path)
    const blob = await makeBlob(randomBytes(leaves * LEAF_BYTES))
    await putInto(folder, blob)
    const network = stack.adopt(new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'test', clock: realClock }), async made => { await made.stop() })
    await network.start()
    return new Scene({ blob, folder, network, stack })
  }

  private constructor ({ blob, folder, network, stack }: { readonly blob: MadeBlob, readonly folder: BlobFiles, readonly network: Libp2pNetwork, readonly stack: AsyncDisposableStack }) {
    this.blob = blob
    this.#folder = folder
    this.#network = network
    this.#stack = stack
  }

  get upload (): Upload {
    if (this.#upload === undefined) throw new Error('it has not begun')
    return this.#upload
  }

  async relay (behaviour: Behaviour = {}): Promise<FarRelay> { return this.#stack.use(await FarRelay.start(behaviour)) }

  begin (theirs: readonly FarRelay[], ours: readonly FarRelay[] = []): void {
    const { root, bytes: { byteLength: blobBytes }, leafCount } = this.blob
    const place = (relay: FarRelay, isOwn: boolean): UploadPlace => ({
      target: relay.target,
      isOwn,
      copy: undefined,
      door: { root, blobBytes, ttlMs: KEPT_MS, readTag: readTagOf(READ_KEY), alias: new Uint8Array(isOwn ? 0 : 24), mac: new Uint8Array(isOwn ? 0 : 32) }
    })
    this.#upload?.stop()
    this.#upload = new Upload({
      network: this.#network,
      clock: realClock,
      random: realRandom,
      slots: new Slots(4),
      places: [...theirs.map(relay => place(relay, false)), ...ours.map(relay => place(relay, true))],
      leafCount,
      untilMs: realClock.now() + KEPT_MS,
      open: async () => {
        const source = await this.#folder.read(root)
        assert.ok(source !== undefined)
        return { ...source, [Symbol.asyncDispose]: source.close }
      },
      isSigned: (relay, kind, { keepUntilMs, signature }) => isBlobWordSigned(kind, { root, blobBytes, keepUntilMs }, { signature, publicKey: networkKeyOf(relay) ?? new Uint8Array(0) }),
      // eslint-disable-next-line @typescript-eslint/require-await -- the real one waits for the disk
      keep: async (relay, copy) => {
        this.copies.set(relay, copy)
        this.#onKept()
      },
      onFault: fault => { throw fault }
    })
    this.#upload.start()
  }

  /** Looks whenever something is written down. */
  async until (isSo: (progress: UploadProgress) => boolean): Promise<void> {
    while (!isSo(this.upload.progress)) await new Promise<void>(resolve => { this.#onKept = resolve })
  }

  async [Symbol.asyncDispose] (): Promise<void> {
    this.#upload?.stop()
    await this.#stack.disposeAsync()
  }
}
