/** Whose blobs a relay keeps: whatever happens in whatever order, its sums are what counting gives, and nothing is kept that nobody keeps. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { blobRoot, rootText } from '../../../protocols/media/root.ts'
import { openRelayStore } from '../../../store/relay/relay-store.ts'
import type { RelayStore } from '../../../store/relay/types.ts'

const MINUTE_MS = 60_000
const OWNERS = 3
const BLOBS = 4
const QUOTAS = { mailboxBytesMax: 5_000, capBytes: 7_000 }

const steps = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('put' as const), owner: fc.nat(OWNERS - 1), blob: fc.nat(BLOBS - 1), minutes: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('stored' as const, 'remove' as const), blob: fc.nat(BLOBS - 1) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('release' as const), owner: fc.nat(OWNERS - 1), blob: fc.nat(BLOBS - 1) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('leave' as const), owner: fc.nat(OWNERS - 1) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('wait' as const), minutes: fc.integer({ min: 1, max: 20 }) }) }
), { maxLength: 60, size: 'max' })
type Step = typeof steps extends fc.Arbitrary<Array<infer One>> ? One : never

describe('blobs in a relay store', () => {
  let folder = ''
  before(() => { folder = mkdtempSync(join(tmpdir(), 'skein-relay-blobs-')) })
  after(() => { rmSync(folder, { recursive: true }) })

  it('are counted as they are, within quota and cap, through every order of what may happen to them', function () {
    this.timeout(60_000)
    let run = 0
    fc.assert(fc.property(steps, all => {
      const path = join(folder, `${run++}.db`)
      const store = openRelayStore({ path, isNew: true, capBytes: 2 ** 26 })
      const scene = { store, nowMs: 1_000 * MINUTE_MS, mailboxes: new Map<number, number>() }
      for (const step of all) {
        take(scene, step)
        const { blobBytes, blobs, blobsUnfinished, blobRefs } = store.read.totals()
        assert.ok(blobBytes <= QUOTAS.capBytes && blobsUnfinished <= blobs && blobRefs >= blobs, 'each blob is kept by somebody')
        for (const mailbox of scene.mailboxes.values()) assert.ok(store.read.blobs.mailboxBytes(mailbox) >= 0 && store.read.blobs.mailboxBytes(mailbox) <= QUOTAS.mailboxBytesMax)
      }
      const before = store.read.totals()
      store.close()
      const again = openRelayStore({ path, isNew: false, capBytes: 2 ** 26 })
      assert.deepEqual(again.read.totals(), before, 'counted anew')
      // Everything ends in the end.
      const { gone } = again.commit(writer => writer.blobs.expire(1e6 * MINUTE_MS, 1e6 * MINUTE_MS, 1_000))
      const { blobs, blobRefs, blobBytes, blobsUnfinished } = again.read.totals()
      assert.deepEqual([gone.length, blobs, blobRefs, blobBytes, blobsUnfinished], [before.blobs, 0, 0, 0, 0])
      assert.equal(new Set(gone.map(rootText)).size, gone.length)
      for (const mailbox of scene.mailboxes.values()) assert.equal(again.read.blobs.mailboxBytes(mailbox), 0)
      again.close()
    }), { numRuns: 40 })
  })
})

interface Scene { readonly store: RelayStore, nowMs: number, readonly mailboxes: Map<number, number> }

function take (scene: Scene, step: Step): void {
  const { store, mailboxes } = scene
  switch (step.type) {
    case 'put':
      store.commit(writer => {
        const mailbox = mailboxes.get(step.owner) ?? writer.createMailbox(`owner ${step.owner} ${scene.nowMs} ${mailboxes.size}`, 1)
        mailboxes.set(step.owner, mailbox)
        const sizeBytes = 1_000 * (step.blob + 1)
        writer.blobs.put({ root: rootOf(step.blob), blobBytes: sizeBytes, diskBytes: sizeBytes, readTag: new Uint8Array(32), mailbox, untilMs: scene.nowMs + step.minutes * MINUTE_MS, nowMs: scene.nowMs }, QUOTAS)
      })
      break
    case 'stored':
      store.commit(writer => writer.blobs.stored(rootOf(step.blob)))
      break
    case 'remove':
      store.commit(writer => { writer.blobs.remove(rootOf(step.blob)) })
      break
    case 'release':
      store.commit(writer => writer.blobs.release(mailboxes.get(step.owner) ?? 0, rootOf(step.blob)))
      break
    case 'leave':
      store.commit(writer => { writer.deleteMailbox(mailboxes.get(step.owner) ?? 0) })
      mailboxes.delete(step.owner)
      break
    case 'wait':
      scene.nowMs += step.minutes * MINUTE_MS
      // In slices as small as can be: each goes on where the last one stopped.
      for (let rows = 1; rows > 0;) rows = store.commit(writer => writer.blobs.expire(scene.nowMs, scene.nowMs - 25 * MINUTE_MS, 1)).rows
  }
}

function rootOf (blob: number): ReturnType<typeof blobRoot> { return blobRoot(Uint8Array.of(1, 0x55, 0x12, 32, ...new Uint8Array(32).fill(blob + 1))) }
