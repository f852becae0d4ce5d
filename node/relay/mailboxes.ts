/** Serves the owners of mailboxes. Law: docs/protocols/mailbox.md. */
import type { RelayStore } from '../../store/relay/types.ts'
import type { Clock, Network } from '../ports.ts'
import { MAILBOX_PROTOCOL } from '../protocols.ts'
import { OwnerStream } from './owner-stream.ts'
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

export function serveMailboxes (parts: MailboxParts): void {
  parts.network.serveChannel(MAILBOX_PROTOCOL, channel => {
    const stream = new OwnerStream(channel, parts)
    parts.streams.addOwner(stream)
    return frames => stream.takeFrames(frames)
  })
}
