import assert from 'node:assert/strict'
import { StorageError } from '../../../protocols/core/errors.ts'
import { ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_MIN, SIGNED_PREKEY_KEEP_MS, SIGNED_PREKEY_ROTATION_MS } from '../../../protocols/core/limits.ts'
import { altered } from './altered.ts'
import { acquainted, closeParties, Party, TestClock, told } from './party.ts'

describe('prekeys: stock', () => {
  afterEach(closeParties)

  it('a new device makes a full set, and then nothing more', async () => {
    const bob = new Party(new TestClock())
    const issued = bob.store.transact(writer => bob.sealer.issueBundle(writer, { nowMs: bob.clock.now(), withOneTime: true }))
    assert.equal(issued, undefined)
    assert.equal(await bob.refill(), true)
    assert.deepEqual(bob.store.read.keys.stock(), { oneTime: ONE_TIME_PREKEYS, oneTimeKem: ONE_TIME_PREKEYS })
    assert.equal(await bob.refill(), false)
  })

  it('one-time keys are made again when few are left, and no id comes twice', async () => {
    const bob = new Party(new TestClock())
    await bob.refill()
    const ids = new Set<number | undefined>()
    const kemIds = new Set([bob.bundle({ withOneTime: false }).kemPrekeyId])
    for (let count = 0; count < 3 * ONE_TIME_PREKEYS; count++) {
      const bundle = bob.bundle()
      assert.equal(bundle.isLastResort, false)
      ids.add(bundle.oneTimePrekeyId)
      kemIds.add(bundle.kemPrekeyId)
      const { oneTime } = bob.store.read.keys.stock()
      assert.equal(await bob.refill(), oneTime < ONE_TIME_PREKEYS_MIN)
    }
    assert.equal(ids.size, 3 * ONE_TIME_PREKEYS)
    assert.equal(kemIds.size, 3 * ONE_TIME_PREKEYS + 1)
  })

  it('what is refilled twice before it is written is made once', async () => {
    const bob = new Party(new TestClock())
    await bob.turn(async () => {
      bob.sealer.refillPrekeys(bob.store.read, bob.clock.now())
      await Promise.resolve(bob.sealer.refillPrekeys(bob.store.read, bob.clock.now()))
    })
    assert.equal(bob.store.read.keys.stock().oneTime, ONE_TIME_PREKEYS)
  })

  it('prekeys of a discarded unit of work are never stored', async () => {
    const bob = new Party(new TestClock())
    await bob.lostTurn(() => Promise.resolve(bob.sealer.refillPrekeys(bob.store.read, bob.clock.now())))
    bob.store.transact(writer => bob.sealer.write(writer))
    assert.deepEqual(bob.store.read.keys.stock(), { oneTime: 0, oneTimeKem: 0 })
  })

  it('the repeat-use keys rotate weekly, serve late first flights, and are gone after their time', async () => {
    const { ana, bob, clock } = await acquainted()
    const old = bob.bundle({ withOneTime: false })
    clock.nowMs += SIGNED_PREKEY_ROTATION_MS - 1
    assert.equal(await bob.refill(), false)
    clock.nowMs += 1
    assert.equal(await bob.refill(), true)
    const fresh = bob.bundle({ withOneTime: false })
    assert.notEqual(fresh.signedPrekeyId, old.signedPrekeyId)
    assert.notEqual(fresh.kemPrekeyId, old.kemPrekeyId)

    await ana.start(bob, old)
    const late = await ana.send(bob, 'late')
    assert.equal(told(await bob.lostTurn(() => bob.sealer.decrypt(ana.device, late))), 'late')
    clock.nowMs += SIGNED_PREKEY_KEEP_MS
    await bob.refill()
    assert.equal(await bob.receive(ana, late), 'unknownPrekey')
  })
})

describe('prekeys: given away and never used', () => {
  afterEach(closeParties)

  it('they are forgotten together with the signed prekey of their bundle', async () => {
    const { bob, clock } = await acquainted()
    const { oneTimePrekeyId = 0, kemPrekeyId } = bob.bundle()
    clock.nowMs += SIGNED_PREKEY_KEEP_MS
    await bob.refill()
    assert.ok(bob.store.read.keys.oneTime(oneTimePrekeyId))
    clock.nowMs += SIGNED_PREKEY_ROTATION_MS
    await bob.refill()
    assert.equal(bob.store.read.keys.oneTime(oneTimePrekeyId), undefined)
    assert.equal(bob.store.read.keys.oneTimeKem(kemPrekeyId), undefined)
    assert.deepEqual(bob.store.read.keys.stock(), { oneTime: ONE_TIME_PREKEYS - 1, oneTimeKem: ONE_TIME_PREKEYS - 1 })
  })
})

