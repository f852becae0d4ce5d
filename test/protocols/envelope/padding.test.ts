import assert from 'node:assert/strict'
import fc from 'fast-check'
import { IdentityKeyPair } from '@signalapp/libsignal-client'
import { ENVELOPE_BUCKETS_BYTES, ENVELOPE_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { CIPHERTEXT_BYTES_MAX, CONTENT_BLOCK_BYTES, padBucket, padContent, SEAL_OVERHEAD_BYTES, unpadBucket, unpadContent } from '../../../protocols/envelope/padding.ts'
import { encodeEnvelope } from '../../../protocols/envelope/wire.ts'
import { bytesUpTo } from '../core/arbitraries.ts'
import { assertMalformed, valueOrMalformed } from '../core/codec.ts'

/** Bytes that end as padding does, too. */
const contents = fc.oneof(bytesUpTo(400, 0), fc.array(fc.constantFrom(0, 0x80), { maxLength: 200 }).map(bytes => Uint8Array.from(bytes)))
const lengths = fc.oneof(fc.nat({ max: CIPHERTEXT_BYTES_MAX }), ...ENVELOPE_BUCKETS_BYTES.map(bucket => fc.integer({ min: bucket - 60, max: bucket - 50 })))
  .map(length => Math.min(length, CIPHERTEXT_BYTES_MAX))

describe('content padding', () => {
  it('fills whole blocks and comes off again', () => {
    fc.assert(fc.property(contents, content => {
      const padded = padContent(content)
      assert.equal(padded.byteLength % CONTENT_BLOCK_BYTES, 0)
      assert.ok(padded.byteLength > content.byteLength && padded.byteLength <= content.byteLength + CONTENT_BLOCK_BYTES)
      assert.deepEqual(unpadContent(padded), content)
    }))
  })

  it('that is not there is refused', () => {
    for (const bytes of [[], [0, 0], [1], [0x80, 1], [1, 2, 0]]) assertMalformed(() => unpadContent(Uint8Array.from(bytes)), /0x80 and zeros/)
    assert.deepEqual(unpadContent(Uint8Array.of(0x80)), new Uint8Array(0))
    fc.assert(fc.property(bytesUpTo(200, 0), bytes => { valueOrMalformed(() => unpadContent(bytes)) }))
  })
})

describe('bucket padding', () => {
  it('comes off again at every length', () => {
    fc.assert(fc.property(lengths, fc.nat({ max: 255 }), (length, byte) => {
      const ciphertext = new Uint8Array(length).fill(byte)
      assert.deepEqual(unpadBucket(padBucket(ciphertext)), ciphertext)
    }))
  })

  it('makes sealed envelopes of four sizes only, none above what a mailbox takes', () => {
    const sizes = new Set<number>()
    fc.assert(fc.property(lengths, length => {
      const sealed = new Uint8Array(padBucket(new Uint8Array(length)).byteLength + SEAL_OVERHEAD_BYTES)
      const body = encodeEnvelope({ form: 'sealed', sealed })
      sizes.add(body.byteLength)
      assert.ok(ENVELOPE_BUCKETS_BYTES.some(bucket => body.byteLength === bucket || body.byteLength === bucket - 1))
      assert.ok(body.byteLength <= ENVELOPE_BYTES_MAX)
    }), { numRuns: 300 })
    assert.ok(sizes.size <= 4)
  })

  it('refuses to pad what cannot be sealed', () => {
    assert.throws(() => padBucket(new Uint8Array(CIPHERTEXT_BYTES_MAX + 1)), InvariantError)
  })

  it('of another size than ours is refused', () => {
    assertMalformed(() => unpadBucket(padContent(new Uint8Array(10))), /fill a size bucket/)
    assertMalformed(() => unpadBucket(new Uint8Array(padBucket(new Uint8Array(1)).byteLength)), /0x80 and zeros/)
    fc.assert(fc.property(bytesUpTo(200, 0), bytes => { valueOrMalformed(() => unpadBucket(bytes)) }))
  })

  it('counts with the overhead that libsignal\'s sealing really has', () => {
    const { publicKey } = IdentityKeyPair.generate()
    for (const length of [0, 971, 65_483]) {
      const sealed = publicKey.seal(new Uint8Array(length), 'skein/test/v1', new Uint8Array(16))
      assert.equal(sealed.byteLength - length, SEAL_OVERHEAD_BYTES)
    }
  })
})
