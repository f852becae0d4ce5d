/**
 * What a turn writes of files: the attachments of a message, the blobs that they point to, and what is let go when nothing points to a blob
 * any more. The bytes themselves are moved elsewhere (node/media/), after the commit. Law: docs/protocols/media.md.
 */
import { DELIVERY_LIFETIME_MS } from '../../protocols/core/limits.ts'
import { idKey, type ContentId } from '../../protocols/core/ids.ts'
import { BLOB_ROOT_BYTES, type BlobRoot } from '../../protocols/media/root.ts'
import { BLOB_LAYOUT } from '../../protocols/media/segments.ts'
import type { Attachment, BlobNoticeKind } from '../../protocols/message/content.ts'
import type { Reader } from '../../store/reader.ts'
import type { Ref } from '../../store/types.ts'
import type { Writer } from '../../store/writer.ts'
import type { Round } from './round.ts'

interface Parts { readonly writer: Writer, readonly round: Round }

export function leafCount (blobBytes: number): number { return Math.ceil(blobBytes / BLOB_LAYOUT.segmentBytes) }

/** Of a message of ours. The blobs are here, all of them. */
export function offerAttachments (message: ContentId, attachments: readonly Attachment[], { contact, writer, round }: Parts & { readonly contact: number }): void {
  writer.attachments.add(message, attachments)
  for (const { root, blobBytes } of attachments) {
    writer.blobs.add({ root, state: 'here', blobBytes, leavesHeld: leafCount(blobBytes), addedAtMs: round.nowMs })
    writer.blobs.addRecipient(root, contact, round.nowMs)
    round.blobs.offered.push({ root, contact })
  }
}

/** The message was taken back: nobody is to fetch its files, unless another one to the same contact has them, too. */
export function withdrawAttachments (message: ContentId, { contact, writer, round }: Parts & { readonly contact: number }): void {
  for (const { attachment: { root } } of writer.read.attachments.ofMessage(message)) {
    const others = writer.read.attachments.ofBlob(root).flatMap(place => idKey(place.message) === idKey(message) ? [] : writer.read.messages.byId(place.message) ?? [])
    if (others.some(other => other.isOwn && other.contact === contact && other.state !== 'cancelled')) continue
    writer.blobs.removeRecipient(root, contact)
    // For whoever brings it to relays it is the same: it is needed there no more.
    round.blobs.noticed.push({ root, contact, kind: 'fetched' })
  }
}

/** The message is tried again. */
export function offerAgain (message: ContentId, { contact, writer, round }: Parts & { readonly contact: number }): void {
  for (const { attachment: { root } } of writer.read.attachments.ofMessage(message)) {
    writer.blobs.addRecipient(root, contact, round.nowMs)
    round.blobs.offered.push({ root, contact })
  }
}

/** Of a message of a contact. */
export function takeAttachments (message: ContentId, attachments: readonly Attachment[], { contact, writer, round }: Parts & { readonly contact: number }): void {
  writer.attachments.add(message, attachments)
  for (const attachment of attachments) {
    const { root, blobBytes } = attachment
    writer.blobs.add({ root, state: 'known', blobBytes, leavesHeld: 0, addedAtMs: round.nowMs })
    round.blobs.arrived.push({ root, contact, attachment })
  }
}

/** The message is deleted: its keys are forgotten, and a blob that no other message points to is let go. */
export function letGo (message: ContentId, { writer, round }: Parts): void {
  const places = writer.read.attachments.ofMessage(message)
  if (places.length === 0) return
  writer.attachments.removeOf(message)
  for (const { attachment: { root } } of places) {
    if (writer.read.attachments.ofBlob(root).length > 0) continue
    writer.blobs.setState(root, 'dropped')
    round.blobs.dropped.push(root)
  }
}

/** What a contact says of a blob. Only about such as we have sent them, or they us. */
export function takeBlobNotice (root: BlobRoot, kind: BlobNoticeKind, { contact, writer, round }: Parts & { readonly contact: number }): void {
  const messages = messagesWith(root, contact, writer.read)
  const isAboutOurs = kind !== 'gone'
  if (!messages.some(({ isOwn }) => isOwn === isAboutOurs)) return
  if (kind === 'fetched' && !writer.blobs.markFetched(root, contact, round.nowMs)) return
  if (kind === 'gone' && !loseHope(root, writer)) return
  round.blobs.noticed.push({ root, contact, kind })
  tellAttachments(root, { writer, round })
}

/** Whoever sent it has it no longer. What is here stays here. */
function loseHope (root: BlobRoot, writer: Writer): boolean {
  const state = writer.read.blobs.byRoot(root)?.state
  if (state !== 'known' && state !== 'wanted') return false
  writer.blobs.setState(root, 'gone', 'the sender has it no longer')
  return true
}

function messagesWith (root: BlobRoot, contact: number, reader: Reader): Array<{ readonly isOwn: boolean }> {
  return reader.attachments.ofBlob(root).flatMap(({ message }) => reader.messages.byId(message) ?? []).filter(message => message.contact === contact)
}

/** An event for each message that shows the blob. */
export function tellAttachments (root: BlobRoot, { writer, round }: Parts): void {
  for (const { message } of writer.read.attachments.ofBlob(root)) {
    const contact = writer.read.messages.byId(message)?.contact
    if (contact !== undefined) round.tellMessage('attachment.state', contact, message)
  }
}

const REF_KINDS = { fetched: 'blobFetched', missing: 'blobMissing', gone: 'blobGone' } as const satisfies Record<BlobNoticeKind, Ref['kind']>
const NOTICE_KINDS = new Map<Ref['kind'], BlobNoticeKind>(Object.entries(REF_KINDS).map(([notice, ref]) => [ref, notice as BlobNoticeKind]))

/** Tells every device of a contact about a blob. */
export function queueBlobNotice (root: BlobRoot, kind: BlobNoticeKind, { contact, writer, round }: Parts & { readonly contact: number }): void {
  const refs = [{ kind: REF_KINDS[kind], id: shortRoot(root) }]
  for (const { deviceId, isListed } of writer.read.devices.ofContact(contact)) {
    if (!isListed) continue
    writer.outbox.waiting({ deviceId, contact, refs, queuedAtMs: round.nowMs, expiresAtMs: round.nowMs + DELIVERY_LIFETIME_MS })
    round.seal(deviceId)
  }
}

/** What a reference of the outbox says about a blob; undefined: it is about something else, or no message points to the blob any more. */
export function recallBlobNotice (ref: Ref, reader: Reader): { readonly root: BlobRoot, readonly kind: BlobNoticeKind } | undefined {
  const kind = NOTICE_KINDS.get(ref.kind)
  if (kind === undefined) return undefined
  const root = CODECS.map(codec => rootOf(codec, ref.id, reader)).find(found => found !== undefined)
  return root === undefined ? undefined : { root, kind }
}

/** Version, codec, and the two bytes that say which hash: then the hash, of which a reference holds the first half. */
const HASH_AT = 4
const REF_BYTES = 16
const CODECS = [0x55, 0x70] as const

function shortRoot (root: BlobRoot): Uint8Array { return root.slice(HASH_AT, HASH_AT + REF_BYTES) }

function rootOf (codec: number, beginning: Uint8Array, reader: Reader): BlobRoot | undefined {
  const low = new Uint8Array(BLOB_ROOT_BYTES)
  low.set([1, codec, 0x12, BLOB_ROOT_BYTES - HASH_AT])
  low.set(beginning, HASH_AT)
  const high = Uint8Array.from(low).fill(0xff, HASH_AT + REF_BYTES)
  return reader.attachments.rootBetween(low, high)
}
