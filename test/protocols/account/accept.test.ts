import assert from 'node:assert/strict'
import fc from 'fast-check'
import { isBehind, isContradiction, judge } from '../../../protocols/account/accept.ts'
import type { StatementRef } from '../../../protocols/account/wire.ts'

/** Few values, so that equal places and equal hashes are common. */
const hashes = fc.nat({ max: 2 }).map(byte => new Uint8Array(32).fill(byte))
const refs: fc.Arbitrary<StatementRef> = fc.record({ epoch: fc.nat({ max: 2 }), seq: fc.integer({ min: 1, max: 4 }), hash: hashes })
const offers = fc.record({ ref: refs, previous: hashes }).map(({ ref, previous }) => ({ ...ref, previousHash: ref.seq === 1 ? undefined : previous }))

function ref (epoch: number, seq: number, byte: number): StatementRef {
  return { epoch, seq, hash: new Uint8Array(32).fill(byte) }
}

/** A list after another one, or a first one. */
function offer (place: StatementRef, previous?: number): StatementRef & { readonly previousHash: Uint8Array | undefined } {
  return { ...place, previousHash: previous === undefined ? undefined : new Uint8Array(32).fill(previous) }
}

describe('judging a device list against the one we hold', () => {
  it('takes the first one', () => {
    assert.deepEqual(judge(undefined, offer(ref(0, 7, 1), 0)), { type: 'accept', change: 'first' })
  })

  it('knows the same one again', () => {
    assert.deepEqual(judge(ref(0, 2, 1), offer(ref(0, 2, 1), 0)), { type: 'accept', change: 'same' })
  })

  it('takes the next one when it names ours as the one before', () => {
    assert.deepEqual(judge(ref(0, 2, 1), offer(ref(0, 3, 2), 1)), { type: 'accept', change: 'newer', isGap: false })
  })

  it('sees two lists where there can be one', () => {
    assert.deepEqual(judge(ref(0, 2, 1), offer(ref(0, 2, 2), 0)), { type: 'equivocation' })
    assert.deepEqual(judge(ref(0, 2, 1), offer(ref(0, 3, 2), 9)), { type: 'equivocation' })
  })

  it('takes a later one whose predecessors it has not seen, and says so', () => {
    assert.deepEqual(judge(ref(0, 2, 1), offer(ref(0, 4, 3), 9)), { type: 'accept', change: 'newer', isGap: true })
  })

  it('puts a higher epoch above every sequence', () => {
    assert.deepEqual(judge(ref(0, 900, 1), offer(ref(1, 1, 2))), { type: 'accept', change: 'rotated' })
    assert.deepEqual(judge(ref(1, 1, 1), offer(ref(0, 900, 2), 1)), { type: 'ignore' })
  })

  it('never accepts a lower list, nor another in the place of ours', () => {
    fc.assert(fc.property(refs, offers, (held, offered) => {
      const judgement = judge(held, offered)
      if (judgement.type !== 'accept') return
      assert.ok(offered.epoch > held.epoch || (offered.epoch === held.epoch && offered.seq >= held.seq))
      if (offered.epoch === held.epoch && offered.seq === held.seq) assert.deepEqual(offered.hash, held.hash)
    }))
  })

  it('ends at the same list in whatever order honest lists arrive, and never sees a lie in them', () => {
    const chain = [offer(ref(0, 1, 1)), offer(ref(0, 2, 2), 1), offer(ref(0, 3, 3), 2), offer(ref(1, 1, 4)), offer(ref(1, 2, 5), 4)]
    fc.assert(fc.property(fc.shuffledSubarray(chain, { minLength: 5 }), arrivals => {
      let held: StatementRef | undefined
      for (const arrival of arrivals) {
        const judgement = judge(held, arrival)
        assert.notEqual(judgement.type, 'equivocation')
        if (judgement.type === 'accept') held = arrival
      }
      assert.deepEqual(held, chain.at(-1))
    }))
  })
})

describe('what a message says about its sender\'s list', () => {
  it('tells that we are behind exactly when it is newer', () => {
    assert.ok(isBehind(ref(0, 1, 1), undefined))
    assert.ok(isBehind(ref(0, 3, 1), ref(0, 2, 1)))
    assert.ok(isBehind(ref(1, 1, 1), ref(0, 9, 1)))
    assert.ok(!isBehind(ref(0, 2, 1), ref(0, 2, 1)))
    assert.ok(!isBehind(ref(0, 9, 1), ref(1, 1, 1)))
  })

  it('contradicts ours only when it is another list in the same place', () => {
    fc.assert(fc.property(refs, refs, (told, held) => {
      const isSamePlace = told.epoch === held.epoch && told.seq === held.seq
      assert.equal(isContradiction(told, held), isSamePlace && told.hash[0] !== held.hash[0])
      if (isContradiction(told, held)) assert.ok(!isBehind(told, held))
    }))
  })
})
