/** A process that moves one blob and is killed while it does: it fetches from a holder, or puts to a relay, and says when it is done. */
import { Download } from '../../node/media/download.ts'
import { Slots } from '../../node/media/slots.ts'
import { Upload } from '../../node/media/upload.ts'
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { PeerTarget } from '../../node/ports.ts'
import { realClock, realRandom } from '../../node/world.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import { isBlobWordSigned, readTagOf } from '../../protocols/media/proof.ts'
import { blobRoot } from '../../protocols/media/root.ts'
import { BlobFiles } from '../../store/blobs/blob-files.ts'

export interface MoverTask {
  readonly does: 'fetch' | 'put'
  readonly folder: string
  readonly root: string
  readonly blobBytes: number
  readonly leafCount: number
  readonly readKey: string
  readonly target: PeerTarget
}

const { does, folder, root: rootHex, blobBytes, leafCount, readKey: readKeyHex, target } = JSON.parse(process.argv[2] ?? '') as MoverTask
const root = blobRoot(Uint8Array.from(Buffer.from(rootHex, 'hex')))
const readKey = Uint8Array.from(Buffer.from(readKeyHex, 'hex'))
const blobs = new BlobFiles(folder)
const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [], agentVersion: 'test', clock: realClock })
await network.start()
// Nothing else keeps the process alive: timers of the clock do not, and a lost connection must not end it.
const alive = setInterval(() => {}, 1_000)
if (does === 'fetch') await fetchIt()
else await putIt()
clearInterval(alive)
await network.stop()
process.stdout.write('done\n')

async function fetchIt (): Promise<void> {
  const sink = await blobs.write(root, blobBytes)
  const ending = await new Download({ network, clock: realClock, random: realRandom, root, readKey, blobBytes, sink, holders: [target], onProgress: () => {} }).run()
  await sink.close()
  if (ending.type !== 'done') throw new Error(`it ended as ${ending.type}`)
}

async function putIt (): Promise<void> {
  const stored = Promise.withResolvers<undefined>()
  const upload = new Upload({
    network,
    clock: realClock,
    random: realRandom,
    slots: new Slots(1),
    places: [{ target, isOwn: true, copy: undefined, door: { root, blobBytes, ttlMs: 3_600_000, readTag: readTagOf(readKey), alias: new Uint8Array(0), mac: new Uint8Array(0) } }],
    leafCount,
    untilMs: realClock.now() + 3_600_000,
    open: async () => {
      const source = await blobs.read(root)
      if (source === undefined) throw new Error('there is nothing to put')
      return { ...source, [Symbol.asyncDispose]: source.close }
    },
    isSigned: (relay, kind, { keepUntilMs, signature }) => isBlobWordSigned(kind, { root, blobBytes, keepUntilMs }, { signature, publicKey: networkKeyOf(relay) ?? new Uint8Array(0) }),
    // eslint-disable-next-line @typescript-eslint/require-await -- the real one waits for the disk
    keep: async (_relay, copy) => { if (copy.state === 'stored') stored.resolve(undefined) },
    onFault: fault => { stored.reject(fault) }
  })
  upload.start()
  await stored.promise
  upload.stop()
}
