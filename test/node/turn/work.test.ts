import assert from 'node:assert/strict'
import fc from 'fast-check'
import { deviceId } from '../../../protocols/core/ids.ts'
import { PACK_CONTENTS_MAX } from '../../../protocols/core/limits.ts'
import type { Settlement } from '../../../node/turn/settle.ts'
import { singles, WORK_MAX, WorkQueue } from '../../../node/turn/work.ts'

function aMark (row: number): Settlement { return { type: 'attempted', rows: [row], atMs: 1, step: 'unreachable', detail: '' } }

/** Drafts and tasks of which only the identity matters. */
function fill (queue: WorkQueue, { drafts = 0, tasks = 0, settlements = 0, devices = 0 }): void {
  for (let index = 0; index < drafts; index++) queue.drafts.push({ draft: { contact: index, body: { type: 'text', text: '', replyTo: undefined }, idempotencyKey: undefined }, onDone: () => {}, onFailed: () => {} })
  for (let index = 0; index < tasks; index++) queue.tasks.push({ write: () => {}, onDone: () => {}, onFailed: () => {} })
  for (let index = 0; index < settlements; index++) queue.settlements.push(aMark(index))
  for (let index = 0; index < devices; index++) queue.seal(deviceId(new Uint8Array(16).fill(index)))
}

describe('the work that waits', () => {
  it('is taken in shares, each kind in its order, until nothing is left', () => {
    fc.assert(fc.property(fc.record({ drafts: fc.nat({ max: 200 }), tasks: fc.nat({ max: 600 }), settlements: fc.nat({ max: 3_000 }), devices: fc.nat({ max: 60 }) }), counts => {
      const queue = new WorkQueue()
      fill(queue, counts)
      const all = { drafts: [...queue.drafts], tasks: [...queue.tasks], settlements: [...queue.settlements] }
      const taken = { drafts: [] as unknown[], tasks: [] as unknown[], settlements: [] as unknown[], devices: 0 }
      while (!queue.isEmpty()) {
        const share = queue.take()
        assert.ok(share.drafts.length <= PACK_CONTENTS_MAX && share.tasks.length <= WORK_MAX && share.devices.length <= 16)
        taken.drafts.push(...share.drafts)
        taken.tasks.push(...share.tasks)
        taken.settlements.push(...share.settlements)
        taken.devices += share.devices.length
      }
      assert.deepEqual([taken.drafts, taken.tasks, taken.settlements, taken.devices], [all.drafts, all.tasks, all.settlements, counts.devices])
    }), { numRuns: 30 })
  })

  it('names a device once, however often it is to be sealed for', () => {
    const queue = new WorkQueue()
    for (let time = 0; time < 3; time++) queue.seal(deviceId(new Uint8Array(16)))
    assert.equal(queue.take().devices.length, 1)
    assert.equal(queue.isEmpty(), true)
  })

  it('apart is as many turns as there are items, and nothing else', () => {
    const queue = new WorkQueue()
    fill(queue, { drafts: 2, tasks: 1, settlements: 1, devices: 1 })
    const apart = singles(queue.take())
    assert.deepEqual(apart.map(work => work.arrivals.length + work.drafts.length + work.tasks.length + work.settlements.length + work.devices.length), [1, 1, 1, 1, 1])
  })
})