describe('prekeys: bundles', () => {
  afterEach(closeParties)

  it('without one-time keys it names the last-resort key, as it does when they are out', async () => {
    const bob = new Party(new TestClock())
    await bob.refill()
    const lastResort = bob.bundle({ withOneTime: false })
    assert.equal(lastResort.isLastResort, true)
    assert.equal(lastResort.oneTimePrekeyId, undefined)
    assert.equal(bob.store.read.keys.stock().oneTime, ONE_TIME_PREKEYS)
    for (let count = 0; count < ONE_TIME_PREKEYS; count++) bob.bundle()
    assert.deepEqual(bob.bundle(), lastResort)
  })

  it('survives the wire', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob, structuredClone(bob.bundle()))
    assert.equal(await bob.receive(ana, await ana.send(bob, 'hello')), 'hello')
  })
})

describe('prekeys: first flights', () => {
  afterEach(closeParties)

  it('uses its one-time keys up when it is settled, not before', async () => {
    const { ana, bob } = await acquainted()
    const bundle = bob.bundle()
    await ana.start(bob, bundle)
    const first = await ana.send(bob, 'hello')
    const isStored = (): boolean[] => [bob.store.read.keys.oneTime(bundle.oneTimePrekeyId ?? 0), bob.store.read.keys.oneTimeKem(bundle.kemPrekeyId)].map(record => record !== undefined)
    await bob.lostTurn(() => bob.sealer.decrypt(ana.device, first))
    assert.deepEqual(isStored(), [true, true])
    await bob.receive(ana, first)
    assert.deepEqual(isStored(), [false, false])
  })

  it('of two first flights with the same one-time keys only the first counts, also within one turn', async () => {
    const { ana, bob, clock } = await acquainted()
    const carol = new Party(clock)
    carol.accept(bob)
    bob.accept(carol)
    const bundle = bob.bundle()
    await ana.start(bob, bundle)
    await carol.start(bob, bundle)
    const [fromAna, fromCarol] = [await ana.send(bob, 'ana'), await carol.send(bob, 'carol')]
    const heard = async (): Promise<string[]> => [
      told(await bob.sealer.decrypt(ana.device, fromAna)),
      told(await bob.sealer.decrypt(carol.device, fromCarol))
    ]
    assert.deepEqual(await bob.lostTurn(heard), ['ana', 'unknownPrekey'])
    assert.equal(await bob.receive(carol, fromCarol), 'carol')
    assert.equal(await bob.receive(ana, fromAna), 'unknownPrekey')
  })

  it('one to the last-resort key counts once, even when its session is gone', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob, bob.bundle({ withOneTime: false }))
    const first = await ana.send(bob, 'hello')
    assert.equal(await bob.receive(ana, first), 'hello')
    bob.store.transact(writer => writer.keys.removeSession(ana.device))
    bob.restart()
    assert.equal(await bob.receive(ana, first), 'replayed')
    assert.equal(bob.sealer.hasSession(ana.device), false)
    await ana.start(bob, bob.bundle({ withOneTime: false }))
    assert.equal(await bob.receive(ana, await ana.send(bob, 'hello again')), 'hello again')
  })

  it('a discarded use of the last-resort key is none', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob, bob.bundle({ withOneTime: false }))
    const first = await ana.send(bob, 'hello')
    await bob.lostTurn(() => bob.sealer.decrypt(ana.device, first))
    assert.equal(await bob.receive(ana, first), 'hello')
  })

  it('a disk fault while a prekey is looked up is the disk\'s fault, not the sender\'s', async () => {
    const { ana, bob } = await acquainted()
    await ana.start(bob)
    const first = await ana.send(bob, 'hello')
    const fault = new StorageError('cannot read')
    const { read } = bob.store
    const keys = altered(read.keys, { oneTime: () => { throw fault } })
    const sealer = bob.newSealer({ reader: altered(read, { keys }) })
    await assert.rejects(sealer.decrypt(ana.device, first), fault)
    sealer.discard()
    assert.equal(await bob.receive(ana, first), 'hello')
  })

  it('a prekey record that cannot be read counts as unknown', async () => {
    const { ana, bob } = await acquainted()
    const bundle = bob.bundle()
    await ana.start(bob, bundle)
    bob.store.transact(writer => {
      writer.keys.removeOneTime(bundle.oneTimePrekeyId ?? 0)
      writer.keys.addOneTime(bundle.oneTimePrekeyId ?? 0, Uint8Array.of(0xff))
    })
    assert.equal(await bob.receive(ana, await ana.send(bob, 'hello')), 'unknownPrekey')
  })
})
