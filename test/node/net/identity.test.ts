import assert from 'node:assert/strict'
import fc from 'fast-check'
import { generateNetworkKey, parsePeerId, peerIdFromBytes, peerIdOf, peerIdToBytes } from '../../../node/net/identity.ts'
import { MalformedError } from '../../../protocols/core/errors.ts'

describe('a network key', () => {
  it('is an Ed25519 key whose PeerId never changes', () => {
    const key = generateNetworkKey()
    assert.match(peerIdOf(key), /^12D3KooW/)
    assert.equal(peerIdOf(key), peerIdOf(Uint8Array.from(key)))
    assert.notEqual(peerIdOf(key), peerIdOf(generateNetworkKey()))
  })

  it('is refused when it is none', () => {
    assert.throws(() => peerIdOf(new Uint8Array(0)), MalformedError)
    assert.throws(() => peerIdOf(generateNetworkKey().subarray(0, 40)), MalformedError)
  })
})

describe('a PeerId', () => {
  it('has one text for its bytes', () => {
    const text = peerIdOf(generateNetworkKey())
    const bytes = peerIdToBytes(text)
    assert.equal(bytes.byteLength, 38)
    assert.equal(peerIdFromBytes(bytes), text)
  })

  it('is malformed in any other form', () => {
    const text = peerIdOf(generateNetworkKey())
    for (const other of ['', 'x', text.slice(1), `${text}1`, `1${text}`, parsePeerId(text).toCID().toString(), '1'.repeat(500)]) {
      assert.throws(() => peerIdToBytes(other), MalformedError, other)
    }
  })

  it('is a PeerId or malformed, whatever the bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), bytes => {
      try {
        assert.deepEqual(Buffer.from(peerIdToBytes(peerIdFromBytes(bytes))), Buffer.from(bytes))
      } catch (error) {
        assert.ok(error instanceof MalformedError)
      }
    }))
  })
})
