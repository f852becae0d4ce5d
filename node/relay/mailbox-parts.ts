/** What the streams of owners need: mailboxes.ts serves them, owner-stream.ts is one of them. */
import type { RelayStore } from '../../store/relay/types.ts'
import type { Clock, Network } from '../ports.ts'
import type { Registrar } from './registrar.ts'
import type { Streams } from './streams.ts'
import type { Tally } from './tally.ts'

export interface MailboxParts {
  readonly network: Network
  readonly store: RelayStore
  readonly clock: Clock
  readonly registrar: Registrar
  readonly streams: Streams
  readonly tally: Tally
  readonly isDraining: () => boolean
}
