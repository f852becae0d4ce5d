/** Whom the DHT is asked through: relays that somebody has told us of, since no list of ours could be everybody's. */
import { DHT_BOOTSTRAP_MAX } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import type { Directory } from '../directory.ts'
import type { OwnAccount } from '../own-account.ts'
import type { PeerTarget } from '../ports.ts'

export interface BootstrapParts {
  readonly reader: Reader
  readonly directory: Directory
  readonly account: OwnAccount
  /** The setting `bootstrap`. */
  readonly configured: readonly PeerTarget[]
}

/** Contacts looked at: their relays are mostly the same. */
const CONTACTS_MAX = 256

/**
 * At most DHT_BOOTSTRAP_MAX. Our own relays first, with which we are connected; then those of the setting; then those of contacts,
 * each contact's first before any second one: who is friends with many meets many parts of the network.
 */
export function bootstrapRelays ({ reader, directory, account, configured }: BootstrapParts): PeerTarget[] {
  const relays = new Map<string, PeerTarget>()
  const add = (relay: PeerTarget): void => { if (!relays.has(relay.peerId)) relays.set(relay.peerId, relay) }
  for (const relay of [...account.relays, ...configured]) add(relay)
  const lists = reader.contacts.list().slice(0, CONTACTS_MAX).map(({ contact }) => [...directory.contact(contact)?.list?.relays ?? [], ...invitedTo(contact, reader)])
  const longest = Math.max(0, ...lists.map(list => list.length))
  for (let place = 0; place < longest && relays.size < DHT_BOOTSTRAP_MAX; place++) {
    for (const list of lists) {
      const relay = list[place]
      if (relay !== undefined) add(relay)
    }
  }
  return [...relays.values()].slice(0, DHT_BOOTSTRAP_MAX)
}

/** Of whom nothing but the invite is known. */
function invitedTo (contact: number, reader: Reader): PeerTarget[] {
  return reader.hints.ofContact(contact).filter(({ isRelay }) => isRelay).map(({ peerId, address }) => ({ peerId, addresses: [address] }))
}
