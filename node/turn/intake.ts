/**
 * The second half of the receive pipeline, inside the transaction: what was in an envelope changes what we know. Everything
 * here is idempotent by content id, and the result does not depend on the order of arrival.
 */
import { fold } from '../../protocols/message/fold.ts'
import { comparePlaces, reposition, type Place, type Placed } from '../../protocols/message/order.ts'
import { joinState } from '../../protocols/message/receipt.ts'
import type { Content, ReceiptKind } from '../../protocols/message/content.ts'
import { unreachable } from '../../protocols/core/invariant.ts'
import { envelopeId, idKey, type ContentId } from '../../protocols/core/ids.ts'
import type { Writer } from '../../store/writer.ts'
import { MESSAGE_KIND, type ChangeKind, type Device, type Message } from '../../store/types.ts'
import type { Sealer } from '../ports.ts'
import { letGo, takeAttachments, takeBlobNotice } from './media.ts'
import type { Round } from './round.ts'
import type { Threads } from './threads.ts'
import { takeAccept, takeKnownRequest, takeProfile } from '../contacts/introductions.ts'

export interface IntakeParts {
  readonly writer: Writer
  readonly threads: Threads
  readonly round: Round
  readonly sealer: Sealer
}

/** Takes the contents of one envelope of a contact. */
export function takeContents (contents: readonly Content[], from: Device, parts: IntakeParts): void {
  for (const content of contents) takeContent(content, from, parts)
}

function takeContent (content: Content, from: Device, parts: IntakeParts): void {
  const { contact } = from
  switch (content.type) {
    case 'text':
    case 'media':
    case 'unsupported':
      return takeText(content, contact, parts)
    case 'edit':
      return takeChange({ content, kind: 'edit', target: content.target, body: content.text, contact }, parts)
    case 'deletion':
      return takeChange({ content, kind: 'deletion', target: content.target, body: '', contact }, parts)
    case 'reaction':
      return takeChange({ content, kind: 'reaction', target: content.target, body: content.emoji, contact }, parts)
    case 'receipt':
      return takeReceipt(content.kind, content.ids, { from, parts })
    case 'accept':
      return takeAccept(content, from, parts)
    case 'profile':
      return takeProfile(content, from, parts)
    case 'request':
      return takeKnownRequest(content, from, parts)
    case 'blobNotice':
      return takeBlobNotice(content.root, content.kind, { ...parts, contact })
    default:
      return unreachable(content)
  }
}

type MessageContent = Extract<Content, { type: 'text' | 'media' | 'unsupported' }>

function takeText (content: MessageContent, contact: number, parts: IntakeParts): void {
  const { writer, threads, round } = parts
  if (writer.read.messages.has(content.id)) return
  const children = threads.hasGaps(contact) ? childrenOf(content.id, contact, writer) : []
  const { positionUs, missing } = threads.placeText(contact, { ...content, isNamed: children.length > 0 }, round.nowMs)
  const { id, counter, hlcUs, parents, sentAtMs } = content
  const words = content.type === 'unsupported' ? { kind: MESSAGE_KIND.unsupported, text: '', replyTo: undefined } : { kind: MESSAGE_KIND[content.type], text: content.text, replyTo: content.replyTo }
  const row = writer.messages.append({ id, contact, isOwn: false, counter, hlcUs, positionUs, parents, missing, sentAtMs, receivedAtMs: round.nowMs, ...words, state: 'unread' })
  if (row === undefined) return
  if (content.type === 'media') takeAttachments(id, content.attachments, { contact, writer, round })
  if (children.length > 0) closeGaps({ id, positionUs }, children, { contact, parts })
  round.countIncoming(contact, row)
  round.tellMessage('message.received', contact, id)
  // Edits and reactions may have come before the message they are about.
  refold(id, { writer, round })
}

interface IncomingChange {
  readonly content: Content
  readonly kind: ChangeKind
  readonly target: ContentId
  readonly body: string
  readonly contact: number
}

function takeChange ({ content, kind, target, body, contact }: IncomingChange, { writer, threads, round }: IntakeParts): void {
  threads.observe(contact, content.hlcUs, round.nowMs)
  const { id, hlcUs, counter, parents, sentAtMs } = content
  if (!writer.changes.create({ id, target, contact, author: contact, kind, hlcUs, counter, parents, sentAtMs, body })) return
  if (refold(target, { writer, round })) round.tellMessage('message.changed', contact, target)
}

