/**
 * Everything by which this node reaches others and others reach it, put together: dialling, circuits, places at relays, meetings,
 * neighbours, and what is known of our router. The network (network.ts) carries frames over what comes of it.
 */
import type { Connection, Libp2p, Listener } from '@libp2p/interface'
import { invariant } from '../../protocols/core/invariant.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import type { Clock, PeerTarget, Random } from '../ports.ts'
import { addressesToTell } from './addresses.ts'
import { Circuits, relayOf } from './circuits.ts'
import { Disuse } from './disuse.ts'
import type { HostComponents, HostServices } from './host.ts'
import { InterfaceWatch } from './interfaces.ts'
import type { KeepAlive } from './keepalive.ts'
import { Lan } from './lan.ts'
import type { Liveness } from './liveness.ts'
import { Meetings, type MeetingParts } from './meetings.ts'
import { Paths } from './paths.ts'
import { Reachability, stunServerOf, type Helper } from './reachability.ts'
import { reasonOf } from './reasons.ts'
import { Reservations } from './reservations.ts'
import type { Endpoint } from './stun.ts'
import { WebRtc } from './webrtc.ts'

export interface WayParts {
  readonly clock: Clock
  readonly random: Random
  readonly liveness: Liveness
  readonly keepAlive: KeepAlive
  readonly handshakeMs: number
  /** How long a direct connection may be of no use; undefined: for ever, as those of a relay may. */
  readonly idleMs: number | undefined
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  /** Whether to look for peers on our own network, and let them find us. */
  readonly isOnLan: boolean
  readonly ask: MeetingParts['ask']
  readonly open: MeetingParts['open']
  /** A peer may be reachable now that was not a moment ago. */
  readonly onNeighbour: (peerId: string) => void
}

/** What exists from the moment that libp2p does. */
interface Grown {
  readonly components: HostComponents
  readonly circuits: Circuits
  readonly reachability: Reachability
  readonly webRtc: WebRtc
  readonly lan: Lan | undefined
}

/** STUN servers that a node is told of: two tell what kind of router there is, more tell nothing more. */
const STUN_SERVERS_MAX = 2
/** A relay that has just come back is asked about our addresses once the others are back as well. */
const CHECK_DELAY_MS = 2_000

export class Ways {
  readonly reservations: Reservations
  readonly #parts: WayParts
  readonly #listeners = new Set<Listener>()
  readonly #interfaces: InterfaceWatch
  readonly #disuse: Disuse | undefined
  #grown: Grown | undefined
  #paths: Paths | undefined
  #meetings: Meetings | undefined
  #mayMeet: (peerId: string) => boolean = () => false
  #isCheckDue = false

