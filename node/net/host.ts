/**
 * The one libp2p of a node: which parts it is made of and how far strangers may go with it. Every part costs each node
 * memory, so what only some need (circuits, what relays serve, the DHT) comes as `services`.
 */
import { identify } from '@libp2p/identify'
import type { ComponentLogger, Libp2p, Logger, PrivateKey } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2pOptions, ServiceFactoryMap } from 'libp2p'
import {
  ADDRESSES_MAX, CONNECTIONS_MAX, HANDSHAKES_PENDING_MAX, HANDSHAKES_PER_HOST_PER_SECOND
} from '../../protocols/core/limits.ts'
import type { Clock } from '../ports.ts'
import type { KeepAlive } from './keepalive.ts'
import type { Liveness } from './liveness.ts'
import { webSockets } from './websockets.ts'

export interface HostOptions {
  readonly privateKey: PrivateKey
  /** Multiaddrs. */
  readonly listen: readonly string[]
  /** What `identify` tells others about the program. */
  readonly agentVersion: string
  readonly clock: Clock
  readonly handshakeMs: number
  readonly liveness: Liveness
  readonly keepAlive: KeepAlive
  /** Multiaddrs that every stranger may know who connects: a relay's. Nothing unless given. */
  readonly tells?: () => readonly string[]
  /** More parts, which get at libp2p's own. */
  readonly services?: HostServices
  /** Inbound and outbound together. */
  readonly connectionsMax?: number
}

/** What libp2p's parts are made from. */
export type HostComponents = Parameters<ServiceFactoryMap<{ readonly any: unknown }>['any']>[0]
export type HostServices = Readonly<Record<string, (components: HostComponents) => unknown>>

/** One of libp2p's parts with some of its methods replaced, for a library that would ask too much of the real one. */
export function variantOf<Part extends object> (part: Part, methods: Partial<Part>): Part { return Object.assign(Object.create(part) as Part, methods) }

/** A libp2p that is not started. */
export function createHost ({ privateKey, listen, agentVersion, clock, handshakeMs, liveness, keepAlive, tells, services, connectionsMax = CONNECTIONS_MAX }: HostOptions): Promise<Libp2p> {
  return createLibp2p({
    start: false,
    privateKey,
    nodeInfo: { userAgent: agentVersion },
    logger: silence,
    // A user's addresses travel in signed device lists, to contacts. identify would tell them to every stranger who connects.
    addresses: { listen: [...listen], announceFilter: () => (tells?.() ?? []).map(address => multiaddr(address)) },
    transports: [keepAlive.wrap(tcp(NO_INACTIVITY_LIMIT)), keepAlive.wrap(webSockets({ clock, handshakeMs }))],
    connectionEncrypters: [noise()],
    streamMuxers: [() => liveness.muxer({ isProbed: true })],
    // Answered, so that any libp2p node can look at ours; not asked, because nothing here reads the answer.
    services: { identify: identify({ runOnConnectionOpen: false }), ...services },
    // liveness.ts does it for less.
    connectionMonitor: { enabled: false },
    connectionManager: connectionLimits(handshakeMs, connectionsMax)
  })
}

/**
 * Of a host that has stopped. When a transport closes, libp2p puts off by a second a note about its own addresses, which nobody
 * reads any more, and its timer would keep every process alive for that long: each command that starts a node for itself.
 */
export function dropPutOffWork (host: Libp2p): void {
  const { components } = host as Libp2p & { readonly components?: { readonly addressManager?: { readonly _updatePeerStoreAddresses?: { readonly stop?: () => void } } } }
  components?.addressManager?._updatePeerStoreAddresses?.stop?.()
}

function connectionLimits (handshakeMs: number, connectionsMax: number): NonNullable<Libp2pOptions['connectionManager']> {
  return {
    maxConnections: connectionsMax,
    maxIncomingPendingConnections: HANDSHAKES_PENDING_MAX,
    // libp2p's 5 would cut off people who share one NAT, and every test network on one machine.
    inboundConnectionThreshold: HANDSHAKES_PER_HOST_PER_SECOND,
    maxPeerAddrsToDial: ADDRESSES_MAX,
    dialTimeout: handshakeMs,
    // Addresses are tried one after the other: one that swallows packets must not use up the time of the next.
    addressDialTimeout: Math.ceil(handshakeMs / 3),
    inboundUpgradeTimeout: handshakeMs,
    inboundStreamProtocolNegotiationTimeout: handshakeMs,
    outboundStreamProtocolNegotiationTimeout: handshakeMs,
    // The caller's order is the best first; libp2p's own would put loopback last even where it is the only one that answers.
    addressSorter: () => 0,
    resolvers: {},
    reconnectRetries: 0
  }
}

/** libp2p would cut what is silent for two minutes, and the kernel's probes are no traffic to it. */
const NO_INACTIVITY_LIMIT = { inboundSocketInactivityTimeout: 0, outboundSocketInactivityTimeout: 0 }

/** libp2p logs addresses and peers as soon as the environment asks for it: nothing private in logs. */
const silentLogger: Logger = Object.assign(() => { /* silent */ }, {
  enabled: false, error () { /* silent */ }, trace () { /* silent */ }, newScope: () => silentLogger
})
const silence: ComponentLogger = { forComponent: () => silentLogger }
