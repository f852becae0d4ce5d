import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { CiphertextSchema } from '../../../protocols/envelope/envelope_pb.ts'
import {
  decodeCiphertext, decodeEnvelope, decodeRetryRequest, encodeCiphertext, encodeEnvelope, encodeRetryRequest, type Ciphertext, type CiphertextKind, type Envelope
} from '../../../protocols/envelope/wire.ts'
import { ENVELOPE_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { bytesOf, bytesUpTo, deviceIds, envelopeIds } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'

const kinds = fc.constantFrom<CiphertextKind>('whisper', 'prekey', 'plaintext')
const ciphertexts: fc.Arbitrary<Ciphertext> = fc.record({
  senderDevice: deviceIds,
  kind: kinds,
  body: bytesUpTo(200),
  statement: fc.record({ payload: bytesUpTo(100), signature: bytesOf(64) }),
  envelopeId: envelopeIds
}, { requiredKeys: ['senderDevice', 'kind', 'body'] })

const envelopes: fc.Arbitrary<Envelope> = fc.oneof(
  ciphertexts.map(ciphertext => ({ form: 'clear', ciphertext }) as const),
  bytesUpTo(200).map(sealed => ({ form: 'sealed', sealed }) as const)
)

describeCodec('Envelope', { values: envelopes, encode: encodeEnvelope, decode: decodeEnvelope })
describeCodec('Ciphertext', { values: ciphertexts, encode: encodeCiphertext, decode: decodeCiphertext })
describeCodec('RetryRequest', {
  values: fc.record({ envelopeId: envelopeIds, decryptionError: bytesUpTo(100) }), encode: encodeRetryRequest, decode: decodeRetryRequest
})

describe('an envelope', () => {
  const ciphertext: Ciphertext = { senderDevice: new Uint8Array(16) as Ciphertext['senderDevice'], kind: 'whisper', body: Uint8Array.of(1) }

  it('holds one form that this version knows', () => {
    assertMalformed(() => decodeEnvelope(new Uint8Array(0)), /a form that this version knows/)
    assertMalformed(() => decodeEnvelope(encodeEnvelope({ form: 'sealed', sealed: new Uint8Array(0) })), /sealed envelope/)
  })

  it('never exceeds what a mailbox takes', () => {
    const tooLarge = encodeEnvelope({ form: 'clear', ciphertext: { ...ciphertext, body: new Uint8Array(ENVELOPE_BYTES_MAX) } })
    assertMalformed(() => decodeEnvelope(tooLarge), /at most 65536 bytes/)
  })

  it('says which device sent it, in a kind of message that libsignal has', () => {
    assertMalformed(() => decodeCiphertext(encodeCiphertext({ ...ciphertext, body: new Uint8Array(0) })), /ciphertext body/)
    const unknown = create(CiphertextSchema, { senderDevice: new Uint8Array(16), kind: 7 as never, body: Uint8Array.of(1) })
    assertMalformed(() => decodeCiphertext(toBinary(CiphertextSchema, unknown)), /a kind that this version knows/)
    const nobody = create(CiphertextSchema, { kind: 2, body: Uint8Array.of(1) })
    assertMalformed(() => decodeCiphertext(toBinary(CiphertextSchema, nobody)), /device id/)
    const half = create(CiphertextSchema, { senderDevice: new Uint8Array(16), kind: 2, body: Uint8Array.of(1), envelopeId: new Uint8Array(8) })
    assertMalformed(() => decodeCiphertext(toBinary(CiphertextSchema, half)), /envelope id/)
  })

  it('is read without copying its body', () => {
    const bytes = encodeEnvelope({ form: 'clear', ciphertext })
    const envelope = decodeEnvelope(bytes)
    assert.ok(envelope.form === 'clear')
    assert.equal(envelope.ciphertext.body.buffer, bytes.buffer)
  })
})
