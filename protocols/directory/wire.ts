/** Questions to a directory, their answers, and what is inside a record. Law: docs/protocols/directory.md, "Wire". */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { boundedBytes, safeInteger, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { accountId, type AccountId } from '../core/ids.ts'
import { ADDRESSES_MAX, FRAME_BYTES_MAX, RECORD_BYTES_MAX, RECORD_RELAYS_MAX, SEALED_STATEMENT_BYTES_MAX } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { HASH_BYTES } from '../core/signed.ts'
import { relayMessage, relaysOf, statementRefMessage, statementRefOf, type ListedRelay, type StatementRef } from '../account/wire.ts'
import * as pb from './directory_pb.ts'

export const DIRECTORY_VERSION = 1

/** What a record says to those who can open it. */
export interface RecordContent {
  readonly accountId: AccountId
  /** At most RECORD_RELAYS_MAX. */
  readonly relays: readonly ListedRelay[]
  readonly statement: StatementRef
}

/** A record, and the device list that it speaks of, sealed under the same key. */
export interface Entry {
  /** An encoded Record. */
  readonly record: Uint8Array
  readonly sealedStatement: Uint8Array
}

export type DirectoryRequest =
  | { readonly type: 'get', readonly version: number, readonly name: Uint8Array }
  | { readonly type: 'put', readonly version: number, readonly entry: Entry }

export type DirectoryRefusal = 'version' | 'unknown' | 'noMailbox' | 'older' | 'malformed' | 'rate' | 'capacity'

/** 'other': a reason of a newer version; read, never written. */
export type DirectoryAnswer<Reason = DirectoryRefusal | 'other'> =
  | { readonly type: 'entry', readonly entry: Entry }
  | { readonly type: 'stored', readonly seq: number }
  | { readonly type: 'refusal', readonly reason: Reason }

const REFUSALS = {
  version: pb.DirectoryRefusal.VERSION,
  unknown: pb.DirectoryRefusal.UNKNOWN,
  noMailbox: pb.DirectoryRefusal.NO_MAILBOX,
  older: pb.DirectoryRefusal.OLDER,
  malformed: pb.DirectoryRefusal.MALFORMED,
  rate: pb.DirectoryRefusal.RATE,
  capacity: pb.DirectoryRefusal.CAPACITY
} as const
const refusalName = namesOf(REFUSALS)

const LIMITS = { bytesMax: FRAME_BYTES_MAX, fieldsMax: 32 } as const

export function encodeRecordContent ({ accountId, relays, statement }: RecordContent): Uint8Array {
  return encodeMessage(pb.RecordContentSchema, { accountId, relays: relays.map(relayMessage), statement: statementRefMessage(statement) })
}

/** @throws MalformedError */
export function decodeRecordContent (bytes: Uint8Array): RecordContent {
  const message = decodeMessage(pb.RecordContentSchema, bytes, { what: 'record content', bytesMax: RECORD_BYTES_MAX, fieldsMax: 32 + RECORD_RELAYS_MAX * (2 + ADDRESSES_MAX) })
  if (message.statement === undefined) throw new MalformedError('record content', 'must name a device list')
  return { accountId: accountId(message.accountId), relays: relaysOf(message.relays, RECORD_RELAYS_MAX), statement: statementRefOf(message.statement) }
}

export function encodeDirectoryRequest (request: DirectoryRequest): Uint8Array {
  return encodeMessage(pb.DirectoryRequestSchema, {
    version: request.version,
    request: request.type === 'get' ? { case: 'get', value: request.name } : { case: 'put', value: request.entry }
  })
}

/** @throws MalformedError */
export function decodeDirectoryRequest (bytes: Uint8Array): DirectoryRequest {
  const { version, request } = decodeMessage(pb.DirectoryRequestSchema, bytes, { what: 'directory request', ...LIMITS })
  switch (request.case) {
    case 'get': return { type: 'get', version, name: sizedBytes(request.value, HASH_BYTES, 'record name') }
    case 'put': return { type: 'put', version, entry: entryOf(request.value) }
    case undefined: throw new MalformedError('directory request', 'must be of a kind that this version knows')
  }
}

export function encodeDirectoryAnswer (answer: DirectoryAnswer<DirectoryRefusal>): Uint8Array {
  return encodeMessage(pb.DirectoryAnswerSchema, { answer: answerCase(answer) })
}

/** @throws MalformedError */
export function decodeDirectoryAnswer (bytes: Uint8Array): DirectoryAnswer {
  const { answer } = decodeMessage(pb.DirectoryAnswerSchema, bytes, { what: 'directory answer', ...LIMITS })
  switch (answer.case) {
    case 'entry': return { type: 'entry', entry: entryOf(answer.value) }
    case 'stored': return { type: 'stored', seq: safeInteger(answer.value.seq, 'record sequence') }
    case 'refusal': return { type: 'refusal', reason: refusalName(answer.value) }
    case undefined: throw new MalformedError('directory answer', 'must be of a kind that this version knows')
  }
}

function answerCase (answer: DirectoryAnswer<DirectoryRefusal>): NonNullable<MessageInitShape<typeof pb.DirectoryAnswerSchema>['answer']> {
  switch (answer.type) {
    case 'entry': return { case: 'entry', value: answer.entry }
    case 'stored': return { case: 'stored', value: { seq: BigInt(answer.seq) } }
    case 'refusal': return { case: 'refusal', value: REFUSALS[answer.reason] }
  }
}

function entryOf ({ record, sealedStatement }: pb.Entry): Entry {
  return { record: boundedBytes(record, RECORD_BYTES_MAX, 'directory record'), sealedStatement: boundedBytes(sealedStatement, SEALED_STATEMENT_BYTES_MAX, 'sealed statement') }
}
