import assert from 'node:assert/strict'
import { createHmac, hkdfSync } from 'node:crypto'
import fc from 'fast-check'
import { concat, equals, fromString } from 'uint8arrays'
import { idKey } from '../../../protocols/core/ids.ts'
import { deriveAlias, depositMacInput, relayDepositId } from '../../../protocols/mailbox/alias.ts'
import { bytesOf, bytesUpTo, deviceIds, envelopeIds, peerIdTexts, uint32s } from '../core/arbitraries.ts'

const twoOf = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<[Value, Value]> => fc.tuple(values, values)

describe('an alias', () => {
  it('is what HKDF-SHA256 of another library makes of the secret', () => {
    fc.assert(fc.property(fc.oneof(bytesOf(32), bytesOf(16)), peerIdTexts, deviceIds, (secret, relay, device) => {
      const info = concat([fromString('skein/alias/v1'), Uint8Array.of(0), fromString(relay), Uint8Array.of(0), device])
      const expected = new Uint8Array(hkdfSync('sha256', secret, new Uint8Array(0), info, 88))
      const { alias, macKey, depositKey } = deriveAlias(secret, { relay, device })
      assert.ok(equals(concat([alias, macKey, depositKey]), expected))
    }), { numRuns: 30 })
  })

  it('is another one at another relay, for another device and from another secret', () => {
    fc.assert(fc.property(twoOf(bytesOf(32)), twoOf(peerIdTexts), twoOf(deviceIds), ([secret, other], [relay, elsewhere], [device, tablet]) => {
      fc.pre(!equals(secret, other) && relay !== elsewhere && !equals(device, tablet))
      const made = [[secret, relay, device], [other, relay, device], [secret, elsewhere, device], [secret, relay, tablet]] as const
      const aliases = made.map(([from, at, of]) => deriveAlias(from, { relay: at, device: of }))
      assert.equal(new Set(aliases.flatMap(({ alias, macKey, depositKey }) => [idKey(alias), idKey(macKey), idKey(depositKey)])).size, 12)
    }), { numRuns: 30 })
  })
})

describe('a deposit id at a relay', () => {
  it('is the beginning of an HMAC-SHA256 by another library, and another one for another key', () => {
    fc.assert(fc.property(bytesOf(32), bytesOf(32), envelopeIds, (key, other, envelope) => {
      fc.pre(!equals(key, other))
      assert.deepEqual(new Uint8Array(relayDepositId(key, envelope)), new Uint8Array(createHmac('sha256', key).update(envelope).digest().subarray(0, 16)))
      assert.notDeepEqual(relayDepositId(key, envelope), relayDepositId(other, envelope))
    }), { numRuns: 30 })
  })
})

describe('what the MAC of a deposit covers', () => {
  const fields = fc.record({ nonce: bytesOf(32), depositId: bytesOf(16), lifetimeS: uint32s, isWake: fc.boolean(), body: bytesUpTo(100, 0) })

  it('differs when anything differs', () => {
    fc.assert(fc.property(fields, fields, (left, right) => {
      const isSame = equals(left.nonce, right.nonce) && equals(left.depositId, right.depositId) && left.lifetimeS === right.lifetimeS && left.isWake === right.isWake && equals(left.body, right.body)
      assert.equal(equals(depositMacInput(left), depositMacInput(right)), isSame)
      assert.notDeepEqual(depositMacInput(left), depositMacInput({ ...left, isWake: !left.isWake }))
      assert.notDeepEqual(depositMacInput(left), depositMacInput({ ...left, lifetimeS: left.lifetimeS ^ 1 }))
    }))
  })
})
