import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { accountId } from '../../../protocols/core/ids.ts'
import { isSameScanned, safetyNumber } from '../../../node/crypto/safety-number.ts'
import type { Verifiable } from '../../../node/crypto/safety-number.ts'

const ana = person('ana')
const bob = person('bob')

describe('safety number', () => {
  it('is the same 60 digits on both sides, and another for every other pair', () => {
    const { digits } = safetyNumber(ana, bob)
    assert.match(digits, /^\d{60}$/)
    assert.equal(safetyNumber(bob, ana).digits, digits)
    assert.notEqual(safetyNumber(ana, person('carol')).digits, digits)
  })

  it('changes when an account is recovered under a new signing key', () => {
    const recovered = { ...bob, signingKey: person('new key').signingKey }
    assert.notEqual(safetyNumber(ana, recovered).digits, safetyNumber(ana, bob).digits)
  })

  it('never changes between versions', () => {
    assert.equal(safetyNumber(ana, bob).digits, EXPECTED)
  })

  it('scanned from the other side is the same, from anybody else or spoilt it is not', () => {
    const ours = safetyNumber(ana, bob)
    assert.equal(isSameScanned(ours, safetyNumber(bob, ana).scannable), true)
    assert.equal(isSameScanned(ours, ours.scannable), false)
    assert.equal(isSameScanned(ours, safetyNumber(bob, person('carol')).scannable), false)
    assert.equal(isSameScanned(ours, Uint8Array.of(1, 2, 3)), false)
    assert.equal(isSameScanned(ours, new Uint8Array()), false)
  })

  it('refuses a signing key of the wrong size', () => {
    assert.throws(() => safetyNumber(ana, { ...bob, signingKey: new Uint8Array(33) }), MalformedError)
  })
})

/** Of the accounts above, computed apart from libsignal: 5,200 rounds of SHA-512, as Signal's specification says. */
const EXPECTED = '531680281092555037801887417155653712123890059370504621061472'

function person (name: string): Verifiable {
  return { accountId: accountId(sha256(`account ${name}`)), signingKey: sha256(`key ${name}`) }
}

function sha256 (text: string): Uint8Array { return createHash('sha256').update(text).digest() }
