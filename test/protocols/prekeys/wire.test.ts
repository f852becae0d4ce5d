import assert from 'node:assert/strict'
import { create, toBinary } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { BundleAnswerSchema } from '../../../protocols/prekeys/prekeys_pb.ts'
import { decodeBundleAnswer, decodeBundleRequest, encodeBundleAnswer, encodeBundleRequest, type Bundle, type BundleAnswer, type BundleRefusal } from '../../../protocols/prekeys/wire.ts'
import { deviceId } from '../../../protocols/core/ids.ts'
import { bytesOf, deviceIds, uint32s } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'

const prekeyIds = fc.integer({ min: 1, max: 0xffffff })

const bundles: fc.Arbitrary<Bundle> = fc.record({
  deviceId: deviceIds,
  registrationId: uint32s,
  identityKey: bytesOf(33),
  signedPrekeyId: prekeyIds,
  signedPrekey: bytesOf(33),
  signedPrekeySignature: bytesOf(64),
  kemPrekeyId: prekeyIds,
  kemPrekey: fc.nat({ max: 255 }).map(byte => new Uint8Array(1569).fill(byte)),
  kemPrekeySignature: bytesOf(64),
  oneTime: fc.option(fc.record({ oneTimePrekeyId: prekeyIds, oneTimePrekey: bytesOf(33) }), { nil: undefined })
}).map(({ oneTime, ...bundle }) => ({
  $typeName: 'skein.prekeys.v1.Bundle',
  ...bundle,
  isLastResort: oneTime === undefined,
  ...(oneTime ?? { oneTimePrekey: new Uint8Array(0) })
}))

const answers: fc.Arbitrary<BundleAnswer<BundleRefusal>> = fc.oneof(
  bundles.map(bundle => ({ type: 'bundle', bundle }) as const),
  fc.constantFrom<BundleRefusal>('unknownDevice', 'version', 'rate', 'blocked').map(reason => ({ type: 'refusal', reason }) as const)
)

describeCodec('BundleRequest', {
  values: fc.record({ version: uint32s, deviceId: deviceIds, token: fc.option(bytesOf(16), { nil: undefined }), alias: fc.option(bytesOf(24), { nil: undefined }), nonce: fc.option(bytesOf(16), { nil: undefined }) }),
  encode: encodeBundleRequest,
  decode: decodeBundleRequest
})
describeCodec<BundleAnswer>('BundleAnswer', { values: answers, encode: answer => encodeBundleAnswer(answer as BundleAnswer<BundleRefusal>), decode: decodeBundleAnswer })

const lastResort = {
  deviceId: deviceId(new Uint8Array(16)),
  registrationId: 1,
  identityKey: new Uint8Array(33),
  signedPrekeyId: 1,
  signedPrekey: new Uint8Array(33),
  signedPrekeySignature: new Uint8Array(64),
  kemPrekeyId: 1,
  kemPrekey: new Uint8Array(1569),
  kemPrekeySignature: new Uint8Array(64),
  isLastResort: true
}
const oneTime = { ...lastResort, isLastResort: false, oneTimePrekeyId: 2, oneTimePrekey: new Uint8Array(33) }

describe('a prekey bundle', () => {
  function refused (bundle: Partial<typeof oneTime>, rule: RegExp): void {
    assertMalformed(() => decodeBundleAnswer(encodeBundleAnswer({ type: 'bundle', bundle })), rule)
  }

  it('has every key in the size of its kind', () => {
    refused({ ...lastResort, identityKey: new Uint8Array(32) }, /identity key/)
    refused({ ...lastResort, kemPrekey: new Uint8Array(1568) }, /ML-KEM prekey/)
    refused({ ...lastResort, kemPrekeySignature: new Uint8Array(0) }, /signature of the ML-KEM prekey/)
    refused({ ...lastResort, signedPrekey: new Uint8Array(34) }, /signed prekey/)
    refused({ ...oneTime, oneTimePrekey: new Uint8Array(32) }, /one-time prekey/)
  })

  it('has a one-time prekey exactly when its ML-KEM key is not the last resort', () => {
    refused({ ...oneTime, isLastResort: true }, /exactly when/)
    refused({ ...lastResort, isLastResort: false }, /exactly when/)
    refused({ ...lastResort, oneTimePrekey: new Uint8Array(33) }, /one-time prekey/)
  })

  it('numbers its keys in 24 bits, from 1', () => {
    refused({ ...lastResort, signedPrekeyId: 0 }, /prekey id/)
    refused({ ...lastResort, kemPrekeyId: 0x1000000 }, /prekey id/)
    refused({ ...oneTime, oneTimePrekeyId: 0 }, /prekey id/)
  })
})

describe('an answer to a bundle request', () => {
  it('reads a reason of a newer version as "other"', () => {
    const bytes = toBinary(BundleAnswerSchema, create(BundleAnswerSchema, { answer: { case: 'refusal', value: 99 as never } }))
    assert.deepEqual(decodeBundleAnswer(bytes), { type: 'refusal', reason: 'other' })
  })

  it('that holds nothing we know is malformed', () => {
    assertMalformed(() => decodeBundleAnswer(new Uint8Array(0)), /a bundle or a refusal/)
  })
})
