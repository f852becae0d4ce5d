/**
 * The network port over libp2p: connections that prove whom they lead to, streams on them, and the protocols that are
 * served. docs/protocols/transport.md.
 */
import type { Connection, Libp2p, PrivateKey, Stream } from '@libp2p/interface'
import { EXIT, SkeinError, UnreachableError, asError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import {
  CLOSE_GRACE_MS, CONNECTIONS_PER_PEER_MAX, FRAME_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS, IDLE_DIRECT_MS, KEEPALIVE_IDLE_MS, KEEPALIVE_IDLE_SERVING_MS, LIVENESS_INTERVAL_MS,
  REQUEST_TIMEOUT_MS, STREAMS_PER_PEER_MAX
} from '../../protocols/core/limits.ts'
import type { Channel, ChannelProtocol, Clock, FrameHandler, Network, Path, PeerTarget, Ping, Random, RelayStanding, Survey } from '../ports.ts'
import { realRandom } from '../world.ts'
import { StreamChannel } from './channel.ts'
import type { CircuitCounts } from './circuit-server.ts'
import { relayOf } from './circuits.ts'
import { ask, serve } from './exchange.ts'
import { createHost, dropPutOffWork, type HostServices } from './host.ts'
import { peerIdOf, privateKeyOf } from './identity.ts'
import { KeepAlive } from './keepalive.ts'
import { Liveness } from './liveness.ts'
import { MEET } from './meetings.ts'
import { PING, PING_FRAME, PULSE } from './ping.ts'
import { isOfEndedConnection, unreachable } from './reasons.ts'
import { RelayHall, type RelayDuties } from './relay-duties.ts'
import { Ways } from './ways.ts'

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
  readonly random?: Random
  /** Look for peers on the local network, and let them find us. */
  readonly isOnLan?: boolean
  /** Serve the paths of others: we are a relay. */
  readonly relay?: RelayDuties
  /** Connections altogether; CONNECTIONS_MAX unless given. */
  readonly connectionsMax?: number
  /** More parts of libp2p, as the DHT. */
  readonly services?: HostServices
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
  readonly idleMs: number
}

type StreamHandler = (stream: Stream, connection: Connection) => void | Promise<void>

