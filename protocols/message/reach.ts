/**
 * How an author can be reached, as bytes within a request, an acceptance or a profile. Rare, so by the generated code. Law:
 * docs/protocols/message.md, "Reach".
 */
import { sizedBytes } from '../core/bytes.ts'
import { ALIAS_SECRET_BYTES, READ_KEY_BYTES, STATEMENT_BYTES_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { PUBLIC_KEY_BYTES } from '../core/signed.ts'
import { signedStatementOf } from '../account/wire.ts'
import type { Reach } from './content.ts'
import { ReachSchema } from './content_pb.ts'

const LIMITS = { what: 'reach', bytesMax: STATEMENT_BYTES_MAX + 512, fieldsMax: 32 } as const

export function encodeReach ({ aliasSecret, recordKey, readKey, statement }: Reach): Uint8Array {
  return encodeMessage(ReachSchema, { aliasSecret, recordKey, readKey, ...(statement !== undefined && { statement }) })
}

/** Copies: contents outlive the envelope that they came in. @throws MalformedError */
export function decodeReach (bytes: Uint8Array): Reach {
  const { aliasSecret, recordKey, readKey, statement } = decodeMessage(ReachSchema, bytes.slice(), LIMITS)
  return {
    aliasSecret: sizedBytes(aliasSecret, ALIAS_SECRET_BYTES, 'alias secret'),
    recordKey: sizedBytes(recordKey, PUBLIC_KEY_BYTES, 'record key'),
    readKey: sizedBytes(readKey, READ_KEY_BYTES, 'read key'),
    ...(statement !== undefined && { statement: signedStatementOf(statement) })
  }
}
