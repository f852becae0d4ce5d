/** Rows of the store as the local API shows them. */
import { accountIdText, idText } from '../../protocols/core/ids.ts'
import type { ContactView, MessageView, RequestView } from '../../protocols/local/schema.ts'
import type { Reader } from '../../store/reader.ts'
import { MESSAGE_KIND, type Contact, type Message, type Request } from '../../store/types.ts'
import type { Clock, Network } from '../ports.ts'
import { countCopies } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import { labelOf } from '../contacts/resolve.ts'
import { attachmentView, type AttachmentParts } from './attachments.ts'
import type { OwnAccount } from '../own-account.ts'

export interface ViewParts {
  readonly reader: Reader
  readonly network: Network
  readonly account: OwnAccount
  readonly directory: Directory
  readonly clock: Clock
  readonly transfer: AttachmentParts['transfer']
}

function kindOf ({ kind }: Message): MessageView['kind'] {
  return kind === MESSAGE_KIND.text ? 'text' : kind === MESSAGE_KIND.media ? 'media' : 'unsupported'
}

export function instant (ms: number): string {
  return new Date(ms).toISOString()
}

export class Views {
  readonly #parts: ViewParts

  constructor (parts: ViewParts) {
    this.#parts = parts
  }

  contact (contact: Contact): ContactView {
    const { reader, network } = this.#parts
    const devices = reader.devices.ofContact(contact.contact).filter(device => device.isListed)
    const conversation = reader.conversations.of(contact.contact)
    const last = conversation.lastRow === 0 ? undefined : reader.messages.byRow(conversation.lastRow)
    return {
      account: accountIdText(contact.accountId),
      label: labelOf(contact),
      ...contact.alias === undefined ? {} : { alias: contact.alias },
      ...contact.name === undefined ? {} : { name: contact.name },
      standing: contact.standing,
      isVerified: contact.verifiedEpoch === contact.epoch && !contact.isKeyChanged,
      isKeyChanged: contact.isKeyChanged,
      unread: conversation.unread,
      isConnected: devices.some(device => network.isConnected(device.peerId)),
      devices: devices.length,
      ...last === undefined ? {} : { lastMessageAt: instant(last.receivedAtMs) },
      createdAt: instant(contact.createdAtMs)
    }
  }

  message (message: Message): MessageView {
    const { reader, account } = this.#parts
    const contact = reader.contacts.byNumber(message.contact)
    const theirs = contact === undefined ? '' : accountIdText(contact.accountId)
    const ours = accountIdText(account.own.accountId)
    return {
      id: idText(message.id),
      with: theirs,
      from: message.isOwn ? ours : theirs,
      fromLabel: message.isOwn ? 'me' : contact === undefined ? '' : labelOf(contact),
      isOwn: message.isOwn,
      kind: kindOf(message),
      text: message.text,
      state: message.state,
      ...message.reason === undefined ? {} : { reason: message.reason },
      ...this.#copies(message),
      sentAt: instant(message.sentAtMs),
      receivedAt: instant(message.receivedAtMs),
      ...message.deliveredAtMs === undefined ? {} : { deliveredAt: instant(message.deliveredAtMs) },
      edited: message.editedAtMs !== undefined && !message.isDeleted,
      ...message.editedAtMs === undefined ? {} : { editedAt: instant(message.editedAtMs) },
      deleted: message.isDeleted,
      replyTo: message.replyTo === undefined ? null : idText(message.replyTo),
      reactions: Object.entries(message.reactions).map(([author, emoji]) => ({ from: author === '0' ? ours : theirs, emoji })),
      ...message.kind === MESSAGE_KIND.media && { attachments: reader.attachments.ofMessage(message.id).map(place => attachmentView(place, message, this.#parts)) },
      isAfterGap: message.missing > 0
    }
  }

  /** Of what waits only: what has arrived needs no copies. */
  #copies ({ id, isOwn, state }: Message): Pick<MessageView, 'copies' | 'copiesOf' | 'copiesEnough'> {
    if (!isOwn || (state !== 'queued' && state !== 'stored')) return {}
    const { reader, directory, clock } = this.#parts
    const copies = countCopies(id, { reader, directory, nowMs: clock.now() })
    return copies === undefined ? {} : { copies: copies.stored, copiesOf: copies.of, copiesEnough: copies.enough }
  }

  request (request: Request): RequestView {
    const contact = this.#parts.reader.contacts.byNumber(request.contact)
    return {
      id: idText(request.requestId),
      account: contact === undefined ? '' : accountIdText(contact.accountId),
      name: request.name,
      text: request.text,
      receivedAt: instant(request.receivedAtMs)
    }
  }
}
