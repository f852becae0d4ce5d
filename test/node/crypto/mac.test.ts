import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { isMacOf, isSameSecret, macOf } from '../../../node/crypto/mac.ts'

const keys = fc.uint8Array({ maxLength: 64 })
const inputs = fc.uint8Array({ maxLength: 300 })

describe('MACs', () => {
  it('are those of RFC 2104, whatever the key and the input', () => {
    fc.assert(fc.property(keys, inputs, (key, input) => {
      assert.deepEqual(Buffer.from(macOf(key, input)), createHmac('sha256', key).update(input).digest())
    }))
  })

  it('hold for their key and their input alone', () => {
    fc.assert(fc.property(keys, inputs, fc.nat(), (key, input, place) => {
      const mac = macOf(key, input)
      assert.ok(isMacOf(mac, key, input))
      const other = Uint8Array.from(mac)
      other[place % other.length] = (other[place % other.length] ?? 0) ^ 1
      assert.ok(!isMacOf(other, key, input))
      assert.ok(!isMacOf(mac, key, Uint8Array.of(...input, 0)))
    }))
  })

  it('of another length than a MAC has hold for nothing', () => {
    assert.ok(!isMacOf(new Uint8Array(0), new Uint8Array(32), new Uint8Array(3)))
  })

  it('secrets are the same when every character is', () => {
    assert.ok(isSameSecret('open sesame', 'open sesame'))
    assert.ok(!isSameSecret('open sesame', 'open sesamé'))
    assert.ok(!isSameSecret('open sesame', 'open'))
  })
})
