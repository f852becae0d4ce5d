/** The two bare ways between two processes: a TCP socket, and a libp2p stream (TCP, Noise, yamux) as libp2p makes it. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import type { Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p, type Libp2p } from 'libp2p'

export type WireName = 'tcp' | 'libp2p'

/** Bytes in order, both ways. */
export interface Wire {
  readonly send: (bytes: Uint8Array) => void
  /** Once, before anything can arrive. */
  readonly receive: (listener: (bytes: Uint8Array) => void) => void
}

/** One end that is listened on, or that dials. */
export interface WireEnd {
  readonly address: string
  readonly dial: (address: string) => Promise<Wire>
  readonly close: () => Promise<void>
}

const PROTOCOL = '/raw/1'
const CONNECTIONS_MAX = 10_000

export async function openWireEnd (name: WireName, accept: (wire: Wire) => void): Promise<WireEnd> {
  return name === 'tcp' ? await openTcp(accept) : await openLibp2p(accept)
}

async function openTcp (accept: (wire: Wire) => void): Promise<WireEnd> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    accept(wireOfSocket(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    address: String((server.address() as AddressInfo).port),
    dial: async port => {
      const socket = connect(Number(port), '127.0.0.1')
      sockets.add(socket)
      await once(socket, 'connect')
      return wireOfSocket(socket)
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}

function wireOfSocket (socket: Socket): Wire {
  socket.setNoDelay(true)
  // The other process goes when it has been told all; that is no fault.
  socket.on('error', () => { socket.destroy() })
  return {
    send: bytes => { socket.write(bytes) },
    receive: listener => { socket.on('data', listener) }
  }
}

async function openLibp2p (accept: (wire: Wire) => void): Promise<WireEnd> {
  const host: Libp2p = await createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // All who come are of this machine, and the default lets in five of one host in a second.
    connectionManager: { inboundConnectionThreshold: CONNECTIONS_MAX, maxConnections: CONNECTIONS_MAX, maxIncomingPendingConnections: CONNECTIONS_MAX }
  })
  await host.handle(PROTOCOL, stream => { accept(wireOfStream(stream)) })
  return {
    address: host.getMultiaddrs()[0]?.toString() ?? '',
    dial: async address => wireOfStream(await host.dialProtocol(multiaddr(address), PROTOCOL)),
    close: async () => { await host.stop() }
  }
}

function wireOfStream (stream: Stream): Wire {
  return {
    send: bytes => { stream.send(bytes) },
    receive: listener => {
      stream.addEventListener('message', ({ data }) => {
        for (const piece of data instanceof Uint8Array ? [data] : data) listener(piece)
      })
    }
  }
}
