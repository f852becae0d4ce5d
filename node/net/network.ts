/**
 * The network port over libp2p: connections that prove whom they lead to, streams on them, and the protocols that are
 * served. docs/protocols/transport.md.
 */
import type { Connection, Libp2p, Listener, PrivateKey, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { EXIT, SkeinError, UnreachableError, asError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import {
  ADDRESSES_MAX, CLOSE_GRACE_MS, CONNECTIONS_PER_PEER_MAX, FRAME_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, LIVENESS_INTERVAL_MS,
  REQUEST_TIMEOUT_MS, STREAMS_PER_PEER_MAX
} from '../../protocols/core/limits.ts'
import type { Channel, ChannelProtocol, Clock, FrameHandler, Network, PeerTarget } from '../ports.ts'
import { addressesToTell, isDialable } from './addresses.ts'
import { StreamChannel } from './channel.ts'
import { ask, serve } from './exchange.ts'
import { createHost, dropPutOffWork } from './host.ts'
import { parsePeerId, peerIdOf, privateKeyOf } from './identity.ts'
import { Liveness } from './liveness.ts'
import { isOfEndedConnection, unreachable } from './reasons.ts'

export interface Libp2pNetworkOptions {
  /** Our private key in libp2p's protobuf form, as `generateNetworkKey` makes it. */
  readonly networkKey: Uint8Array
  /** Multiaddrs to listen on: `/ip4/0.0.0.0/tcp/4001`, `/ip6/::/tcp/4002/ws`; port 0 takes a free one. Empty: dial only. */
  readonly listen: readonly string[]
  /** Multiaddrs under which others reach us besides those of our interfaces: behind a proxy, a name, a forwarded port. */
  readonly announce?: readonly string[]
  /** What others may know about the program, as in `skein/0.1.0`. */
  readonly agentVersion: string
  readonly clock: Clock
  /** Told what handlers and answerers throw: it ends their stream only, and is for the log. */
  readonly onFault?: (fault: Error) => void
  /** Other time-outs than those of limits.ts: tests of silence need not last as long as silence may. */
  readonly timeouts?: Partial<Timeouts>
}

export interface Timeouts {
  readonly handshakeMs: number
  readonly requestMs: number
  readonly frameMs: number
  readonly livenessMs: number
}

type StreamHandler = (stream: Stream, peerId: string) => void | Promise<void>

export class Libp2pNetwork implements Network {
  readonly peerId: string
  readonly #options: Libp2pNetworkOptions
  readonly #privateKey: PrivateKey
  readonly #timeouts: Timeouts
  readonly #handlers = new Map<string, StreamHandler>()
  readonly #connectListeners: Array<(peerId: string, openedBy: 'us' | 'them') => void> = []
  readonly #channels = new Set<StreamChannel>()
  readonly #connectedPeers = new Set<string>()
  readonly #liveness: Liveness
  #host: Libp2p | undefined
  readonly #listeners = new Set<Listener>()

  /** @throws MalformedError when the network key is none */
  constructor (options: Libp2pNetworkOptions) {
    this.#options = options
    this.#privateKey = privateKeyOf(options.networkKey)
    this.peerId = peerIdOf(options.networkKey)
    this.#timeouts = {
      handshakeMs: HANDSHAKE_TIMEOUT_MS,
      requestMs: REQUEST_TIMEOUT_MS,
      frameMs: FRAME_TIMEOUT_MS,
      livenessMs: LIVENESS_INTERVAL_MS,
      ...options.timeouts
    }
    this.#liveness = new Liveness(options.clock, this.#timeouts.livenessMs)
  }

  /** @throws SkeinError `address_in_use` or `cannot_listen`, naming the address */
  async start (): Promise<void> {
    invariant(this.#host === undefined, 'a network starts once')
    const { listen, agentVersion, clock } = this.#options
    const { handshakeMs } = this.#timeouts
    const host = await createHost({ privateKey: this.#privateKey, listen, agentVersion, clock, handshakeMs, liveness: this.#liveness })
    this.#host = host
    this.#listenToHost(host)
    for (const [id, handler] of this.#handlers) await handle(host, id, handler)
    try {
      await host.start()
    } catch (error) {
      this.#host = undefined
      this.#listeners.clear()
      throw cannotListen(asError(error))
    }
    this.#liveness.start()
  }

  /** Channels end as `stopped`; what they had sent still leaves. */
  async stop (): Promise<void> {
    const host = this.#host
    if (host === undefined) return
    this.#host = undefined
    this.#liveness.stop()
    for (const channel of this.#channels) channel.stop()
    // libp2p would destroy the sockets of inbound connections at once, with what still waits in them.
    await Promise.all(host.getConnections().map(closeQuickly))
    await host.stop()
    dropPutOffWork(host)
    this.#listeners.clear()
    this.#connectedPeers.clear()
  }

  addresses (): string[] {
    const bound = [...this.#listeners].flatMap(listener => listener.getAddrs().map(address => address.toString()))
    return addressesToTell({ announce: this.#options.announce ?? [], listen: this.#options.listen, bound })
  }

  serveChannel (protocol: ChannelProtocol, accept: (channel: Channel) => FrameHandler): void {
    this.#serve(protocol.id, (stream, peerId) => {
      const channel = this.#channelOn(stream, peerId, protocol)
      try {
        channel.read(accept(channel))
      } catch (error) {
        this.#fault(error)
        throw error
      }
    })
  }

  serveRequest (protocol: ChannelProtocol, answer: (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array): void {
    this.#serve(protocol.id, (stream, peerId) => serve(stream, async request => {
      try {
        return await answer(request, peerId)
      } catch (error) {
        this.#fault(error)
        throw error
      }
    }, this.#exchangeOptions(protocol)))
  }

  async openChannel (peer: PeerTarget, protocol: ChannelProtocol, onFrames: FrameHandler): Promise<Channel> {
    const channel = this.#channelOn(await this.#openStream(peer, protocol), peer.peerId, protocol)
    channel.read(onFrames)
    return channel
  }

  async request (peer: PeerTarget, protocol: ChannelProtocol, frame: Uint8Array): Promise<Uint8Array> {
    return await ask(await this.#openStream(peer, protocol), frame, this.#exchangeOptions(protocol))
  }

  isConnected (peerId: string): boolean { return this.#connectedPeers.has(peerId) }

  onConnect (listener: (peerId: string, openedBy: 'us' | 'them') => void): void { this.#connectListeners.push(listener) }

  disconnectAll (): Promise<void> {
    for (const connection of this.#host?.getConnections() ?? []) connection.abort(new Error('the network changed'))
    return Promise.resolve()
  }

  connectionCount (): number { return this.#host?.getConnections().length ?? 0 }

  #serve (id: string, handler: StreamHandler): void {
    invariant(this.#host === undefined, 'protocols are served before the network starts')
    invariant(!this.#handlers.has(id), 'a protocol is served once')
    this.#handlers.set(id, handler)
  }

  #fault (error: unknown): void { this.#options.onFault?.(asError(error)) }

  #exchangeOptions ({ frameBytesMax }: ChannelProtocol): Parameters<typeof ask>[2] {
    return { frameBytesMax, timeoutMs: this.#timeouts.requestMs, clock: this.#options.clock }
  }

  #channelOn (stream: Stream, peerId: string, { frameBytesMax }: ChannelProtocol): StreamChannel {
    const channel = new StreamChannel(stream, {
      peerId,
      frameBytesMax,
      frameTimeoutMs: this.#timeouts.frameMs,
      clock: this.#options.clock,
      onFault: fault => { this.#fault(fault) }
    })
    this.#channels.add(channel)
    void this.#forgetWhenClosed(channel)
    return channel
  }

  async #forgetWhenClosed (channel: StreamChannel): Promise<void> {
    await channel.closed
    this.#channels.delete(channel)
  }

  /** @throws UnreachableError */
  async #openStream (peer: PeerTarget, { id }: ChannelProtocol): Promise<Stream> {
    if (this.#host === undefined) throw new UnreachableError('the network is not started')
    const connection = await this.#connect(this.#host, peer)
    try {
      return await this.#newStream(connection, id)
    } catch (error) {
      if (!isOfEndedConnection(error)) throw unreachable(error)
      // An old connection that the other side has just ended must not cost the new stream its chance.
      connection.abort(new Error('the connection has ended'))
    }
    try {
      return await this.#newStream(await this.#connect(this.#host, peer), id)
    } catch (error) {
      throw error instanceof UnreachableError ? error : unreachable(error)
    }
  }

  async #newStream (connection: Connection, id: string): Promise<Stream> {
    const signal = AbortSignal.timeout(this.#timeouts.handshakeMs)
    try {
      const stream = await connection.newStream(id, { signal, maxOutboundStreams: STREAMS_PER_PEER_MAX })
      // libp2p hands out a stream, too, whose reset came with the last bytes of its negotiation.
      if (stream.status !== 'open') throw new Error('refused after negotiation')
      return stream
    } catch (error) {
      // A peer that leaves the first bytes of a stream unanswered is gone: the next attempt shall dial anew.
      if (signal.aborted) connection.abort(asError(error))
      throw error
    }
  }

  /** An existing connection, one that is being made, or a new one. @throws UnreachableError */
  async #connect (host: Libp2p, { peerId, addresses }: PeerTarget): Promise<Connection> {
    const id = parsePeerId(peerId)
    // With the PeerId in the address, Noise refuses whoever else answers there.
    const targets = addresses.filter(isDialable).slice(0, ADDRESSES_MAX).map(address => multiaddr(`${address}/p2p/${peerId}`))
    try {
      return await host.dial(targets.length > 0 ? targets : id, { signal: AbortSignal.timeout(this.#timeouts.handshakeMs) })
    } catch (error) {
      if (!this.isConnected(peerId)) void forgetPeer(host, id)
      throw unreachable(error)
    }
  }

  #listenToHost (host: Libp2p): void {
    host.addEventListener('transport:listening', ({ detail: listener }) => { this.#listeners.add(listener) })
    host.addEventListener('transport:close', ({ detail: listener }) => { this.#listeners.delete(listener) })
    host.addEventListener('connection:open', ({ detail: { remotePeer } }) => { dropOldest(host.getConnections(remotePeer)) })
    host.addEventListener('peer:connect', ({ detail }) => {
      const peerId = detail.toString()
      this.#connectedPeers.add(peerId)
      const openedBy = host.getConnections(detail).some(connection => connection.direction === 'inbound') ? 'them' : 'us'
      for (const listener of this.#connectListeners) listener(peerId, openedBy)
    })
    host.addEventListener('peer:disconnect', ({ detail }) => {
      this.#connectedPeers.delete(detail.toString())
      // libp2p would remember every peer it ever met or missed, and callers bring addresses with them.
      void forgetPeer(host, detail)
    })
  }
}

async function handle (host: Libp2p, id: string, handler: StreamHandler): Promise<void> {
  await host.handle(id, async (stream, connection) => {
    if (isCrowded(host, stream, connection)) {
      stream.abort(new Error('too many streams of this protocol'))
      return
    }
    try {
      await handler(stream, connection.remotePeer.toString())
    } catch (error) {
      stream.abort(asError(error))
    }
  }, { maxInboundStreams: STREAMS_PER_PEER_MAX, maxOutboundStreams: STREAMS_PER_PEER_MAX })
}

/** libp2p counts the streams of one connection, and a peer may have several. */
function isCrowded (host: Libp2p, stream: Stream, connection: Connection): boolean {
  let count = 0
  for (const { streams } of host.getConnections(connection.remotePeer)) {
    count += streams.filter(other => other.direction === 'inbound' && other.protocol === stream.protocol).length
  }
  return count > STREAMS_PER_PEER_MAX
}

function dropOldest (connections: readonly Connection[]): void {
  const open = connections.filter(connection => connection.status === 'open')
  const surplus = [...open].sort((left, right) => left.timeline.open - right.timeline.open).slice(0, Math.max(0, open.length - CONNECTIONS_PER_PEER_MAX))
  for (const connection of surplus) connection.abort(new Error('too many connections with one peer'))
}

async function forgetPeer (host: Libp2p, peerId: Connection['remotePeer']): Promise<void> {
  try {
    await host.peerStore.delete(peerId)
  } catch {
    // Nothing was known of it.
  }
}

async function closeQuickly (connection: Connection): Promise<void> {
  try {
    await connection.close({ signal: AbortSignal.timeout(CLOSE_GRACE_MS) })
  } catch (error) {
    connection.abort(asError(error))
  }
}

function cannotListen (error: Error): SkeinError {
  const [, address = 'an address', reason = ''] = /^\s*(\/\S+): (.*)$/m.exec(error.message) ?? []
  if (reason.includes('EADDRINUSE')) {
    return new SkeinError(`${address} is in use by another program`, {
      code: 'address_in_use', exit: EXIT.locked, hint: 'stop the other program, or listen on another port', cause: error
    })
  }
  return new SkeinError(`cannot listen on ${address}`, { code: 'cannot_listen', exit: EXIT.usage, hint: reason, cause: error })
}
