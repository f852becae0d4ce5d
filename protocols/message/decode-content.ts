/**
 * Bytes to a content, by hand for the reason that encode-content.ts gives. A broken content costs nobody but itself: with a
 * valid id it is kept as 'unsupported', without one there is nothing to keep. Law: docs/protocols/message.md, "Wire".
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { instantMs, safeInteger } from '../core/bytes.ts'
import { MalformedError } from '../core/errors.ts'
import { CONTENT_ID_BYTES, compareIds, type ContentId } from '../core/ids.ts'
import { PARENTS_MAX } from '../core/limits.ts'
import { HLC_US_MAX } from './clock.ts'
import type { Content, Stamp } from './content.ts'
import { decodeBody } from './decode-body.ts'
import { BODY_TAGS, QUIET_FIELD_MIN, STAMP_TAGS } from './fields.ts'
import { ABSENT, copiedId, fieldNumber, pushBounded, skipField } from './read.ts'

/**
 * @param bytes a plain Uint8Array, no Buffer: its slices are copies, so that what comes back may be kept
 * @returns undefined when there is nothing to keep or show: no valid id, or a kind that may be ignored
 */
export function decodeContent (bytes: Uint8Array): Content | undefined {
  const fields: Fields = { id: ABSENT, counter: 0n, hlcUs: 0n, parents: [], sentAtMs: 0n, bodyTag: 0, body: ABSENT, isNewer: false, isQuiet: false }
  try {
    readFields(new BinaryReader(bytes), fields)
    return contentOf(fields)
  } catch {
    // The library throws Error, RangeError and TypeError, ours is MalformedError: all of them for bytes that break a rule.
    return salvage(fields)
  }
}

/** What stands in the bytes, before it is judged; also what had been read when they broke. */
interface Fields {
  id: Uint8Array
  counter: bigint
  hlcUs: bigint
  readonly parents: Uint8Array[]
  sentAtMs: bigint
  /** 0: none that we know. */
  bodyTag: number
  body: Uint8Array
  /** Holds a field of a newer version that must not be ignored. */
  isNewer: boolean
  /** Holds one that may be. */
  isQuiet: boolean
}

/** As protobuf has it, of a field that occurs twice the last one counts. */
function readFields (reader: BinaryReader, fields: Fields): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    switch (tag) {
      case STAMP_TAGS.id: fields.id = reader.bytes(); break
      case STAMP_TAGS.counter: fields.counter = BigInt(reader.uint64()); break
      case STAMP_TAGS.hlcUs: fields.hlcUs = BigInt(reader.uint64()); break
      case STAMP_TAGS.parent: pushBounded(fields.parents, reader.bytes(), PARENTS_MAX); break
      case STAMP_TAGS.sentAtMs: fields.sentAtMs = BigInt(reader.uint64()); break
      default: readOther(reader, fields, tag)
    }
  }
}

const KNOWN_BODIES: ReadonlySet<number> = new Set(Object.values(BODY_TAGS))

function readOther (reader: BinaryReader, fields: Fields, tag: number): void {
  if (KNOWN_BODIES.has(tag)) {
    fields.bodyTag = tag
    fields.body = reader.bytes()
    return
  }
  skipField(reader, tag, 0)
  if (fieldNumber(tag) < QUIET_FIELD_MIN) fields.isNewer = true
  else fields.isQuiet = true
}

function contentOf (fields: Fields): Content | undefined {
  if (fields.isNewer) return { ...stampOf(fields), type: 'unsupported' }
  if (fields.bodyTag === 0 && fields.isQuiet) return undefined
  const body = decodeBody(fields.bodyTag, fields.body)
  return body === undefined ? undefined : { ...stampOf(fields), ...body }
}

function stampOf (fields: Fields): Stamp {
  return {
    id: copiedId(fields.id),
    counter: safeInteger(fields.counter, 'counter'),
    hlcUs: clockUs(fields.hlcUs),
    parents: parentsOf(fields),
    sentAtMs: instantMs(fields.sentAtMs, 'sending time')
  }
}

function clockUs (value: bigint): number {
  const hlcUs = safeInteger(value, 'clock')
  if (hlcUs > HLC_US_MAX) throw new MalformedError('clock', 'must be at most 2^52')
  return hlcUs
}

/** Whoever counts missing parents counts each once, and must not wait for the message itself. */
function parentsOf ({ id, parents }: Fields): ContentId[] {
  const named = parents.map(copiedId)
  for (let index = 0; index < named.length; index++) {
    const parent = parents[index] ?? ABSENT
    const isRepeated = parents.findIndex(other => compareIds(other, parent) === 0) < index
    if (isRepeated || compareIds(parent, id) === 0) throw new MalformedError('parents', 'must be distinct and other contents')
  }
  return named
}

/** What is right in a broken stamp stays, what is wrong counts as absent: so its place is still the same on every device. */
function salvage (fields: Fields): Content | undefined {
  if (fields.id.byteLength !== CONTENT_ID_BYTES) return undefined
  return {
    id: copiedId(fields.id),
    counter: orElse(() => safeInteger(fields.counter, 'counter'), 0),
    hlcUs: orElse(() => clockUs(fields.hlcUs), 0),
    parents: orElse(() => parentsOf(fields), []),
    sentAtMs: orElse(() => instantMs(fields.sentAtMs, 'sending time'), 0),
    type: 'unsupported'
  }
}

function orElse<Value> (read: () => Value, otherwise: Value): Value {
  try {
    return read()
  } catch (thrown) {
    if (thrown instanceof MalformedError) return otherwise
    throw thrown
  }
}
