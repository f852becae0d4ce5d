/** Those who bring a relay what they should not: nothing of it stays, others notice nothing, and each is told why. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdirSync } from 'node:fs'
import { LEAF_BYTES } from '../../../../protocols/core/limits.ts'
import { blobRoot } from '../../../../protocols/media/root.ts'
import { buildTree } from '../../../../protocols/media/tree-builder.ts'
import type { BlobRequest } from '../../../../protocols/media/wire.ts'
import { makeBlob, sha256, type MadeBlob } from '../../media/blobs.ts'
import { RELAY_DEFAULTS } from '../../../../node/relay/config.ts'
import { House, mebibytes, type BlobStream, type Person } from './house.ts'

const MIB = 2 ** 20

describe('a relay and those who bring it blobs', function () {
  this.timeout(60_000)
  let house: House
  let bob: Person
  let ana: Person
  before(async () => {
    house = await House.open({}, { rates: { ...RELAY_DEFAULTS.rates, blobsPerPeer: { burst: 1e6, perSecond: 1e6 } } })
    bob = await house.owner()
    ana = await house.person()
  })
  after(async () => { await house[Symbol.asyncDispose]() })

  async function begun (blob: MadeBlob): Promise<BlobStream> {
    const stream = await ana.stream()
    await stream.say(ana.putOf(blob, randomBytes(32), house.door(bob)))
    await stream.answer('promise')
    return stream
  }

  const wrongs: ReadonlyArray<readonly [string, (blob: MadeBlob) => readonly BlobRequest[]]> = [
    ['garbage instead of a leaf', ({ nodes }) => [...nodesOf(nodes), { type: 'leaf', index: 0, bytes: randomBytes(LEAF_BYTES) }]],
    ['a leaf with one bit flipped', ({ nodes, leaf }) => [...nodesOf(nodes), { type: 'leaf', index: 0, bytes: Uint8Array.from(leaf(0), (byte, at) => at === 77 ? byte ^ 1 : byte) }]],
    ['another leaf of the same blob', ({ nodes, leaf }) => [...nodesOf(nodes), { type: 'leaf', index: 0, bytes: leaf(1) }]],
    ['the same leaf twice', ({ nodes, leaf }) => [...nodesOf(nodes), { type: 'leaf', index: 0, bytes: leaf(0) }, { type: 'leaf', index: 0, bytes: leaf(0) }]],
    ['leaves in falling order', ({ nodes, leaf }) => [...nodesOf(nodes), { type: 'leaf', index: 1, bytes: leaf(1) }, { type: 'leaf', index: 0, bytes: leaf(0) }]],
    ['a leaf beyond the last one', ({ nodes, leaf }) => [...nodesOf(nodes), { type: 'leaf', index: 3, bytes: leaf(0) }]],
    ['a leaf before the tree', ({ leaf }) => [{ type: 'leaf', index: 0, bytes: leaf(0) }]],
    ['a node that is none', () => [{ type: 'node', bytes: randomBytes(100) }]],
    ['a node twice', ({ nodes }) => [...nodesOf(nodes), ...nodesOf(nodes)]],
    ['a second opening', blob => [ana.putOf(blob, randomBytes(32), undefined)]],
    ['a question in between', () => [{ type: 'wantNodes' }]],
    ['another put behind it', ({ root }) => [{ type: 'release', root }]]
  ]
  for (const [name, framesOf] of wrongs) {
    it(`refuses ${name}`, async () => {
      const blob = await makeBlob(mebibytes(2, 9))
      const stream = await begun(blob)
      await stream.say(...framesOf(blob)).catch(() => undefined)
      assert.equal(await stream.refusal(), 'malformed')
      await stream.channel.closed
      assert.equal(stream.answers.some(({ type }) => type === 'stored'), false)
    })
  }

  it('refuses a leaf of the wrong size, whatever its hash says', async () => {
    // Three leaves of half the size: they would lie across each other, and be given out as others.
    const leaves = [randomBytes(LEAF_BYTES / 2), randomBytes(LEAF_BYTES / 2), randomBytes(LEAF_BYTES / 2)]
    const { root, nodes } = buildTree(leaves.map(leaf => ({ hash: sha256(leaf), bytes: leaf.byteLength })), sha256)
    const stream = await begun({ root, nodes, bytes: new Uint8Array(3 * LEAF_BYTES), leafCount: 3, leaf: index => leaves[index] ?? randomBytes(1) })
    await stream.say(...nodesOf(nodes), { type: 'leaf', index: 0, bytes: leaves[0] ?? randomBytes(1) })
    assert.equal(await stream.refusal(), 'malformed')
  })

  it('refuses trees that go deeper or wider than their size says, before it has read much of them', async () => {
    const link = (cid: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(0x12, cid.byteLength + 2, 0x0a, cid.byteLength), cid])
    const nodeOf = (...cids: readonly Uint8Array[]): Uint8Array => Buffer.concat(cids.map(link))
    const cidOf = (codec: number, block: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(1, codec, 0x12, 32), sha256(block)])
    const leaf = cidOf(0x55, randomBytes(4))
    const chain = [nodeOf(leaf)]
    for (let depth = 0; depth < 50; depth++) chain.unshift(nodeOf(cidOf(0x70, chain[0] ?? leaf)))
    const wide = nodeOf(...Array.from({ length: 900 }, () => leaf))
    const padded = Buffer.concat([nodeOf(leaf, leaf, leaf), Buffer.of(0x0a, 0xff, 0xff, 0x0f), randomBytes(0x3ffff)])
    for (const nodes of [chain, [wide], [padded]]) {
      const [top = leaf] = nodes
      const root = blobRoot(Uint8Array.from(cidOf(0x70, top)))
      const stream = await begun({ root, nodes, bytes: new Uint8Array(2 * MIB + 9), leafCount: 3, leaf: () => leaf })
      await stream.say(...nodesOf(nodes)).catch(() => undefined)
      assert.equal(await stream.refusal(), 'malformed')
    }
  })

  it('is not moved by proofs that are another\'s: of another blob, size, tag or door; none behind a gate; a repeated one does no more than the first', async () => {
    const [blob, other, readKey] = [await makeBlob(mebibytes(0, 5_000)), await makeBlob(mebibytes(0, 5_001)), randomBytes(32)]
    const [door, second, gate] = [house.door(bob), house.door(bob), house.door(bob, 'gateOpen')]
    const right = ana.putOf(blob, readKey, door)
    const refusalOf = async (put: BlobRequest): Promise<string> => {
      const stream = await ana.stream()
      await stream.say(put)
      return await stream.refusal()
    }
    assert.equal(await refusalOf({ ...right, root: other.root }), 'badKey')
    assert.equal(await refusalOf({ ...right, blobBytes: right.blobBytes + 1 }), 'badKey')
    assert.equal(await refusalOf({ ...right, readTag: randomBytes(32) }), 'badKey')
    assert.equal(await refusalOf({ ...right, alias: second.alias }), 'badKey')
    assert.equal(await refusalOf({ ...right, mac: randomBytes(32) }), 'badKey')
    assert.equal(await refusalOf({ ...right, alias: randomBytes(24) }), 'unknownAlias')
    assert.equal(await refusalOf(ana.putOf(blob, readKey, gate)), 'unknownAlias')
    assert.equal(await refusalOf(ana.putOf(blob, readKey)), 'unknownAlias', 'no mailbox, no quota')
    assert.equal(await refusalOf({ ...right, version: 9 }), 'version')
    const before = house.core.stats().media.references
    await ana.bring(blob, readKey, { door })
    const eve = await house.person()
    const replayed = await eve.stream()
    await replayed.say(right)
    await replayed.answer('stored')
    assert.equal(house.core.stats().media.references, before + 1)
    assert.equal(await refusalOf(ana.putOf(blob, randomBytes(32), door)), 'badKey', 'who does not know its read key cannot give it another')
  })

  it('lets nobody else bring what somebody brings', async () => {
    const [blob, readKey] = [await makeBlob(mebibytes(2)), randomBytes(32)]
    const door = house.door(bob)
    const first = await ana.bring(blob, readKey, { door, leaves: 1 })
    const second = await bob.stream()
    await second.say(bob.putOf(blob, readKey))
    const refused = await second.answer('refused')
    assert.ok(refused.reason === 'busy' && refused.retryAfterMs > 0)
    first.channel.close()
    await house.core.media?.shelf.whenFree(blob.root)
    await bob.bring(blob, readKey)
  })

  it('answers who has done nothing wrong while all of this goes on', async () => {
    const [blob, readKey] = [await makeBlob(mebibytes(3)), randomBytes(32)]
    await bob.bring(blob, readKey)
    assert.deepEqual(createHash('sha256').update((await ana.get(blob, readKey))?.bytes ?? '').digest(), createHash('sha256').update(blob.bytes).digest())
    assert.ok((house.core.tally.mediaView().refused['malformed'] ?? 0) >= wrongs.length)
  })
})

describe('the room that a relay gives to blobs', function () {
  this.timeout(60_000)

  it('is given to one of two who come at once for the last of it, and nobody goes beyond: quota and cap', async () => {
    for (const media of [{ mailboxBytesMax: 3 * MIB }, { capBytes: 3 * MIB }]) {
      await using house = await House.open(media)
      const [bob, ana] = [await house.owner(), await house.person()]
      const doors = [house.door(bob), house.door(bob)]
      const blobs = await Promise.all(doors.map(async () => await makeBlob(mebibytes(2))))
      const streams = await Promise.all(doors.map(async () => await ana.stream()))
      await Promise.all(streams.map(async (stream, index) => { await stream.say(ana.putOf(blobs[index] ?? assert.fail(), randomBytes(32), doors[index])) }))
      await Promise.all(streams.map(async stream => { await stream.until(() => stream.answers.length > 0, 'an answer') }))
      assert.deepEqual(streams.map(({ answers: [first] }) => first?.type).sort(), ['promise', 'refused'])
      const [refused] = streams.flatMap(({ answers: [first] }) => first?.type === 'refused' ? [first] : [])
      assert.ok(refused !== undefined)
      assert.equal(refused.reason, 'capBytes' in media ? 'capacity' : 'quota')
      assert.ok(refused.limitBytes < MIB, 'and is told what is left')
    }
  })

  it('is told before anything is sent: too large, too little on the disk, draining, switched off, asked too often, too many at once', async () => {
    await using house = await House.open({ blobBytesMax: MIB, streamsMax: 3 }, { rates: { ...RELAY_DEFAULTS.rates, blobsPerPeer: { burst: 8, perSecond: 0.001 } } })
    const bob = await house.owner()
    const [small, large] = [await makeBlob(mebibytes(0, 5_000)), await makeBlob(mebibytes(1, 1))]
    const refusalOf = async (blob: MadeBlob, who = bob): Promise<{ readonly reason: string, readonly limitBytes: number }> => {
      const stream = await who.stream()
      await stream.say(who.putOf(blob, randomBytes(32)))
      const refused = await stream.answer('refused')
      await stream.channel.closed
      return refused
    }
    assert.deepEqual([(await refusalOf(large)).reason, (await refusalOf(large)).limitBytes], ['tooLarge', MIB])
    await house.core.drain(true)
    assert.equal((await refusalOf(small)).reason, 'capacity')
    await house.core.drain(false)
    house.core.configure({ ...house.config, media: { ...house.config.media, isOn: false } })
    assert.equal((await refusalOf(small)).reason, 'notOffered')
    house.core.configure(house.config)
    const silent = await Promise.all([bob.stream(), bob.stream(), bob.stream()])
    assert.equal((await refusalOf(small)).reason, 'busy')
    for (const { channel } of silent) channel.close()
    await Promise.all(silent.map(async ({ channel }) => await channel.closed))
    let last = ''
    for (let count = 0; count < 9 && last !== 'rate'; count++) last = (await refusalOf(large)).reason
    assert.equal(last, 'rate')
    const carol = await house.owner()
    await carol.bring(small, randomBytes(32))
    assert.equal(readdirSync(house.blobs).length, 1)
  })

  it('ends where the file system does: what the operator keeps free stays free', async () => {
    await using house = await House.open()
    const bob = await house.owner()
    house.availableBytes = house.config.thresholds.availableBytesMin + MIB
    await house.restart()
    const stream = await bob.stream()
    await stream.say(bob.putOf(await makeBlob(mebibytes(1, 1)), randomBytes(32)))
    assert.equal(await stream.refusal(), 'capacity')
  })
})

function nodesOf (nodes: readonly Uint8Array[]): BlobRequest[] { return nodes.map(bytes => ({ type: 'node', bytes })) }
