/** Single values of content.proto, read from bytes that anybody may have made. Each throws MalformedError, or what the library throws. */
import { WireType, type BinaryReader } from '@bufbuild/protobuf/wire'
import { MalformedError } from '../core/errors.ts'
import { contentId, type ContentId } from '../core/ids.ts'

/** What an absent `bytes` field reads as. */
export const ABSENT: Uint8Array = new Uint8Array(0)

/** A leading U+FEFF is text, not a byte-order mark; anything that is not UTF-8 throws. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A copy: ids are kept in memory for long, and a view would keep the whole envelope with it. */
export function copiedId (bytes: Uint8Array): ContentId {
  return contentId(bytes.slice())
}

/** Measured before it is decoded. */
export function readText (reader: BinaryReader, bytesMax: number, what: string): string {
  const bytes = reader.bytes()
  if (bytes.byteLength > bytesMax) throw new MalformedError(what, `must be at most ${bytesMax} bytes of UTF-8`)
  return utf8.decode(bytes)
}

/** One more value of a repeated field. */
export function pushBounded<Value> (values: Value[], value: Value, countMax: number): void {
  if (values.length === countMax) throw new MalformedError('content', `must have at most ${countMax} of a repeated field`)
  values.push(value)
}

/**
 * Passes over a field of a newer version.
 * @param knownMax highest field number of our version: one that we know has come with another wire type
 */
export function skipField (reader: BinaryReader, tag: number, knownMax: number): void {
  if (fieldNumber(tag) <= knownMax) throw new MalformedError('content', 'a field must have its own number and wire type')
  const wireType = SKIPPABLE[tag & 7]
  if (wireType === undefined) throw new MalformedError('content', 'must not contain groups')
  reader.skip(wireType)
}

/** By their number. Groups (3 and 4) nest without a schema and nobody writes them any more; 6 and 7 mean nothing. */
const SKIPPABLE = [WireType.Varint, WireType.Bit64, WireType.LengthDelimited, undefined, undefined, WireType.Bit32] as const

export function fieldNumber (tag: number): number {
  return tag >>> 3
}
