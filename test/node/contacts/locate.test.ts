import assert from 'node:assert/strict'
import { encodeDirectoryAnswer } from '../../../protocols/directory/wire.ts'
import { decodeRecord } from '../../../protocols/directory/record.ts'
import { RECORD_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { DirectoryScene } from './directories.ts'

describe('a contact that is looked for', () => {
  it('is found at a relay of its invite, with the DHT down', async () => {
    const scene = new DirectoryScene()
    scene.dht.isDown = true
    await scene.publish()
    scene.hint(scene.eu.target)
    const { relays, statement } = await scene.locate()
    assert.deepEqual(relays, [scene.eu.target, scene.us.target])
    assert.deepEqual(statement?.verified.hash, scene.bob.account.statement.hash)
  })

  it('is found through the DHT when every relay that we know of is gone', async () => {
    const scene = new DirectoryScene(['us'])
    await scene.publish()
    scene.hint(scene.eu.target)
    await scene.eu.network.stop()
    const { relays, statement, testimonies } = await scene.locate()
    assert.deepEqual(relays, [scene.us.target])
    assert.deepEqual(statement?.verified.hash, scene.bob.account.statement.hash)
    // The one that is gone is not waited for.
    assert.deepEqual(testimonies, [{ relay: undefined, says: 'found' }, { relay: scene.us.network.peerId, says: 'found' }])
  })

  it('is where we knew before when nobody answers', async () => {
    const scene = new DirectoryScene()
    scene.hint(scene.eu.target)
    scene.dht.isDown = true
    await scene.eu.network.stop()
    const { relays, statement } = await scene.locate()
    assert.deepEqual(relays, [scene.eu.target])
    assert.equal(statement, undefined)
  })

  it('is where its newest entry says, whoever has an older one', async () => {
    const scene = new DirectoryScene(['eu'])
    await scene.publish()
    scene.change(['us'])
    await scene.publish()
    scene.hint(scene.eu.target, scene.us.target)
    const { relays, statement } = await scene.locate()
    assert.deepEqual(relays, [scene.us.target])
    assert.deepEqual(statement?.verified.hash, scene.bob.account.statement.hash)
  })

  it('is never taken back to an entry older than one that we have believed', async () => {
    const scene = new DirectoryScene(['eu'])
    scene.hint(scene.eu.target)
    await scene.publish()
    const [old] = scene.eu.entries.values()
    assert.ok(old)
    scene.change(['us'])
    await scene.publish()
    assert.deepEqual((await scene.locate()).relays, [scene.us.target])
    // The relay is restored from an old copy, or lies; the DHT is rolled back as well.
    scene.eu.says = () => ({ type: 'entry', entry: old })
    for (const records of scene.dht.records.values()) records.splice(0, records.length, old.record)
    const { relays, statement, testimonies } = await scene.locate()
    assert.deepEqual(relays, [scene.eu.target])
    assert.equal(statement, undefined)
    assert.deepEqual(testimonies, [{ relay: undefined, says: 'older' }, { relay: scene.eu.network.peerId, says: 'older' }])
  })

  it('is not who signs with another key, or speaks for another account', async () => {
    const scene = new DirectoryScene()
    scene.hint(scene.eu.target)
    const others = { ...scene.keys, signingKey: new Uint8Array(32).fill(9) }
    for (const entry of [scene.entry(9, { keys: others }), scene.entry(9, { accountId: scene.ana.own.accountId }), { ...scene.entry(9), record: forged(scene.entry(9).record) }]) {
      scene.eu.says = () => ({ type: 'entry', entry })
      const { relays, statement, testimonies } = await scene.locate()
      assert.deepEqual(testimonies, [{ relay: undefined, says: 'unknown' }, { relay: scene.eu.network.peerId, says: 'forged' }])
      assert.deepEqual(relays, [scene.eu.target])
      assert.equal(statement, undefined)
    }
  })

  it('is not believed to have a list that does not belong to its record', async () => {
    const scene = new DirectoryScene(['eu'])
    scene.hint(scene.eu.target)
    const before = scene.entry(1)
    scene.change(['us'])
    scene.eu.says = () => ({ type: 'entry', entry: { record: scene.entry(2).record, sealedStatement: before.sealedStatement } })
    const { relays, statement } = await scene.locate()
    assert.deepEqual(relays, [scene.us.target])
    assert.equal(statement, undefined)
  })

  it('is found although a relay answers nonsense and another says nothing', async () => {
    const scene = new DirectoryScene(['us'])
    await scene.publish()
    scene.hint(scene.eu.target, { peerId: 'peernobody', addresses: ['/sim/nobody'] })
    scene.eu.says = () => new Uint8Array(40).fill(0xff)
    const { statement, testimonies } = await scene.locate()
    assert.deepEqual(statement?.verified.hash, scene.bob.account.statement.hash)
    assert.deepEqual(testimonies.find(({ relay }) => relay === scene.eu.network.peerId)?.says, 'forged')
  })

  it('whose record has expired is not found by it', async () => {
    const scene = new DirectoryScene(['eu'])
    scene.hint(scene.eu.target)
    await scene.publish()
    await scene.ana.world.advance(8 * 24 * 3_600_000)
    assert.equal((await scene.locate()).statement, undefined)
  })

  it('and has not told us its record key is where we knew before', async () => {
    const scene = new DirectoryScene()
    scene.hint(scene.eu.target)
    scene.ana.store.transact(writer => { writer.contacts.update(scene.toBob, { recordKey: undefined }) })
    assert.deepEqual(await scene.locate(), { relays: [scene.eu.target], statement: undefined, testimonies: [] })
  })
})

describe('a directory entry', () => {
  it('is never larger than anybody keeps, however many relays and addresses there are', () => {
    const scene = new DirectoryScene()
    const relays = Array.from({ length: 5 }, (_, index) => ({ peerId: `12D3KooW${'a'.repeat(43)}${index}`, addresses: Array.from({ length: 8 }, () => `/dns/${'relay'.repeat(20)}/tcp/4001/wss`) }))
    const { record, sealedStatement } = scene.entry(1, { relays })
    assert.ok(record.byteLength <= RECORD_BYTES_MAX)
    assert.ok(encodeDirectoryAnswer({ type: 'entry', entry: { record, sealedStatement } }).byteLength < 80 * 1024)
  })

  it('looks like that of everybody with as many relays', () => {
    const scene = new DirectoryScene(['eu'])
    const other = new DirectoryScene(['us'])
    assert.equal(decodeRecord(scene.entry(1).record).ciphertext.byteLength, decodeRecord(other.entry(1).record).ciphertext.byteLength)
    assert.notDeepEqual(scene.entry(1).sealedStatement, scene.entry(1).sealedStatement)
  })
})

/** Of one bit: a byte that is set to a value may have it already. */
function forged (record: Uint8Array): Uint8Array { return record.with(-1, (record.at(-1) ?? 0) ^ 1) }
