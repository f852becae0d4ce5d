/** What a person writes: texts, replies, reactions, edits, deletions. Each is answered when it is durable. */
import { MalformedError, RefusedError, UntrustedError } from '../../protocols/core/errors.ts'
import { idText, type ContentId } from '../../protocols/core/ids.ts'
import { EMOJI_BYTES_MAX, TEXT_BYTES_MAX } from '../../protocols/core/limits.ts'
import { checkText, utf8Bytes } from '../../protocols/core/text.ts'
import type { Params } from '../../protocols/local/operations.ts'
import type { Attachment } from '../../protocols/message/content.ts'
import type { Reader } from '../../store/reader.ts'
import type { Contact, Message } from '../../store/types.ts'
import type { Turn } from '../turn/turn.ts'
import type { DraftBody } from '../turn/compose.ts'
import { labelOf } from '../contacts/resolve.ts'
import type { Directory } from '../directory.ts'
import type { Sessions } from '../loops/sessions.ts'
import type { FileDesk } from '../media/desk.ts'
import type { OwnAccount } from '../own-account.ts'
import { findMessage } from './find.ts'
import type { Handlers } from './handlers.ts'
import { mediaBody, sentFiles, takenFiles } from './send-files.ts'
import { ownState } from './states.ts'

export interface SendParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly account: OwnAccount
  readonly directory: Directory
  readonly sessions: Sessions
  /** undefined: the node keeps no files. */
  readonly desk?: FileDesk | undefined
}

export function sendOperations (parts: SendParts): Handlers<'send' | 'react' | 'edit' | 'delete'> {
  const { reader, directory, sessions } = parts
  const once = new OncePerKey()
  return {
    send: async ({ to, text, replyTo, attachments = [], idempotencyKey }) => {
      const contact = mayWriteTo(directory.named(to), parts)
      sessions.keepFresh(contact.contact)
      checkLength(text)
      const replied = replyTo === undefined ? undefined : messageOf(contact, replyTo, reader)
      const sendNow = async (): Promise<ContentId> => attachments.length === 0
        ? await parts.turn.send({ contact: contact.contact, body: { type: 'text', text: checkText(text, TEXT_BYTES_MAX, 'text'), replyTo: replied?.id }, idempotencyKey })
        : await sendFiles({ contact: contact.contact, idempotencyKey, bodyOf: files => mediaBody(text, files, replied) }, attachments, parts)
      const id = idempotencyKey === undefined ? await sendNow() : await once.run(idempotencyKey, () => reader.idempotency.get(idempotencyKey) ?? sendNow())
      const sent = reader.attachments.ofMessage(id).map(({ attachment }) => attachment)
      return { id: idText(id), state: idempotencyKey === undefined ? 'queued' : ownState(reader.messages.byId(id)), to: labelOf(contact), ...sent.length > 0 && { attachments: sentFiles(sent) } }
    },
    react: async ({ id, emoji }) => {
      const message = findMessage(id, reader)
      if (emoji !== '') checkText(emoji, EMOJI_BYTES_MAX, 'reaction')
      return await change(message, { type: 'reaction', target: message.id, emoji }, parts)
    },
    edit: async ({ id, text }) => {
      const message = ownMessage(id, reader, 'edit')
      checkLength(text)
      return await change(message, { type: 'edit', target: message.id, text: checkText(text, TEXT_BYTES_MAX, 'text') }, parts)
    },
    delete: async ({ id }) => {
      const message = ownMessage(id, reader, 'delete')
      return await change(message, { type: 'deletion', target: message.id }, parts)
    }
  }
}

interface FileDraft { readonly contact: number, readonly idempotencyKey: string | undefined, readonly bodyOf: (files: readonly Attachment[]) => DraftBody }

/** The files are blobs on the disk before the message is; once it is durable, they are the database's. */
async function sendFiles ({ contact, idempotencyKey, bodyOf }: FileDraft, given: NonNullable<Params<'send'>['attachments']>, { desk, turn }: SendParts): Promise<ContentId> {
  const { takes, attachments } = await takenFiles(given, desk)
  const id = await turn.send({ contact, body: bodyOf(attachments), idempotencyKey })
  desk?.sent(takes)
  return id
}

/** Longer than the limit is a refusal that says both numbers. */
function checkLength (text: string): void {
  // UTF-16 grows at most threefold in UTF-8: short texts need no counting.
  if (text.length * 3 <= TEXT_BYTES_MAX) return
  const bytes = utf8Bytes(text.toWellFormed())
  if (bytes > TEXT_BYTES_MAX) throw new RefusedError(`the text is too long: ${bytes.toLocaleString('en')} bytes, at most ${TEXT_BYTES_MAX.toLocaleString('en')}`, 'Nothing was sent. Send it in parts.')
}

/** @throws RefusedError, UntrustedError: the one place that decides whom we may write to */
export function mayWriteTo (contact: Contact, { account }: Pick<SendParts, 'account'>): Contact {
  const label = labelOf(contact)
  if (contact.standing === 'blocked') throw new RefusedError(`${label} is blocked`, `Nothing was sent. Unblock first: skein contact unblock ${label}`)
  if (contact.standing === 'removed') throw new RefusedError(`${label} is not a contact any more`, 'Nothing was sent. Add them again with a new invite link.')
  if (contact.isKeyChanged) {
    throw new UntrustedError(`the signing key of ${label} changed`, `Nothing was sent. A restored account does this; so would somebody in between. Compare: skein contact verify ${label}`)
  }
  const isVerified = contact.verifiedEpoch === contact.epoch
  if (account.own.trustPolicy === 'verified-only' && !isVerified) {
    throw new UntrustedError(`the safety number of ${label} was not compared`, `Nothing was sent: the trust policy is verified-only. Compare: skein contact verify ${label}`)
  }
  return contact
}

function messageOf (contact: Contact, id: string, reader: Reader): Message {
  const message = findMessage(id, reader)
  if (message.contact !== contact.contact) throw new MalformedError('reply', 'must be to a message of the same conversation')
  return message
}

function ownMessage (id: string, reader: Reader, verb: string): Message {
  const message = findMessage(id, reader)
  if (!message.isOwn) throw new RefusedError(`only its author can ${verb} a message`)
  if (message.isDeleted) throw new RefusedError('the message is deleted')
  return message
}

async function change (message: Message, body: DraftBody, parts: SendParts): Promise<{ id: string, state: ReturnType<typeof ownState>, to: string }> {
  const row = parts.reader.contacts.byNumber(message.contact)
  if (row === undefined) throw new RefusedError('its conversation is gone')
  const contact = mayWriteTo(row, parts)
  parts.sessions.keepFresh(contact.contact)
  const id = await parts.turn.send({ contact: contact.contact, body, idempotencyKey: undefined })
  return { id: idText(id), state: 'queued', to: labelOf(contact) }
}

/** Two requests with one idempotency key at the same time send once. */
class OncePerKey {
  readonly #running = new Map<string, Promise<ContentId>>()

  async run (key: string, start: () => ContentId | Promise<ContentId>): Promise<ContentId> {
    const running = this.#running.get(key) ?? Promise.resolve(start())
    this.#running.set(key, running)
    try {
      return await running
    } finally {
      this.#running.delete(key)
    }
  }
}
