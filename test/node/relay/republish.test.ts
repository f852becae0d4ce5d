import assert from 'node:assert/strict'
import { sha256 } from '@noble/hashes/sha2.js'
import { compare, toString } from 'uint8arrays'
import { Republisher } from '../../../node/relay/republish.ts'
import type { RecordNetwork, RecordPut } from '../../../node/ports.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { World } from '../../../testnet/simulation/world.ts'

const HOUR_MS = 3_600_000

describe('a relay\'s users\' records', () => {
  it('go into the DHT at once when they are new', async () => {
    const { republisher, dht, rest } = scene(0)
    republisher.take(nameOf(1), recordOf(1))
    await rest()
    assert.deepEqual(dht.puts.map(({ name }) => name), [toString(nameOf(1), 'hex')])
  })

  it('go there again every half a day, each of them and none much oftener', async () => {
    const { dht, world } = scene(50)
    await world.advance(24 * HOUR_MS)
    const counts = countsOf(dht)
    assert.equal(counts.size, 50)
    for (const count of counts.values()) assert.ok(count >= 1 && count <= 3, `${count} times`)
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    assert.ok(total > 70 && total < 130, `${total} in all`)
  })

  it('go there a few at a time, spread over the day', async () => {
    const { dht, world } = scene(1_000)
    let most = 0
    for (let hour = 0, before = 0; hour < 12; hour++) {
      await world.advance(HOUR_MS)
      most = Math.max(most, dht.puts.length - before)
      before = dht.puts.length
    }
    assert.ok(most < 130, `${most} in one hour`)
    assert.ok(dht.runningMax <= 4)
  })

  it('that have expired are left alone', async () => {
    const { dht, world } = scene(20, { lifetimeMs: HOUR_MS / 2 })
    await world.advance(24 * HOUR_MS)
    assert.ok(dht.puts.length < 5)
  })

  it('are published once, as they are last, when one changes often', async () => {
    const { republisher, dht, rest } = scene(0)
    for (let n = 1; n <= 10; n++) republisher.take(nameOf(7), recordOf(n))
    await rest()
    // Four were on their way already.
    assert.deepEqual(dht.puts.map(({ record }) => record[0]), [1, 2, 3, 4, 10])
  })

  it('stay here when the relay stops', async () => {
    const { republisher, dht, world } = scene(50)
    republisher.stop()
    republisher.take(nameOf(1), recordOf(1))
    await world.advance(24 * HOUR_MS)
    assert.equal(dht.puts.length, 0)
  })
})

interface Put { readonly name: string, readonly record: Uint8Array }

class SlowRecords implements RecordNetwork {
  readonly puts: Put[] = []
  runningMax = 0
  readonly #world: World
  #running = 0

  constructor (world: World) { this.#world = world }

  get (): Promise<readonly Uint8Array[]> { return Promise.resolve([]) }

  async put (name: Uint8Array, record: Uint8Array): Promise<RecordPut> {
    this.puts.push({ name: toString(name, 'hex'), record })
    this.#running += 1
    this.runningMax = Math.max(this.runningMax, this.#running)
    await new Promise<void>(resolve => { this.#world.schedule(300, resolve) })
    this.#running -= 1
    return { asked: 20, echoes: 20 }
  }
}

/** A relay that keeps so many records; `rest` lets what is under way come to its end. */
function scene (count: number, { lifetimeMs = 7 * 24 * HOUR_MS } = {}): { readonly republisher: Republisher, readonly dht: SlowRecords, readonly world: World, readonly rest: () => Promise<void> } {
  const world = new World(1)
  const clock = world.clock(() => true, () => 0)
  const dht = new SlowRecords(world)
  const expiresAtMs = clock.now() + lifetimeMs
  const records = Array.from({ length: count }, (_, index) => ({ name: nameOf(index), record: recordOf(index), expiresAtMs })).sort((left, right) => compare(left.name, right.name))
  const reader = {
    recordsAfter: (after: Uint8Array, limit: number) => records.filter(({ name }) => compare(name, after) > 0).slice(0, limit),
    totals: () => ({ records: records.length, mailboxes: 0, mailboxesBlocked: 0, aliases: 0, items: 0, bytes: 0, prekeys: 0, shards: 0, remembered: 0, oldestAtMs: undefined })
  }
  const republisher = new Republisher({ reader, records: dht, clock, random: new SeededRandom(1, 'relay') })
  republisher.start()
  return { republisher, dht, world, rest: async () => { await world.advance(30_000) } }
}

function countsOf ({ puts }: SlowRecords): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { name } of puts) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function nameOf (n: number): Uint8Array { return sha256(Uint8Array.of(n >> 8, n & 255)) }

function recordOf (n: number): Uint8Array { return Uint8Array.of(n & 255) }
