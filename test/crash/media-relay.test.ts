/**
 * A relay that keeps a blob is killed while it comes, between its steps, and right after it has signed: what it has signed for is there, what had come
 * is not brought again, and nothing is left that nobody counts. The operator's own program, real files, real connections.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseRelayAddress } from '../../node/contacts/relay-address.ts'
import { Download } from '../../node/media/download.ts'
import { PutStream, type PutOutcome } from '../../node/media/put-stream.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { MAILBOX_PROTOCOL } from '../../node/protocols.ts'
import { initRelay } from '../../node/relay/relay-node.ts'
import { realClock, realRandom } from '../../node/world.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { LEAF_BYTES } from '../../protocols/core/limits.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import { encodeOwnerFrame, MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import { isBlobWordSigned, readTagOf } from '../../protocols/media/proof.ts'
import { BlobFiles } from '../../store/blobs/blob-files.ts'
import { scratchFolder } from '../integration/folders.ts'
import { LOOPBACK } from '../integration/nodes.ts'
import { makeBlob, putInto, type MadeBlob } from '../node/media/blobs.ts'

const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'skein.js')
const NOTHING = new Uint8Array(0)
const READ_KEY = new Uint8Array(32).fill(3)
const DAY_MS = 24 * 3_600_000
const LEAVES = 16
/** Of one that was killed: what was on its way, and what had come and was not written. */
const TWICE_MAX = 2

describe('a relay that is killed while it keeps a blob', function () {
  this.timeout(180_000)

  it('goes on where it was, and what it has signed for is there', async () => {
    await using scene = await Scene.open()
    let sent = 0
    for (const kill of [{ afterLeaves: 3 }, { afterLeaves: 5 }, { failpoint: 'relay.beforeCommit' }, { failpoint: 'relay.afterCommit' }]) {
      await using relay = await scene.start(kill.failpoint)
      const { outcome, sentLeaves } = await scene.put(relay, kill.afterLeaves ?? Infinity)
      assert.equal(outcome, undefined, 'it did not live to sign')
      sent += sentLeaves
    }
    await using relay = await scene.start()
    const { outcome, sentLeaves } = await scene.put(relay)
    sent += sentLeaves
    assert.equal(outcome?.type, 'stored')
    assert.ok(sent <= LEAVES + 4 * TWICE_MAX, `${sent} leaves sent for ${LEAVES}`)
    await relay.kill()
    await using next = await scene.start()
    assert.ok(await scene.hasWhole(next), 'it has signed for it')
    assert.deepEqual((await readdir(join(scene.home, 'blobs'))).length, 1, 'one file, and nothing beside it')
  })
})

class Scene implements AsyncDisposable {
  readonly home: string
  readonly #blob: MadeBlob
  readonly #files: BlobFiles
  readonly #fetched: BlobFiles
  readonly #network: Libp2pNetwork
  readonly #stack: AsyncDisposableStack

