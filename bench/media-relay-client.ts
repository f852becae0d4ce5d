/** A child process that is the owner of a mailbox: it makes a blob, brings it to its relay, gives it back, and fetches it from there. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Download } from '../node/media/download.ts'
import { PutStream } from '../node/media/put-stream.ts'
import { releaseBlob } from '../node/media/release.ts'
import { generateNetworkKey } from '../node/net/identity.ts'
import { Libp2pNetwork } from '../node/net/network.ts'
import type { PeerTarget } from '../node/ports.ts'
import { MAILBOX_PROTOCOL } from '../node/protocols.ts'
import { realClock, realRandom } from '../node/world.ts'
import { networkKeyOf } from '../protocols/core/peer-id.ts'
import { LEAF_BYTES } from '../protocols/core/limits.ts'
import { encodeOwnerFrame, MAILBOX_VERSION } from '../protocols/mailbox/wire.ts'
import { isBlobWordSigned, readTagOf } from '../protocols/media/proof.ts'
import type { BlobRoot } from '../protocols/media/root.ts'
import { BlobFiles } from '../store/blobs/blob-files.ts'
import { answerCalls } from './answering.ts'

const NOTHING = new Uint8Array(0)
const DAY_MS = 24 * 3_600_000
const READ_KEY = new Uint8Array(32).fill(7)

const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: ['/ip4/127.0.0.1/tcp/0'], agentVersion: 'bench', clock: realClock })
await network.start()

interface Own { readonly files: BlobFiles, readonly folder: string, readonly root: BlobRoot, readonly blobBytes: number, readonly target: PeerTarget }
let own: Own | undefined

const calls = {
  /** Opens a mailbox there, and makes a blob of random bytes. */
  open: async ({ folder, target, leaves }: { readonly folder: string, readonly target: PeerTarget, readonly leaves: number }) => {
    const opened = Promise.withResolvers<undefined>()
    const channel = await network.openChannel(target, MAILBOX_PROTOCOL, () => { opened.resolve(undefined) })
    await channel.send([encodeOwnerFrame({ type: 'open', versionMin: MAILBOX_VERSION, versionMax: MAILBOX_VERSION, features: [], admissionCode: undefined, isCollecting: true, after: 0, credit: { items: 1, bytes: 1_000 } })])
    await opened.promise
    const files = new BlobFiles(join(folder, `own-${process.pid}`))
    const draft = await files.draft()
    for (let index = 0; index < leaves; index++) await draft.append(randomBytes(LEAF_BYTES))
    own = { files, folder, root: await draft.finish(), blobBytes: leaves * LEAF_BYTES, target }
    return { blobBytes: own.blobBytes }
  },
  /** Milliseconds until the relay has signed that it has all of it, flushed. */
  put: async () => {
    const { files, root, blobBytes, target } = owned()
    const source = await files.read(root)
    if (source === undefined) throw new Error('a blob is made before it is brought')
    const publicKey = networkKeyOf(target.peerId) ?? NOTHING
    const startMs = performance.now()
    const outcome = await new PutStream({
      network,
      clock: realClock,
      target,
      source,
      door: { root, blobBytes, alias: NOTHING, mac: NOTHING, ttlMs: DAY_MS, readTag: readTagOf(READ_KEY) },
      isSigned: (kind, { keepUntilMs, signature }) => isBlobWordSigned(kind, { root, blobBytes, keepUntilMs }, { signature, publicKey }),
      onPromise: () => {},
      onProgress: () => {}
    }).put()
    const tookMs = performance.now() - startMs
    await source.close()
    if (outcome.type !== 'stored') throw new Error(`it ended as ${outcome.type === 'refused' ? outcome.refusal.reason : outcome.type}`)
    return { tookMs }
  },
  /** Milliseconds until it is here, verified and flushed. */
  fetch: async () => {
    const { folder, root, blobBytes, target } = owned()
    const files = new BlobFiles(join(folder, `fetched-${process.pid}`))
    const startMs = performance.now()
    const sink = await files.write(root, blobBytes)
    const ending = await new Download({ network, clock: realClock, random: realRandom, root, readKey: READ_KEY, blobBytes, sink, holders: [target], onProgress: () => {} }).run()
    await sink.close()
    const tookMs = performance.now() - startMs
    if (ending.type !== 'done') throw new Error(`it ended as ${ending.type}`)
    await files.remove(root)
    return { tookMs }
  },
  release: async () => {
    const { root, target } = owned()
    await releaseBlob(root, target, { network, clock: realClock })
  }
}

export type MediaClientCalls = typeof calls

answerCalls(calls, async () => { await network.stop() })

function owned (): Own {
  if (own === undefined) throw new Error('a mailbox is opened before it is used')
  return own
}
