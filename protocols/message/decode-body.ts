/** What a content says, from its bytes. Fields of newer versions within a body are passed over. */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { optionalBytes, safeInteger } from '../core/bytes.ts'
import { MalformedError } from '../core/errors.ts'
import {
  ADDRESSES_MAX, ADDRESS_BYTES_MAX, EMOJI_BYTES_MAX, ENVELOPE_BYTES_MAX, INVITE_TOKEN_BYTES, RECEIPT_IDS_MAX, REQUEST_TEXT_BYTES_MAX,
  TEXT_BYTES_MAX
} from '../core/limits.ts'
import { cleanName } from '../core/text.ts'
import type { AcceptBody, DeletionBody, EditBody, ProfileBody, Reach, ReactionBody, ReceiptBody, RequestBody, TextBody, WritableBody } from './content.ts'
import { ACCEPT_TAGS, BODY_TAGS, DELETION_TAGS, EDIT_TAGS, PROFILE_TAGS, REACTION_TAGS, RECEIPT_KINDS, RECEIPT_TAGS, REQUEST_TAGS, TEXT_TAGS } from './fields.ts'
import { blobNoticeOf, mediaOf } from './decode-media.ts'
import { decodeReach } from './reach.ts'
import { ABSENT, copiedId, pushBounded, readText, skipField } from './read.ts'

/**
 * @param tag one of BODY_TAGS
 * @returns undefined for a receipt or notice of a newer kind: it says nothing that we could show
 * @throws MalformedError, or what the library throws
 */
export function decodeBody (tag: number, bytes: Uint8Array): WritableBody | undefined {
  const reader = new BinaryReader(bytes)
  switch (tag) {
    case BODY_TAGS.text: return textOf(reader)
    case BODY_TAGS.edit: return editOf(reader)
    case BODY_TAGS.deletion: return deletionOf(reader)
    case BODY_TAGS.reaction: return reactionOf(reader)
    case BODY_TAGS.receipt: return receiptOf(reader)
    case BODY_TAGS.request: return requestOf(reader)
    case BODY_TAGS.accept: return acceptOf(reader)
    case BODY_TAGS.profile: return profileOf(reader)
    case BODY_TAGS.media: return mediaOf(reader)
    case BODY_TAGS.blobNotice: return blobNoticeOf(reader)
    default: throw new MalformedError('content', 'must say something')
  }
}

function textOf (reader: BinaryReader): TextBody {
  let text = ''
  let replyTo: Uint8Array = ABSENT
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === TEXT_TAGS.text) text = readText(reader, TEXT_BYTES_MAX, 'text')
    else if (tag === TEXT_TAGS.replyTo) replyTo = reader.bytes()
    else skipField(reader, tag, 2)
  }
  const body = { type: 'text', text: present(text) } as const
  return replyTo.byteLength === 0 ? body : { ...body, replyTo: copiedId(replyTo) }
}

function editOf (reader: BinaryReader): EditBody {
  let target: Uint8Array = ABSENT
  let text = ''
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === EDIT_TAGS.target) target = reader.bytes()
    else if (tag === EDIT_TAGS.text) text = readText(reader, TEXT_BYTES_MAX, 'edited text')
    else skipField(reader, tag, 2)
  }
  return { type: 'edit', target: copiedId(target), text: present(text) }
}

function deletionOf (reader: BinaryReader): DeletionBody {
  let target: Uint8Array = ABSENT
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === DELETION_TAGS.target) target = reader.bytes()
    else skipField(reader, tag, 1)
  }
  return { type: 'deletion', target: copiedId(target) }
}

function reactionOf (reader: BinaryReader): ReactionBody {
  let target: Uint8Array = ABSENT
  let emoji = ''
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === REACTION_TAGS.target) target = reader.bytes()
    else if (tag === REACTION_TAGS.emoji) emoji = readText(reader, EMOJI_BYTES_MAX, 'emoji')
    else skipField(reader, tag, 2)
  }
  return { type: 'reaction', target: copiedId(target), emoji }
}

function receiptOf (reader: BinaryReader): ReceiptBody | undefined {
  let kind = 0
  const ids: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === RECEIPT_TAGS.kind) kind = reader.int32()
    else if (tag === RECEIPT_TAGS.id) pushBounded(ids, reader.bytes(), RECEIPT_IDS_MAX)
    else skipField(reader, tag, 2)
  }
  if (kind !== RECEIPT_KINDS.delivered && kind !== RECEIPT_KINDS.read) return undefined
  if (ids.length === 0) throw new MalformedError('receipt', 'must name a message')
  return { type: 'receipt', kind: kind === RECEIPT_KINDS.read ? 'read' : 'delivered', ids: ids.map(copiedId) }
}

function requestOf (reader: BinaryReader): RequestBody {
  let name = ''
  let text = ''
  const addresses: string[] = []
  let token: Uint8Array = ABSENT
  let reach: Reach | undefined
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === REQUEST_TAGS.name) name = readName(reader)
    else if (tag === REQUEST_TAGS.text) text = readText(reader, REQUEST_TEXT_BYTES_MAX, 'request text')
    else if (tag === REQUEST_TAGS.address) pushBounded(addresses, readAddress(reader), ADDRESSES_MAX)
    else if (tag === REQUEST_TAGS.token) token = reader.bytes()
    else if (tag === REQUEST_TAGS.reach) reach = decodeReach(reader.bytes())
    else skipField(reader, tag, 5)
  }
  return { type: 'request', name, text, addresses, token: optionalBytes(token.slice(), INVITE_TOKEN_BYTES, 'invite token'), ...reach === undefined ? {} : { reach } }
}

function acceptOf (reader: BinaryReader): AcceptBody {
  let name = ''
  const addresses: string[] = []
  let reach: Reach | undefined
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === ACCEPT_TAGS.name) name = readName(reader)
    else if (tag === ACCEPT_TAGS.address) pushBounded(addresses, readAddress(reader), ADDRESSES_MAX)
    else if (tag === ACCEPT_TAGS.reach) reach = decodeReach(reader.bytes())
    else skipField(reader, tag, 3)
  }
  return { type: 'accept', name, addresses, ...reach === undefined ? {} : { reach } }
}

function profileOf (reader: BinaryReader): ProfileBody {
  let name = ''
  const addresses: string[] = []
  let versionMs = 0n
  let reach: Reach | undefined
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === PROFILE_TAGS.name) name = readName(reader)
    else if (tag === PROFILE_TAGS.address) pushBounded(addresses, readAddress(reader), ADDRESSES_MAX)
    else if (tag === PROFILE_TAGS.versionMs) versionMs = BigInt(reader.uint64())
    else if (tag === PROFILE_TAGS.reach) reach = decodeReach(reader.bytes())
    else skipField(reader, tag, 4)
  }
  return { type: 'profile', name, addresses, versionMs: safeInteger(versionMs, 'profile version'), ...reach === undefined ? {} : { reach } }
}

/** An absent text reads as an empty one, and a message that says nothing is none. */
function present (text: string): string {
  if (text === '') throw new MalformedError('text', 'must not be empty')
  return text
}

/** A bad name must not cost us the request or profile it came with: it is cleaned and cut, not refused. */
function readName (reader: BinaryReader): string {
  return cleanName(readText(reader, ENVELOPE_BYTES_MAX, 'name'))
}

function readAddress (reader: BinaryReader): string {
  return present(readText(reader, ADDRESS_BYTES_MAX, 'address'))
}
