import assert from 'node:assert/strict'
import { fromString, toString } from 'uint8arrays'
import { isMacOf, isSameSecret, macOf, sha256 } from '../../../node/crypto/mac.ts'

describe('a MAC', () => {
  it('is that of RFC 4231', () => {
    const expected = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'
    assert.equal(toString(macOf(fromString('Jefe'), fromString('what do ya want for nothing?')), 'hex'), expected)
  })

  it('fits its key and its input only', () => {
    const [key, input] = [new Uint8Array(32).fill(1), fromString('a deposit')]
    const mac = macOf(key, input)
    assert.equal(isMacOf(mac, key, input), true)
    assert.equal(isMacOf(mac, new Uint8Array(32).fill(2), input), false)
    assert.equal(isMacOf(mac, key, fromString('a deposiu')), false)
    assert.equal(isMacOf(mac.map((byte, index) => index === 31 ? byte ^ 1 : byte), key, input), false)
  })

  it('of another length is none, and no fault', () => {
    assert.equal(isMacOf(new Uint8Array(0), new Uint8Array(32), new Uint8Array(1)), false)
    assert.equal(isMacOf(new Uint8Array(33), new Uint8Array(32), new Uint8Array(1)), false)
  })
})

describe('a hash', () => {
  it('is that of FIPS 180-4', () => {
    assert.equal(toString(sha256(fromString('abc')), 'hex'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })
})

describe('a secret that somebody names', () => {
  it('is the same only as itself, whatever its length', () => {
    assert.equal(isSameSecret('salmon', 'salmon'), true)
    assert.equal(isSameSecret('salmon', 'salmo'), false)
    assert.equal(isSameSecret('', 'salmon'), false)
  })
})
