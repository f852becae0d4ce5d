/** A child process that holds a blob and serves it, or fetches one; and beside it a bare libp2p stream of the same bytes. */
import { randomBytes } from 'node:crypto'
import { open, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'
import { Download } from '../node/media/download.ts'
import { serveBlobs } from '../node/media/serve.ts'
import { generateNetworkKey } from '../node/net/identity.ts'
import { Libp2pNetwork } from '../node/net/network.ts'
import type { PeerTarget } from '../node/ports.ts'
import { realClock, realRandom } from '../node/world.ts'
import { LEAF_BYTES } from '../protocols/core/limits.ts'
import { blobRoot } from '../protocols/media/root.ts'
import { BlobFiles } from '../store/blobs/blob-files.ts'
import { answerCalls, usage } from './answering.ts'

const RAW = '/raw-blob/1'
/** What the bare stream is given at a time: as much as one message of yamux holds. */
const PIECE_BYTES = 64 * 1024
const READ_KEY = new Uint8Array(32)
const LISTEN = '/ip4/127.0.0.1/tcp/0'

export interface Held { readonly target: PeerTarget, readonly raw: string, readonly root: string, readonly blobBytes: number }

const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [LISTEN], agentVersion: 'bench', clock: realClock })
let blobs: BlobFiles | undefined
let raw: Libp2p | undefined
serveBlobs({ network, clock: realClock, find: async root => await blobs?.read(root) })
await network.start()

const calls = {
  /** Makes a blob of random bytes and serves it. */
  hold: async ({ folder, leaves }: { readonly folder: string, readonly leaves: number }): Promise<Held> => {
    blobs = new BlobFiles(folder)
    const draft = await blobs.draft()
    for (let index = 0; index < leaves; index++) await draft.append(randomBytes(LEAF_BYTES))
    const root = await draft.finish()
    const host = await bareHost()
    raw = host
    await host.handle(RAW, async stream => { await sendAll(stream, folder, leaves) })
    return { target: { peerId: network.peerId, addresses: network.addresses() }, raw: host.getMultiaddrs()[0]?.toString() ?? '', root: Buffer.from(root).toString('hex'), blobBytes: leaves * LEAF_BYTES }
  },
  /** Fetches all of it, verified and on the disk; milliseconds. With pings meanwhile, in milliseconds each. */
  fetch: async ({ folder, held: { target, root: hex, blobBytes }, isPinging = false }: { readonly folder: string, readonly held: Held, readonly isPinging?: boolean }) => {
    const root = blobRoot(Uint8Array.from(Buffer.from(hex, 'hex')))
    await network.ping(target)
    const files = new BlobFiles(folder)
    const startMs = performance.now()
    const sink = await files.write(root, blobBytes)
    const download = new Download({ network, clock: realClock, random: realRandom, root, readKey: READ_KEY, blobBytes, sink, holders: [target], onProgress: () => {} })
    const state = { isOver: false }
    const pinging = isPinging ? pings(target, () => state.isOver) : undefined
    const ending = await download.run()
    await sink.close()
    const tookMs = performance.now() - startMs
    state.isOver = true
    if (ending.type !== 'done') throw new Error(`it ended as ${ending.type}`)
    await files.remove(root)
    return { tookMs, pingsMs: await pinging ?? [] }
  },
  /** The same bytes over a stream as libp2p makes it, neither looked at nor written; milliseconds. */
  fetchRaw: async ({ held: { raw: address, blobBytes } }: { readonly held: Held }) => {
    raw ??= await bareHost()
    const stream = await raw.dialProtocol(multiaddr(address), RAW)
    const startMs = performance.now()
    const { promise, resolve } = Promise.withResolvers<undefined>()
    let received = 0
    stream.addEventListener('message', ({ data }) => {
      received += data.byteLength
      if (received >= blobBytes) resolve(undefined)
    })
    await promise
    const tookMs = performance.now() - startMs
    await stream.close()
    return { tookMs }
  },
  /** Pings for so long while nothing else happens. */
  ping: async ({ held: { target }, forMs }: { readonly held: Held, readonly forMs: number }) => {
    const untilMs = performance.now() + forMs
    return { pingsMs: await pings(target, () => performance.now() > untilMs) }
  },
  /** The most that this process has held, in bytes. */
  peak: () => ({ rssBytes: process.resourceUsage().maxRSS * 1024 }),
  usage
}

export type MediaCalls = typeof calls

answerCalls(calls, async () => {
  await network.stop()
  await raw?.stop()
})

async function bareHost (): Promise<Libp2p> {
  return await createLibp2p({ addresses: { listen: [LISTEN] }, transports: [tcp()], connectionEncrypters: [noise()], streamMuxers: [yamux()] })
}

/** From the file that the blob is in, with the back-pressure that libp2p has. */
async function sendAll (stream: Stream, folder: string, leaves: number): Promise<void> {
  const path = join(folder, (await readdir(folder)).find(name => name.endsWith('.blob')) ?? '')
  const file = await open(path, 'r')
  for (let index = 0; index < leaves; index++) {
    const leaf = new Uint8Array(LEAF_BYTES)
    await file.read(leaf, 0, LEAF_BYTES, index * LEAF_BYTES)
    for (let offset = 0; offset < LEAF_BYTES; offset += PIECE_BYTES) {
      if (!stream.send(leaf.subarray(offset, offset + PIECE_BYTES))) await drained(stream)
    }
  }
  await file.close()
}

async function drained (stream: Stream): Promise<void> {
  await new Promise<void>(resolve => { stream.addEventListener('drain', () => { resolve() }, { once: true }) })
}

/** One after the other, each on the connection that the transfer uses. */
async function pings (target: PeerTarget, isOver: () => boolean): Promise<number[]> {
  const times = []
  while (!isOver()) {
    times.push((await network.ping(target)).ms)
    await new Promise(resolve => { setTimeout(resolve, 5) })
  }
  return times
}
