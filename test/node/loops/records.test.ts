import assert from 'node:assert/strict'
import { decodeRecord } from '../../../protocols/directory/record.ts'
import { RECORD_BYTES_MAX, RECORD_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import { DirectoryScene, type FarDirectory } from '../contacts/directories.ts'

const HOUR_MS = 3_600_000

describe('our directory record', () => {
  it('is at our relays and in the DHT soon after the start', async () => {
    const scene = await started()
    assert.equal(scene.eu.entries.size, 1)
    assert.equal(scene.us.entries.size, 1)
    assert.equal(scene.dht.records.size, 1)
    assert.deepEqual(scene.records.last, { stored: 2, of: 2, echoes: 20, asked: 20 })
    const [entry] = scene.eu.entries.values()
    assert.ok(entry !== undefined && entry.record.byteLength <= RECORD_BYTES_MAX)
    const { seq, notAfterMs } = decodeRecord(entry.record)
    assert.ok(seq >= Math.floor(scene.bob.clock.now() / 1000) - 10)
    assert.ok(notAfterMs > scene.bob.clock.now() + RECORD_LIFETIME_MS - 10_000)
  })

  it('is published again every half a day, more or less', async () => {
    const scene = await started()
    await scene.bob.world.advance(9.9 * HOUR_MS)
    assert.equal(scene.dht.puts, 1)
    await scene.bob.world.advance(4.2 * HOUR_MS)
    assert.equal(scene.dht.puts, 2)
    await scene.bob.world.advance(7 * 24 * HOUR_MS)
    assert.ok(scene.dht.puts >= 14 && scene.dht.puts <= 19)
  })

  it('is published at once when our relays change, once for several changes', async () => {
    const scene = await started()
    const before = seqAt(scene.eu)
    scene.change(['us'])
    scene.records.hint()
    scene.change(['eu'])
    scene.records.hint()
    await scene.bob.world.advance(10_000)
    assert.equal(scene.dht.puts, 2)
    assert.ok(seqAt(scene.eu) > before)
    scene.records.hint()
    await scene.bob.world.advance(10_000)
    assert.equal(scene.dht.puts, 2)
  })

  it('is not published again by a restart', async () => {
    const scene = await started()
    scene.records.stop()
    scene.records.start()
    await scene.bob.world.advance(HOUR_MS)
    assert.equal(scene.dht.puts, 1)
  })

  it('is brought back to a relay that has lost it', async () => {
    const scene = await started()
    scene.eu.entries.clear()
    scene.records.hint(true)
    await scene.bob.world.advance(10_000)
    assert.equal(scene.eu.entries.size, 1)
  })

  it('is tried again when a relay does not take it, with growing pauses', async () => {
    const scene = new DirectoryScene()
    scene.eu.hasMailbox = false
    scene.records.start()
    await scene.bob.world.advance(5 * 60_000)
    assert.ok(scene.dht.puts > 2 && scene.dht.puts < 6)
    scene.eu.hasMailbox = true
    await scene.bob.world.advance(10 * 60_000)
    assert.equal(scene.eu.entries.size, 1)
    const { puts } = scene.dht
    await scene.bob.world.advance(HOUR_MS)
    assert.equal(scene.dht.puts, puts)
  })

  it('is tried again when too few in the DHT have shown it back', async () => {
    const scene = new DirectoryScene()
    scene.dht.result = { asked: 20, echoes: 7 }
    scene.records.start()
    await scene.bob.world.advance(5 * 60_000)
    assert.ok(scene.dht.puts > 2)
  })

  it('does not need the DHT', async () => {
    const scene = new DirectoryScene()
    scene.dht.isDown = true
    scene.records.start()
    await scene.bob.world.advance(HOUR_MS)
    assert.equal(scene.eu.entries.size, 1)
    assert.equal(scene.dht.puts, 1)
  })

  it('of a node that was restored from an old copy tops the one that is there', async () => {
    const scene = new DirectoryScene()
    const ahead = scene.entry(Math.floor(scene.bob.clock.now() / 1000) + 5_000)
    scene.eu.says = request => request.type === 'get' ? { type: 'entry', entry: ahead } : { type: 'refusal', reason: 'older' }
    scene.records.start()
    await scene.bob.world.advance(5_000)
    scene.eu.says = undefined
    await scene.bob.world.advance(60_000)
    assert.equal(seqAt(scene.eu), decodeRecord(ahead.record).seq + 1)
  })

  it('says so when we have no relays any more, and nothing when we never had any', async () => {
    const never = new DirectoryScene([])
    never.records.start()
    await never.bob.world.advance(HOUR_MS)
    assert.equal(never.dht.puts, 0)
    const scene = await started()
    scene.change([])
    scene.records.hint()
    await scene.bob.world.advance(10_000)
    assert.equal(scene.dht.puts, 2)
    scene.hint(scene.eu.target)
    scene.eu.entries.clear()
    assert.deepEqual((await scene.locate()).relays, [])
  })
})

async function started (): Promise<DirectoryScene> {
  const scene = new DirectoryScene()
  scene.records.start()
  await scene.bob.world.advance(5_000)
  return scene
}

function seqAt ({ entries }: FarDirectory): number {
  const [entry] = entries.values()
  return entry === undefined ? 0 : decodeRecord(entry.record).seq
}
