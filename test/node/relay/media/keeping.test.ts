/** What a relay takes, keeps and gives out of blobs, over a real network and on a real disk. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, statSync, truncateSync, writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { makeBlob } from '../../media/blobs.ts'
import { rootText } from '../../../../protocols/media/root.ts'
import { DAY_MS, House, mebibytes } from './house.ts'

const MIB = 2 ** 20

describe('a relay that keeps blobs', function () {
  this.timeout(60_000)

  it('promises, takes, signs for and gives out a blob: whole, to whoever shows its key, and to nobody else', async () => {
    await using house = await House.open()
    const [bob, ana] = [await house.owner(), await house.person()]
    const [blob, readKey] = [await makeBlob(mebibytes(2, 5_000)), randomBytes(32)]
    const stream = await ana.bring(blob, readKey, { door: house.door(bob), ttlMs: DAY_MS })
    const [promise, stored] = [await stream.answer('promise'), await stream.answer('stored')]
    assert.ok(ana.isSigned('promise', blob, promise) && ana.isSigned('stored', blob, stored))
    assert.equal(stored.keepUntilMs, promise.keepUntilMs)
    assert.ok(Math.abs(promise.keepUntilMs - Date.now() - DAY_MS) <= 120_000, 'as long as she asked, to the minute')
    assert.deepEqual(stream.answers.flatMap(answer => answer.type === 'progress' ? [answer.leaves] : []), [1, 2, 3])
    assert.deepEqual((await bob.get(blob, readKey))?.bytes, Buffer.from(blob.bytes))
    assert.deepEqual((await bob.get(blob, readKey))?.nodes.map(node => Buffer.from(node)), blob.nodes.map(node => Buffer.from(node)))
    assert.equal(await bob.get(blob, randomBytes(32)), undefined)
    assert.equal(await bob.get(await makeBlob(mebibytes(0, 5_000)), readKey), undefined)
    assert.deepEqual(readdirSync(house.blobs), [`${rootText(blob.root)}.blob`], 'one file')
    const { media } = house.core.stats()
    assert.deepEqual([media.blobs, media.unfinished, media.references, media.stored, media.opened, media.servedBytes], [1, 0, 1, 1, 2, 2 * blob.bytes.byteLength])
  })

  it('goes on where a line broke, in the same run and after another one', async () => {
    await using house = await House.open()
    const bob = await house.owner()
    const [blob, readKey] = [await makeBlob(mebibytes(5)), randomBytes(32)]
    for (const leaves of [1, 2]) {
      const broken = await bob.bring(blob, readKey, { leaves })
      await broken.until(() => broken.answers.filter(({ type }) => type === 'progress').length === leaves, 'progress')
      broken.channel.close()
      await broken.channel.closed
      if (leaves === 1) await house.restart()
      else await house.core.media?.shelf.whenFree(blob.root)
    }
    assert.deepEqual((await bob.get(blob, readKey))?.have, Uint8Array.of(0b111), 'what has come is given out already')
    const stream = await bob.bring(blob, readKey)
    assert.deepEqual((await stream.answer('promise')).have, Uint8Array.of(0b111))
    assert.equal((await stream.answer('promise')).hasNodes, true)
    assert.deepEqual((await bob.get(blob, readKey))?.bytes, Buffer.from(blob.bytes))
  })

  it('keeps one blob for several, and as long as one of them keeps it', async () => {
    await using house = await House.open({ keepMsMax: 3 * DAY_MS })
    const [ana, bob, eve] = [await house.owner(), await house.owner(), await house.owner()]
    const [blob, readKey] = [await makeBlob(mebibytes(1, 1)), randomBytes(32)]
    await ana.bring(blob, readKey, { door: house.door(bob), ttlMs: DAY_MS })
    const second = await ana.bring(blob, readKey)
    assert.deepEqual(second.answers.map(({ type }) => type), ['promise', 'stored'], 'nothing is sent')
    assert.deepEqual((await second.answer('promise')).have, Uint8Array.of(0b11))
    assert.deepEqual([house.core.stats().media.blobs, house.core.stats().media.references], [1, 2])
    await eve.release(blob)
    assert.equal(house.core.stats().media.references, 2, 'who does not keep it lets go of nothing')
    await ana.release(blob)
    assert.notEqual(await bob.get(blob, readKey), undefined)
    await house.later(DAY_MS + 120_000)
    assert.equal(await bob.get(blob, readKey), undefined)
    assert.deepEqual([readdirSync(house.blobs), house.core.stats().media.usedBytes, house.store.read.blobs.mailboxBytes(bob.mailbox)], [[], 0, 0])
  })

  it('prolongs what is brought again, and never shortens what it has promised', async () => {
    await using house = await House.open()
    const bob = await house.owner()
    const [blob, readKey] = [await makeBlob(mebibytes(0, 9_000)), randomBytes(32)]
    const untilMs = async (ttlMs: number): Promise<number> => await (await bob.bring(blob, readKey, { ttlMs })).answer('stored').then(({ keepUntilMs }) => keepUntilMs)
    const [first, longer, shorter] = [await untilMs(DAY_MS), await untilMs(2 * DAY_MS), await untilMs(DAY_MS)]
    assert.ok(longer - first >= DAY_MS - 60_000)
    assert.equal(shorter, longer)
    assert.equal(house.core.stats().media.references, 1)
    assert.ok(await untilMs(400 * DAY_MS) <= Date.now() + house.config.media.keepMsMax + 60_000, 'within its limit')
  })

  it('lets what nobody finishes go a day after its last block, across restarts, and what is gone frees the quota', async () => {
    await using house = await House.open()
    const bob = await house.owner()
    const [blob, readKey] = [await makeBlob(mebibytes(3)), randomBytes(32)]
    const broken = await bob.bring(blob, readKey, { leaves: 1 })
    broken.channel.close()
    await broken.channel.closed
    await house.later(DAY_MS - 300_000)
    assert.equal(house.core.stats().media.unfinished, 1)
    await house.restart(() => { house.aheadMs += 600_000 })
    await house.later(0)
    assert.deepEqual([house.core.stats().media.blobs, house.store.read.blobs.mailboxBytes(bob.mailbox), readdirSync(house.blobs)], [0, 0, []])
  })

  it('puts in order at the start what was left half done: files without rows, rows without files, files that nobody has said are whole', async () => {
    await using house = await House.open()
    const bob = await house.owner()
    const readKey = randomBytes(32)
    const [kept, lost, said, orphan] = [await makeBlob(mebibytes(1, 1)), await makeBlob(mebibytes(1, 2)), await makeBlob(mebibytes(1, 3)), await makeBlob(mebibytes(0, 5_000))]
    for (const blob of [kept, lost, said, orphan]) await bob.bring(blob, readKey)
    const file = (name: string): string => join(house.blobs, name)
    await house.restart(() => { rmSync(file(`${rootText(lost.root)}.blob`)) })
    house.store.commit(writer => { writer.blobs.remove(orphan.root) })
    await house.store.durable()
    await house.restart(() => {
      writeFileSync(file('123-4.draft'), 'of a run that was killed')
      writeFileSync(file('bad name'), 'somebody else\'s')
    })
    assert.deepEqual(readdirSync(house.blobs).sort(), ['bad name', `${rootText(kept.root)}.blob`, `${rootText(said.root)}.blob`].sort())
    assert.deepEqual([await bob.get(lost, readKey), (await bob.get(kept, readKey))?.bytes.byteLength], [undefined, kept.bytes.byteLength])
    await bob.bring(lost, readKey)
    assert.notEqual(await bob.get(lost, readKey), undefined, 'who brings it again is welcome')
    assert.equal(house.core.stats().media.blobs, 3)
  })

  it('neither gives out nor breaks when a file is damaged, cut or gone while it runs', async () => {
    await using house = await House.open()
    const bob = await house.owner()
    const [blob, readKey] = [await makeBlob(mebibytes(2)), randomBytes(32)]
    await bob.bring(blob, readKey)
    const path = join(house.blobs, `${rootText(blob.root)}.blob`)
    truncateSync(path, statSync(path).size - 1)
    assert.equal(await bob.get(blob, readKey), undefined)
    await bob.bring(blob, readKey)
    rmSync(path)
    assert.equal(await bob.get(blob, readKey), undefined)
    assert.equal(house.core.stats().media.lost, 2)
    await bob.bring(blob, readKey)
    assert.deepEqual((await bob.get(blob, readKey))?.bytes, Buffer.from(blob.bytes))
  })

  it('does not read out what is only kept for a blocked mailbox, and lets go of a mailbox that leaves', async () => {
    await using house = await House.open()
    const [bob, eve] = [await house.owner(), await house.owner()]
    const [blob, readKey] = [await makeBlob(mebibytes(0, 5_000)), randomBytes(32)]
    await bob.bring(blob, readKey)
    await house.core.block(bob.network.peerId, true)
    assert.equal(await eve.get(blob, readKey), undefined)
    await eve.bring(blob, readKey)
    assert.notEqual(await bob.get(blob, readKey), undefined, 'others keep it as well')
    house.store.commit(writer => { writer.deleteMailbox(eve.mailbox) })
    house.store.commit(writer => { writer.deleteMailbox(bob.mailbox) })
    await house.later(0)
    assert.deepEqual([existsSync(house.blobs) ? readdirSync(house.blobs) : [], house.core.stats().media.references], [[], 0])
  })

  it('says on its card what it takes, and nothing once it drains or is told not to', async () => {
    await using house = await House.open({ capBytes: 10 * MIB, blobBytesMax: 4 * MIB })
    const offer = (): unknown => house.core.media?.offer()
    assert.deepEqual(offer(), { blobBytesMax: 4 * MIB, mailboxBytesMax: house.config.media.mailboxBytesMax, keepMsMax: house.config.media.keepMsMax })
    await house.core.drain(true)
    assert.equal(offer(), undefined)
    await house.core.drain(false)
    house.core.configure({ ...house.config, media: { ...house.config.media, isOn: false } })
    assert.equal(offer(), undefined)
  })
})
