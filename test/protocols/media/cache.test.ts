import assert from 'node:assert/strict'
import fc from 'fast-check'
import { evictions, type CachedBlob } from '../../../protocols/media/cache.ts'

const blobs = fc.array(fc.record({ root: fc.nat(), blobBytes: fc.integer({ min: 1, max: 1_000 }), usedAtMs: fc.nat(100), isPinned: fc.boolean(), isOwed: fc.boolean() }), { maxLength: 30 })

function bytesOf (cached: ReadonlyArray<CachedBlob<number>>): number { return cached.reduce((sum, { blobBytes }) => sum + blobBytes, 0) }

describe('a full cache', () => {
  it('lets go what was not used for the longest, no more than it must, and never what is pinned or owed', () => {
    fc.assert(fc.property(blobs, fc.nat(10_000), (cached, bytesMax) => {
      const { evicted, bytesHeld, bytesAfter } = evictions(cached, bytesMax)
      assert.equal(bytesHeld, bytesOf(cached))
      assert.equal(bytesAfter, bytesHeld - bytesOf(evicted))
      assert.ok(evicted.every(({ isPinned, isOwed }) => !isPinned && !isOwed))
      const kept = cached.filter(blob => !evicted.includes(blob))
      const free = kept.filter(({ isPinned, isOwed }) => !isPinned && !isOwed)
      assert.ok(bytesAfter <= bytesMax || free.length === 0)
      assert.ok(evicted.every(gone => free.every(left => gone.usedAtMs <= left.usedAtMs)))
      const last = evicted.at(-1)
      assert.ok(last === undefined || bytesAfter + last.blobBytes > bytesMax, 'the last one had to go')
    }))
  })
})
