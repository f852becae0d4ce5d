/**
 * Keeps a connection and a place at each of our own relays, whatever happens to them or to us: a relay restarts, a link was down,
 * an address changed, the machine slept. One loop per relay, which ends only with us. docs/protocols/transport.md, "Relays".
 */
import type { Connection } from '@libp2p/interface'
import { asError } from '../../protocols/core/errors.ts'
import {
  CIRCUIT_RESERVATION_MS, KEEPALIVE_IDLE_FIRST_RELAY_MS, KEEPALIVE_IDLE_MS, RELAY_DIAL_TIMEOUT_MS, RELAY_LOST_AFTER_MS, RELAY_RETRY_LOST_MS, RELAY_RETRY_MS_MAX,
  RELAY_RETRY_MS_MIN
} from '../../protocols/core/limits.ts'
import type { HopAnswer } from '../../protocols/paths/wire.ts'
import { refusalText } from './circuits.ts'
import type { Clock, PeerTarget, Random, RelayStanding, Timer } from '../ports.ts'

export interface ReservationParts {
  readonly clock: Clock
  readonly random: Pick<Random, 'fraction'>
  /** A direct connection, the one that is open or a new one. */
  readonly connect: (relay: PeerTarget, signal: AbortSignal) => Promise<Connection>
  readonly reserve: (connection: Connection, signal: AbortSignal) => Promise<HopAnswer>
  /** A relay has taken us, anew or again. */
  readonly onReserved: () => void
  /** How long a silent connection may be before the kernel probes it. */
  readonly watch: (connection: Connection, idleMs: number) => void
  readonly reasonOf: (error: unknown) => string
}

export class Reservations {
  readonly #parts: ReservationParts
  readonly #places = new Map<string, Place>()
  #isStarted = false