/** Folds a message anew from its original and all its changes. Returns whether there was something to fold. */
export function refold (target: ContentId, { writer, round }: Pick<IntakeParts, 'writer' | 'round'>): boolean {
  const changes = writer.read.changes.ofTarget(target)
  if (changes.length === 0) return false
  const message = writer.read.messages.byId(target)
  if (message === undefined) return false
  // A change in another conversation than its target's is somebody's attempt to touch what is not theirs.
  const own = changes.filter(change => change.contact === message.contact)
  const folded = fold({ author: message.isOwn ? 0 : message.contact, text: message.original ?? message.text }, own)
  writer.messages.refold(target, folded)
  if (folded.isDeleted) {
    writer.changes.wipeBodies(target)
    letGo(target, { writer, round })
  }
  return true
}

interface ReceiptFrom { readonly from: Device, readonly parts: IntakeParts }

function takeReceipt (kind: ReceiptKind, ids: readonly ContentId[], { from, parts }: ReceiptFrom): void {
  const { writer, round } = parts
  const proven = new Set(ids.map(idKey))
  for (const id of ids) {
    const message = writer.read.messages.byId(id)
    // Only what we wrote in this conversation, messages and changes alike.
    if (message === undefined ? writer.read.changes.byId(id)?.contact !== from.contact : !message.isOwn || message.contact !== from.contact) {
      takeEnvelopeReceipt(id, { from, parts })
      continue
    }
    if (message !== undefined) advanceOwn(message, kind, parts)
    for (const outgoing of writer.read.outbox.ofMessage(id)) {
      if (idKey(outgoing.deviceId) === idKey(from.deviceId)) writer.outbox.prove(outgoing.row, proven, round.nowMs)
    }
  }
}

/** What has no name of its own, an acceptance or a profile, is proven by that of its envelope. */
function takeEnvelopeReceipt (id: ContentId, { from, parts: { writer, round } }: ReceiptFrom): void {
  const outgoing = writer.read.outbox.byEnvelope(envelopeId(id))
  if (outgoing === undefined || idKey(outgoing.deviceId) !== idKey(from.deviceId)) return
  // Messages in it are named themselves, and may be proven by another receipt.
  if (!outgoing.refs.some(({ kind }) => kind === 'text' || kind === 'change')) writer.outbox.settle(outgoing.row, 'delivered', round.nowMs)
}

function advanceOwn (message: Message, state: 'delivered' | 'read', { writer, round }: IntakeParts): void {
  if (message.state === 'unread' || joinState(message.state, state) === message.state) return
  if (!writer.messages.advance(message.id, state, round.nowMs)) return
  round.tellMessage('message.state', message.contact, message.id)
  round.states.push({ id: message.id, state, reason: undefined })
}

/** Messages that name `parent` and came before it. */
function childrenOf (parent: ContentId, contact: number, writer: Writer): Message[] {
  const key = idKey(parent)
  return writer.read.messages.withGaps(contact).filter(message => message.parents.some(id => idKey(id) === key))
}

/** A parent arrived late: its children know their place now, and whatever stood above it moves below. */
function closeGaps (arrived: Place, children: readonly Message[], { contact, parts }: { readonly contact: number, readonly parts: IntakeParts }): void {
  const { writer, threads } = parts
  for (const child of children) writer.messages.setPosition(child.id, child.positionUs, child.missing - 1)
  const { moves } = reposition(arrived, placesFrom([...children].sort(comparePlaces)[0], contact, writer))
  for (const { id, positionUs } of moves) writer.messages.setPosition(id, positionUs, writer.read.messages.byId(id)?.missing ?? 0)
  if (moves.length > 0) threads.move(contact, moves)
  if (writer.read.messages.withGaps(contact).length === 0) threads.closeGaps(contact)
}

/** A conversation downwards from `first`, read a page at a time: the caller stops early. */
function * placesFrom (first: Message | undefined, contact: number, writer: Writer): Generator<Placed> {
  if (first === undefined) return
  yield first
  for (let after: Message | undefined = first; after !== undefined;) {
    const page: Message[] = writer.read.messages.page(contact, { limit: PLACES_PAGE, after })
    yield * page
    after = page.length === PLACES_PAGE ? page.at(-1) : undefined
  }
}

const PLACES_PAGE = 256
