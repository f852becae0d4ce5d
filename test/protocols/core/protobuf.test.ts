import assert from 'node:assert/strict'
import { ScalarType } from '@bufbuild/protobuf'
import { concat, fromString } from 'uint8arrays'
import { StatementSchema } from '../../../protocols/account/account_pb.ts'
import { decodeMessage } from '../../../protocols/core/protobuf.ts'
import { DepositFrameSchema } from '../../../protocols/deposit/deposit_pb.ts'
import { EnvelopeSchema } from '../../../protocols/envelope/envelope_pb.ts'
import { PackSchema } from '../../../protocols/message/content_pb.ts'
import { HopSchema } from '../../../protocols/paths/paths_pb.ts'
import { BundleSchema } from '../../../protocols/prekeys/prekeys_pb.ts'
import { assertMalformed } from './codec.ts'

const limits = { what: 'frame', bytesMax: 1024 * 1024, fieldsMax: 100 }

function decode (hex: string): unknown {
  return decodeMessage(DepositFrameSchema, fromString(hex, 'hex'), limits)
}

describe('reading protobuf from outside', () => {
  it('stops at the limit of bytes before it reads one', () => {
    assertMalformed(() => decodeMessage(DepositFrameSchema, new Uint8Array(11), { ...limits, bytesMax: 10 }), /at most 10 bytes/)
  })

  it('stops at the limit of fields before it makes an object of any', () => {
    const bomb = concat([Uint8Array.of(0x12, 0x80, 0x80, 0x20), new Uint8Array(512 * 1024).map((_, index) => index % 2 === 0 ? 0x0a : 0x00)])
    const before = process.memoryUsage().heapUsed
    assertMalformed(() => decodeMessage(DepositFrameSchema, bomb, limits), /at most 100 fields/)
    assert.ok(process.memoryUsage().heapUsed - before < 8 * 1024 * 1024)
  })

  it('counts fields that it does not know', () => {
    assertMalformed(() => decode('c03e01'.repeat(101)), /at most 100 fields/)
  })

  it('refuses a field of another wire type than its own, where two readers would see two messages', () => {
    assertMalformed(() => decode('0800'), /wire type/)
    assertMalformed(() => decode('12040a021000'), /wire type/)
  })

  it('refuses a nested message that runs past its parent', () => {
    // batch of 2 bytes, deposit inside of 4
    assertMalformed(() => decode('12020a04c03e0100'), /end within its message/)
    assertMalformed(() => decode('12050a030a04aaaa'), /end within its message/)
  })

  it('refuses groups, which nest without end', () => {
    assertMalformed(() => decode('c33ec43e'), /groups/)
    assertMalformed(() => decode('c43e'), /groups/)
  })

  it('refuses what is cut off', () => {
    for (const hex of ['12', '1205', '12ff', 'c03e', 'ffffffffffffffffffffff']) assertMalformed(() => decode(hex), /well-formed|end within/)
  })

  it('reads views, not copies', () => {
    const frame = fromString('12050a031201ee', 'hex')
    const message = decodeMessage(DepositFrameSchema, frame, limits)
    assert.ok(message.frame.case === 'batch')
    assert.equal(message.frame.value.deposits[0]?.body.buffer, frame.buffer)
  })

  it('knows the wire type of every kind of field that the schemas use', () => {
    const schemas = [StatementSchema, DepositFrameSchema, EnvelopeSchema, PackSchema, BundleSchema, HopSchema]
    const fields = schemas.flatMap(schema => schema.file.messages).flatMap(message => message.fields)
    const known = new Set([ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL, ScalarType.UINT32, ScalarType.UINT64, ScalarType.FIXED64])
    assert.deepEqual(fields.filter(field => field.scalar !== undefined && !known.has(field.scalar)).map(String), [])
    assert.deepEqual(fields.filter(field => field.fieldKind === 'map').map(String), [])
  })
})
