import assert from 'node:assert/strict'
import { joinState, type DeliveryState } from '../../../protocols/message/receipt.ts'

const STATES: readonly DeliveryState[] = ['queued', 'stored', 'delivered', 'read', 'failed', 'expired', 'cancelled']
const PROVEN: readonly DeliveryState[] = ['delivered', 'read']
const ENDED: readonly DeliveryState[] = ['failed', 'expired', 'cancelled']
const UNDER_WAY: readonly DeliveryState[] = ['queued', 'stored']

describe('joining what was learnt about a delivery', () => {
  it('does not depend on the order in which it was learnt, nor on how often', () => {
    for (const a of STATES) {
      assert.equal(joinState(a, a), a)
      for (const b of STATES) {
        assert.equal(joinState(a, b), joinState(b, a))
        for (const c of STATES) assert.equal(joinState(joinState(a, b), c), joinState(a, joinState(b, c)))
      }
    }
  })

  it('goes from queued to stored to delivered to read', () => {
    assert.equal(joinState('queued', 'stored'), 'stored')
    assert.equal(joinState('stored', 'delivered'), 'delivered')
    assert.equal(joinState('delivered', 'read'), 'read')
  })

  it('lets a proof of arrival win over having given up', () => {
    for (const proven of PROVEN) for (const ended of ENDED) assert.equal(joinState(ended, proven), proven)
  })

  it('lets giving up win only over being under way', () => {
    for (const ended of ENDED) for (const state of UNDER_WAY) assert.equal(joinState(state, ended), ended)
  })
})
