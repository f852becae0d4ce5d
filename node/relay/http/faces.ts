/** Both faces of a running relay: the dashboard for reading, and the control socket of its operator. */
import { socketPathFor } from '../../api/socket-path.ts'
import type { Clock } from '../../ports.ts'
import type { RelaySettings, SettingSources } from '../settings.ts'
import { serveControl } from './control.ts'
import { serveDashboard } from './dashboard.ts'
import type { RelayOperator } from './operator.ts'

export interface FacesOptions {
  readonly operator: RelayOperator
  readonly settings: RelaySettings
  /** Where the settings came from. */
  readonly sources: SettingSources
  /** Multiaddrs with our PeerId, as users are given them. */
  readonly addresses: () => readonly string[]
  readonly clock: Clock
  /** Told of every fault that is a bug. */
  readonly onFault?: (fault: Error) => void
}

export interface Faces {
  /** Of the dashboard; undefined when it is off. */
  readonly http: string | undefined
  /** Idempotent. */
  readonly stop: () => Promise<void>
}

/**
 * @throws UsageError when the port of the dashboard is taken
 * @throws StorageError when the socket cannot be made where it belongs
 */
export async function openFaces ({ operator, settings, sources, addresses, clock, onFault = () => undefined }: FacesOptions): Promise<Faces> {
  const { http } = settings
  const dashboard = http === undefined ? undefined : await serveDashboard({ operator, endpoint: http.endpoint, isAnyPortFine: http.isDefault, clock, onFault })
  try {
    const control = await serveControl({ operator, addresses, http: dashboard?.url, sources, socketPath: socketPathFor(sources.home), clock, onFault })
    return {
      http: dashboard?.url,
      stop: async () => { await Promise.all([control.stop(), dashboard?.stop()]) }
    }
  } catch (thrown) {
    await dashboard?.stop()
    throw thrown
  }
}
