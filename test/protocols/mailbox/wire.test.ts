import assert from 'node:assert/strict'
import fc from 'fast-check'
import { ACKNOWLEDGED_AT_ONCE_MAX, ALIASES_AT_ONCE_MAX } from '../../../protocols/core/limits.ts'
import { envelopeId } from '../../../protocols/core/ids.ts'
import {
  decodeCustodyAnswer, decodeCustodyRequest, decodeRelayCard, decodeRelayQuery, encodeCustodyAnswer, encodeCustodyRequest, encodeRelayCard, encodeRelayQuery,
  type AdmissionPolicy, type CustodyAnswer, type CustodyRefusal, type CustodyState, type RelayCard
} from '../../../protocols/mailbox/questions.ts'
import {
  decodeOwnerFrame, decodeRelayFrame, encodeOwnerFrame, encodeRelayFrame, type AliasOutcome, type MailboxGoodbyeReason, type OwnerFrame, type RelayFrame
} from '../../../protocols/mailbox/wire.ts'
import { bytesOf, envelopeIds, instants, peerIdTexts, uint32s } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'
import { descriptions, limits, ownerFrames, relayFrames } from './arbitraries.ts'

describeCodec<OwnerFrame>('OwnerFrame', { values: ownerFrames, encode: encodeOwnerFrame, decode: decodeOwnerFrame })
describeCodec<RelayFrame>('RelayFrame', {
  values: relayFrames,
  encode: frame => encodeRelayFrame(frame as RelayFrame<AliasOutcome, MailboxGoodbyeReason>),
  decode: decodeRelayFrame
})
describeCodec('CustodyRequest', {
  values: fc.record({ version: uint32s, alias: bytesOf(24), depositIds: fc.array(envelopeIds, { maxLength: 6 }), nonce: bytesOf(32), mac: bytesOf(32) }),
  encode: encodeCustodyRequest,
  decode: decodeCustodyRequest
})
describeCodec<CustodyAnswer>('CustodyAnswer', {
  values: fc.oneof(
    fc.record({ type: fc.constant('custody' as const), states: fc.array(fc.constantFrom<CustodyState>('unknown', 'held', 'collected', 'expired'), { maxLength: 6 }), relayTimeMs: instants, signature: bytesOf(64) }),
    fc.record({ type: fc.constant('refusal' as const), reason: fc.constantFrom<CustodyRefusal>('version', 'unknownAlias', 'badMac', 'rate') })
  ),
  encode: answer => encodeCustodyAnswer(answer as CustodyAnswer<CustodyRefusal>),
  decode: bytes => {
    const { numbers: _, ...answer } = decodeCustodyAnswer(bytes)
    return answer
  }
})
describeCodec('RelayQuery', { values: fc.record({ version: uint32s, nonce: bytesOf(32) }), encode: encodeRelayQuery, decode: decodeRelayQuery })
describeCodec<RelayCard>('RelayCard', {
  values: fc.record({
    description: descriptions,
    admission: fc.constantFrom<AdmissionPolicy>('open', 'code', 'list'),
    limits,
    timeMs: instants,
    takesMailboxes: fc.boolean(),
    features: fc.array(fc.stringMatching(/^[!-~]{1,64}$/), { maxLength: 3 }),
    relay: fc.option(fc.record({ peerId: peerIdTexts, addresses: fc.constant(['/dns4/relay.example.org/tcp/4001']) }), { nil: undefined })
  }),
  encode: card => encodeRelayCard(card as RelayCard & { readonly admission: AdmissionPolicy }),
  decode: decodeRelayCard
})

describe('a frame of an owner', () => {
  const alias = { alias: new Uint8Array(24), macKey: new Uint8Array(32), kind: 'contact', expiresAtMs: undefined } as const

  it('changes and acknowledges a bounded number at once', () => {
    const tooMany = Array.from({ length: ALIASES_AT_ONCE_MAX + 1 }, () => alias)
    assertMalformed(() => decodeOwnerFrame(encodeOwnerFrame({ type: 'aliasChange', request: 1, add: tooMany, remove: [], epoch: undefined })), /at most/)
    const deposits = Array.from({ length: ACKNOWLEDGED_AT_ONCE_MAX + 1 }, () => ({ alias: alias.alias, depositId: envelopeId(new Uint8Array(16)) }))
    assertMalformed(() => decodeOwnerFrame(encodeOwnerFrame({ type: 'acknowledgement', deposits })), /at most/)
    assert.equal(decodeOwnerFrame(encodeOwnerFrame({ type: 'acknowledgement', deposits: deposits.slice(1) })).type, 'acknowledgement')
  })

  it('names aliases and keys that are whole', () => {
    assertMalformed(() => decodeOwnerFrame(encodeOwnerFrame({ type: 'aliasChange', request: 1, add: [{ ...alias, alias: new Uint8Array(23) }], remove: [], epoch: undefined })), /24 bytes/)
    assertMalformed(() => decodeOwnerFrame(encodeOwnerFrame({ type: 'aliasChange', request: 1, add: [{ ...alias, macKey: new Uint8Array(33) }], remove: [], epoch: undefined })), /32 bytes/)
  })
})
