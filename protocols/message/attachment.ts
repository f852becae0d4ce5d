/** An attachment as bytes: in a message, and in the database, which keeps it as it came. Law: docs/protocols/media.md, "Attachment". */
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire'
import { instantMs, safeInteger, sizedBytes } from '../core/bytes.ts'
import { MalformedError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import {
  ADDRESS_BYTES_MAX, ATTACHMENT_NAME_BYTES_MAX, HOLDERS_MAX, MEDIA_TYPE_BYTES_MAX, PIXELS_MAX, READ_KEY_BYTES, THUMBHASH_BYTES_MAX, THUMBNAIL_BYTES_MAX
} from '../core/limits.ts'
import { HASH_BYTES } from '../core/signed.ts'
import { blobRoot, isLeafRoot } from '../media/root.ts'
import { BLOB_LAYOUT, plaintextBytes } from '../media/segments.ts'
import type { Attachment } from './content.ts'
import { ATTACHMENT_TAGS } from './fields.ts'
import { ABSENT, pushBounded, readText, skipField } from './read.ts'
import { checked, writeBytes, writeNumber, writeText } from './write.ts'

const FIELD_MAX = 16

/** Limits are for whoever makes it to keep: breaking one here is a bug. */
export function encodeAttachment (attachment: Attachment): Uint8Array {
  invariant(attachment.holders.length <= HOLDERS_MAX, 'few relays are named')
  invariant(attachment.width <= PIXELS_MAX && attachment.height <= PIXELS_MAX, 'a picture has sides that it can have')
  invariant(attachment.thumbhash.byteLength <= THUMBHASH_BYTES_MAX && attachment.thumbnail.byteLength <= THUMBNAIL_BYTES_MAX, 'a preview is small')
  const writer = new BinaryWriter()
  writeBytes(writer, ATTACHMENT_TAGS.root, attachment.root)
  writeBytes(writer, ATTACHMENT_TAGS.key, attachment.key)
  writeBytes(writer, ATTACHMENT_TAGS.readKey, attachment.readKey)
  writeNumber(writer, ATTACHMENT_TAGS.bytes, attachment.bytes)
  writeNumber(writer, ATTACHMENT_TAGS.blobBytes, attachment.blobBytes)
  writeBytes(writer, ATTACHMENT_TAGS.sha256, attachment.sha256)
  writeText(writer, ATTACHMENT_TAGS.name, checked(attachment.name, 0, ATTACHMENT_NAME_BYTES_MAX))
  writeText(writer, ATTACHMENT_TAGS.type, checked(attachment.type, 0, MEDIA_TYPE_BYTES_MAX))
  writeNumber(writer, ATTACHMENT_TAGS.width, attachment.width)
  writeNumber(writer, ATTACHMENT_TAGS.height, attachment.height)
  writeNumber(writer, ATTACHMENT_TAGS.durationMs, attachment.durationMs)
  writeBytes(writer, ATTACHMENT_TAGS.thumbhash, attachment.thumbhash)
  writeBytes(writer, ATTACHMENT_TAGS.thumbnail, attachment.thumbnail)
  writeNumber(writer, ATTACHMENT_TAGS.isVoice, attachment.isVoice ? 1 : 0)
  writeNumber(writer, ATTACHMENT_TAGS.keepUntilMs, attachment.keepUntilMs)
  for (const holder of attachment.holders) writeText(writer, ATTACHMENT_TAGS.holder, checked(holder, 1, ADDRESS_BYTES_MAX))
  return writer.finish()
}

interface Fields {
  root: Uint8Array
  key: Uint8Array
  readKey: Uint8Array
  bytes: bigint
  blobBytes: bigint
  sha256: Uint8Array
  name: string
  type: string
  width: number
  height: number
  durationMs: bigint
  thumbhash: Uint8Array
  thumbnail: Uint8Array
  isVoice: boolean
  keepUntilMs: bigint
  readonly holders: string[]
}

/** Copies: attachments outlive the envelope that they came in. @throws MalformedError, or what the library throws */
export function decodeAttachment (encoded: Uint8Array): Attachment {
  const fields: Fields = { root: ABSENT, key: ABSENT, readKey: ABSENT, bytes: 0n, blobBytes: 0n, sha256: ABSENT, name: '', type: '', width: 0, height: 0, durationMs: 0n, thumbhash: ABSENT, thumbnail: ABSENT, isVoice: false, keepUntilMs: 0n, holders: [] }
  const reader = new BinaryReader(encoded)
  while (reader.pos < reader.len) readField(reader, reader.uint32(), fields)
  return attachmentOf(fields)
}

function readField (reader: BinaryReader, tag: number, fields: Fields): void {
  switch (tag) {
    case ATTACHMENT_TAGS.root: fields.root = reader.bytes(); break
    case ATTACHMENT_TAGS.key: fields.key = reader.bytes(); break
    case ATTACHMENT_TAGS.readKey: fields.readKey = reader.bytes(); break
    case ATTACHMENT_TAGS.bytes: fields.bytes = BigInt(reader.uint64()); break
    case ATTACHMENT_TAGS.blobBytes: fields.blobBytes = BigInt(reader.uint64()); break
    case ATTACHMENT_TAGS.sha256: fields.sha256 = reader.bytes(); break
    case ATTACHMENT_TAGS.name: fields.name = readText(reader, ATTACHMENT_NAME_BYTES_MAX, 'name of a file'); break
    case ATTACHMENT_TAGS.type: fields.type = readText(reader, MEDIA_TYPE_BYTES_MAX, 'media type'); break
    case ATTACHMENT_TAGS.width: fields.width = reader.uint32(); break
    case ATTACHMENT_TAGS.height: fields.height = reader.uint32(); break
    case ATTACHMENT_TAGS.durationMs: fields.durationMs = BigInt(reader.uint64()); break
    case ATTACHMENT_TAGS.thumbhash: fields.thumbhash = reader.bytes(); break
    case ATTACHMENT_TAGS.thumbnail: fields.thumbnail = reader.bytes(); break
    case ATTACHMENT_TAGS.isVoice: fields.isVoice = reader.bool(); break
    case ATTACHMENT_TAGS.keepUntilMs: fields.keepUntilMs = BigInt(reader.uint64()); break
    case ATTACHMENT_TAGS.holder: pushBounded(fields.holders, readText(reader, ADDRESS_BYTES_MAX, 'holder'), HOLDERS_MAX); break
    default: skipField(reader, tag, FIELD_MAX)
  }
}

function attachmentOf (fields: Fields): Attachment {
  const root = blobRoot(fields.root.slice())
  const bytes = safeInteger(fields.bytes, 'size of a file')
  const blobBytes = safeInteger(fields.blobBytes, 'size of a blob')
  // What cannot come true is refused before anything of it is fetched.
  if ((plaintextBytes(BLOB_LAYOUT, blobBytes) ?? -1) < bytes) throw new MalformedError('size of a blob', 'must be that of a ciphertext in which the file fits')
  if (isLeafRoot(root) !== (blobBytes <= BLOB_LAYOUT.segmentBytes)) throw new MalformedError('root of a blob', 'must be a leaf when there is only one')
  if (fields.width > PIXELS_MAX || fields.height > PIXELS_MAX) throw new MalformedError('size of a picture', `must be at most ${PIXELS_MAX} pixels`)
  if (fields.holders.includes('')) throw new MalformedError('holder', 'must not be empty')
  return {
    root,
    key: sizedBytes(fields.key, BLOB_LAYOUT.keyBytes, 'key of a blob').slice(),
    readKey: sizedBytes(fields.readKey, READ_KEY_BYTES, 'read key').slice(),
    bytes,
    blobBytes,
    sha256: sizedBytes(fields.sha256, HASH_BYTES, 'hash of a file').slice(),
    name: fields.name,
    type: fields.type,
    width: fields.width,
    height: fields.height,
    durationMs: safeInteger(fields.durationMs, 'duration'),
    thumbhash: atMost(fields.thumbhash, THUMBHASH_BYTES_MAX),
    thumbnail: atMost(fields.thumbnail, THUMBNAIL_BYTES_MAX),
    isVoice: fields.isVoice,
    keepUntilMs: instantMs(fields.keepUntilMs, 'time until which a blob is kept'),
    holders: fields.holders
  }
}

function atMost (bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.byteLength > bytesMax) throw new MalformedError('preview', `must be at most ${bytesMax} bytes`)
  return bytes.slice()
}
