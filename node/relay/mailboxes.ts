/** Serves the owners of mailboxes. Law: docs/protocols/mailbox.md. */
import { MAILBOX_PROTOCOL } from '../protocols.ts'
import type { MailboxParts } from './mailbox-parts.ts'
import { OwnerStream } from './owner-stream.ts'

export function serveMailboxes (parts: MailboxParts): void {
  parts.network.serveChannel(MAILBOX_PROTOCOL, channel => {
    const stream = new OwnerStream(channel, parts)
    parts.streams.addOwner(stream)
    return frames => stream.takeFrames(frames)
  })
}
