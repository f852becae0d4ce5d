/** The process behind LabPeer: a network without a node above it, that does what it is told over IPC. */
import { generateNetworkKey } from '../../node/net/identity.ts'
import { Libp2pNetwork } from '../../node/net/network.ts'
import type { ChannelProtocol } from '../../node/ports.ts'
import { realClock } from '../../node/world.ts'
import type { Calls, PeerSpec } from './lab-peer.ts'

const ECHO: ChannelProtocol = { id: '/skein/lab-echo/1.0.0', frameBytesMax: 1024 * 1024 }
const TALK: ChannelProtocol = { id: '/skein/lab-talk/1.0.0', frameBytesMax: 1024 }

const { isRelay = false, networkKey, ...options } = JSON.parse(process.argv[2] ?? '{}') as PeerSpec
const network = new Libp2pNetwork({
  networkKey: networkKey === undefined ? generateNetworkKey() : new Uint8Array(Buffer.from(networkKey, 'base64')),
  listen: ['/ip4/0.0.0.0/tcp/4100'],
  agentVersion: 'skein/lab',
  clock: realClock,
  ...isRelay && { relay: {} },
  ...options
})
network.serveRequest(ECHO, request => request)
network.serveChannel(TALK, channel => async frames => { await channel.send(frames) })
network.meet(() => true)

const ended = Promise.withResolvers<ReturnType<Calls['talkEnded']>>()

const calls: { readonly [Name in keyof Calls]: (...args: Parameters<Calls[Name]>) => ReturnType<Calls[Name]> | Promise<ReturnType<Calls[Name]>> } = {
  target: () => ({ peerId: network.peerId, addresses: network.addresses() }),
  useRelays: relays => { network.useRelays(relays) },
  relays: () => network.relays(),
  addresses: () => network.addresses(),
  ping: peer => network.ping(peer),
  path: peerId => network.path(peerId),
  survey: () => network.survey(),
  echo: async (peer, bytes) => {
    const begin = performance.now()
    await network.request(peer, ECHO, new Uint8Array(bytes))
    return performance.now() - begin
  },
  talk: async (peer, everyMs) => {
    const channel = await network.openChannel(peer, TALK, () => { /* it comes back */ })
    const timer = everyMs === undefined ? undefined : setInterval(() => { void channel.send([new Uint8Array(64)]).catch(() => { /* it has ended */ }) }, everyMs)
    void channel.closed.then(end => {
      clearInterval(timer)
      ended.resolve({ end, atMs: Date.now() })
    })
  },
  talkEnded: () => ended.promise,
  disconnectAll: () => network.disconnectAll(),
  isConnected: peerId => network.isConnected(peerId),
  connectionCount: () => network.connectionCount(),
  memory: () => {
    globalThis.gc?.()
    return process.memoryUsage.rss() / 1024 / 1024
  }
}

process.on('message', ({ id, name, args }: { readonly id: number, readonly name: keyof Calls, readonly args: readonly never[] }) => { void answer(id, name, args) })
process.on('disconnect', () => { process.exit() })
await network.start()
process.send?.({ id: 0 })

async function answer (id: number, name: keyof Calls, args: readonly never[]): Promise<void> {
  try {
    const call = calls[name] as (...args: readonly never[]) => unknown
    process.send?.({ id, result: await call(...args) })
  } catch (error) {
    process.send?.({ id, error: error instanceof Error ? error.message : String(error) })
  }
}
