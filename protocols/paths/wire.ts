/**
 * The bytes by which two nodes get a path to each other: libp2p's circuit relay v2 (both sides), its AutoNAT v2 (as a client), and
 * our own meeting. Law: docs/protocols/transport.md.
 */
import type { MessageShape } from '@bufbuild/protobuf'
import { MalformedError } from '../core/errors.ts'
import { ADDRESSES_MAX, ADDRESS_BYTES_MAX, PATH_MESSAGE_BYTES_MAX, PEER_ID_BYTES_MAX } from '../core/limits.ts'
import { boundedBytes, safeInteger } from '../core/bytes.ts'
import { decodeMessage, encodeMessage } from '../core/protobuf.ts'
import * as pb from './paths_pb.ts'

/** What a user asks of a relay. */
export type HopRequest =
  | { readonly type: 'reserve' }
  | { readonly type: 'connect', readonly peerId: Uint8Array }
  | { readonly type: 'other' }

/** What one circuit may carry, both ways together, and for how long. */
export interface CircuitLimit {
  readonly durationMs: number
  readonly bytes: number
}

/** What a relay said to a request for a place or for a circuit. */
export type HopAnswer =
  | { readonly type: 'ok', readonly expiresAtMs?: number }
  | { readonly type: 'refused', readonly reason: HopRefusal }

/** 'other': a status of a newer version, or one that only a fault of ours explains. */
export type HopRefusal = 'full' | 'limit' | 'permission' | 'unreachable' | 'absent' | 'other'

/** A relay announces who calls, or answers (which it never does first: 'other'). */
export type StopRequest = { readonly type: 'connect', readonly peerId: Uint8Array } | { readonly type: 'other' }

/** What a checker of addresses found; 'refused' says nothing about the address. */
export type CheckAnswer = 'reachable' | 'unreachable' | 'refused'

export interface Meeting {
  /** Multiaddrs, bytes. */
  readonly addresses: readonly Uint8Array[]
  readonly isRefused: boolean
}

// circuit relay v2, "Protobuf"
const RESERVE = 0
const HOP_CONNECT = 1
const HOP_STATUS = 2
const STOP_CONNECT = 0
const STOP_STATUS = 1
const OK = 100
const STATUSES: Readonly<Record<HopRefusal, number>> = { full: 200, limit: 201, permission: 202, unreachable: 203, absent: 204, other: 400 }
const REFUSALS = new Map(Object.entries(STATUSES).map(([reason, status]) => [status, reason as HopRefusal]))
/** AutoNAT v2: a check that was made, and an address that answered. */
const CHECK_OK = 200
const DIAL_FAILED = 100

/** A voucher and the relay's addresses come along, and are not read. */
const FIELDS_MAX = 64

export function encodeReserve (): Uint8Array { return encodeMessage(pb.HopSchema, { type: RESERVE }) }

export function encodeConnect (peerId: Uint8Array): Uint8Array { return encodeMessage(pb.HopSchema, { type: HOP_CONNECT, peer: { id: peerId } }) }

/** @throws MalformedError */
export function decodeHopAnswer (bytes: Uint8Array): HopAnswer {
  const { type, status, reservation } = decode(pb.HopSchema, bytes, 'hop answer')
  if (type !== HOP_STATUS) throw new MalformedError('hop answer', 'must be a status')
  if (status !== OK) return { type: 'refused', reason: REFUSALS.get(status) ?? 'other' }
  if (reservation === undefined) return { type: 'ok' }
  return { type: 'ok', expiresAtMs: safeInteger(reservation.expiresAtS * 1000n, 'expiry of a reservation') }
}

/** @throws MalformedError */
export function decodeHopRequest (bytes: Uint8Array): HopRequest {
  const { type, peer } = decode(pb.HopSchema, bytes, 'hop request')
  if (type === RESERVE) return { type: 'reserve' }
  return type === HOP_CONNECT ? { type: 'connect', peerId: peerIdIn(peer) } : { type: 'other' }
}

