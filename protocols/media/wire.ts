/** Frames of the transfer of blobs. Law: docs/protocols/media.md, "Transfer". Bytes in what is decoded are views of the frame. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire'
import { concat } from 'uint8arrays'
import { boundedBytes, instantMs, optionalBytes, safeInteger, sizedBytes } from '../core/bytes.ts'
import { namesOf } from '../core/enums.ts'
import { MalformedError } from '../core/errors.ts'
import { ALIAS_BYTES, BLOB_FRAME_BYTES_MAX, LEAF_BYTES, MAC_BYTES, READ_KEY_BYTES } from '../core/limits.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import { HASH_BYTES, SIGNATURE_BYTES } from '../core/signed.ts'
import * as pb from './blob_pb.ts'
import { blobRoot, type BlobRoot } from './root.ts'
import type { PutRefusal, PutRefusalReason } from './upload-plan.ts'

export const BLOB_VERSION = 1

export type BlobRequest =
  | { readonly type: 'put', readonly version: number, readonly root: BlobRoot, readonly blobBytes: number, readonly alias: Uint8Array, readonly mac: Uint8Array, readonly ttlMs: number, readonly readTag: Uint8Array }
  | { readonly type: 'node', readonly bytes: Uint8Array }
  | { readonly type: 'leaf', readonly index: number, readonly bytes: Uint8Array }
  | { readonly type: 'get', readonly version: number, readonly root: BlobRoot, readonly readKey: Uint8Array }
  | { readonly type: 'wantNodes' }
  | { readonly type: 'want', readonly first: number, readonly count: number }
  | { readonly type: 'release', readonly root: BlobRoot }

export type BlobRefusal = PutRefusal

export type BlobAnswer =
  | { readonly type: 'promise', readonly keepUntilMs: number, readonly have: Uint8Array, readonly hasNodes: boolean, readonly signature: Uint8Array }
  | { readonly type: 'progress', readonly leaves: number }
  | { readonly type: 'stored', readonly keepUntilMs: number, readonly signature: Uint8Array }
  | { readonly type: 'opened', readonly blobBytes: number, readonly have: Uint8Array }
  | { readonly type: 'node', readonly bytes: Uint8Array }
  | { readonly type: 'leaf', readonly index: number, readonly bytes: Uint8Array }
  | { readonly type: 'lacking', readonly index: number }
  | { readonly type: 'released' }
  | { readonly type: 'refused' } & BlobRefusal

const REFUSALS = {
  version: pb.BlobRefusal.VERSION,
  notFound: pb.BlobRefusal.NOT_FOUND,
  badKey: pb.BlobRefusal.BAD_KEY,
  unknownAlias: pb.BlobRefusal.UNKNOWN_ALIAS,
  tooLarge: pb.BlobRefusal.TOO_LARGE,
  quota: pb.BlobRefusal.QUOTA,
  capacity: pb.BlobRefusal.CAPACITY,
  busy: pb.BlobRefusal.BUSY,
  rate: pb.BlobRefusal.RATE,
  notOffered: pb.BlobRefusal.NOT_OFFERED,
  malformed: pb.BlobRefusal.MALFORMED
} as const satisfies Record<Exclude<PutRefusalReason, 'other'>, pb.BlobRefusal>
const refusalName = namesOf(REFUSALS)

const LIMITS = { bytesMax: BLOB_FRAME_BYTES_MAX, fieldsMax: 16 } as const

export function encodeBlobRequest (request: BlobRequest): Uint8Array {
  if (request.type === 'leaf') return encodeLeaf(pb.BlobRequestSchema.field.leaf.number, request)
  return encodeMessage(pb.BlobRequestSchema, { request: requestCase(request) })
}

/** @throws MalformedError */
export function decodeBlobRequest (bytes: Uint8Array): BlobRequest {
  const { request } = decodeMessage(pb.BlobRequestSchema, bytes, { what: 'blob request', ...LIMITS })
  switch (request.case) {
    case 'put': return putOf(request.value)
    case 'node': return { type: 'node', bytes: boundedBytes(request.value, LEAF_BYTES, 'node of a blob') }
    case 'leaf': return leafOf(request.value)
    case 'get': return { type: 'get', version: request.value.version, root: blobRoot(request.value.root.slice()), readKey: sizedBytes(request.value.readKey, READ_KEY_BYTES, 'read key') }
    case 'wantNodes': return { type: 'wantNodes' }
    case 'want': return { type: 'want', first: request.value.first, count: request.value.count }
    case 'release': return { type: 'release', root: blobRoot(request.value.root.slice()) }
    case undefined: throw new MalformedError('blob request', 'must be of a kind that this version knows')
  }
}

export function encodeBlobAnswer (answer: BlobAnswer): Uint8Array {
  if (answer.type === 'leaf') return encodeLeaf(pb.BlobAnswerSchema.field.leaf.number, answer)
  return encodeMessage(pb.BlobAnswerSchema, { answer: answerCase(answer) })
}

