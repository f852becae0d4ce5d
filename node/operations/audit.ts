/** What became of everything that was sent, and whether the relays have what they have signed for. */
import type { Reader } from '../../store/reader.ts'
import type { Custody } from '../loops/custody.ts'
import type { Handlers } from './handlers.ts'

export interface AuditParts {
  readonly reader: Reader
  readonly custody: Custody
}

export function auditOperations ({ reader, custody }: AuditParts): Handlers<'message.audit'> {
  return {
    'message.audit': async () => {
      const relays = await custody.audit()
      const lost = relays.reduce((sum, relay) => sum + relay.lost, 0)
      return { ...reader.messages.ownCounts(), lost, relays }
    }
  }
}
