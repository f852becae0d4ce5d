/** What the node is and how it fares: true and with its age, never "connected". */
import { accountIdText, deviceIdText } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Indexer } from '../loops/indexer.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network } from '../ports.ts'
import type { Handlers } from './handlers.ts'
import { instant } from './views.ts'

export interface StatusParts {
  readonly reader: Reader
  readonly account: OwnAccount
  readonly network: Network
  readonly clock: Clock
  readonly home: string
  readonly version: string
  readonly indexer: Indexer
  /** What needs a person, in words. */
  readonly trouble: () => string[]
}

export function statusOperations (parts: StatusParts): Handlers<'status'> {
  const { reader, account, network, clock, home, version, indexer, trouble } = parts
  const startedAt = instant(clock.now())
  return {
    status: () => {
      const contacts = reader.contacts.list().filter(({ standing }) => standing === 'accepted' || standing === 'requested')
      const open = reader.outbox.openDevices()
      const oldestAtMs = Math.min(...open.map(device => device.oldestQueuedAtMs))
      return {
        account: accountIdText(account.own.accountId),
        device: deviceIdText(account.own.deviceId),
        name: account.own.name,
        peerId: network.peerId,
        addresses: network.addresses(),
        version,
        pid: process.pid,
        home,
        startedAt,
        connections: network.connectionCount(),
        contacts: contacts.length,
        requests: reader.requests.count(),
        unread: reader.conversations.list().reduce((sum, conversation) => sum + conversation.unread, 0),
        outbox: { open: reader.outbox.openCount(), ...open.length === 0 ? {} : { oldestAt: instant(oldestAtMs) } },
        search: { behind: indexer.behind },
        trouble: trouble()
      }
    }
  }
}
