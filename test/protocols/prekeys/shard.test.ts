import fc from 'fast-check'
import { decodeShardAnswer, decodeShardUpload, encodeShardAnswer, encodeShardUpload, type ShardAnswer, type ShardRefusal, type SignedKey } from '../../../protocols/prekeys/shard.ts'
import { SHARD_KEYS_MAX } from '../../../protocols/core/limits.ts'
import { bytesOf, deviceIds, uint32s } from '../core/arbitraries.ts'
import { assertMalformed, describeCodec } from '../core/codec.ts'

const ids = fc.integer({ min: 1, max: 0xffffff })
const keys = (length: number): fc.Arbitrary<SignedKey> => fc.record({ id: ids, key: bytesOf(length), signature: bytesOf(64) })
const uploads = fc.record({
  version: uint32s,
  deviceId: deviceIds,
  registrationId: uint32s,
  identityKey: bytesOf(33),
  signedPrekey: keys(33),
  lastResort: keys(1569),
  oneTime: fc.uniqueArray(fc.record({ id: ids, key: bytesOf(33), kem: keys(1569) }), { maxLength: 2, selector: ({ id }) => id })
})

describeCodec('ShardUpload', { values: uploads, encode: encodeShardUpload, decode: decodeShardUpload })
describeCodec<ShardAnswer>('ShardAnswer', {
  values: fc.oneof(
    fc.record({ type: fc.constant('stock' as const), oneTimeLeft: uint32s }),
    fc.record({ type: fc.constant('refusal' as const), reason: fc.constantFrom<ShardRefusal>('noMailbox', 'version', 'malformed', 'capacity', 'rate') })
  ),
  encode: answer => encodeShardAnswer(answer as ShardAnswer<ShardRefusal>),
  decode: decodeShardAnswer
})

describe('a shard', () => {
  const [some] = fc.sample(uploads.filter(({ oneTime }) => oneTime.length > 0), { numRuns: 1, seed: 5 })
  if (some === undefined) throw new Error('fast-check makes a value')
  const pair = some.oneTime[0]
  if (pair === undefined) throw new Error('it has a pair')

  it('names a key once, and a bounded number of them', () => {
    assertMalformed(() => decodeShardUpload(encodeShardUpload({ ...some, oneTime: [pair, pair] })), /twice/)
    const many = Array.from({ length: SHARD_KEYS_MAX + 1 }, (_, index) => ({ ...pair, id: index + 1 }))
    assertMalformed(() => decodeShardUpload(encodeShardUpload({ ...some, oneTime: many })), /at most/)
    decodeShardUpload(encodeShardUpload({ ...some, oneTime: many.slice(1) }))
  })

  it('has keys and signatures of the sizes that libsignal fixes', () => {
    assertMalformed(() => decodeShardUpload(encodeShardUpload({ ...some, signedPrekey: { ...some.signedPrekey, key: new Uint8Array(32) } })), /33 bytes/)
    assertMalformed(() => decodeShardUpload(encodeShardUpload({ ...some, lastResort: { ...some.lastResort, signature: new Uint8Array(63) } })), /64 bytes/)
    assertMalformed(() => decodeShardUpload(encodeShardUpload({ ...some, oneTime: [{ ...pair, id: 0 }] })), /prekey id/)
  })
})
