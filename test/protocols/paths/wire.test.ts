import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  decodeDialBack, decodeDialResponse, decodeHopAnswer, decodeHopRequest, decodeMeeting, decodeStopAnswer, decodeStopRequest, encodeConnect, encodeDialBackAnswer,
  encodeDialRequest, encodeHopAnswer, encodeMeeting, encodeReserve, encodeStopAccept, encodeStopRequest, type HopAnswer, type HopRefusal, type Meeting
} from '../../../protocols/paths/wire.ts'
import { create, toBinary } from '@bufbuild/protobuf'
import { AddressCheckSchema, DialBackSchema } from '../../../protocols/paths/paths_pb.ts'
import { bytesOf } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'

const LIMIT = { durationMs: 60_000, bytes: 1_000_000 }
const PEER = new Uint8Array(38).fill(9)

const answers: fc.Arbitrary<HopAnswer> = fc.oneof(
  fc.constant({ type: 'ok' } as const),
  fc.nat({ max: 4_000_000_000 }).map(seconds => ({ type: 'ok', expiresAtMs: seconds * 1000 }) as const),
  fc.constantFrom<HopRefusal>('full', 'limit', 'permission', 'unreachable', 'absent', 'other').map(reason => ({ type: 'refused', reason }) as const)
)

describeCodec<HopAnswer>('an answer of a relay', { values: answers, encode: answer => encodeHopAnswer(answer, LIMIT), decode: decodeHopAnswer })
describeCodec<Meeting>('a meeting', { values: fc.record({ addresses: fc.array(bytesOf(8), { maxLength: 8 }), isRefused: fc.boolean() }), encode: encodeMeeting, decode: decodeMeeting })

describe('messages about circuits', () => {
  it('ask for a place, and for a call', () => {
    assert.deepEqual(decodeHopRequest(encodeReserve()), { type: 'reserve' })
    assert.deepEqual(decodeHopRequest(encodeConnect(PEER)), { type: 'connect', peerId: PEER })
    assert.deepEqual(decodeStopRequest(encodeStopRequest(PEER, LIMIT)), { type: 'connect', peerId: PEER })
    assert.equal(decodeStopAnswer(encodeStopAccept()), true)
  })

  it('are not what the other side sends', () => {
    assert.deepEqual(decodeHopRequest(encodeHopAnswer({ type: 'ok' }, LIMIT)), { type: 'other' })
    assert.deepEqual(decodeStopRequest(encodeStopAccept()), { type: 'other' })
    assert.equal(decodeStopAnswer(encodeStopRequest(PEER, LIMIT)), false)
    assertMalformed(() => decodeHopAnswer(encodeReserve()), /must be a status/)
  })

  it('name the peer they are about', () => {
    assertMalformed(() => decodeHopRequest(encodeConnect(new Uint8Array())), /must be 1 to 64 bytes/)
    assertMalformed(() => decodeStopRequest(encodeStopRequest(new Uint8Array(65), LIMIT)), /must be 1 to 64 bytes/)
  })
})

describe('a meeting', () => {
  it('has no more addresses than a device tells, and none longer', () => {
    assertMalformed(() => decodeMeeting(encodeMeeting({ addresses: Array.from({ length: 9 }, () => PEER), isRefused: false })), /at most 8 addresses/)
    assertMalformed(() => decodeMeeting(encodeMeeting({ addresses: [new Uint8Array(257)], isRefused: false })), /1 to 256 bytes/)
  })
})

describe('a check of an address', () => {
  function answered (status: number, dialStatus: number): Uint8Array {
    return toBinary(AddressCheckSchema, create(AddressCheckSchema, { message: { case: 'dialResponse', value: { status, dialStatus } } }))
  }

  it('says reachable or unreachable only when the address was dialled', () => {
    assert.equal(decodeDialResponse(answered(200, 200)), 'reachable')
    assert.equal(decodeDialResponse(answered(200, 100)), 'unreachable')
    assert.equal(decodeDialResponse(answered(200, 101)), 'refused')
    assert.equal(decodeDialResponse(answered(101, 0)), 'refused')
  })

  it('is given up when the checker wants 30 kB first, and is no request', () => {
    const wants = toBinary(AddressCheckSchema, create(AddressCheckSchema, { message: { case: 'dialDataRequest', value: { byteCount: 30_000n } } }))
    assert.equal(decodeDialResponse(wants), 'refused')
    assert.equal(decodeDialResponse(encodeDialRequest(PEER, 7n)), 'refused')
  })

  it('carries a number of 64 bits there and back', () => {
    const nonce = 0xfedcba9876543210n
    assert.equal(decodeDialBack(toBinary(DialBackSchema, create(DialBackSchema, { nonce }))), nonce)
    assert.deepEqual(encodeDialBackAnswer(), new Uint8Array(0))
  })
})