  constructor (parts: ReservationParts) { this.#parts = parts }

  use (relays: readonly PeerTarget[]): void {
    const wanted = new Map(relays.map(relay => [relay.peerId, relay]))
    for (const [peerId, place] of this.#places) {
      const relay = wanted.get(peerId)
      if (relay?.addresses.join() === place.relay.addresses.join()) continue
      place.stop()
      this.#places.delete(peerId)
    }
    const kept = new Map(this.#places)
    this.#places.clear()
    // In the order given: it is the order in which we tell them.
    for (const [peerId, relay] of wanted) {
      const place = kept.get(peerId) ?? new Place(relay, { ...this.#parts, onReserved: () => { this.#reserved() }, onLost: () => { this.#lost(peerId) } })
      this.#places.set(peerId, place)
      if (this.#isStarted && !kept.has(peerId)) place.start()
    }
  }

  start (): void {
    this.#isStarted = true
    for (const place of this.#places.values()) place.start()
  }

  stop (): void {
    this.#isStarted = false
    for (const place of this.#places.values()) place.stop()
  }

  /** The network is another one, or has come back: every place is looked at now. */
  hint (): void {
    for (const place of this.#places.values()) place.hint()
  }

  has (peerId: string): boolean { return this.#places.has(peerId) }

  /** Those that are there, and the connections with them. */
  connected (): Array<{ readonly relay: PeerTarget, readonly connection: Connection }> {
    return [...this.#places.values()].flatMap(({ relay, connection }) => connection === undefined ? [] : [{ relay, connection }])
  }

  standings (): RelayStanding[] { return [...this.#places.values()].map(place => place.standing) }

  /** Addresses of ours through relays: of each the best, as long as the relay does not refuse. */
  addresses (): string[] {
    return [...this.#places.values()].flatMap(({ relay, isRefusing }) => {
      const [best] = relay.addresses
      return best === undefined || isRefusing ? [] : [`${best}/p2p/${relay.peerId}/p2p-circuit`]
    })
  }

  /** What has cut one relay off has often cut off all, and the others have not noticed yet. */
  #lost (lost: string): void {
    for (const [peerId, place] of this.#places) if (peerId !== lost) place.hint()
    this.#watch()
  }

  #reserved (): void {
    this.#watch()
    this.#parts.onReserved()
  }

  /** The first that stands is probed often enough for all of them. */
  #watch (): void {
    for (const [index, { connection }] of this.connected().entries()) {
      this.#parts.watch(connection, index === 0 ? KEEPALIVE_IDLE_FIRST_RELAY_MS : KEEPALIVE_IDLE_MS)
    }
  }
}

interface PlaceParts extends ReservationParts {
  readonly onLost: () => void
}

/** A place at one relay. */
class Place {
  readonly relay: PeerTarget
  readonly #parts: PlaceParts
  #standing: RelayStanding
  #connection: Connection | undefined
  #isStopped = true
  #reachedAtMonotonicMs = 0
  #pauseMs = RELAY_RETRY_MS_MIN
  /** Ends the pause that the loop is in. */
  #wake: () => void = ignore
  #isHinted = false
  /** Its last answer was no. What we tell others of our addresses must not change with every connection that comes and goes. */
  #isRefusing = false

  constructor (relay: PeerTarget, parts: PlaceParts) {
    this.relay = relay
    this.#parts = parts
    this.#standing = { peerId: relay.peerId, state: 'connecting' }
  }

  get standing (): RelayStanding { return this.#standing }

  get isRefusing (): boolean { return this.#isRefusing }

  /** The one that the place hangs on. */
  get connection (): Connection | undefined { return this.#connection }

  start (): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#reachedAtMonotonicMs = this.#parts.clock.monotonic()
    void this.#run()
  }

  stop (): void {
    this.#isStopped = true
    this.#wake()
  }

  hint (): void {
    this.#pauseMs = RELAY_RETRY_MS_MIN
    this.#isHinted = true
    this.#wake()
  }

  async #run (): Promise<void> {
    while (!this.#isStopped) {
      const restMs = await this.#attempt()
      // A hint that came during an attempt that failed is worth another one at once.
      if (!this.#isHinted || this.#standing.state !== 'connecting') await this.#rest(restMs)
      this.#isHinted = false
      // A relay that takes us and drops us each time gets no storm for it.
      if (this.#connection === undefined && restMs > RELAY_RETRY_MS_MAX) await this.#rest(this.#nextPauseMs())
    }
  }

  /** Connects if need be and asks for a place. Returns how long that is good for, or how long to wait before the next attempt. */
  async #attempt (): Promise<number> {
    const { connect, reserve, reasonOf } = this.#parts
    let connection: Connection | undefined
    try {
      connection = await connect(this.relay, AbortSignal.timeout(RELAY_DIAL_TIMEOUT_MS))
      const answer = await reserve(connection, AbortSignal.timeout(RELAY_DIAL_TIMEOUT_MS))
      this.#hangOn(connection)
      return answer.type === 'ok' ? this.#reserved(answer.expiresAtMs) : this.#refused(refusalText(answer.reason))
    } catch (error) {
      const fault = asError(error)
      if (connection !== undefined && fault.name === 'UnsupportedProtocolError') {
        this.#hangOn(connection)
        return this.#refused('the relay serves no circuits')
      }
      // One that does not answer is dead, whatever TCP says; the next attempt dials anew.
      connection?.abort(fault)
      this.#standing = { peerId: this.relay.peerId, state: 'connecting', reason: reasonOf(error) }
      return this.#nextPauseMs()
    }
  }

  #reserved (expiresAtMs: number | undefined): number {
    const { clock, onReserved } = this.#parts
    this.#isRefusing = false
    this.#standing = { peerId: this.relay.peerId, state: 'reserved' }
    onReserved()
    const leftMs = expiresAtMs === undefined ? CIRCUIT_RESERVATION_MS : expiresAtMs - clock.now()
    return Math.min(Math.max(leftMs / 2, RELAY_RETRY_LOST_MS), CIRCUIT_RESERVATION_MS)
  }

  /** The connection stays all the same: what else the relay does for us needs it. */
  #refused (reason: string): number {
    this.#isRefusing = true
    this.#standing = { peerId: this.relay.peerId, state: 'refused', reason }
    return RELAY_RETRY_LOST_MS
  }

  #hangOn (connection: Connection): void {
    this.#reachedAtMonotonicMs = this.#parts.clock.monotonic()
    this.#pauseMs = RELAY_RETRY_MS_MIN
    if (this.#connection === connection || connection.status !== 'open') return
    this.#connection = connection
    connection.addEventListener('close', () => {
      if (this.#connection !== connection) return
      this.#connection = undefined
      if (this.#isStopped) return
      this.#standing = { peerId: this.relay.peerId, state: 'connecting', reason: 'the connection ended' }
      this.#wake()
      this.#parts.onLost()
    })
  }

  /** Grows to RELAY_RETRY_MS_MAX, and after a long time without success to RELAY_RETRY_LOST_MS. */
  #nextPauseMs (): number {
    const { clock, random } = this.#parts
    const isLost = clock.monotonic() - this.#reachedAtMonotonicMs > RELAY_LOST_AFTER_MS
    const pauseMs = isLost ? RELAY_RETRY_LOST_MS : this.#pauseMs
    this.#pauseMs = Math.min(2 * this.#pauseMs, RELAY_RETRY_MS_MAX)
    // All users of a relay that restarts come back at once: not in the same instant.
    return pauseMs * (0.75 + random.fraction() / 2)
  }

  async #rest (restMs: number): Promise<void> {
    if (this.#isStopped) return
    let timer: Timer | undefined
    await new Promise<void>(resolve => {
      this.#wake = resolve
      timer = this.#parts.clock.timer(restMs, resolve)
    })
    timer?.cancel()
    this.#wake = ignore
  }
}

function ignore (): void { /* nobody waits */ }
