/**
 * How others can reach us, found out with the help of our relays: where they see us (STUN), and which of our addresses they can
 * dial (AutoNAT v2, never v1: its server closes the connection that it was asked on). docs/protocols/transport.md, "Relays".
 */
import type { Connection, Stream } from '@libp2p/interface'
import { lpStream } from '@libp2p/utils'
import { asError } from '../../protocols/core/errors.ts'
import { HANDSHAKE_TIMEOUT_MS, PATH_MESSAGE_BYTES_MAX, STREAMS_PER_PEER_MAX } from '../../protocols/core/limits.ts'
import { routerKind, type RouterKind } from '../../protocols/paths/nat.ts'
import { decodeDialBack, decodeDialResponse, encodeDialBackAnswer, encodeDialRequest, type CheckAnswer } from '../../protocols/paths/wire.ts'
import type { Clock, PeerTarget, Random } from '../ports.ts'
import { addressToBytes, isPublic, placeOf } from './addresses.ts'
import type { HostComponents } from './host.ts'
import { ownHosts } from './interfaces.ts'
import { askStun, type Endpoint } from './stun.ts'

export interface Helper {
  readonly relay: PeerTarget
  readonly connection: Connection
}

export interface ReachabilityParts {
  readonly clock: Clock
  readonly random: Pick<Random, 'bytes'>
  readonly components: HostComponents
  /** Our relays that are connected, best first. */
  readonly helpers: () => readonly Helper[]
  /** What the listeners have. */
  readonly bound: () => readonly string[]
  readonly announce: readonly string[]
}

export interface CheckedAddress {
  readonly address: string
  readonly result: CheckAnswer
}

export interface Reach {
  readonly router: RouterKind
  /** Our outer address, if a relay has seen it. */
  readonly seenAs?: string
  readonly checked: readonly CheckedAddress[]
}

// AutoNAT v2, "Protocol IDs"
const DIAL_REQUEST = '/libp2p/autonat/2/dial-request'
const DIAL_BACK = '/libp2p/autonat/2/dial-back'
/** The checker dials for as long as we would. */
const CHECK_TIMEOUT_MS = HANDSHAKE_TIMEOUT_MS + 2_000
const CANDIDATES_MAX = 4
const HELPERS_MAX = 2
const TRANSACTION_BYTES = 12

export class Reachability {
  readonly #parts: ReachabilityParts
  readonly #nonces = new Set<bigint>()
  #verified: readonly string[] = []
  #checking: Promise<Reach> | undefined

  constructor (parts: ReachabilityParts) { this.#parts = parts }

  /** Part of libp2p's start. */
  async start (): Promise<void> {
    await this.#parts.components.registrar.handle(DIAL_BACK, stream => this.#answer(stream), { maxInboundStreams: STREAMS_PER_PEER_MAX })
  }

  stop (): void { this.#nonces.clear() }

  /** Addresses of ours that answered from outside. */
  verified (): readonly string[] { return this.#verified }

  /** Asks the relays. Never rejects; who asks meanwhile gets the same answer. */
  async check (): Promise<Reach> {
    this.#checking ??= this.#check()
    try {
      return await this.#checking
    } finally {
      this.#checking = undefined
    }
  }

  async #check (): Promise<Reach> {
    const helpers = this.#parts.helpers().slice(0, HELPERS_MAX)
    const sightings = await this.#sightings(helpers)
    const seenAs = sightings.find(sighting => sighting !== undefined)?.host
    const candidates = this.#candidates(seenAs)
    const checked = await Promise.all(candidates.map(async address => ({ address, result: await this.#ask(helpers, address) })))
    if (helpers.length > 0) this.#verified = checked.filter(({ result }) => result === 'reachable').map(({ address }) => address)
    return { router: routerKind(ownHosts(), sightings), ...seenAs !== undefined && { seenAs }, checked }
  }

  async #sightings (helpers: readonly Helper[]): Promise<ReadonlyArray<Endpoint | undefined>> {
    const servers = helpers.flatMap(({ relay }) => stunServerOf(relay) ?? [])
    if (servers.length === 0) return []
    const { clock, random } = this.#parts
    return await askStun(servers, { clock, transactionIds: servers.map(() => random.bytes(TRANSACTION_BYTES)) })
  }

  /** What may be reachable: what the operator says, public addresses, and our ports at the outside of the router. */
  #candidates (seenAs: string | undefined): string[] {
    const bound = this.#parts.bound()
    const forwarded = seenAs === undefined ? [] : bound.flatMap(address => outsideOf(address, seenAs) ?? [])
    return [...new Set([...this.#parts.announce, ...bound, ...forwarded])].filter(isPublic).slice(0, CANDIDATES_MAX)
  }

  async #ask (helpers: readonly Helper[], address: string): Promise<CheckAnswer> {
    for (const { connection } of helpers) {
      const answer = await this.#askOne(connection, address)
      if (answer !== 'refused') return answer
    }
    return 'refused'
  }

  async #askOne (connection: Connection, address: string): Promise<CheckAnswer> {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
    const nonce = new DataView(this.#parts.random.bytes(8).buffer).getBigUint64(0)
    let stream: Stream | undefined
    this.#nonces.add(nonce)
    try {
      stream = await connection.newStream(DIAL_REQUEST, { signal })
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      await messages.write(encodeDialRequest(addressToBytes(address), nonce), { signal })
      const answer = decodeDialResponse((await messages.read({ signal })).subarray())
      await stream.close({ signal })
      // Who says it has reached us must have said the number here.
      return answer === 'reachable' && this.#nonces.has(nonce) ? 'refused' : answer
    } catch (error) {
      stream?.abort(asError(error))
      return 'refused'
    } finally {
      this.#nonces.delete(nonce)
    }
  }

  /** The checker, on the connection that it made. */
  async #answer (stream: Stream): Promise<void> {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS)
    try {
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      const nonce = decodeDialBack((await messages.read({ signal })).subarray())
      if (!this.#nonces.delete(nonce)) throw new Error('nobody was asked for this')
      await messages.write(encodeDialBackAnswer(), { signal })
      await stream.close({ signal })
    } catch (error) {
      stream.abort(asError(error))
    }
  }
}

/** Where a relay answers STUN: on the UDP port of the number of its TCP port. */
export function stunServerOf ({ addresses }: PeerTarget): Endpoint | undefined {
  const places = addresses.flatMap(address => placeOf(address) ?? [])
  // Behind a proxy (wss) the port is the proxy's.
  return places.find(({ transport }) => transport !== 'wss')
}

/** Our port as it is seen from outside when the router forwards it under its own number. */
function outsideOf (bound: string, host: string): string | undefined {
  const place = placeOf(bound)
  if (place === undefined || place.isName || place.host.includes(':') || host.includes(':')) return undefined
  return `/ip4/${host}/tcp/${place.port}${place.transport === 'ws' ? '/ws' : ''}`
}