  constructor (parts: WayParts) {
    const { clock, random, keepAlive, liveness, idleMs } = parts
    this.#parts = parts
    this.#disuse = idleMs === undefined
      ? undefined
      : new Disuse({ clock, idleMs, connections: () => this.#paths?.all() ?? [], bytesOf: connection => keepAlive.bytesOf(connection), isRelay: peerId => this.reservations.has(peerId) })
    this.#interfaces = new InterfaceWatch(clock, hosts => {
      for (const connection of this.#paths?.all() ?? []) if (keepAlive.isStranded(connection, hosts)) connection.abort(new Error('the network changed'))
      liveness.suspect()
      this.reservations.hint()
    })
    this.reservations = new Reservations({
      clock,
      random,
      connect: (relay, signal) => this.paths.direct(relay, signal),
      reserve: (connection, signal) => this.#inside.circuits.reserve(connection, signal),
      watch: (connection, idleMs) => { keepAlive.watch(connection, idleMs) },
      onReserved: () => { this.#checkSoon() },
      reasonOf
    })
  }

  /** @throws UnreachableError before the network has started and after it has stopped */
  get paths (): Paths {
    if (this.#paths === undefined) throw new UnreachableError('the network is not started')
    return this.#paths
  }

  get meetings (): Meetings {
    invariant(this.#meetings !== undefined, 'meetings come with the host')
    return this.#meetings
  }

  get reachability (): Reachability { return this.#inside.reachability }

  get neighbourCount (): number { return this.#grown?.lan?.count() ?? 0 }

  /** Whom our addresses may be told over a circuit: nobody, until this is called. */
  meet (mayMeet: (peerId: string) => boolean): void { this.#mayMeet = mayMeet }

  /** The parts of libp2p that this is made of. */
  services (): HostServices {
    return {
      circuits: components => {
        this.#grown = this.#grow(components)
        return this.#grown.circuits
      },
      reachability: () => this.#inside.reachability,
      webRtc: () => this.#inside.webRtc,
      ...this.#parts.isOnLan && { lan: () => this.#inside.lan }
    }
  }

  /** Of the libp2p that `services` have become part of. */
  attach (host: Libp2p): void {
    const { clock, handshakeMs, ask, open } = this.#parts
    const { components, circuits, webRtc, lan } = this.#inside
    const isRelay = (peerId: string): boolean => this.reservations.has(peerId)
    this.#paths = new Paths({ host, components, circuits, clock, handshakeMs, nearby: peerId => lan?.addressesOf(peerId) ?? [], isRelay })
    this.#meetings = new Meetings({ clock, paths: this.#paths, webRtc, addresses: () => this.addresses(), mayMeet: peerId => this.#mayMeet(peerId), ask, open })
    host.addEventListener('transport:listening', ({ detail: listener }) => { this.#listeners.add(listener) })
    host.addEventListener('transport:close', ({ detail: listener }) => { this.#listeners.delete(listener) })
    host.addEventListener('connection:open', ({ detail: connection }) => { this.#opened(connection) })
  }

  start (): void {
    this.reservations.start()
    this.#interfaces.start()
    this.#disuse?.start()
  }

  stop (): void {
    this.#interfaces.stop()
    this.#disuse?.stop()
    this.reservations.stop()
    this.#meetings?.stop()
    this.#paths = undefined
    this.#listeners.clear()
  }

  /** Where others may reach us, best first. */
  addresses (): string[] {
    const { announce, listen } = this.#parts
    return addressesToTell({ announce, listen, bound: this.bound(), verified: this.#grown?.reachability.verified() ?? [], circuits: this.reservations.addresses() })
  }

  /** What the listeners have. */
  bound (): string[] { return [...this.#listeners].flatMap(listener => listener.getAddrs().map(address => address.toString())) }

  get #inside (): Grown {
    invariant(this.#grown !== undefined, 'ways come with the host')
    return this.#grown
  }

  #grow (components: HostComponents): Grown {
    const { clock, random, liveness, handshakeMs, announce, isOnLan, onNeighbour } = this.#parts
    return {
      components,
      circuits: new Circuits({ components, liveness, handshakeMs, isRelay: peerId => this.reservations.has(peerId) }),
      reachability: new Reachability({ clock, random, components, helpers: () => this.#helpers(), bound: () => this.bound(), announce }),
      webRtc: new WebRtc({ clock, components, stunServers: () => this.#stunServers(), mayMeet: peerId => this.#mayMeet(peerId) }),
      lan: isOnLan ? new Lan({ components, addresses: () => this.addresses(), onFound: onNeighbour }) : undefined
    }
  }

  #opened (connection: Connection): void {
    const isCircuit = relayOf(connection) !== undefined
    if (isCircuit && connection.direction === 'outbound') this.meetings.begin(connection.remotePeer.toString())
    if (connection.remoteAddr.getComponents().some(({ name }) => name === 'webrtc')) this.meetings.guard(connection)
  }

  /** Relays that can help us now. */
  #helpers (): Helper[] { return this.reservations.connected() }

  #stunServers (): Endpoint[] { return this.#helpers().flatMap(({ relay }: { readonly relay: PeerTarget }) => stunServerOf(relay) ?? []).slice(0, STUN_SERVERS_MAX) }

  #checkSoon (): void {
    if (this.#isCheckDue) return
    this.#isCheckDue = true
    this.#parts.clock.timer(CHECK_DELAY_MS, () => {
      this.#isCheckDue = false
      if (this.#paths !== undefined) void this.reachability.check()
    })
  }
}
