import assert from 'node:assert/strict'
import fc from 'fast-check'
import {
  ENVELOPE_BYTES_MAX, INBOUND_WAITING_MAX, INBOUND_WAITING_PER_PEER_MAX, REQUEST_ENVELOPE_BYTES_MAX, REQUESTS_PENDING_MAX
} from '../../../protocols/core/limits.ts'
import { admit, type DepositOffer, type SenderStanding } from '../../../protocols/deposit/policy.ts'

const quiet: DepositOffer = {
  sizeBytes: 500, sender: 'accepted', hasGateToken: false, token: 'none', requestsPending: 0, waiting: 0, waitingOfPeer: 0, isWithinRate: true, isStorageWell: true
}
const request: DepositOffer = { ...quiet, sender: 'stranger', hasGateToken: true, token: 'valid' }

const offers: fc.Arbitrary<DepositOffer> = fc.record({
  sizeBytes: fc.nat({ max: ENVELOPE_BYTES_MAX + 10 }),
  sender: fc.constantFrom<SenderStanding>('own', 'accepted', 'requested', 'pending', 'blocked', 'removed', 'stranger'),
  token: fc.constantFrom('none', 'valid', 'invalid'),
  requestsPending: fc.nat({ max: REQUESTS_PENDING_MAX + 1 }),
  waiting: fc.nat({ max: INBOUND_WAITING_MAX + 1 }),
  waitingOfPeer: fc.nat({ max: INBOUND_WAITING_PER_PEER_MAX + 1 }),
  isWithinRate: fc.boolean(),
  isStorageWell: fc.boolean()
}).map(offer => ({ ...offer, hasGateToken: offer.token !== 'none' }))

function reasonOf (offer: DepositOffer): string {
  const admission = admit(offer)
  return admission.type === 'refuse' ? admission.reason : admission.as
}

describe('admission of a deposit', () => {
  it('takes mail from our own devices, from contacts and from those we asked', () => {
    for (const sender of ['own', 'accepted', 'requested'] as const) {
      assert.equal(reasonOf({ ...quiet, sender }), 'mail')
      assert.equal(reasonOf({ ...quiet, sender, hasGateToken: true, token: 'invalid' }), 'mail')
    }
  })

  it('takes a request from a stranger with an invite, and from one that we removed', () => {
    assert.equal(reasonOf(request), 'request')
    assert.equal(reasonOf({ ...request, sender: 'removed' }), 'request')
  })

  it('takes nothing from a stranger without an invite', () => {
    assert.equal(reasonOf({ ...request, hasGateToken: false, token: 'none' }), 'unknownSender')
    assert.equal(reasonOf({ ...request, token: 'invalid' }), 'badToken')
  })

  it('lets who has asked wait for the answer, even when their request has used up their invite', () => {
    assert.equal(reasonOf({ ...quiet, sender: 'pending' }), 'notAccepted')
    assert.equal(reasonOf({ ...quiet, sender: 'pending', hasGateToken: true, token: 'invalid' }), 'notAccepted')
  })

  it('does not tell a block: the answer is that of a stranger without an invite', () => {
    assert.deepEqual(admit({ ...quiet, sender: 'blocked' }), admit({ ...quiet, sender: 'stranger' }))
    for (const token of ['valid', 'invalid'] as const) {
      assert.deepEqual(admit({ ...request, sender: 'blocked', token }), admit({ ...request, token: 'invalid' }))
    }
  })

  it('keeps requests small and few', () => {
    assert.equal(reasonOf({ ...request, sizeBytes: REQUEST_ENVELOPE_BYTES_MAX + 1 }), 'tooLarge')
    assert.equal(reasonOf({ ...request, requestsPending: REQUESTS_PENDING_MAX }), 'full')
    assert.equal(reasonOf({ ...quiet, requestsPending: REQUESTS_PENDING_MAX }), 'mail')
  })

  it('refuses what is too large for anybody, and nothing at all', () => {
    assert.deepEqual(admit({ ...quiet, sizeBytes: ENVELOPE_BYTES_MAX + 1 }), { type: 'refuse', reason: 'tooLarge', retryAfterMs: 0 })
    assert.equal(reasonOf({ ...quiet, sizeBytes: ENVELOPE_BYTES_MAX }), 'mail')
    assert.equal(reasonOf({ ...quiet, sizeBytes: 0 }), 'malformed')
  })

  it('sheds load: too fast, too much under way, or a disk that fails', () => {
    assert.equal(reasonOf({ ...quiet, isWithinRate: false }), 'rate')
    assert.equal(reasonOf({ ...quiet, waiting: INBOUND_WAITING_MAX }), 'busy')
    assert.equal(reasonOf({ ...quiet, waitingOfPeer: INBOUND_WAITING_PER_PEER_MAX }), 'busy')
    assert.equal(reasonOf({ ...quiet, isStorageWell: false }), 'storage')
  })

  it('says when to come back exactly for what passes by itself', () => {
    const passing = ['storage', 'rate', 'busy', 'full', 'notAccepted']
    fc.assert(fc.property(offers, offer => {
      const admission = admit(offer)
      if (admission.type === 'refuse') assert.equal(admission.retryAfterMs > 0, passing.includes(admission.reason))
    }))
  })

  it('never lets a stranger in but as a request with a valid invite, nor a blocked account at all', () => {
    fc.assert(fc.property(offers, offer => {
      const admission = admit(offer)
      if (admission.type !== 'accept') return
      assert.notEqual(offer.sender, 'blocked')
      if (['stranger', 'removed', 'pending'].includes(offer.sender)) assert.ok(admission.as === 'request' && offer.token === 'valid')
    }))
  })
})