/** @throws MalformedError */
export function decodeBlobAnswer (bytes: Uint8Array): BlobAnswer {
  const { answer } = decodeMessage(pb.BlobAnswerSchema, bytes, { what: 'blob answer', ...LIMITS })
  switch (answer.case) {
    case 'promise': return { type: 'promise', keepUntilMs: instantMs(answer.value.keepUntilMs, 'time of a promise'), have: answer.value.have, hasNodes: answer.value.hasNodes, signature: sizedBytes(answer.value.signature, SIGNATURE_BYTES, 'signature of a relay') }
    case 'progress': return { type: 'progress', leaves: answer.value.leaves }
    case 'stored': return { type: 'stored', keepUntilMs: instantMs(answer.value.keepUntilMs, 'time of a promise'), signature: sizedBytes(answer.value.signature, SIGNATURE_BYTES, 'signature of a relay') }
    case 'opened': return { type: 'opened', blobBytes: safeInteger(answer.value.blobBytes, 'size of a blob'), have: answer.value.have }
    case 'node': return { type: 'node', bytes: boundedBytes(answer.value, LEAF_BYTES, 'node of a blob') }
    case 'leaf': return leafOf(answer.value)
    case 'lacking': return { type: 'lacking', index: answer.value.index }
    case 'released': return { type: 'released' }
    case 'refused': return { type: 'refused', reason: refusalName(answer.value.reason), limitBytes: safeInteger(answer.value.limitBytes, 'limit'), retryAfterMs: answer.value.retryAfterMs }
    case undefined: throw new MalformedError('blob answer', 'must be of a kind that this version knows')
  }
}

function putOf ({ version, root, blobBytes, alias, mac, ttlMs, readTag }: pb.Put): BlobRequest {
  return {
    type: 'put',
    version,
    root: blobRoot(root.slice()),
    blobBytes: safeInteger(blobBytes, 'size of a blob'),
    alias: optionalBytes(alias, ALIAS_BYTES, 'alias') ?? EMPTY,
    mac: optionalBytes(mac, MAC_BYTES, 'MAC of a blob') ?? EMPTY,
    ttlMs: safeInteger(ttlMs, 'time to keep'),
    readTag: sizedBytes(readTag, HASH_BYTES, 'read tag').slice()
  }
}

function leafOf ({ index, data }: pb.Leaf): { readonly type: 'leaf', readonly index: number, readonly bytes: Uint8Array } {
  return { type: 'leaf', index, bytes: boundedBytes(data, LEAF_BYTES, 'leaf of a blob') }
}

/** As `encodeMessage` would, but copied once instead of three times: leaves are all that there is to a transfer. */
function encodeLeaf (field: number, { index, bytes }: { readonly index: number, readonly bytes: Uint8Array }): Uint8Array {
  const head = new BinaryWriter()
  if (index !== 0) head.tag(pb.LeafSchema.field.index.number, WireType.Varint).uint32(index)
  const leafHead = head.tag(pb.LeafSchema.field.data.number, WireType.LengthDelimited).uint32(bytes.byteLength).finish()
  const frameHead = new BinaryWriter().tag(field, WireType.LengthDelimited).uint32(leafHead.byteLength + bytes.byteLength).finish()
  return concat([frameHead, leafHead, bytes])
}

function requestCase (request: BlobRequest): NonNullable<MessageInitShape<typeof pb.BlobRequestSchema>['request']> {
  switch (request.type) {
    case 'put': return { case: 'put', value: { ...request, blobBytes: BigInt(request.blobBytes), ttlMs: BigInt(request.ttlMs) } }
    case 'node': return { case: 'node', value: request.bytes }
    case 'leaf': return { case: 'leaf', value: { index: request.index, data: request.bytes } }
    case 'get': return { case: 'get', value: { version: request.version, root: request.root, readKey: request.readKey } }
    case 'wantNodes': return { case: 'wantNodes', value: {} }
    case 'want': return { case: 'want', value: { first: request.first, count: request.count } }
    case 'release': return { case: 'release', value: { root: request.root } }
  }
}

function answerCase (answer: BlobAnswer): NonNullable<MessageInitShape<typeof pb.BlobAnswerSchema>['answer']> {
  switch (answer.type) {
    case 'promise': return { case: 'promise', value: { keepUntilMs: BigInt(answer.keepUntilMs), have: answer.have, hasNodes: answer.hasNodes, signature: answer.signature } }
    case 'progress': return { case: 'progress', value: { leaves: answer.leaves } }
    case 'stored': return { case: 'stored', value: { keepUntilMs: BigInt(answer.keepUntilMs), signature: answer.signature } }
    case 'opened': return { case: 'opened', value: { blobBytes: BigInt(answer.blobBytes), have: answer.have } }
    case 'node': return { case: 'node', value: answer.bytes }
    case 'leaf': return { case: 'leaf', value: { index: answer.index, data: answer.bytes } }
    case 'lacking': return { case: 'lacking', value: { index: answer.index } }
    case 'released': return { case: 'released', value: {} }
    case 'refused': return { case: 'refused', value: { reason: answer.reason === 'other' ? pb.BlobRefusal.UNSPECIFIED : REFUSALS[answer.reason], limitBytes: BigInt(answer.limitBytes), retryAfterMs: answer.retryAfterMs } }
  }
}

const EMPTY = new Uint8Array(0)
