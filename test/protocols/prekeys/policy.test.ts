import assert from 'node:assert/strict'
import fc from 'fast-check'
import { admitBundle, type BundleAsk } from '../../../protocols/prekeys/policy.ts'

const asks: fc.Arbitrary<BundleAsk> = fc.record({
  isVersionKnown: fc.boolean(),
  isOurDevice: fc.boolean(),
  isContact: fc.boolean(),
  token: fc.constantFrom('none', 'valid', 'invalid'),
  isWithinRate: fc.boolean(),
  isWithinOneTimeRate: fc.boolean()
})
const stranger: BundleAsk = { isVersionKnown: true, isOurDevice: true, isContact: false, token: 'none', isWithinRate: true, isWithinOneTimeRate: true }

describe('who gets which prekey bundle', () => {
  it('a contact and the holder of an invite get one-time keys', () => {
    assert.deepEqual(admitBundle({ ...stranger, isContact: true }), { type: 'issue', kind: 'oneTime' })
    assert.deepEqual(admitBundle({ ...stranger, token: 'valid' }), { type: 'issue', kind: 'oneTime' })
  })

  it('everybody else gets the last resort, which does not run out', () => {
    assert.deepEqual(admitBundle(stranger), { type: 'issue', kind: 'lastResort' })
    assert.deepEqual(admitBundle({ ...stranger, token: 'invalid' }), { type: 'issue', kind: 'lastResort' })
  })

  it('a contact that asks too often gets the last resort, too', () => {
    assert.deepEqual(admitBundle({ ...stranger, isContact: true, isWithinOneTimeRate: false }), { type: 'issue', kind: 'lastResort' })
  })

  it('nobody gets anything beyond the rate, in another version, or of a device that is not ours', () => {
    assert.deepEqual(admitBundle({ ...stranger, isWithinRate: false }), { type: 'refuse', reason: 'rate' })
    assert.deepEqual(admitBundle({ ...stranger, isVersionKnown: false }), { type: 'refuse', reason: 'version' })
    assert.deepEqual(admitBundle({ ...stranger, isOurDevice: false }), { type: 'refuse', reason: 'unknownDevice' })
  })

  it('one-time keys never go to somebody who is neither a contact nor invited', () => {
    fc.assert(fc.property(asks, ask => {
      const admission = admitBundle(ask)
      if (admission.type === 'issue' && admission.kind === 'oneTime') assert.ok(ask.isContact || ask.token === 'valid')
    }))
  })

  it('a block is never told', () => {
    fc.assert(fc.property(asks, ask => {
      const admission = admitBundle(ask)
      assert.ok(admission.type === 'issue' || admission.reason !== 'blocked')
    }))
  })
})
