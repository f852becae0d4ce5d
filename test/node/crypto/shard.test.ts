import assert from 'node:assert/strict'
import type { ShardUpload } from '../../../protocols/prekeys/shard.ts'
import type { Bundle } from '../../../protocols/prekeys/prekeys_pb.ts'
import { acquainted, closeParties, Party, TestClock, told } from './party.ts'

type Shard = Omit<ShardUpload, 'version'>

function shardOf (party: Party, count: number): Shard {
  const shard = party.store.transact(writer => party.sealer.issueShard(writer, { nowMs: party.clock.now(), count }))
  assert.ok(shard)
  return shard
}

/** What a relay makes of a shard: with its nth pair, or with the last resort. */
function bundleOf ({ deviceId, registrationId, identityKey, signedPrekey, lastResort, oneTime }: Shard, index?: number): Bundle {
  const pair = index === undefined ? undefined : oneTime[index]
  const kem = pair?.kem ?? lastResort
  return {
    $typeName: 'skein.prekeys.v1.Bundle',
    deviceId,
    registrationId,
    identityKey,
    signedPrekeyId: signedPrekey.id,
    signedPrekey: signedPrekey.key,
    signedPrekeySignature: signedPrekey.signature,
    kemPrekeyId: kem.id,
    kemPrekey: kem.key,
    kemPrekeySignature: kem.signature,
    isLastResort: pair === undefined,
    ...pair === undefined ? {} : { oneTimePrekeyId: pair.id },
    oneTimePrekey: pair?.key ?? new Uint8Array()
  }
}

describe('a shard of prekeys', () => {
  afterEach(closeParties)

  it('starts sessions while its owner is away, each pair one', async () => {
    const { ana, bob } = await acquainted()
    const shard = shardOf(bob, 3)
    await ana.start(bob, bundleOf(shard, 1))
    assert.equal(told(await bob.turn(async () => await bob.sealer.decrypt(ana.device, await ana.send(bob, 'hello')))), 'hello')
    assert.equal(bob.store.read.keys.oneTime(shard.oneTime[1]?.id ?? 0), undefined, 'used up')
    await ana.drop(bob)
    await ana.start(bob, bundleOf(shard, 1))
    assert.equal(await bob.receive(ana, await ana.send(bob, 'again')), 'unknownPrekey')
    await ana.drop(bob)
    await ana.start(bob, bundleOf(shard))
    assert.equal(await bob.receive(ana, await ana.send(bob, 'by the last resort')), 'by the last resort')
  })

  it('has keys that no other shard and no bundle of its owner has', async () => {
    const { bob } = await acquainted()
    const ids = [...shardOf(bob, 20).oneTime, ...shardOf(bob, 20).oneTime].flatMap(({ id, kem }) => [`ec ${id}`, `kem ${kem.id}`])
    for (let count = 0; count < 20; count++) {
      const { oneTimePrekeyId, kemPrekeyId } = bob.bundle()
      ids.push(`ec ${oneTimePrekeyId ?? 0}`, `kem ${kemPrekeyId}`)
    }
    assert.equal(new Set(ids).size, ids.length)
  })

  it('may bring nothing but the keys that change every week, and is none before there are any', async () => {
    const { bob } = await acquainted()
    assert.deepEqual(shardOf(bob, 0).oneTime, [])
    const fresh = new Party(new TestClock())
    assert.equal(fresh.store.transact(writer => fresh.sealer.issueShard(writer, { nowMs: 1, count: 5 })), undefined)
  })
})
