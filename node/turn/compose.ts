/**
 * Contents of ours: a draft becomes a content and rows; a reference in the outbox becomes the content again, when it is sealed
 * for the first time or once more because the other side could not read it.
 */
import type { Attachment, Reach, Stamp as ContentStamp, WritableBody, WritableContent } from '../../protocols/message/content.ts'
import { contentId, timeOrderedId, ID_RANDOM_BYTES, type ContentId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import { MESSAGE_KIND, type Ref } from '../../store/types.ts'
import type { OwnProfile } from '../own-account.ts'
import type { Random } from '../ports.ts'
import type { Round } from './round.ts'
import type { Threads } from './threads.ts'
import { refold } from './intake.ts'
import { offerAttachments, recallBlobNotice } from './media.ts'

export type DraftBody =
  | { readonly type: 'text', readonly text: string, readonly replyTo: ContentId | undefined }
  | { readonly type: 'media', readonly text: string, readonly replyTo: ContentId | undefined, readonly attachments: readonly Attachment[] }
  | { readonly type: 'edit', readonly target: ContentId, readonly text: string }
  | { readonly type: 'deletion', readonly target: ContentId }
  | { readonly type: 'reaction', readonly target: ContentId, readonly emoji: string }

/** What a person wrote and the node shall make durable and deliver. */
export interface Draft {
  readonly contact: number
  readonly body: DraftBody
  readonly idempotencyKey: string | undefined
}

export interface Composed {
  readonly draft: Draft
  readonly content: WritableContent
  readonly ref: Ref
  /** Of a message only. */
  readonly positionUs: number
}

/** Makes time-ordered ids that never repeat and never go back within this process. */
export class Ids {
  readonly #random: Random
  #previous: Uint8Array | undefined

  constructor (random: Random) {
    this.#random = random
  }

  next (nowMs: number): Uint8Array {
    this.#previous = timeOrderedId(nowMs, this.#random.bytes(ID_RANDOM_BYTES), this.#previous)
    return this.#previous
  }
}

export function composeDraft (draft: Draft, { threads, ids, nowMs }: { readonly threads: Threads, readonly ids: Ids, readonly nowMs: number }): Composed {
  const id = contentId(ids.next(nowMs))
  const { body, contact } = draft
  if (isMessage(body)) {
    const { positionUs, ...stamp } = threads.stampText(contact, id, nowMs)
    return { draft, content: { id, ...stamp, sentAtMs: nowMs, ...body }, ref: { kind: 'text', id }, positionUs }
  }
  return { draft, content: { id, ...threads.stampChange(contact, nowMs), sentAtMs: nowMs, ...body }, ref: { kind: 'change', id }, positionUs: 0 }
}

/** The rows of a draft, inside the transaction. */
export function writeDraft ({ draft, content, positionUs }: Composed, { writer, round }: { readonly writer: Writer, readonly round: Round }): void {
  const { contact, body } = draft
  const { id, counter, hlcUs, parents, sentAtMs } = content
  if (draft.idempotencyKey !== undefined) writer.idempotency.put(draft.idempotencyKey, id, round.nowMs)
  if (isMessage(body)) {
    const row = writer.messages.append({ id, contact, isOwn: true, counter, hlcUs, positionUs, parents, missing: 0, sentAtMs, receivedAtMs: round.nowMs, kind: MESSAGE_KIND[body.type], text: body.text, replyTo: body.replyTo, state: 'queued' })
    if (row !== undefined) round.noteOwn(contact, row)
    if (body.type === 'media') offerAttachments(id, body.attachments, { contact, writer, round })
    return round.tellMessage('message.state', contact, id)
  }
  const text = body.type === 'edit' ? body.text : body.type === 'reaction' ? body.emoji : ''
  writer.changes.create({ id, target: body.target, contact, author: 0, kind: body.type, hlcUs, counter, parents, sentAtMs, body: text })
  refold(body.target, { writer, round })
  round.tellMessage('message.changed', contact, body.target)
}

function isMessage (body: DraftBody): body is Extract<DraftBody, { type: 'text' | 'media' }> {
  return body.type === 'text' || body.type === 'media'
}

export interface RecallParts {
  readonly reader: Reader
  readonly ids: Ids
  readonly nowMs: number
  /** What we tell contacts of ourselves. Asked for only when it is told: finding our addresses takes a while. */
  readonly profile: () => OwnProfile
}

/** References as one content, or undefined when what they name is gone. All of a kind; more than one only of receipts. */
export function recall (refs: readonly Ref[], contact: number, parts: RecallParts): WritableContent | undefined {
  const { reader, ids, nowMs } = parts
  const ref = refs[0]
  if (ref === undefined) return undefined
  switch (ref.kind) {
    case 'text':
      return recallText(contentId(ref.id), reader)
    case 'change':
      return recallChange(contentId(ref.id), reader)
    case 'delivered':
    case 'read':
      return control(contentId(ids.next(nowMs)), nowMs, { type: 'receipt', kind: ref.kind, ids: refs.map(({ id }) => contentId(id)) })
    case 'request':
      return control(contentId(ids.next(nowMs)), nowMs, { type: 'request', ...whoWeAre(contact, parts), text: requestText(contact, reader), token: reader.contacts.byNumber(contact)?.inviteToken })
    case 'accept':
      return control(contentId(ids.next(nowMs)), nowMs, { type: 'accept', ...whoWeAre(contact, parts) })
    case 'profile':
      return control(contentId(ids.next(nowMs)), nowMs, { type: 'profile', ...whoWeAre(contact, parts), versionMs: parts.profile().versionMs })
    case 'blobFetched':
    case 'blobMissing':
    case 'blobGone': {
      const notice = recallBlobNotice(ref, reader)
      return notice === undefined ? undefined : control(contentId(ids.next(nowMs)), nowMs, { type: 'blobNotice', ...notice })
    }
    case 'retry':
      return undefined
  }
}

function whoWeAre (contact: number, { reader, profile }: RecallParts): Pick<OwnProfile, 'name' | 'addresses'> & { readonly reach?: Reach } {
  const { name, addresses, statement, record } = profile()
  const aliasSecret = reader.contacts.byNumber(contact)?.aliasSecret
  if (aliasSecret === undefined || record === undefined) return { name, addresses }
  return { name, addresses, reach: { aliasSecret, recordKey: record.publicKey, readKey: record.readKey, statement } }
}

/** What the person wrote along with a contact request; kept until it is answered. */
export function requestTextFact (contact: number): string {
  return `request-text:${contact}`
}

function requestText (contact: number, reader: Reader): string {
  return reader.facts.text(requestTextFact(contact)) ?? ''
}

/** A text must not be empty on the wire. */
const PLACE_OF_DELETED = '\u2026'

function recallText (id: ContentId, reader: Reader): WritableContent | undefined {
  const message = reader.messages.byId(id)
  if (message === undefined) return undefined
  const { counter, hlcUs, parents, sentAtMs, replyTo } = message
  const stamp: ContentStamp = { id, counter, hlcUs, parents, sentAtMs }
  const attachments = message.kind === MESSAGE_KIND.media ? reader.attachments.ofMessage(id).map(({ attachment }) => attachment) : []
  // The original: edits travel as contents of their own. Of a deleted message only its place is left, so that what names it
  // as parent shows no gap; its deletion follows.
  if (message.isDeleted) return { ...stamp, type: 'text', text: PLACE_OF_DELETED, replyTo }
  const text = message.original ?? message.text
  return attachments.length === 0 ? { ...stamp, type: 'text', text, replyTo } : { ...stamp, type: 'media', text, replyTo, attachments }
}

function recallChange (id: ContentId, reader: Reader): WritableContent | undefined {
  const change = reader.changes.byId(id)
  if (change === undefined) return undefined
  const { counter, hlcUs, parents, sentAtMs, target, body } = change
  const stamp: ContentStamp = { id, counter, hlcUs, parents, sentAtMs }
  switch (change.kind) {
    // Its text went with the deletion of its target.
    case 'edit': return body === '' ? undefined : { ...stamp, type: 'edit', target, text: body }
    case 'deletion': return { ...stamp, type: 'deletion', target }
    case 'reaction': return { ...stamp, type: 'reaction', target, emoji: body }
  }
}

/** A content about the conversation rather than in it: no place, no clock. */
function control (id: ContentId, nowMs: number, body: WritableBody): WritableContent {
  return { id, counter: 0, hlcUs: 0, parents: [], sentAtMs: nowMs, ...body }
}
