/**
 * From a circuit to a direct connection, in the background while both talk: they tell each other their addresses and dial; when
 * both sit behind routers, WebRTC. Addresses are told to those only whom the node knows, which is why this is not libp2p's DCUtR.
 * docs/protocols/transport.md, "From circuit to direct".
 */
import type { Connection } from '@libp2p/interface'
import { asError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { PATH_MESSAGE_BYTES_MAX } from '../../protocols/core/limits.ts'
import { decodeMeeting, encodeMeeting } from '../../protocols/paths/wire.ts'
import type { ChannelProtocol, Clock } from '../ports.ts'
import { addressFromBytes, addressToBytes, circuitRelayOf } from './addresses.ts'
import { relayOf } from './circuits.ts'
import type { Paths } from './paths.ts'
import { PING, PING_FRAME } from './ping.ts'
import { Pulse, type PulseParts } from './pulse.ts'
import type { WebRtc } from './webrtc.ts'

export interface MeetingParts {
  readonly clock: Clock
  readonly paths: Paths
  readonly webRtc: WebRtc
  /** Ours, as we tell them to contacts. */
  readonly addresses: () => readonly string[]
  /** Whom our addresses may be told. */
  readonly mayMeet: (peerId: string) => boolean
  /** One request on this very connection. */
  readonly ask: (connection: Connection, protocol: ChannelProtocol, frame: Uint8Array) => Promise<Uint8Array>
  /** A channel on this very connection. */
  readonly open: PulseParts['open']
}

export const MEET: ChannelProtocol = { id: '/skein/meet/1.0.0', frameBytesMax: PATH_MESSAGE_BYTES_MAX }

/** Long enough for a handshake around the world; then WebRTC has its turn. */
const DIAL_MS = 3_000
/** What it needs with two slow routers; beyond that both are symmetric. */
const WEBRTC_MS = 15_000
/** What is under way on the circuit arrives before it is closed. */
const RETIRE_MS = 2_000
/** Who is no contact may become one while both talk. */
const STRANGERS_MS = 15_000
/** Routers change: it is tried again while the circuit stands, less and less often. */
const AGAIN_MS_MIN = 5 * 60_000
const AGAIN_MS_MAX = 60 * 60_000

export class Meetings {
  readonly #parts: MeetingParts
  /** Peers with whom one is under way or has lately failed. */
  readonly #known = new Set<string>()
  readonly #dialling = new Set<string>()
  readonly #pulses = new Set<Pulse>()
  #isStopped = false

  constructor (parts: MeetingParts) { this.#parts = parts }

  stop (): void { this.#isStopped = true }

  /** A circuit that we have made stands. The side that was called waits. */
  begin (peerId: string): void {
    if (this.#known.has(peerId)) return
    this.#known.add(peerId)
    void this.#meet(peerId, 0)
  }

  /** Their side of it: tells ours, and dials theirs. */
  answer (request: Uint8Array, peerId: string): Uint8Array {
    const { addresses } = decodeMeeting(request)
    if (!this.#parts.mayMeet(peerId)) return encodeMeeting({ addresses: [], isRefused: true })
    void this.#answerDial(peerId, addresses)
    return encodeMeeting({ addresses: this.#ownAddresses(), isRefused: false })
  }

  /** A connection that no kernel and no yamux watches. */
  guard (connection: Connection): void {
    const { clock, webRtc, open } = this.#parts
    const peerId = connection.remotePeer.toString()
    const traffic = webRtc.trafficWith(peerId)
    invariant(traffic !== undefined, 'what WebRTC connects is counted from its first byte')
    const pulse = new Pulse(connection, { clock, traffic, open })
    this.#pulses.add(pulse)
    connection.addEventListener('close', () => { this.#pulses.delete(pulse) })
  }

  async #meet (peerId: string, failures: number): Promise<void> {
    const { clock, paths, mayMeet } = this.#parts
    const circuit = this.#isStopped ? undefined : paths.best(peerId)
    if (circuit === undefined || relayOf(circuit) === undefined) {
      this.#known.delete(peerId)
      return
    }
    const outcome = mayMeet(peerId) ? await this.#upgrade(circuit) : 'strangers'
    if (outcome === 'met') {
      this.#known.delete(peerId)
      return
    }
    // The circuit stays, and carries what there is to say.
    const firstMs = outcome === 'strangers' ? STRANGERS_MS : AGAIN_MS_MIN
    clock.timer(Math.min(firstMs * 2 ** failures, AGAIN_MS_MAX), () => { void this.#meet(peerId, failures + 1) })
  }

  async #upgrade (circuit: Connection): Promise<'met' | 'strangers' | 'failed'> {
    const { ask, clock } = this.#parts
    const peerId = circuit.remotePeer.toString()
    try {
      const { addresses, isRefused } = decodeMeeting(await ask(circuit, MEET, encodeMeeting({ addresses: this.#ownAddresses(), isRefused: false })))
      if (isRefused) return 'strangers'
      const direct = await this.#dial(peerId, addresses) ?? await this.#webRtc(circuit)
      await ask(direct, PING, PING_FRAME)
    } catch {
      return 'failed'
    }
    clock.timer(RETIRE_MS, () => { void this.#retire(peerId) })
    return 'met'
  }

  /** However often they ask, one at a time. */
  async #answerDial (peerId: string, addresses: readonly Uint8Array[]): Promise<void> {
    if (this.#dialling.has(peerId)) return
    this.#dialling.add(peerId)
    await this.#dial(peerId, addresses)
    this.#dialling.delete(peerId)
  }

  /** The direct connection, whoever of the two made it; undefined when none came about in time. */
  async #dial (peerId: string, addresses: readonly Uint8Array[]): Promise<Connection | undefined> {
    const { paths } = this.#parts
    if (addresses.length === 0 && this.#ownAddresses().length === 0) return undefined
    const signal = AbortSignal.timeout(DIAL_MS)
    try {
      return await Promise.any([paths.direct({ peerId, addresses: addresses.map(addressFromBytes) }, signal), paths.untilDirect(peerId, signal)])
    } catch {
      return undefined
    }
  }

  async #webRtc (circuit: Connection): Promise<Connection> {
    const connection = await this.#parts.webRtc.dial(circuit, AbortSignal.timeout(WEBRTC_MS))
    invariant(relayOf(connection) === undefined, 'WebRTC is direct')
    return connection
  }

  /** The circuits of a peer that is directly connected. */
  async #retire (peerId: string): Promise<void> {
    const { paths } = this.#parts
    if (this.#isStopped || paths.to(peerId)?.type !== 'direct') return
    for (const connection of paths.circuitsOf(peerId)) {
      try {
        await connection.close()
      } catch (error) {
        connection.abort(asError(error))
      }
    }
  }

  #ownAddresses (): Uint8Array[] {
    return this.#parts.addresses().filter(address => circuitRelayOf(address) === undefined).map(addressToBytes)
  }
}
