import assert from 'node:assert/strict'
import fc from 'fast-check'
import { StorageError } from '../../protocols/core/errors.ts'
import type { ContentId } from '../../protocols/core/ids.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import { decodeIds, decodeRefs, encodeIds, encodeRefs } from '../../store/refs.ts'

const idArbitrary = fc.uint8Array({ minLength: 16, maxLength: 16 })
const refArbitrary = fc.record({
  kind: fc.constantFrom('text', 'change', 'delivered', 'read', 'request', 'accept', 'profile', 'retry'),
  id: idArbitrary
})

describe('lists of references', () => {
  it('come back as they were stored', () => {
    fc.assert(fc.property(fc.array(refArbitrary, { maxLength: 70 }), refs => {
      assert.deepEqual(decodeRefs(encodeRefs(refs)), refs.map(ref => ({ ...ref })))
    }))
  })

  it('are 17 bytes each', () => {
    fc.assert(fc.property(fc.array(refArbitrary), refs => { assert.equal(encodeRefs(refs).byteLength, refs.length * 17) }))
  })

  it('are read from arbitrary bytes as a list or as damage, and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), bytes => {
      try {
        assert.deepEqual(encodeRefs(decodeRefs(bytes)), bytes)
      } catch (error) {
        assert.ok(error instanceof StorageError)
      }
    }))
  })

  it('name what they hold by 16 bytes', () => {
    assert.throws(() => encodeRefs([{ kind: 'text', id: new Uint8Array(15) }]), InvariantError)
  })
})

describe('lists of ids', () => {
  it('come back as they were stored', () => {
    fc.assert(fc.property(fc.array(idArbitrary, { maxLength: 70 }), bytes => {
      const ids = bytes as ContentId[]
      assert.deepEqual(decodeIds(encodeIds(ids)), ids)
    }))
  })

  it('share no memory with what they were read from', () => {
    const blob = new Uint8Array(32)
    const [first] = decodeIds(blob)
    blob.fill(1)
    assert.deepEqual(first, new Uint8Array(16))
  })

  it('are read from arbitrary bytes as a list or as damage, and nothing else', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
      try {
        assert.deepEqual(encodeIds(decodeIds(bytes)), bytes)
      } catch (error) {
        assert.ok(error instanceof StorageError)
      }
    }))
  })
})
