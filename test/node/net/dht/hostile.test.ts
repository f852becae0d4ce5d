/** The two repro scripts that showed what kad-dht lets pass, as tests that it does not get past us; and peers of worse will. */
import assert from 'node:assert/strict'
import type { Stream } from '@libp2p/interface'
import { decodeRecord } from '../../../../protocols/directory/record.ts'
import { DHT_NEW_NAMES_PER_HOUR, RECORD_BYTES_MAX } from '../../../../protocols/core/limits.ts'
import { KAD_PROTOCOL } from '../../../../node/net/dht/dht.ts'
import { atEnd, newStranger, stopAll, type Stranger } from '../neighbours.ts'
import { newAsker, newHostile, newKeeper, owner, seqs, type Member } from './keepers.ts'

describe('an older record in the DHT', () => {
  afterEach(stopAll)

  it('does not take the place of the newer one, whoever sends it', async () => {
    const relay = await newKeeper()
    const { name, record } = owner()
    const ana = await newAsker([relay])
    assert.deepEqual(await ana.dht.put(name, record(2)), { asked: 1, echoes: 1 })
    await ana.network.stop()
    const mallory = await newAsker([relay])
    assert.deepEqual(await mallory.dht.put(name, record(1)), { asked: 1, echoes: 0 })
    const carol = await newAsker([relay])
    assert.deepEqual(seqs(await carol.dht.get(name)), [2])
  })

  it('gives way to the newer one', async () => {
    const relay = await newKeeper()
    const { name, record } = owner()
    const ana = await newAsker([relay])
    await ana.dht.put(name, record(1))
    assert.deepEqual(await ana.dht.put(name, record(2)), { asked: 1, echoes: 1 })
    assert.deepEqual(seqs(await ana.dht.get(name)), [2])
  })

  it('does not hide the newer one when who has it refuses to be corrected', async () => {
    const { name, record } = owner()
    const honest = await newKeeper()
    const refusing = await newHostile([honest], { validate: value => { if (decodeRecord(value).seq >= 2) throw new Error('no') } })
    await (await newAsker([refusing])).dht.put(name, record(1))
    await (await newAsker([honest])).dht.put(name, record(2))
    const carol = await newAsker([honest, refusing])
    assert.deepEqual(seqs(await carol.dht.get(name)), [1, 2])
  })

  it('is replaced at a keeper that missed the newer one by whoever looks', async () => {
    const { name, record } = owner()
    const one = await newKeeper()
    const other = await newKeeper()
    await (await newAsker([one])).dht.put(name, record(1))
    await (await newAsker([other])).dht.put(name, record(2))
    assert.deepEqual(seqs(await (await newAsker([one, other])).dht.get(name)), [1, 2])
    // The correction goes on behind the answer: the next looker may come before it.
    let seen: number[] = []
    while (seen.at(-1) !== 2) seen = seqs(await (await newAsker([one])).dht.get(name))
  })
})

describe('a forged record in the DHT', () => {
  afterEach(stopAll)

  it('is refused by those who keep records', async () => {
    const relay = await newKeeper()
    const { name, record } = owner()
    assert.equal((await (await newAsker([relay])).dht.put(name, forged(record(9)))).echoes, 0)
    assert.equal(relay.dht.kept.records, 0)
  })

  it('of another key is refused under this name', async () => {
    const relay = await newKeeper()
    assert.equal((await (await newAsker([relay])).dht.put(owner(1).name, owner(2).record(1))).echoes, 0)
    assert.equal(relay.dht.kept.records, 0)
  })

  it('is not believed by those who look, and the true one is found beside it', async () => {
    const { name, record } = owner()
    const honest = await newKeeper()
    const forger = await newHostile([honest], { validate: () => { /* takes everything */ } })
    await (await newAsker([honest])).dht.put(name, record(3))
    await (await newAsker([forger])).dht.put(name, forged(record(9)))
    assert.deepEqual(seqs(await (await newAsker([honest, forger])).dht.get(name)), [3])
  })

  it('that has expired, or lasts too long, is refused', async () => {
    const relay = await newKeeper()
    const { name, record } = owner()
    const { dht } = await newAsker([relay])
    assert.equal((await dht.put(name, record(1, { notAfterMs: 1_000 }))).echoes, 0)
    assert.equal((await dht.put(name, record(1, { notAfterMs: 4_000_000_000_000 }))).echoes, 0)
    assert.equal(relay.dht.kept.records, 0)
  })
})

