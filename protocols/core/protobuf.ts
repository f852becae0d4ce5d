/**
 * The only door to protobuf. The library's reader trusts the bytes more than we may: it ignores wire types, lets a nested
 * message run past its parent, and turns half a megabyte of two-byte records into a quarter of a million objects. So
 * every message is walked once, without allocating, before it is read (docs/protocols/README.md, "Encoding").
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import type { DescField, DescMessage, MessageInitShape, MessageShape } from '@bufbuild/protobuf'
import { ScalarType } from '@bufbuild/protobuf'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { MalformedError } from './errors.ts'

export interface WireLimits {
  /** Names the message in errors. */
  readonly what: string
  readonly bytesMax: number
  /** Fields in the whole message, nested and unknown ones counted: bounds the memory that decoding takes. */
  readonly fieldsMax: number
}

/**
 * Reads a message. Fields of newer versions are skipped; every `bytes` field is a view into `bytes`, not a copy.
 * @throws MalformedError when the bytes are not such a message or exceed its limits
 */
export function decodeMessage<Desc extends DescMessage> (schema: Desc, bytes: Uint8Array, limits: WireLimits): MessageShape<Desc> {
  if (bytes.byteLength > limits.bytesMax) throw new MalformedError(limits.what, `must be at most ${limits.bytesMax} bytes`)
  try {
    const walk = { reader: new BinaryReader(bytes), limits, fieldsLeft: limits.fieldsMax }
    checkFields(walk, schema, bytes.byteLength)
    return fromBinary(schema, bytes, { readUnknownFields: false })
  } catch (thrown) {
    // The library has no error class of its own: a truncated varint is an Error, a short buffer a RangeError, bad UTF-8 a TypeError.
    if (thrown instanceof MalformedError) throw thrown
    throw new MalformedError(limits.what, 'must be well-formed protobuf')
  }
}

/** Writes a message. A literal that carries its `$typeName` is written as it is, which is the fast way. */
export function encodeMessage<Desc extends DescMessage> (schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, message))
}

interface Walk {
  readonly reader: BinaryReader
  readonly limits: WireLimits
  fieldsLeft: number
}

function checkFields (walk: Walk, message: DescMessage, end: number): void {
  const { reader, limits } = walk
  const expected = wireFieldsOf(message)
  while (reader.pos < end) {
    const [number, wireType] = reader.tag()
    if (--walk.fieldsLeft < 0) throw new MalformedError(limits.what, `must have at most ${limits.fieldsMax} fields`)
    const field = expected.get(number)
    if (field !== undefined && field.wireType !== wireType) throw new MalformedError(limits.what, `field ${number} must have its own wire type`)
    if (field?.message === undefined) skipValue(walk, wireType)
    else checkNested(walk, field.message, end)
    if (reader.pos > end) throw new MalformedError(limits.what, 'a field must end within its message')
  }
}

function checkNested (walk: Walk, message: DescMessage, parentEnd: number): void {
  const length = walk.reader.uint32()
  const end = walk.reader.pos + length
  if (end > parentEnd) throw new MalformedError(walk.limits.what, 'a field must end within its message')
  checkFields(walk, message, end)
}

function skipValue ({ reader, limits }: Walk, wireType: WireType): void {
  // Groups are the one construct that nests without a schema; nobody writes them any more.
  if (wireType === WireType.StartGroup || wireType === WireType.EndGroup) throw new MalformedError(limits.what, 'must not contain groups')
  if (wireType === WireType.LengthDelimited) {
    const length = reader.uint32()
    reader.pos += length
  } else {
    reader.skip(wireType)
  }
}

interface WireField { readonly wireType: WireType, readonly message: DescMessage | undefined }

const wireFields = new WeakMap<DescMessage, ReadonlyMap<number, WireField>>()

function wireFieldsOf (message: DescMessage): ReadonlyMap<number, WireField> {
  const known = wireFields.get(message)
  if (known !== undefined) return known
  const fields = new Map(message.fields.map(field => [field.number, { wireType: wireTypeOf(field), message: field.message }]))
  wireFields.set(message, fields)
  return fields
}

/** Of the kinds of field that our schemas use; `buf lint` and the test of this file keep others out. */
function wireTypeOf (field: DescField): WireType {
  if (field.message !== undefined) return WireType.LengthDelimited
  if (field.scalar === ScalarType.STRING || field.scalar === ScalarType.BYTES) return WireType.LengthDelimited
  if (field.scalar === ScalarType.FIXED64) return WireType.Bit64
  return WireType.Varint
}
