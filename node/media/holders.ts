/** Who may have a blob: what the messages say that point to it, and where everything that is sent to us is left. */
import type { BlobRoot } from '../../protocols/media/root.ts'
import { UsageError } from '../../protocols/core/errors.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { Reader } from '../../store/reader.ts'
import { parseRelayAddress } from '../contacts/relay-address.ts'
import type { Directory } from '../directory.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Network, PeerTarget } from '../ports.ts'

export interface HolderParts {
  readonly reader: Reader
  readonly directory: Directory
  readonly account: OwnAccount
  readonly network: Network
}

/** A blob as the messages that we were sent say it. */
export interface Wanted {
  readonly attachment: Attachment
  /** Everybody who sent it. */
  readonly contacts: ReadonlySet<number>
}

/** undefined: no message of anybody points to it any more. */
export function wantedOf (root: BlobRoot, reader: Reader): Wanted | undefined {
  const contacts = new Set<number>()
  let attachment: Attachment | undefined
  for (const place of reader.attachments.ofBlob(root)) {
    const message = reader.messages.byId(place.message)
    if (message === undefined || message.isOwn) continue
    attachment ??= place.attachment
    contacts.add(message.contact)
  }
  return attachment === undefined ? undefined : { attachment, contacts }
}

/** The best ones first: devices that we are connected with, our relays, the relays that the sender names, devices that would have to be found. */
export function holdersOf (root: BlobRoot, { reader, directory, account, network }: HolderParts): PeerTarget[] {
  const devices: PeerTarget[] = []
  const named: PeerTarget[] = []
  for (const { message: id, attachment } of reader.attachments.ofBlob(root)) {
    const message = reader.messages.byId(id)
    if (message === undefined || message.isOwn) continue
    devices.push(...directory.contact(message.contact)?.devices ?? [])
    named.push(...attachment.holders.flatMap(targetOf))
  }
  const near = devices.filter(({ peerId }) => network.isConnected(peerId))
  const holders = new Map<string, PeerTarget>()
  for (const { peerId, addresses } of [...near, ...account.relays, ...named, ...devices]) {
    if (peerId !== network.peerId && !holders.has(peerId)) holders.set(peerId, { peerId, addresses })
  }
  return [...holders.values()]
}

/** What a sender writes there is for us to try, and may be nonsense. */
function targetOf (address: string): PeerTarget[] {
  try {
    return [parseRelayAddress(address)]
  } catch (error) {
    if (error instanceof UsageError) return []
    throw error
  }
}
