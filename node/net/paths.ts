/**
 * The way to a peer: the connection that is best now, or a new one, dialled directly and a moment later through the relays that
 * its addresses name. docs/protocols/transport.md, "Addresses" and "Circuits".
 */
import type { Connection, Libp2p } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { ADDRESSES_MAX, CIRCUIT_HEAD_START_MS } from '../../protocols/core/limits.ts'
import type { Clock, Path, PeerTarget } from '../ports.ts'
import { circuitRelayOf, isDialable } from './addresses.ts'
import { relayOf, type Circuits } from './circuits.ts'
import type { HostComponents } from './host.ts'
import { parsePeerId } from './identity.ts'
import { unreachable } from './reasons.ts'

export interface PathParts {
  readonly host: Libp2p
  readonly components: HostComponents
  readonly circuits: Circuits
  readonly clock: Clock
  readonly handshakeMs: number
  /** Addresses of a peer that nobody told us, as seen on our own network. */
  readonly nearby: (peerId: string) => readonly string[]
  /** Connections to it stay, also when nothing uses them. */
  readonly isRelay: (peerId: string) => boolean
}

const RELAY_LINGER_MS = 30_000

export class Paths {
  readonly #parts: PathParts

  constructor (parts: PathParts) { this.#parts = parts }

  /** How frames to a connected peer travel. */
  to (peerId: string): Path | undefined {
    const connection = this.best(peerId)
    if (connection === undefined) return undefined
    const relay = relayOf(connection)
    return relay === undefined ? { type: 'direct' } : { type: 'relayed', relay }
  }

  /** The connection to use: a direct one before a circuit, and the newest of its kind, since an older one may have died unnoticed. */
  best (peerId: string): Connection | undefined {
    const open = this.#parts.host.getConnections(parsePeerId(peerId)).filter(({ status }) => status === 'open')
    return open.findLast(connection => relayOf(connection) === undefined) ?? open.at(-1)
  }

  all (): Connection[] { return this.#parts.host.getConnections() }

  circuitsOf (peerId: string): Connection[] {
    return this.#parts.host.getConnections(parsePeerId(peerId)).filter(connection => relayOf(connection) !== undefined)
  }

  /** Waits for a direct connection that the peer makes. Rejects when `signal` fires. */
  async untilDirect (peerId: string, signal: AbortSignal): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const onOpen = ({ detail: connection }: { readonly detail: Connection }): void => {
      if (connection.remotePeer.toString() === peerId && relayOf(connection) === undefined) resolve(connection)
    }
    const onAbort = (): void => { reject(new UnreachableError('nobody came')) }
    this.#parts.host.addEventListener('connection:open', onOpen)
    signal.addEventListener('abort', onAbort)
    try {
      return await promise
    } finally {
      this.#parts.host.removeEventListener('connection:open', onOpen)
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** @throws UnreachableError */
  async connect (peer: PeerTarget): Promise<Connection> {
    const { handshakeMs } = this.#parts
    const existing = this.best(peer.peerId)
    if (existing !== undefined) return existing
    const relays = relaysIn(peer.addresses)
    try {
      if (relays.length === 0) return await this.direct(peer, AbortSignal.timeout(handshakeMs))
      return await this.#race(peer, relays)
    } catch (error) {
      void this.forget(peer.peerId)
      throw error instanceof UnreachableError ? error : unreachable(error)
    }
  }

  /** A direct connection, the one that is open or a new one. */
  async direct ({ peerId, addresses }: PeerTarget, signal: AbortSignal): Promise<Connection> {
    const existing = this.best(peerId)
    if (existing !== undefined && relayOf(existing) === undefined) return existing
    const { components, nearby } = this.#parts
    const targets = dialable([...addresses, ...nearby(peerId)], peerId)
    if (targets.length === 0) throw new UnreachableError('the peer cannot be reached: no address that can be dialled')
    // A circuit may stand: libp2p would take it for what was asked.
    return await components.connectionManager.openConnection(targets, { signal, force: true })
  }

  /** libp2p would remember every peer it ever met or missed, and callers bring addresses with them. */
  async forget (peerId: string): Promise<void> {
    if (this.best(peerId) !== undefined) return
    try {
      await this.#parts.host.peerStore.delete(parsePeerId(peerId))
    } catch {
      // Nothing was known of it.
    }
  }

  /** Whoever comes first, the circuits with a handicap; a direct connection that comes later is used from then on. */
  async #race (peer: PeerTarget, relays: readonly PeerTarget[]): Promise<Connection> {
    if (!this.#isDialable(peer)) return await this.#throughAny(peer.peerId, relays)
    const headStart = Promise.withResolvers<undefined>()
    const timer = this.#parts.clock.timer(CIRCUIT_HEAD_START_MS, () => { headStart.resolve(undefined) })
    const direct = this.direct(peer, AbortSignal.timeout(this.#parts.handshakeMs))
    void direct.catch(() => { headStart.resolve(undefined) })
    const relayed = async (): Promise<Connection> => {
      await headStart.promise
      return this.best(peer.peerId) ?? await this.#throughAny(peer.peerId, relays)
    }
    try {
      return await Promise.any([direct, relayed()])
    } finally {
      timer.cancel()
    }
  }

  #isDialable ({ peerId, addresses }: PeerTarget): boolean { return [...addresses, ...this.#parts.nearby(peerId)].some(isDialable) }

  async #throughAny (peerId: string, relays: readonly PeerTarget[]): Promise<Connection> {
    return await Promise.any(relays.map(relay => this.#through(relay, peerId)))
  }

  async #through (relay: PeerTarget, peerId: string): Promise<Connection> {
    const { circuits, handshakeMs } = this.#parts
    const toRelay = await this.direct(relay, AbortSignal.timeout(handshakeMs))
    try {
      const circuit = await circuits.call(toRelay, peerId)
      circuit.addEventListener('close', () => { this.#leave(toRelay) })
      return circuit
    } catch (error) {
      this.#leave(toRelay)
      throw error
    }
  }

  /** A relay of somebody else is no place to stay at, once its circuits have ended and nobody calls anew. */
  #leave (relay: Connection): void {
    const { clock, isRelay } = this.#parts
    clock.timer(RELAY_LINGER_MS, () => {
      if (!isRelay(relay.remotePeer.toString()) && relay.streams.length === 0) void closeQuietly(relay)
    })
  }
}

async function closeQuietly (connection: Connection): Promise<void> {
  try {
    await connection.close()
  } catch {
    // It was gone already.
  }
}

/** With the PeerId in the address, Noise refuses whoever else answers there. */
function dialable (addresses: readonly string[], peerId: string): Multiaddr[] {
  return [...new Set(addresses)].filter(isDialable).slice(0, ADDRESSES_MAX).map(address => multiaddr(`${address}/p2p/${peerId}`))
}

function relaysIn (addresses: readonly string[]): PeerTarget[] {
  const relays = new Map<string, PeerTarget>()
  for (const address of addresses) {
    const relay = circuitRelayOf(address)
    if (relay === undefined) continue
    relays.set(relay.peerId, { peerId: relay.peerId, addresses: [...relays.get(relay.peerId)?.addresses ?? [], ...relay.addresses] })
  }
  return [...relays.values()]
}
