/**
 * The serving side of circuits (libp2p circuit relay v2): places for users, and calls between them. Our own, because libp2p's
 * calls a user over the oldest of its connections, which after a change of network is the dead one, and reads from a fast caller
 * without end while the other side does not take it (docs/protocols/transport.md, "What a relay serves").
 */
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { asError } from '../../protocols/core/errors.ts'
import { CIRCUITS_MAX, CIRCUITS_PER_USER_MAX, CIRCUIT_RESERVATION_MS, HANDSHAKE_TIMEOUT_MS, PATH_MESSAGE_BYTES_MAX } from '../../protocols/core/limits.ts'
import { decodeHopRequest, decodeStopAnswer, encodeHopAnswer, encodeStopRequest, type CircuitLimit, type HopAnswer } from '../../protocols/paths/wire.ts'
import type { Clock } from '../ports.ts'
import { HOP, HOP_STREAMS_MAX, STOP, relayOf } from './circuits.ts'
import type { HostComponents } from './host.ts'
import { parsePeerId, peerIdFromBytes, peerIdToBytes } from './identity.ts'
import { splice } from './splice.ts'

export interface CircuitServerParts {
  readonly components: HostComponents
  readonly clock: Clock
  readonly reservationsMax: number
  /** Of each circuit. */
  readonly limit: CircuitLimit
}

/** What there is, and what there was since the start. */
export interface CircuitCounts {
  readonly reservations: number
  readonly circuits: number
  readonly circuitsBegun: number
  readonly circuitsRefused: number
  readonly bytes: number
}

/** Half of what the caller waits: then it is told, and may try again over a newer connection. */
const CALL_TIMEOUT_MS = HANDSHAKE_TIMEOUT_MS / 2

type Messages = ReturnType<typeof lpStream<Stream>>

export class CircuitServer {
  readonly #parts: CircuitServerParts
  /** Users with a place, and until when. */
  readonly #places = new Map<string, number>()
  /** Circuits that end at a user, and that one has called. */
  readonly #circuitsOf = new Map<string, number>()
  readonly #stops = new Set<() => void>()
  #begun = 0
  #refused = 0
  #bytes = 0

