import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { DELIVERY_LIFETIME_MS, RECEIVED_KEEP_MS, RETRY_KEEP_MS, STATEMENT_REFRESH_MS } from '../../../protocols/core/limits.ts'
import { Reaper } from '../../../node/loops/reaper.ts'
import type { EnvelopeId } from '../../../protocols/core/ids.ts'
import { Engine, numberedId } from '../engine.ts'

interface Scene { readonly ana: Engine, readonly other: Engine, readonly bob: number, readonly reaper: Reaper }

function scene (): Scene {
  const ana = new Engine('ana')
  const other = new Engine('bob', ana.world)
  const bob = ana.add(other)
  const { store, turn, clock, sealer, account } = ana
  return { ana, other, bob, reaper: new Reaper({ reader: store.read, turn, clock, sealer, account }) }
}

const DAY_MS = 24 * 3_600_000

describe('the reaper', () => {
  it('lets a message expire that nobody collected, and says so', async () => {
    const { ana, other, bob, reaper } = scene()
    await ana.meet(other)
    const id = await ana.send(bob, 'hello')
    await ana.world.advance(DELIVERY_LIFETIME_MS - 1)
    await ana.world.within(reaper.reap())
    assert.equal(ana.store.read.messages.byId(id)?.state, 'queued')
    await ana.world.advance(10)
    const states: string[] = []
    ana.arrivals.listen(String.fromCharCode(...id), state => states.push(state))
    await ana.world.within(reaper.reap())
    assert.deepEqual([ana.store.read.messages.byId(id)?.state, ana.store.read.outbox.openCount(), states], ['expired', 0, ['expired']])
  })

  it('does not let a message expire that another device may still get', async () => {
    const { ana, bob, reaper } = scene()
    const id = await ana.send(bob, 'hello')
    ana.store.transact(writer => writer.outbox.waiting({ deviceId: numberedId(1) as unknown as typeof ana.device, contact: bob, refs: [{ kind: 'text', id }], queuedAtMs: 1, expiresAtMs: Number.MAX_SAFE_INTEGER }))
    await ana.world.advance(DELIVERY_LIFETIME_MS + 1)
    await ana.world.within(reaper.reap())
    assert.equal(ana.store.read.messages.byId(id)?.state, 'queued')
  })

  it('keeps what was delivered as long as it may be asked for again', async () => {
    const { ana, other, bob, reaper } = scene()
    await ana.meet(other)
    const id = await ana.send(bob, 'hello')
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    ana.turn.settle([{ type: 'delivered', row: envelope.row, contact: bob, refs: envelope.refs, atMs: ana.clock.now(), sentAtMs: ana.clock.now() }])
    await ana.world.advance(RETRY_KEEP_MS)
    await ana.world.within(reaper.reap())
    assert.equal(ana.store.read.outbox.ofMessage(id).length, 1)
    await ana.world.advance(1_000)
    await ana.world.within(reaper.reap())
    assert.deepEqual([ana.store.read.outbox.ofMessage(id), ana.store.read.messages.byId(id)?.state], [[], 'delivered'])
  })

  it('forgets the ids of envelopes after 90 days, and idempotency keys after 7', async () => {
    const { ana, reaper } = scene()
    ana.store.transact(writer => {
      writer.received.add(numberedId(1) as unknown as EnvelopeId, ana.clock.now(), 'done')
      writer.idempotency.put('key', numberedId(2), ana.clock.now())
    })
    await ana.world.advance(7 * DAY_MS + 1)
    await ana.world.within(reaper.reap())
    assert.deepEqual([ana.store.read.received.outcome(numberedId(1) as unknown as EnvelopeId), ana.store.read.idempotency.get('key')], ['done', undefined])
    await ana.world.advance(RECEIVED_KEEP_MS)
    await ana.world.within(reaper.reap())
    assert.equal(ana.store.read.received.outcome(numberedId(1) as unknown as EnvelopeId), undefined)
  })

  it('signs our device list again after 15 days', async () => {
    const { ana, reaper } = scene()
    const before = ana.account.ref
    await ana.world.advance(STATEMENT_REFRESH_MS - 1)
    await ana.world.within(reaper.reap())
    assert.deepEqual(ana.account.ref, before)
    await ana.world.advance(10)
    await ana.world.within(reaper.reap())
    assert.deepEqual([ana.account.ref.seq, ana.account.statement.previousHash], [before.seq + 1, before.hash])
  })

  it('makes prekeys when few are left', async () => {
    const { ana, reaper } = scene()
    assert.equal(ana.store.read.keys.stock().oneTime, 0)
    await ana.world.within(reaper.reap())
    assert.ok(ana.store.read.keys.stock().oneTime > 0)
  })

  it('works in small steps: a pile is not taken in one', async () => {
    const { ana, bob, reaper } = scene()
    ana.store.transact(writer => {
      for (let index = 0; index < 600; index++) writer.outbox.waiting({ deviceId: numberedId(1) as unknown as typeof ana.device, contact: bob, refs: [{ kind: 'profile', id: numberedId(index) }], queuedAtMs: 1, expiresAtMs: 2 })
    })
    assert.equal(await ana.world.within(reaper.reap()), true)
    assert.equal(ana.store.read.outbox.openCount(), 88)
    assert.equal(await ana.world.within(reaper.reap()), false)
    assert.equal(ana.store.read.outbox.openCount(), 0)
  })

  it('begins half a minute after the start, and comes again every ten minutes, also after a disk that said no', async () => {
    const { ana, reaper } = scene()
    ana.store.commits = 0
    reaper.start()
    await ana.world.advance(29_000)
    assert.equal(ana.store.commits, 0)
    await ana.world.advance(2_000)
    assert.equal(ana.store.commits, 1)
    ana.store.fault = new StorageError('the disk is full')
    await ana.world.advance(10 * 60_000)
    ana.store.fault = undefined
    await ana.world.advance(10 * 60_000)
    assert.equal(ana.store.commits, 2)
  })

  it('ends with the node, also when it is at work', async () => {
    const { ana, reaper } = scene()
    reaper.start()
    await ana.world.advance(30_000)
    reaper.stop()
    const { commits } = ana.store
    await ana.world.advance(3_600_000)
    assert.ok(ana.store.commits <= commits + 1)
  })
})
