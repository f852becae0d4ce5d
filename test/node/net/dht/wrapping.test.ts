import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MalformedError } from '../../../../protocols/core/errors.ts'
import { unwrap, wrap } from '../../../../node/net/dht/wrapping.ts'

describe('a value as a DHT keeps it', () => {
  it('comes out as it went in', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.uint8Array(), (key, value) => {
      const read = unwrap(wrap({ key, value }, 1_764_547_200_000))
      assert.deepEqual([[...read.key], [...read.value]], [[...key], [...value]])
    }))
  })

  it('is refused, and nothing worse, when it is none', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      try {
        const { key, value } = unwrap(bytes)
        assert.ok(key.byteLength + value.byteLength <= bytes.byteLength)
      } catch (error) {
        assert.ok(error instanceof MalformedError)
      }
    }), { numRuns: 2_000 })
  })

  it('is the bytes that libp2p writes', () => {
    const bytes = wrap({ key: Uint8Array.of(1, 2), value: Uint8Array.of(3) }, 0)
    assert.equal(Buffer.from(bytes).toString('hex'), '0a020102' + '120103' + `2a18${Buffer.from('1970-01-01T00:00:00.000Z').toString('hex')}`)
  })
})
