/**
 * What a relay does for the paths of others, besides its mailboxes: circuits within limits, checks of addresses (AutoNAT v2),
 * and telling who asks over UDP where it was seen (STUN). docs/protocols/transport.md, "What a relay serves".
 */
import type { Socket } from 'node:dgram'
import { isIPv4 } from 'node:net'
import { asError } from '../../protocols/core/errors.ts'
import { CIRCUIT_BYTES_MAX, CIRCUIT_DURATION_MS, CIRCUIT_RESERVATIONS_MAX } from '../../protocols/core/limits.ts'
import type { Clock } from '../ports.ts'
import { placeOf } from './addresses.ts'
import { CircuitServer, type CircuitCounts } from './circuit-server.ts'
import { variantOf, type HostComponents, type HostServices } from './host.ts'
import { serveStun, type Endpoint } from './stun.ts'

/** How far a relay goes; each defaults to its constant in limits.ts. */
export interface RelayDuties {
  readonly reservationsMax?: number
  /** Of one circuit, both directions together. */
  readonly circuitBytesMax?: number
  readonly circuitMs?: number
}

export class RelayHall {
  readonly #duties: RelayDuties
  readonly #clock: Clock
  readonly #sockets: Socket[] = []
  #circuits: CircuitServer | undefined

  constructor (duties: RelayDuties, clock: Clock) {
    this.#duties = duties
    this.#clock = clock
  }

  /** Parts of libp2p. What only relays need is loaded here. */
  async services (): Promise<HostServices> {
    const { autoNATv2 } = await import('@libp2p/autonat-v2')
    const { reservationsMax = CIRCUIT_RESERVATIONS_MAX, circuitBytesMax = CIRCUIT_BYTES_MAX, circuitMs = CIRCUIT_DURATION_MS } = this.#duties
    return {
      circuitServer: components => {
        this.#circuits = new CircuitServer({ components, clock: this.#clock, reservationsMax, limit: { durationMs: circuitMs, bytes: circuitBytesMax } })
        return this.#circuits
      },
      addressChecks: components => autoNATv2()(checkerParts(components))
    }
  }

  counts (): CircuitCounts | undefined { return this.#circuits?.counts() }

  /** Answers STUN beside each listener, on the UDP port of the same number. A port that is taken is reported, and no more. */
  async open ({ bound, listen, onFault }: { readonly bound: readonly string[], readonly listen: readonly string[], readonly onFault: (fault: Error) => void }): Promise<void> {
    for (const endpoint of endpointsOf(bound, listen)) {
      try {
        this.#sockets.push(await serveStun(endpoint))
      } catch (error) {
        onFault(asError(error))
      }
    }
  }

  close (): void { for (const socket of this.#sockets.splice(0)) socket.close() }
}

/** IPv4 only: who has IPv6 has no router to find out about. */
function endpointsOf (bound: readonly string[], listen: readonly string[]): Endpoint[] {
  const isWide = listen.some(address => placeOf(address)?.host === ANY)
  const endpoints = new Map<string, Endpoint>()
  for (const address of bound) {
    const place = placeOf(address)
    if (place === undefined || !isIPv4(place.host)) continue
    // Of a listener on all interfaces, each interface has its own line here.
    const host = isWide ? ANY : place.host
    endpoints.set(`${host} ${place.port}`, { host, port: place.port })
  }
  return [...endpoints.values()]
}

const ANY = '0.0.0.0'

/** Of AutoNAT v2 the serving half only: a relay's own addresses are what its operator says. */
function checkerParts ({ registrar, addressManager, connectionManager, logger, randomWalk, peerStore }: HostComponents): Pick<HostComponents, 'registrar' | 'addressManager' | 'connectionManager' | 'logger' | 'randomWalk' | 'peerStore'> {
  return {
    registrar: variantOf(registrar, {
      register: () => Promise.resolve(''),
      handle: async (protocol, handler, options) => { if (!protocol.endsWith('/dial-back')) await registrar.handle(protocol, handler, options) }
    }),
    addressManager: variantOf(addressManager, { getAddressesWithMetadata: () => [] }),
    connectionManager,
    logger,
    randomWalk,
    peerStore
  }
}
