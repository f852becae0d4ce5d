import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fromString, toString } from 'uint8arrays'
import { domainHash, isSignedBy, publicKeyOf, sign } from '../../../protocols/core/signed.ts'
import { bytesOf, bytesUpTo } from './arbitraries.ts'

const secretKey = new Uint8Array(32).fill(7)
const publicKey = publicKeyOf(secretKey)
const bytes = fromString('a device list')
const signature = sign('skein/statement/v1', bytes, secretKey)

describe('signatures with a purpose', () => {
  it('hold for the key, the bytes and the purpose they were made for', () => {
    assert.ok(isSignedBy({ domain: 'skein/statement/v1', bytes, signature, publicKey }))
  })

  it('hold for no other purpose, key or bytes', () => {
    const other = publicKeyOf(new Uint8Array(32).fill(8))
    assert.ok(!isSignedBy({ domain: 'skein/rotation/v1', bytes, signature, publicKey }))
    assert.ok(!isSignedBy({ domain: 'skein/statement/v1', bytes, signature, publicKey: other }))
    assert.ok(!isSignedBy({ domain: 'skein/statement/v1', bytes: fromString('another list'), signature, publicKey }))
  })

  it('do not survive a changed bit', () => {
    fc.assert(fc.property(fc.nat({ max: 511 }), bit => {
      const changed = Uint8Array.from(signature)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.ok(!isSignedBy({ domain: 'skein/statement/v1', bytes, signature: changed, publicKey }))
    }), { numRuns: 30 })
  })

  it('are refused without throwing, whatever signature and key are', () => {
    fc.assert(fc.property(bytesUpTo(80, 0), bytesUpTo(40, 0), (anySignature, anyKey) => {
      assert.ok(!isSignedBy({ domain: 'skein/statement/v1', bytes, signature: anySignature, publicKey: anyKey }))
    }))
    fc.assert(fc.property(bytesOf(64), bytesOf(32), (anySignature, anyKey) => {
      assert.ok(!isSignedBy({ domain: 'skein/statement/v1', bytes, signature: anySignature, publicKey: anyKey }))
    }), { numRuns: 30 })
  })

  it('are refused under the identity point, which would fit every message', () => {
    const identity = Uint8Array.of(1, ...new Uint8Array(31))
    const zero = Uint8Array.of(...identity, ...new Uint8Array(32))
    assert.ok(!isSignedBy({ domain: 'skein/statement/v1', bytes, signature: zero, publicKey: identity }))
  })

  it('run over the domain, a zero byte and the bytes', () => {
    // SHA-256 of "skein/account/v1", 0x00, "abc", computed with sha256sum.
    assert.equal(toString(domainHash('skein/account/v1', fromString('abc')), 'hex'), EXPECTED_HASH)
  })
})

const EXPECTED_HASH = '3ffda82fe8ca50fd959334927c51a6a30287cfdc11f45b7a20a198d365c1e1ea'