  static async open (): Promise<Scene> {
    const stack = new AsyncDisposableStack()
    const folder = stack.use(await scratchFolder())
    const home = join(folder.path, 'relay')
    initRelay({ home })
    const network = stack.adopt(new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [LOOPBACK], agentVersion: 'owner', clock: realClock }), async started => { await started.stop() })
    await network.start()
    const blob = await makeBlob(randomBytes(LEAVES * LEAF_BYTES - 100))
    const files = new BlobFiles(join(folder.path, 'own'))
    await putInto(files, blob)
    const scene = new Scene({ home, blob, files, fetched: new BlobFiles(join(folder.path, 'fetched')), network, stack })
    await using relay = await scene.start()
    await scene.#openMailbox(relay.target)
    await relay.kill()
    return scene
  }

  private constructor ({ home, blob, files, fetched, network, stack }: { readonly home: string, readonly blob: MadeBlob, readonly files: BlobFiles, readonly fetched: BlobFiles, readonly network: Libp2pNetwork, readonly stack: AsyncDisposableStack }) {
    this.home = home
    this.#blob = blob
    this.#files = files
    this.#fetched = fetched
    this.#network = network
    this.#stack = stack
  }

  /** With a failpoint it dies at the second transaction that comes by it: the first one is the promise. */
  async start (failpoint?: string): Promise<Victim> { return await Victim.start(this.home, failpoint === undefined ? {} : { SKEIN_FAILPOINT: `${failpoint}:2` }) }

  /** Brings what is missing; no outcome: the relay was gone before it signed. */
  async put (relay: Victim, killAfterLeaves = Infinity): Promise<{ readonly outcome: PutOutcome | undefined, readonly sentLeaves: number }> {
    const source = await this.#files.read(this.#blob.root)
    assert.ok(source !== undefined)
    const { root, bytes: { byteLength: blobBytes } } = this.#blob
    const publicKey = networkKeyOf(relay.target.peerId) ?? NOTHING
    let first: number | undefined
    const put = new PutStream({
      network: this.#network,
      clock: realClock,
      target: relay.target,
      source,
      door: { root, blobBytes, alias: NOTHING, mac: NOTHING, ttlMs: DAY_MS, readTag: readTagOf(READ_KEY) },
      isSigned: (kind, { keepUntilMs, signature }) => isBlobWordSigned(kind, { root, blobBytes, keepUntilMs }, { signature, publicKey }),
      onPromise: () => {},
      onProgress: leaves => {
        first ??= leaves
        if (leaves - first >= killAfterLeaves) void relay.kill()
      }
    })
    try {
      return { outcome: await put.put(), sentLeaves: put.sentLeaves }
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
      return { outcome: undefined, sentLeaves: put.sentLeaves }
    } finally {
      await source.close()
    }
  }

  async hasWhole (relay: Victim): Promise<boolean> {
    const { root, bytes } = this.#blob
    const sink = await this.#fetched.write(root, bytes.byteLength)
    const ending = await new Download({ network: this.#network, clock: realClock, random: realRandom, root, readKey: READ_KEY, blobBytes: bytes.byteLength, sink, holders: [relay.target], onProgress: () => {} }).run()
    await sink.close()
    return ending.type === 'done'
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#stack.disposeAsync() }

  async #openMailbox (target: PeerTarget): Promise<void> {
    const opened = Promise.withResolvers<undefined>()
    const channel = await this.#network.openChannel(target, MAILBOX_PROTOCOL, () => { opened.resolve(undefined) })
    await channel.send([encodeOwnerFrame({ type: 'open', versionMin: MAILBOX_VERSION, versionMax: MAILBOX_VERSION, features: [], admissionCode: undefined, isCollecting: true, after: 0, credit: { items: 1, bytes: 1_000 } })])
    await opened.promise
    channel.close()
  }
}

/** `skein relay up`, until it is killed. */
class Victim implements AsyncDisposable {
  readonly target: PeerTarget
  readonly #child: ReturnType<typeof spawn>
  readonly #ended: Promise<unknown>

  static async start (home: string, environment: Readonly<Record<string, string>>): Promise<Victim> {
    const child = spawn(process.execPath, [LAUNCHER, 'relay', 'up', '--home', home, '--listen', LOOPBACK, '--json'], { env: { ...process.env, SKEIN_RELAY_HTTP: 'off', SKEIN_RELAY_DHT_ON: 'false', ...environment }, stdio: ['ignore', 'pipe', 'inherit'] })
    const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next()
    child.stdout.resume()
    const { data } = JSON.parse(String(value)) as { readonly data: { readonly peerId: string, readonly addresses: readonly string[] } }
    return new Victim(child, { peerId: data.peerId, addresses: data.addresses.flatMap(address => parseRelayAddress(address).addresses) })
  }

  private constructor (child: ReturnType<typeof spawn>, target: PeerTarget) {
    this.#child = child
    this.target = target
    this.#ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : Promise.resolve()
  }

  async kill (): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.kill() }
}
