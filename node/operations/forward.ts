/** Sending on: what a message says goes to somebody else, and its files as they are, without another upload. */
import { RefusedError } from '../../protocols/core/errors.ts'
import { idText } from '../../protocols/core/ids.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { Reader } from '../../store/reader.ts'
import { MESSAGE_KIND, type Message } from '../../store/types.ts'
import { labelOf } from '../contacts/resolve.ts'
import type { DraftBody } from '../turn/compose.ts'
import { findMessage } from './find.ts'
import type { Handlers } from './handlers.ts'
import { mediaBody, sentFiles } from './send-files.ts'
import { mayWriteTo, type SendParts } from './send.ts'

export function forwardOperations (parts: Omit<SendParts, 'desk'>): Handlers<'forward'> {
  const { reader, turn, sessions, directory } = parts
  return {
    forward: async ({ id, to }) => {
      const message = findMessage(id, reader)
      const contact = mayWriteTo(directory.named(to), parts)
      const attachments = forwardable(message, reader)
      sessions.keepFresh(contact.contact)
      const body: DraftBody = attachments.length === 0 ? { type: 'text', text: message.text, replyTo: undefined } : mediaBody(message.text, attachments, undefined)
      const sent = await turn.send({ contact: contact.contact, body, idempotencyKey: undefined })
      return { id: idText(sent), state: 'queued', to: labelOf(contact), ...attachments.length > 0 && { attachments: sentFiles(attachments) } }
    }
  }
}

/** The same blobs, with the same keys: whoever gets the message may read them as we may. */
function forwardable (message: Message, reader: Reader): Attachment[] {
  if (message.isDeleted) throw new RefusedError('the message is deleted')
  if (message.kind === MESSAGE_KIND.unsupported) throw new RefusedError('the message is of a newer version', 'Update to forward it.')
  const attachments = reader.attachments.ofMessage(message.id).map(({ attachment }) => attachment)
  if (attachments.some(({ root }) => reader.blobs.byRoot(root)?.state !== 'here')) throw new RefusedError('a file of the message is not on this machine', `Nothing was sent. Fetch it first: skein media get ${idText(message.id)}`)
  return attachments
}
