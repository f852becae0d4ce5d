/**
 * Packs: what travels inside one envelope, under one ratchet step. Law: docs/protocols/message.md, "Wire".
 */
import { BinaryReader } from '@bufbuild/protobuf/wire'
import { StatementRefSchema } from '../account/account_pb.ts'
import { statementRefMessage, statementRefOf, type StatementRef } from '../account/wire.ts'
import { MalformedError } from '../core/errors.ts'
import { invariant } from '../core/invariant.ts'
import { ENVELOPE_BYTES_MAX, PACK_CONTENTS_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import type { Content, WritableContent } from './content.ts'
import { decodeContent } from './decode-content.ts'
import { encodeContent, written } from './encode-content.ts'
import { PACK_TAGS } from './fields.ts'
import { pushBounded, skipField } from './read.ts'

export interface Pack<Item> {
  /** 1 to PACK_CONTENTS_MAX, in the order in which they were made. */
  readonly contents: readonly Item[]
  /** The sender's device list as the sender knows it, so that an old one served by somebody is noticed. */
  readonly senderStatement: StatementRef | undefined
}

export interface DecodedPack extends Pack<Content> {
  /** Contents of which nothing is left: without a valid id, or of a kind that may be ignored. */
  readonly skippedCount: number
}

export function encodePack ({ contents, senderStatement }: Pack<WritableContent>): Uint8Array {
  return joinPack({ contents: contents.map(encodeContent), senderStatement })
}

/** A pack of contents that are encoded already, because their sizes decided what goes into it (pack.ts). */
export function joinPack ({ contents, senderStatement }: Pack<Uint8Array>): Uint8Array {
  invariant(contents.length > 0 && contents.length <= PACK_CONTENTS_MAX, 'a pack has 1 to 64 contents')
  const statement = senderStatement === undefined ? undefined : encodeMessage(StatementRefSchema, statementRefMessage(senderStatement))
  return written(writer => {
    for (const content of contents) writer.uint32(PACK_TAGS.content).bytes(content)
    if (statement !== undefined) writer.uint32(PACK_TAGS.senderStatement).bytes(statement)
  })
}

/**
 * Reads a pack. One broken content never costs the others: it comes back as 'unsupported', or is skipped and counted.
 * @throws MalformedError when the pack itself is broken or above a limit
 */
export function decodePack (bytes: Uint8Array): DecodedPack {
  const parts = partsOf(plain(bytes))
  const contents = parts.contents.map(decodeContent).filter(content => content !== undefined)
  return { contents, senderStatement: parts.senderStatement, skippedCount: parts.contents.length - contents.length }
}

/** A Buffer's slices are views, and its kind would reach whoever compares ids. */
function plain (bytes: Uint8Array): Uint8Array {
  return bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function partsOf (bytes: Uint8Array): Pack<Uint8Array> {
  if (bytes.byteLength > ENVELOPE_BYTES_MAX) throw new MalformedError('pack', `must be at most ${ENVELOPE_BYTES_MAX} bytes`)
  try {
    return readParts(new BinaryReader(bytes))
  } catch (thrown) {
    if (thrown instanceof MalformedError) throw thrown
    throw new MalformedError('pack', 'must be well-formed protobuf')
  }
}

function readParts (reader: BinaryReader): Pack<Uint8Array> {
  const contents: Uint8Array[] = []
  let senderStatement: StatementRef | undefined
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === PACK_TAGS.content) pushBounded(contents, reader.bytes(), PACK_CONTENTS_MAX)
    else if (tag === PACK_TAGS.senderStatement) senderStatement = readStatement(reader.bytes())
    else skipField(reader, tag, 2)
  }
  if (contents.length === 0) throw new MalformedError('pack', 'must hold a content')
  return { contents, senderStatement }
}

/** Epoch, sequence and hash; the rest is room for newer versions. */
const STATEMENT_REF_LIMITS = { what: 'statement reference', bytesMax: 256, fieldsMax: 16 }

function readStatement (bytes: Uint8Array): StatementRef {
  return statementRefOf(decodeMessage(StatementRefSchema, bytes.slice(), STATEMENT_REF_LIMITS))
}
