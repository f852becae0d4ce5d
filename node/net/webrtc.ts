/**
 * WebRTC between two nodes that both sit behind routers: they agree over a circuit, and find a way for UDP through both with the
 * help of the relays' STUN. Its library and its threads are loaded when they are first needed, since most nodes never do.
 * docs/protocols/transport.md, "From circuit to direct".
 */
import { start } from '@libp2p/interface'
import type { Connection, Stream, Transport, Upgrader } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { asError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { STREAMS_PER_PEER_MAX } from '../../protocols/core/limits.ts'
import type { Clock } from '../ports.ts'
import { relayOf } from './circuits.ts'
import { variantOf, type HostComponents } from './host.ts'
import { counting, type Traffic } from './traffic.ts'
import type { Endpoint } from './stun.ts'

export interface WebRtcParts {
  readonly clock: Clock
  readonly components: HostComponents
  readonly stunServers: () => readonly Endpoint[]
  /** Whom our addresses may be told: they are part of what both sides exchange. */
  readonly mayMeet: (peerId: string) => boolean
}

type Signal = (stream: Stream, connection: Connection) => void | Promise<void>
interface Loaded { readonly transport: Transport, readonly upgrader: Upgrader, readonly onSignal: Signal }

/** Of libp2p's WebRTC transport. */
const SIGNALING = '/webrtc-signaling/0.0.1'

/** Each is a socket and a thread's work. */
const SIGNALS_PER_PEER_MAX = 4

export class WebRtc {
  readonly #parts: WebRtcParts
  /** Of connections that are being made. */
  readonly #traffic = new Map<string, Traffic>()
  #loading: Promise<Loaded> | undefined

  constructor (parts: WebRtcParts) { this.#parts = parts }

  /** Part of libp2p's start. */
  async start (): Promise<void> {
    await this.#parts.components.registrar.handle(SIGNALING, (stream, connection) => this.#answer(stream, connection), { maxInboundStreams: SIGNALS_PER_PEER_MAX })
  }

  stop (): void { /* connections are closed by the host, and nothing else runs */ }

  /** A direct connection with the peer at the other end of `circuit`. */
  async dial (circuit: Connection, signal: AbortSignal): Promise<Connection> {
    const relay = relayOf(circuit)
    invariant(relay !== undefined, 'signals travel over a circuit')
    const { transport, upgrader } = await this.#load()
    const address = multiaddr(`/p2p/${relay}/p2p-circuit/webrtc/p2p/${circuit.remotePeer.toString()}`)
    return await transport.dial(address, { upgrader, signal })
  }

  /** What goes over a connection with a peer that has just opened. */
  trafficWith (peerId: string): Traffic | undefined {
    const traffic = this.#traffic.get(peerId)
    this.#traffic.delete(peerId)
    return traffic
  }

  async #answer (stream: Stream, connection: Connection): Promise<void> {
    try {
      if (relayOf(connection) === undefined || !this.#parts.mayMeet(connection.remotePeer.toString())) throw new Error('not with this peer')
      await (await this.#load()).onSignal(stream, connection)
    } catch (error) {
      stream.abort(asError(error))
    }
  }

  async #load (): Promise<Loaded> {
    this.#loading ??= this.#loadNow()
    return await this.#loading
  }

  async #loadNow (): Promise<Loaded> {
    const { webRTC } = await import('@libp2p/webrtc')
    const { components, clock } = this.#parts
    const { peerId, registrar, transportManager, connectionManager, logger, events } = components
    const upgrader = counting(components.upgrader, { clock, onConnection: (peer, traffic) => { this.#traffic.set(peer, traffic) } })
    let onSignal: Signal | undefined
    const transport = webRTC({ rtcConfiguration: () => ({ iceServers: this.#iceServers() }), maxEarlyStreams: STREAMS_PER_PEER_MAX })({
      peerId,
      upgrader,
      transportManager,
      logger,
      events,
      // Signals reach it through us, who know whom to answer.
      registrar: variantOf(registrar, {
        handle: (_protocol, handler) => {
          onSignal = handler
          return Promise.resolve()
        }
      }),
      // It would take any connection with the peer for its signals, also one that is dead.
      connectionManager: variantOf(connectionManager, {
        getConnections: peer => connectionManager.getConnections(peer).filter(connection => relayOf(connection) !== undefined && connection.status === 'open').reverse()
      })
    })
    await start(transport)
    invariant(onSignal !== undefined, 'the transport handles its signals')
    return { transport, upgrader, onSignal }
  }

  #iceServers (): Array<{ readonly urls: string }> { return this.#parts.stunServers().map(({ host, port }) => ({ urls: `stun:${host}:${port}` })) }
}