  constructor (parts: CircuitServerParts) { this.#parts = parts }

  /** Part of libp2p's start. */
  async start (): Promise<void> {
    const { registrar, events } = this.#parts.components
    // Whoever left keeps no place: else a thousand passers-by would fill it for hours.
    events.addEventListener('peer:disconnect', ({ detail }) => { this.#places.delete(detail.toString()) })
    await registrar.handle(HOP, (stream, connection) => this.#serve(stream, connection), { maxInboundStreams: HOP_STREAMS_MAX })
  }

  stop (): void {
    for (const stop of [...this.#stops]) stop()
    this.#places.clear()
  }

  counts (): CircuitCounts {
    return { reservations: this.#places.size, circuits: this.#stops.size, circuitsBegun: this.#begun, circuitsRefused: this.#refused, bytes: this.#bytes }
  }

  async #serve (stream: Stream, connection: Connection): Promise<void> {
    const signal = AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS)
    try {
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      const request = decodeHopRequest((await messages.read({ signal })).subarray())
      if (request.type === 'connect') {
        await this.#connect(messages, connection, { callee: peerIdFromBytes(request.peerId), signal })
        return
      }
      await messages.write(encodeHopAnswer(request.type === 'reserve' ? this.#reserve(connection) : refuse('other'), this.#parts.limit), { signal })
      await stream.close({ signal })
    } catch (error) {
      stream.abort(asError(error))
    }
  }

  #reserve (connection: Connection): HopAnswer {
    const { clock, reservationsMax } = this.#parts
    const peerId = connection.remotePeer.toString()
    // A place is where others find a direct connection.
    if (relayOf(connection) !== undefined) return refuse('permission')
    if (!this.#places.has(peerId) && this.#places.size >= reservationsMax) return refuse('full')
    const expiresAtMs = clock.now() + CIRCUIT_RESERVATION_MS
    this.#places.set(peerId, expiresAtMs)
    return { type: 'ok', expiresAtMs }
  }

  async #connect (messages: Messages, from: Connection, { callee, signal }: { readonly callee: string, readonly signal: AbortSignal }): Promise<void> {
    const { limit } = this.#parts
    const caller = from.remotePeer.toString()
    const refusal = this.#refusalOf(from, callee)
    const called = refusal === undefined ? await this.#call(callee, caller) : undefined
    if (called === undefined) {
      this.#refused++
      await messages.write(encodeHopAnswer(refusal ?? refuse('unreachable'), limit), { signal })
      await messages.unwrap().close({ signal })
      return
    }
    try {
      await messages.write(encodeHopAnswer({ type: 'ok' }, limit), { signal })
    } catch (error) {
      called.abort(asError(error))
      throw error
    }
    this.#join(messages.unwrap(), called, [caller, callee])
  }

  #refusalOf (from: Connection, callee: string): HopAnswer | undefined {
    const { clock } = this.#parts
    if (relayOf(from) !== undefined) return refuse('permission')
    if ((this.#places.get(callee) ?? 0) < clock.now()) return refuse('absent')
    const isCrowded = [from.remotePeer.toString(), callee].some(peerId => (this.#circuitsOf.get(peerId) ?? 0) >= CIRCUITS_PER_USER_MAX)
    return isCrowded || this.#stops.size >= CIRCUITS_MAX ? refuse('limit') : undefined
  }

  /** Asks a user to take a call, over the newest connection: an older one may be dead without anybody knowing it yet. */
  async #call (callee: string, caller: string): Promise<Stream | undefined> {
    const { connectionManager, events } = this.#parts.components
    const newest = (): Connection | undefined => connectionManager.getConnections(parsePeerId(callee))
      .findLast(each => each.status === 'open' && relayOf(each) === undefined)
    const connection = newest()
    if (connection === undefined) return undefined
    const isBack = new AbortController()
    const onOpen = ({ detail }: { readonly detail: Connection }): void => { if (detail.remotePeer.toString() === callee) isBack.abort() }
    events.addEventListener('connection:open', onOpen)
    try {
      const taken = await this.#callOver(connection, caller, isBack.signal)
      const later = newest()
      return taken ?? (later === undefined || later === connection ? undefined : await this.#callOver(later, caller))
    } finally {
      events.removeEventListener('connection:open', onOpen)
    }
  }

  async #callOver (connection: Connection, caller: string, ...until: readonly AbortSignal[]): Promise<Stream | undefined> {
    const signal = AbortSignal.any([AbortSignal.timeout(CALL_TIMEOUT_MS), ...until])
    let stream: Stream | undefined
    try {
      stream = await connection.newStream(STOP, { signal, maxOutboundStreams: CIRCUITS_PER_USER_MAX })
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      await messages.write(encodeStopRequest(peerIdToBytes(caller), this.#parts.limit), { signal })
      if (!decodeStopAnswer((await messages.read({ signal })).subarray())) throw new Error('the call was not taken')
      return messages.unwrap()
    } catch (error) {
      stream?.abort(asError(error))
      return undefined
    }
  }

  #join (one: Stream, other: Stream, peers: readonly string[]): void {
    const { clock, limit } = this.#parts
    this.#begun++
    for (const peerId of peers) this.#circuitsOf.set(peerId, (this.#circuitsOf.get(peerId) ?? 0) + 1)
    const stop = splice(one, other, {
      bytesMax: limit.bytes,
      onBytes: count => { this.#bytes += count },
      onEnd: () => {
        timer.cancel()
        this.#stops.delete(stop)
        for (const peerId of peers) this.#release(peerId)
      }
    })
    const timer = clock.timer(limit.durationMs, stop)
    this.#stops.add(stop)
  }

  #release (peerId: string): void {
    const count = (this.#circuitsOf.get(peerId) ?? 0) - 1
    if (count > 0) this.#circuitsOf.set(peerId, count)
    else this.#circuitsOf.delete(peerId)
  }
}

function refuse (reason: Extract<HopAnswer, { type: 'refused' }>['reason']): HopAnswer { return { type: 'refused', reason } }
