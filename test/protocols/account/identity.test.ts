import assert from 'node:assert/strict'
import { toString } from 'uint8arrays'
import { accountIdOf, deviceIdOf } from '../../../protocols/account/identity.ts'
import { accountIdText, deviceIdText, parseDeviceId } from '../../../protocols/core/ids.ts'
import { InvariantError } from '../../../protocols/core/invariant.ts'
import { anaInception } from './people.ts'

describe('an account id', () => {
  it('is the SHA-256 of the purpose, a zero byte, signing key, recovery key and nonce', () => {
    const inception = { signingKey: new Uint8Array(32).fill(1), recoveryKey: new Uint8Array(32).fill(2), nonce: new Uint8Array(16).fill(3) }
    // (printf 'skein/account/v1\0'; 32 × 01; 32 × 02; 16 × 03) | sha256sum
    assert.equal(toString(accountIdOf(inception), 'hex'), '1269d7c105201611e5c8478e1409eee92315bd93c76be310926cf36aef11343d')
    assert.equal(accountIdText(accountIdOf(inception)).length, 52)
  })

  it('changes with every part of the inception', () => {
    const ids = [
      anaInception,
      { ...anaInception, nonce: new Uint8Array(16) },
      { ...anaInception, signingKey: anaInception.recoveryKey },
      { ...anaInception, recoveryKey: anaInception.signingKey }
    ].map(inception => accountIdText(accountIdOf(inception)))
    assert.equal(new Set(ids).size, 4)
  })

  it('is never made from parts of another size, which could be laid out as the same bytes', () => {
    assert.throws(() => accountIdOf({ ...anaInception, signingKey: new Uint8Array(31), recoveryKey: new Uint8Array(33) }), InvariantError)
  })
})

describe('a device id', () => {
  it('is a UUIDv8 of the SHA-256 of the identity key', () => {
    const key = Uint8Array.of(5, ...new Uint8Array(32).fill(9))
    // (printf '\5'; 32 × 09) | sha256sum, first 16 bytes, version nibble 8, variant bits 10
    const text = deviceIdText(deviceIdOf(key))
    assert.equal(text, 'bc2dc5ec-c230-8c58-b0cc-fce69f7ca8ab')
    assert.match(text, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.deepEqual(parseDeviceId(text), deviceIdOf(key))
  })
})