/** @param limit of each circuit that comes of it */
export function encodeHopAnswer (answer: HopAnswer, limit: CircuitLimit): Uint8Array {
  if (answer.type === 'refused') return encodeMessage(pb.HopSchema, { type: HOP_STATUS, status: STATUSES[answer.reason] })
  const { expiresAtMs } = answer
  return encodeMessage(pb.HopSchema, {
    type: HOP_STATUS,
    status: OK,
    limit: limitMessage(limit),
    ...expiresAtMs !== undefined && { reservation: { expiresAtS: BigInt(Math.floor(expiresAtMs / 1000)) } }
  })
}

/** @throws MalformedError */
export function decodeStopRequest (bytes: Uint8Array): StopRequest {
  const { type, peer } = decode(pb.StopSchema, bytes, 'stop request')
  return type === STOP_CONNECT ? { type: 'connect', peerId: peerIdIn(peer) } : { type: 'other' }
}

/** @param peerId of the caller */
export function encodeStopRequest (peerId: Uint8Array, limit: CircuitLimit): Uint8Array {
  return encodeMessage(pb.StopSchema, { type: STOP_CONNECT, peer: { id: peerId }, limit: limitMessage(limit) })
}

/** Whether the one who is called takes the call. @throws MalformedError */
export function decodeStopAnswer (bytes: Uint8Array): boolean {
  const { type, status } = decode(pb.StopSchema, bytes, 'stop answer')
  return type === STOP_STATUS && status === OK
}

export function encodeStopAccept (): Uint8Array { return encodeMessage(pb.StopSchema, { type: STOP_STATUS, status: OK }) }

/** @param nonce which comes back on the connection that the checker makes */
export function encodeDialRequest (address: Uint8Array, nonce: bigint): Uint8Array {
  return encodeMessage(pb.AddressCheckSchema, { message: { case: 'dialRequest', value: { addresses: [address], nonce } } })
}

/** @throws MalformedError */
export function decodeDialResponse (bytes: Uint8Array): CheckAnswer {
  const { message } = decode(pb.AddressCheckSchema, bytes, 'dial response')
  // It would have us send it 30 to 100 KB first, since the address is not the one it sees us at: no question is worth that.
  if (message.case !== 'dialResponse' || message.value.status !== CHECK_OK) return 'refused'
  if (message.value.dialStatus === CHECK_OK) return 'reachable'
  return message.value.dialStatus === DIAL_FAILED ? 'unreachable' : 'refused'
}

/** @throws MalformedError */
export function decodeDialBack (bytes: Uint8Array): bigint { return decode(pb.DialBackSchema, bytes, 'dial back').nonce }

export function encodeDialBackAnswer (): Uint8Array { return encodeMessage(pb.DialBackAnswerSchema, { status: 0 }) }

export function encodeMeeting ({ addresses, isRefused }: Meeting): Uint8Array {
  return encodeMessage(pb.MeetingSchema, { addresses: [...addresses], isRefused })
}

/** @throws MalformedError */
export function decodeMeeting (bytes: Uint8Array): Meeting {
  const { addresses, isRefused } = decode(pb.MeetingSchema, bytes, 'meeting')
  if (addresses.length > ADDRESSES_MAX) throw new MalformedError('meeting', `must have at most ${ADDRESSES_MAX} addresses`)
  for (const address of addresses) boundedBytes(address, ADDRESS_BYTES_MAX, 'address of a meeting')
  return { addresses, isRefused }
}

function peerIdIn (peer: pb.CircuitPeer | undefined): Uint8Array { return boundedBytes(peer?.id ?? new Uint8Array(), PEER_ID_BYTES_MAX, 'peer id in a circuit') }

function limitMessage ({ durationMs, bytes }: CircuitLimit): { readonly durationS: number, readonly dataBytes: bigint } {
  return { durationS: Math.ceil(durationMs / 1000), dataBytes: BigInt(bytes) }
}

function decode<Desc extends Parameters<typeof decodeMessage>[0]> (schema: Desc, bytes: Uint8Array, what: string): MessageShape<Desc> {
  return decodeMessage(schema, bytes, { what, bytesMax: PATH_MESSAGE_BYTES_MAX, fieldsMax: FIELDS_MAX })
}