describe('a flood in the DHT', () => {
  afterEach(stopAll)

  it('of three million bytes in one record is refused before it is read', async () => {
    const relay = await newKeeper()
    const { name } = owner()
    assert.equal((await (await newAsker([relay])).dht.put(name, new Uint8Array(3_000_000))).echoes, 0)
    assert.equal((await (await newAsker([relay])).dht.put(name, new Uint8Array(RECORD_BYTES_MAX + 1))).echoes, 0)
    assert.deepEqual(relay.dht.kept.records, 0)
  })

  it('of new names is held to what one peer may have kept in an hour', async function () {
    const relay = await newKeeper()
    const flooder = await newAsker([relay])
    const first = owner(0)
    await flooder.dht.put(first.name, first.record(1))
    const kept = await flood(flooder, { from: 1, count: DHT_NEW_NAMES_PER_HOUR + 20 })
    assert.ok(kept < DHT_NEW_NAMES_PER_HOUR)
    assert.ok(relay.dht.kept.records <= DHT_NEW_NAMES_PER_HOUR)
    // What is there is still served and renewed.
    assert.deepEqual(seqs(await (await newAsker([relay])).dht.get(first.name)), [1])
  })

  it('ends where the room ends, and what was there stays', async () => {
    const relay = await newKeeper([], { limits: { recordsMax: 10, bytesMax: 1_000_000 } })
    const first = owner(0)
    await (await newAsker([relay])).dht.put(first.name, first.record(1))
    await flood(await newAsker([relay]), { from: 1, count: 20 })
    assert.equal(relay.dht.kept.records, 9)
    const asker = await newAsker([relay])
    assert.equal((await asker.dht.put(first.name, first.record(2))).echoes, 1)
    // The last tenth is for the relay's own users.
    const own = owner(99)
    await relay.dht.put(own.name, own.record(1))
    assert.deepEqual(seqs(await asker.dht.get(own.name)), [1])
  })
})

describe('a peer of the DHT that says nothing', () => {
  afterEach(stopAll)

  it('holds nobody up for long', async function () {
    const { name, record } = owner()
    const honest = await newKeeper()
    const silent = await newSilent()
    await (await newAsker([honest])).dht.put(name, record(4))
    const looker = await newAsker([honest, silent])
    assert.deepEqual(seqs(await looker.dht.get(name)), [4])
    assert.equal((await looker.dht.put(name, record(5))).echoes, 1)
  })
})

async function newSilent (): Promise<Pick<Stranger, 'target'>> {
  const stranger = await newStranger()
  const streams: Stream[] = []
  await stranger.host.handle(KAD_PROTOCOL, stream => { streams.push(stream) })
  atEnd(() => { for (const stream of streams) stream.abort(new Error('the test is over')) })
  return stranger
}

/** How many of so many new names were taken. */
async function flood ({ dht }: Member, { from, count }: { readonly from: number, readonly count: number }): Promise<number> {
  const puts = await Promise.all(Array.from({ length: count }, async (_, index) => {
    const { name, record } = owner(from + index)
    return await dht.put(name, record(1))
  }))
  return puts.reduce((kept, { echoes }) => kept + echoes, 0)
}

/** Of one bit: a byte that is set to a value may have it already. */
function forged (record: Uint8Array): Uint8Array { return record.with(-1, (record.at(-1) ?? 0) ^ 1) }
