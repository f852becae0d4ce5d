/** Messages with files, and notices about blobs, from their bytes. Law: docs/protocols/media.md. */
import type { BinaryReader } from '@bufbuild/protobuf/wire'
import { MalformedError } from '../core/errors.ts'
import { ATTACHMENTS_BYTES_MAX, ATTACHMENTS_MAX, TEXT_BYTES_MAX } from '../core/limits.ts'
import { utf8Bytes } from '../core/text.ts'
import { blobRoot } from '../media/root.ts'
import { decodeAttachment } from './attachment.ts'
import type { BlobNoticeBody, BlobNoticeKind, MediaBody } from './content.ts'
import { BLOB_NOTICE_KINDS, BLOB_NOTICE_TAGS, MEDIA_TAGS } from './fields.ts'
import { ABSENT, copiedId, pushBounded, readText, skipField } from './read.ts'

export function mediaOf (reader: BinaryReader): MediaBody {
  let text = ''
  let replyTo: Uint8Array = ABSENT
  const encoded: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === MEDIA_TAGS.text) text = readText(reader, TEXT_BYTES_MAX, 'text')
    else if (tag === MEDIA_TAGS.replyTo) replyTo = reader.bytes()
    else if (tag === MEDIA_TAGS.attachment) pushBounded(encoded, reader.bytes(), ATTACHMENTS_MAX)
    else skipField(reader, tag, 3)
  }
  if (encoded.length === 0) throw new MalformedError('media', 'must have an attachment')
  const bytes = encoded.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (bytes > ATTACHMENTS_BYTES_MAX || bytes + utf8Bytes(text) > TEXT_BYTES_MAX) throw new MalformedError('attachments', 'must keep their limit, and the one with the text')
  const body = { type: 'media', text, attachments: encoded.map(decodeAttachment) } as const
  return replyTo.byteLength === 0 ? body : { ...body, replyTo: copiedId(replyTo) }
}

const KINDS = new Map(Object.entries(BLOB_NOTICE_KINDS).map(([name, number]) => [number, name as BlobNoticeKind]))

export function blobNoticeOf (reader: BinaryReader): BlobNoticeBody | undefined {
  let root: Uint8Array = ABSENT
  let number = 0
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === BLOB_NOTICE_TAGS.root) root = reader.bytes()
    else if (tag === BLOB_NOTICE_TAGS.kind) number = reader.int32()
    else skipField(reader, tag, 2)
  }
  const kind = KINDS.get(number as 1 | 2 | 3)
  return kind === undefined ? undefined : { type: 'blobNotice', root: blobRoot(root.slice()), kind }
}
