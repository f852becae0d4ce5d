import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { ENVELOPE_BUCKETS_BYTES } from '../../../protocols/core/limits.ts'
import { accountId } from '../../../protocols/core/ids.ts'
import { SEAL_OVERHEAD_BYTES } from '../../../protocols/envelope/padding.ts'
import { closeParties, Party, TestClock } from './party.ts'

let ana: Party
let bob: Party

function meet (): void {
  const clock = new TestClock()
  ana = new Party(clock)
  bob = new Party(clock)
}

describe('sealing to a device', () => {
  before(meet)
  after(closeParties)

  it('opens at that device, and nowhere else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 2_000 }), plaintext => {
      const sealed = ana.sealer.sealTo(bob.identityKey, bob.device, plaintext)
      assert.equal(sealed.byteLength, plaintext.byteLength + SEAL_OVERHEAD_BYTES)
      assert.deepEqual(Uint8Array.from(bob.sealer.openSealed(sealed) ?? []), plaintext)
      assert.equal(ana.sealer.openSealed(sealed), undefined)
    }), { numRuns: 50 })
  })

  it('takes the largest bucket', () => {
    const plaintext = new Uint8Array(ENVELOPE_BUCKETS_BYTES[3])
    assert.equal(bob.sealer.openSealed(ana.sealer.sealTo(bob.identityKey, bob.device, plaintext))?.byteLength, plaintext.byteLength)
  })

  it('one sealed to our key under another device id does not open', () => {
    assert.equal(bob.sealer.openSealed(ana.sealer.sealTo(bob.identityKey, ana.device, Uint8Array.of(1))), undefined)
  })

  it('a change anywhere keeps it shut, and so do bytes that are nothing', () => {
    const sealed = ana.sealer.sealTo(bob.identityKey, bob.device, Uint8Array.of(1, 2, 3))
    for (let index = 0; index < sealed.byteLength; index++) {
      const changed = Uint8Array.from(sealed)
      changed[index] = (changed[index] ?? 0) ^ 1
      assert.equal(bob.sealer.openSealed(changed), undefined)
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => { assert.equal(bob.sealer.openSealed(bytes), undefined) }), { numRuns: 100 })
  })

  it('refuses a key that is none', () => {
    assert.throws(() => ana.sealer.sealTo(Uint8Array.of(5, 1), bob.device, Uint8Array.of(1)), MalformedError)
  })
})

describe('consent to belong to an account', () => {
  before(meet)
  after(closeParties)

  const account = accountId(new Uint8Array(32).fill(7))

  it('holds for this account and this device only', () => {
    const consent = ana.sealer.signConsent(account)
    assert.equal(consent.byteLength, 64)
    assert.equal(bob.sealer.verifyConsent(ana.identityKey, account, consent), true)
    assert.equal(bob.sealer.verifyConsent(bob.identityKey, account, consent), false)
    assert.equal(bob.sealer.verifyConsent(ana.identityKey, accountId(new Uint8Array(32).fill(8)), consent), false)
  })

  it('malformed keys and signatures are no consent', () => {
    const consent = ana.sealer.signConsent(account)
    assert.equal(bob.sealer.verifyConsent(new Uint8Array(33), account, consent), false)
    assert.equal(bob.sealer.verifyConsent(ana.identityKey, account, consent.subarray(1)), false)
    assert.equal(bob.sealer.verifyConsent(ana.identityKey, account, new Uint8Array()), false)
  })
})
