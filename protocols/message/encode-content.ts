/**
 * Contents to bytes, by hand: every message passes here, and this takes a third of the time of the generated code, to whose bytes a
 * property test holds it. Law and measurements: docs/protocols/message.md, "Wire" and "Cost".
 */
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { invariant } from '../core/invariant.ts'
import {
  ADDRESSES_MAX, ADDRESS_BYTES_MAX, ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, EMOJI_BYTES_MAX, INVITE_TOKEN_BYTES, NAME_BYTES_MAX, PARENTS_MAX, RECEIPT_IDS_MAX,
  REQUEST_TEXT_BYTES_MAX, TEXT_BYTES_MAX
} from '../core/limits.ts'
import { utf8Bytes } from '../core/text.ts'
import { HLC_US_MAX } from './clock.ts'
import type { AcceptBody, MediaBody, ProfileBody, Reach, ReceiptBody, RequestBody, Stamp, WritableBody, WritableContent } from './content.ts'
import { encodeReach } from './reach.ts'
import { encodeAttachment } from './attachment.ts'
import { checked, writeId, writeNumber, writeText } from './write.ts'
import {
  ACCEPT_TAGS, BLOB_NOTICE_KINDS, BLOB_NOTICE_TAGS, BODY_TAGS, DELETION_TAGS, EDIT_TAGS, MEDIA_TAGS, PROFILE_TAGS, REACTION_TAGS, RECEIPT_KINDS,
  RECEIPT_TAGS, REQUEST_TAGS, STAMP_TAGS, TEXT_TAGS
} from './fields.ts'

/**
 * The bytes of one content, as they stand in a pack. Its length is what packing counts (pack.ts).
 * Limits are for whoever makes the content to keep: breaking one here is a bug.
 */
export function encodeContent (content: WritableContent): Uint8Array {
  return written(writer => {
    writeStamp(writer, content)
    writer.uint32(BODY_TAGS[content.type]).fork()
    writeBody(writer, content)
    writer.join()
  })
}

let scratch = new BinaryWriter()

/** One writer for all: a new one grows its buffer from nothing, which costs more than all the writing (1.6 of 2.5 µs, measured). */
export function written (write: (writer: BinaryWriter) => void): Uint8Array {
  try {
    write(scratch)
    return scratch.finish()
  } catch (thrown) {
    // What was half written must not stand before the next content.
    scratch = new BinaryWriter()
    throw thrown
  }
}

function writeStamp (writer: BinaryWriter, { id, counter, hlcUs, parents, sentAtMs }: Stamp): void {
  invariant(parents.length <= PARENTS_MAX, 'a content has few parents')
  invariant(hlcUs <= HLC_US_MAX, 'a clock leaves room above it')
  writeId(writer, STAMP_TAGS.id, id)
  writeNumber(writer, STAMP_TAGS.counter, counter)
  writeNumber(writer, STAMP_TAGS.hlcUs, hlcUs)
  for (const parent of parents) writeId(writer, STAMP_TAGS.parent, parent)
  writeNumber(writer, STAMP_TAGS.sentAtMs, sentAtMs)
}

function writeBody (writer: BinaryWriter, body: WritableBody): void {
  switch (body.type) {
    case 'text':
      writeText(writer, TEXT_TAGS.text, checked(body.text, 1, TEXT_BYTES_MAX))
      if (body.replyTo !== undefined) writeId(writer, TEXT_TAGS.replyTo, body.replyTo)
      break
    case 'edit':
      writeId(writer, EDIT_TAGS.target, body.target)
      writeText(writer, EDIT_TAGS.text, checked(body.text, 1, TEXT_BYTES_MAX))
      break
    case 'deletion':
      writeId(writer, DELETION_TAGS.target, body.target)
      break
    case 'reaction':
      writeId(writer, REACTION_TAGS.target, body.target)
      writeText(writer, REACTION_TAGS.emoji, checked(body.emoji, 0, EMOJI_BYTES_MAX))
      break
    case 'receipt':
      writeReceipt(writer, body)
      break
    case 'request':
      writeRequest(writer, body)
      break
    case 'accept':
      writeNameAndAddresses(writer, body)
      writeReach(writer, ACCEPT_TAGS.reach, body.reach)
      break
    case 'profile':
      writeNameAndAddresses(writer, body)
      writeNumber(writer, PROFILE_TAGS.versionMs, body.versionMs)
      writeReach(writer, PROFILE_TAGS.reach, body.reach)
      break
    case 'media':
      writeMedia(writer, body)
      break
    case 'blobNotice':
      writer.uint32(BLOB_NOTICE_TAGS.root).bytes(body.root)
      writeNumber(writer, BLOB_NOTICE_TAGS.kind, BLOB_NOTICE_KINDS[body.kind])
  }
}

function writeMedia (writer: BinaryWriter, { text, replyTo, attachments }: MediaBody): void {
  invariant(attachments.length > 0 && attachments.length <= ATTACHMENTS_MAX, 'a message has 1 to 16 attachments')
  writeText(writer, MEDIA_TAGS.text, checked(text, 0, TEXT_BYTES_MAX))
  if (replyTo !== undefined) writeId(writer, MEDIA_TAGS.replyTo, replyTo)
  const encoded = attachments.map(encodeAttachment)
  const bytes = encoded.reduce((sum, { byteLength }) => sum + byteLength, 0)
  invariant(bytes <= ATTACHMENTS_BYTES_MAX && bytes + utf8Bytes(text) <= TEXT_BYTES_MAX, 'attachments keep their limit, and the one with the text')
  for (const attachment of encoded) writer.uint32(MEDIA_TAGS.attachment).bytes(attachment)
}

function writeReceipt (writer: BinaryWriter, { kind, ids }: ReceiptBody): void {
  invariant(ids.length > 0 && ids.length <= RECEIPT_IDS_MAX, 'a receipt names 1 to 256 messages')
  writeNumber(writer, RECEIPT_TAGS.kind, RECEIPT_KINDS[kind])
  for (const id of ids) writeId(writer, RECEIPT_TAGS.id, id)
}

function writeRequest (writer: BinaryWriter, { name, text, addresses, token, reach }: RequestBody): void {
  writeText(writer, REQUEST_TAGS.name, checked(name, 0, NAME_BYTES_MAX))
  writeText(writer, REQUEST_TAGS.text, checked(text, 0, REQUEST_TEXT_BYTES_MAX))
  writeAddresses(writer, REQUEST_TAGS.address, addresses)
  invariant(token === undefined || token.byteLength === INVITE_TOKEN_BYTES, 'a token is whole')
  if (token !== undefined) writer.uint32(REQUEST_TAGS.token).bytes(token)
  writeReach(writer, REQUEST_TAGS.reach, reach)
}

function writeReach (writer: BinaryWriter, tag: number, reach: Reach | undefined): void {
  if (reach !== undefined) writer.uint32(tag).bytes(encodeReach(reach))
}

/** The first fields of an accept and of a profile. */
function writeNameAndAddresses (writer: BinaryWriter, { name, addresses }: AcceptBody | ProfileBody): void {
  writeText(writer, ACCEPT_TAGS.name, checked(name, 0, NAME_BYTES_MAX))
  writeAddresses(writer, ACCEPT_TAGS.address, addresses)
}

function writeAddresses (writer: BinaryWriter, tag: number, addresses: readonly string[]): void {
  invariant(addresses.length <= ADDRESSES_MAX, 'a device tells few addresses')
  for (const address of addresses) writeText(writer, tag, checked(address, 1, ADDRESS_BYTES_MAX))
}