interface Opened { readonly stream: Stream, readonly connection: Connection }

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
  readonly #keepAlive: KeepAlive
  readonly #ways: Ways
  readonly #neighbourListeners: Array<(peerId: string) => void> = []
  readonly #relayHall: RelayHall | undefined
  #host: Libp2p | undefined

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
      idleMs: IDLE_DIRECT_MS,
      ...options.timeouts
    }
    this.#liveness = new Liveness(options.clock, this.#timeouts.livenessMs)
    this.#keepAlive = new KeepAlive(options.relay === undefined ? KEEPALIVE_IDLE_MS : KEEPALIVE_IDLE_SERVING_MS)
    this.#relayHall = options.relay === undefined ? undefined : new RelayHall(options.relay, options.clock)
    this.#ways = new Ways({
      clock: options.clock,
      random: options.random ?? realRandom,
      liveness: this.#liveness,
      keepAlive: this.#keepAlive,
      handshakeMs: this.#timeouts.handshakeMs,
      idleMs: options.relay === undefined ? this.#timeouts.idleMs : undefined,
      listen: options.listen,
      announce: options.announce ?? [],
      isOnLan: options.isOnLan ?? false,
      ask: async (connection, protocol, frame) => await ask(await this.#newStream(connection, protocol.id), frame, this.#exchangeOptions(protocol)),
      open: async (connection, protocol, onFrames) => {
        const channel = this.#channelOn(await this.#newStream(connection, protocol.id), connection, protocol)
        channel.read(onFrames)
        return channel
      },
      onNeighbour: peerId => { for (const listener of this.#neighbourListeners) listener(peerId) }
    })
    this.serveRequest(PING, echo)
    this.serveChannel(PULSE, channel => async frames => { await channel.send(frames) })
    this.serveRequest(MEET, (request, peerId) => this.#ways.meetings.answer(request, peerId))
  }

  /** @throws SkeinError `address_in_use` or `cannot_listen`, naming the address */
  async start (): Promise<void> {
    invariant(this.#host === undefined, 'a network starts once')
    const host = await this.#createHost()
    this.#host = host
    this.#listenToHost(host)
    for (const [id, handler] of this.#handlers) await handle(host, id, handler)
    try {
      await host.start()
    } catch (error) {
      this.#host = undefined
      this.#ways.stop()
      throw cannotListen(asError(error))
    }
    this.#liveness.start()
    this.#ways.start()
    await this.#relayHall?.open({ bound: this.#ways.bound(), listen: this.#options.listen, onFault: fault => { this.#fault(fault) } })
  }

  /** Channels end as `stopped`; what they had sent still leaves. */
  async stop (): Promise<void> {
    const host = this.#host
    if (host === undefined) return
    this.#host = undefined
    this.#ways.stop()
    this.#relayHall?.close()
    this.#liveness.stop()
    for (const channel of this.#channels) channel.stop()
    // libp2p would destroy the sockets of inbound connections at once, with what still waits in them.
    await Promise.all(host.getConnections().map(closeQuickly))
    await host.stop()
    dropPutOffWork(host)
    this.#connectedPeers.clear()
  }

  addresses (): string[] { return this.#ways.addresses() }

  serveChannel (protocol: ChannelProtocol, accept: (channel: Channel) => FrameHandler): void {
    this.#serve(protocol.id, (stream, connection) => {
      const channel = this.#channelOn(stream, connection, protocol)
      try {
        channel.read(accept(channel))
      } catch (error) {
        this.#fault(error)
        throw error
      }
    })
  }

  serveRequest (protocol: ChannelProtocol, answer: (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array): void {
    this.#serve(protocol.id, (stream, { remotePeer }) => serve(stream, async request => {
      try {
        return await answer(request, remotePeer.toString())
      } catch (error) {
        this.#fault(error)
        throw error
      }
    }, this.#exchangeOptions(protocol)))
  }

  async openChannel (peer: PeerTarget, protocol: ChannelProtocol, onFrames: FrameHandler): Promise<Channel> {
    const { stream, connection } = await this.#openStream(peer, protocol)
    const channel = this.#channelOn(stream, connection, protocol)
    channel.read(onFrames)
    return channel
  }

  async request (peer: PeerTarget, protocol: ChannelProtocol, frame: Uint8Array): Promise<Uint8Array> {
    const { stream } = await this.#openStream(peer, protocol)
    return await ask(stream, frame, this.#exchangeOptions(protocol))
  }

  /** The first frame may have to open the connection; the second measures it. */
  async ping (peer: PeerTarget): Promise<Ping> {
    await this.request(peer, PING, PING_FRAME)
    const beginMs = this.#options.clock.monotonic()
    await this.request(peer, PING, PING_FRAME)
    const ms = this.#options.clock.monotonic() - beginMs
    return { path: this.path(peer.peerId) ?? { type: 'direct' }, ms }
  }

  path (peerId: string): Path | undefined { return this.#host === undefined ? undefined : this.#ways.paths.to(peerId) }

  useRelays (relays: readonly PeerTarget[]): void { this.#ways.reservations.use(relays) }

  relays (): readonly RelayStanding[] { return this.#ways.reservations.standings() }

  meet (mayMeet: (peerId: string) => boolean): void { this.#ways.meet(mayMeet) }

  /** Of a relay: places and circuits. */
  circuitCounts (): CircuitCounts | undefined { return this.#relayHall?.counts() }

  onNeighbour (listener: (peerId: string) => void): void { this.#neighbourListeners.push(listener) }

  async survey (): Promise<Survey> {
    if (this.#host === undefined) throw new UnreachableError('the network is not started')
    const { router, seenAs, checked } = await this.#ways.reachability.check()
    return { listening: this.#ways.bound(), router, ...seenAs !== undefined && { seenAs }, checked, neighbours: this.#ways.neighbourCount }
  }

  isConnected (peerId: string): boolean { return this.#connectedPeers.has(peerId) }

  onConnect (listener: (peerId: string, openedBy: 'us' | 'them') => void): void { this.#connectListeners.push(listener) }

  disconnectAll (): Promise<void> {
    for (const connection of this.#host?.getConnections() ?? []) connection.abort(new Error('the network changed'))
    this.#ways.reservations.hint()
    return Promise.resolve()
  }

  connectionCount (): number { return this.#host?.getConnections().length ?? 0 }

  async #createHost (): Promise<Libp2p> {
    const { listen, agentVersion, clock, services, connectionsMax } = this.#options
    const host = await createHost({
      privateKey: this.#privateKey,
      listen,
      agentVersion,
      clock,
      handshakeMs: this.#timeouts.handshakeMs,
      liveness: this.#liveness,
      keepAlive: this.#keepAlive,
      ...connectionsMax !== undefined && { connectionsMax },
      ...this.#relayHall !== undefined && { tells: () => this.#ways.addresses() },
      services: { ...this.#ways.services(), ...await this.#relayHall?.services(), ...services }
    })
    this.#ways.attach(host)
    return host
  }

  #serve (id: string, handler: StreamHandler): void {
    invariant(this.#host === undefined, 'protocols are served before the network starts')
    invariant(!this.#handlers.has(id), 'a protocol is served once')
    this.#handlers.set(id, handler)
  }

  #fault (error: unknown): void { this.#options.onFault?.(asError(error)) }

  #exchangeOptions ({ frameBytesMax }: ChannelProtocol): Parameters<typeof ask>[2] {
    return { frameBytesMax, timeoutMs: this.#timeouts.requestMs, clock: this.#options.clock }
  }

  #channelOn (stream: Stream, connection: Connection, { frameBytesMax, frameTimeoutMs = this.#timeouts.frameMs, isOneWay = false }: ChannelProtocol): StreamChannel {
    const channel = new StreamChannel(stream, {
      peerId: connection.remotePeer.toString(),
      isRelayed: relayOf(connection) !== undefined,
      frameBytesMax,
      frameTimeoutMs,
      isOneWay,
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
  async #openStream (peer: PeerTarget, { id }: ChannelProtocol): Promise<Opened> {
    const { paths } = this.#ways
    const connection = await paths.connect(peer)
    try {
      return { stream: await this.#newStream(connection, id), connection }
    } catch (error) {
      if (!isOfEndedConnection(error)) throw unreachable(error)
      // An old connection that the other side has just ended must not cost the new stream its chance.
      connection.abort(new Error('the connection has ended'))
    }
    try {
      const fresh = await paths.connect(peer)
      return { stream: await this.#newStream(fresh, id), connection: fresh }
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

  #listenToHost (host: Libp2p): void {
    host.addEventListener('connection:open', ({ detail: { remotePeer } }) => { dropOldest(host.getConnections(remotePeer)) })
    host.addEventListener('peer:connect', ({ detail }) => {
      const peerId = detail.toString()
      this.#connectedPeers.add(peerId)
      const openedBy = host.getConnections(detail).some(connection => connection.direction === 'inbound') ? 'them' : 'us'
      for (const listener of this.#connectListeners) listener(peerId, openedBy)
    })
    host.addEventListener('peer:disconnect', ({ detail }) => {
      this.#connectedPeers.delete(detail.toString())
      if (this.#host !== undefined) void this.#ways.paths.forget(detail.toString())
    })
  }
}

function echo (frame: Uint8Array): Uint8Array { return frame }

async function handle (host: Libp2p, id: string, handler: StreamHandler): Promise<void> {
  await host.handle(id, async (stream, connection) => {
    if (isCrowded(host, stream, connection)) {
      stream.abort(new Error('too many streams of this protocol'))
      return
    }
    try {
      await handler(stream, connection)
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
