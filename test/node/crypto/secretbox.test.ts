import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fromString, toString } from 'uint8arrays'
import { openSecret, sealSecret } from '../../../node/crypto/secretbox.ts'
import { bytesOf, bytesUpTo } from '../../protocols/core/arbitraries.ts'

const key = new Uint8Array(32).fill(7)

describe('a secret under a key that several people have', () => {
  it('opens for those who have the key, and for its purpose', () => {
    const options = fc.record({ nonce: bytesOf(12), purpose: fc.string() })
    fc.assert(fc.property(bytesOf(32), bytesUpTo(200, 0), options, (anyKey, plaintext, { nonce, purpose }) => {
      const sealed = sealSecret(anyKey, plaintext, { nonce, purpose })
      assert.equal(sealed.byteLength, 12 + plaintext.byteLength + 16)
      assert.deepEqual(Uint8Array.from(openSecret(anyKey, sealed, purpose) ?? []), plaintext)
      assert.equal(openSecret(anyKey, sealed, `${purpose}.`), undefined)
      assert.equal(openSecret(anyKey.map(byte => byte ^ 1), sealed, purpose), undefined)
    }), { numRuns: 30 })
  })

  it('is nonce, ciphertext and tag of AES-256-GCM', () => {
    // The Galois/Counter Mode of Operation (McGrew, Viega), test case 14.
    const sealed = sealSecret(new Uint8Array(32), new Uint8Array(16), { nonce: new Uint8Array(12), purpose: '' })
    assert.equal(toString(sealed.subarray(12), 'hex'), 'cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919')
  })

  it('does not open when any byte of it was changed, or when it was cut', () => {
    const sealed = sealSecret(key, fromString('where my mailboxes are'), { nonce: new Uint8Array(12), purpose: 'record' })
    for (let place = 0; place < sealed.byteLength; place++) {
      assert.equal(openSecret(key, sealed.map((byte, index) => index === place ? byte ^ 0x80 : byte), 'record'), undefined, `byte ${place}`)
      assert.equal(openSecret(key, sealed.subarray(0, place), 'record'), undefined, `cut to ${place}`)
    }
  })
})
