/** Padmé: the paper's own algorithm beside ours, its bound, and the edges. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FILE_BYTES_MAX, PADDED_BYTES_MIN, paddedBytes } from '../../../protocols/media/padding.ts'

/** Algorithm 1 of the paper, in big integers. */
function padme (bytes: number): number {
  const length = BigInt(bytes)
  const exponent = BigInt(length.toString(2).length - 1)
  const kept = BigInt(exponent.toString(2).length)
  const mask = (1n << (exponent - kept)) - 1n
  return Number((length + mask) & ~mask)
}

const sizes = fc.oneof(fc.integer({ min: PADDED_BYTES_MIN, max: 2 ** 31 - 1 }), fc.maxSafeInteger().map(size => Math.abs(size) % (FILE_BYTES_MAX + 1)), fc.integer({ min: 13, max: 51 }).chain(power => fc.integer({ min: -2, max: 2 }).map(beside => Math.min(2 ** power + beside, FILE_BYTES_MAX))))

describe('padding of files', () => {
  it('gives the sizes of the paper, from the smallest that is padded up', () => {
    fc.assert(fc.property(sizes.filter(size => size > PADDED_BYTES_MIN), size => { assert.equal(paddedBytes(size), padme(size)) }), { numRuns: 2_000 })
  })

  it('makes nothing shorter, nothing longer by more than an eighth, and nothing longer twice', () => {
    fc.assert(fc.property(sizes, size => {
      const padded = paddedBytes(size)
      assert.ok(padded >= size && Number.isSafeInteger(padded))
      assert.ok(padded === PADDED_BYTES_MIN || padded - size <= size / 8)
      if (padded <= FILE_BYTES_MAX) assert.equal(paddedBytes(padded), padded)
    }), { numRuns: 2_000 })
  })

  it('keeps the order of sizes', () => {
    fc.assert(fc.property(sizes, sizes, (one, other) => { assert.ok((one <= other) === (paddedBytes(one) <= paddedBytes(other)) || paddedBytes(one) === paddedBytes(other)) }))
  })

  it('lets small files look alike', () => {
    for (const size of [0, 1, 100, 4_095, 4_096]) assert.equal(paddedBytes(size), 4_096)
    assert.equal(paddedBytes(4_097), 4_352)
  })

  it('refuses what is no size', () => {
    for (const size of [-1, 0.5, NaN, FILE_BYTES_MAX + 1]) assert.throws(() => paddedBytes(size))
  })
})
