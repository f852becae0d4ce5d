/** Single values of content.proto, as they are written. Limits are for whoever makes the content to keep: breaking one is a bug. */
import type { BinaryWriter } from '@bufbuild/protobuf/wire'
import { CONTENT_ID_BYTES } from '../core/ids.ts'
import { invariant } from '../core/invariant.ts'
import { utf8Bytes } from '../core/text.ts'

export function writeId (writer: BinaryWriter, tag: number, id: Uint8Array): void {
  invariant(id.byteLength === CONTENT_ID_BYTES, 'a content id is whole')
  writer.uint32(tag).bytes(id)
}

/** proto3 leaves out 0, and an empty text below. */
export function writeNumber (writer: BinaryWriter, tag: number, value: number): void {
  invariant(Number.isSafeInteger(value) && value >= 0, 'a number on the wire is a whole one')
  if (value !== 0) writer.uint32(tag).uint64(value)
}

export function writeText (writer: BinaryWriter, tag: number, text: string): void {
  if (text !== '') writer.uint32(tag).string(text)
}

/** proto3 leaves out empty bytes. */
export function writeBytes (writer: BinaryWriter, tag: number, bytes: Uint8Array): void {
  if (bytes.byteLength > 0) writer.uint32(tag).bytes(bytes)
}

/** The writer would turn half of a surrogate pair into U+FFFD, and the other side would hold another text than we do. */
export function checked (text: string, bytesMin: number, bytesMax: number): string {
  invariant(text.isWellFormed(), 'text is well-formed Unicode')
  // A UTF-16 unit takes at most three bytes: only long texts have to be measured.
  invariant(text.length >= bytesMin && (text.length * 3 <= bytesMax || utf8Bytes(text) <= bytesMax), 'text keeps its limit')
  return text
}
