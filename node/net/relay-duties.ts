/**
 * What a relay does for the paths of others, besides its mailboxes: circuits within limits, checks of addresses (AutoNAT v2),
 * and telling who asks over UDP where it was seen (STUN). docs/protocols/transport.md, "What a relay serves".
 */
import { autoNATv2 } from '@libp2p/autonat-v2'
import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import {
  CIRCUITS_PER_USER_MAX, CIRCUIT_BYTES_MAX, CIRCUIT_DURATION_MS, CIRCUIT_RESERVATIONS_MAX, CIRCUIT_RESERVATION_MS, HANDSHAKE_TIMEOUT_MS
} from '../../protocols/core/limits.ts'
import type { HostComponents, HostServices } from './host.ts'

/** How far a relay goes; each defaults to its constant in limits.ts. */
export interface RelayDuties {
  readonly reservationsMax?: number
  /** Of one circuit, both directions together. */
  readonly circuitBytesMax?: number
  readonly circuitMs?: number
}

export function relayServices ({ reservationsMax = CIRCUIT_RESERVATIONS_MAX, circuitBytesMax = CIRCUIT_BYTES_MAX, circuitMs = CIRCUIT_DURATION_MS }: RelayDuties): HostServices {
  const serveCircuits = circuitRelayServer({
    hopTimeout: HANDSHAKE_TIMEOUT_MS,
    maxInboundHopStreams: CIRCUITS_PER_USER_MAX,
    maxOutboundStopStreams: CIRCUITS_PER_USER_MAX,
    reservations: {
      maxReservations: reservationsMax,
      reservationTtl: CIRCUIT_RESERVATION_MS,
      defaultDataLimit: BigInt(circuitBytesMax),
      defaultDurationLimit: circuitMs
    }
  })
  return {
    circuitServer: components => {
      const server = serveCircuits(components)
      // Whoever left keeps no place: else a thousand passers-by would fill it for two hours.
      components.events.addEventListener('peer:disconnect', ({ detail }) => { server.reservations.delete(detail) })
      return server
    },
    addressChecks: components => autoNATv2()(checkerParts(components))
  }
}

/** Of AutoNAT v2 the serving half only: a relay's own addresses are what its operator says. */
function checkerParts ({ registrar, addressManager, connectionManager, logger, randomWalk, peerStore }: HostComponents): Parameters<ReturnType<typeof autoNATv2>>[0] {
  return {
    registrar: Object.assign(Object.create(registrar) as typeof registrar, { register: () => Promise.resolve('') }),
    addressManager: Object.assign(Object.create(addressManager) as typeof addressManager, { getAddressesWithMetadata: () => [] }),
    connectionManager,
    logger,
    randomWalk,
    peerStore
  }
}
