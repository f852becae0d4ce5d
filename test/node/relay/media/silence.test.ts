/** Streams on which nothing moves: they end by themselves, and hold nothing up meanwhile. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { BLOB_SILENT_MS_MAX, SEND_BUFFER_BYTES_MAX } from '../../../../protocols/core/limits.ts'
import { BLOB_VERSION } from '../../../../protocols/media/wire.ts'
import type { Clock } from '../../../../node/ports.ts'
import { realClock } from '../../../../node/world.ts'
import { makeBlob } from '../../media/blobs.ts'
import { House, mebibytes } from './house.ts'

/** What a stream may be silent for passes thirty times as fast: 30 s are one. */
const hasty: Clock = { ...realClock, timer: (delayMs, fire) => realClock.timer(delayMs === BLOB_SILENT_MS_MAX / 4 ? delayMs / 30 : delayMs, fire) }

describe('a stream of blobs on which nothing moves', function () {
  this.timeout(60_000)

  it('ends: one that never says anything, one that brings nothing, one that stops half-way; and others bring the blob then', async () => {
    await using house = await House.open({}, {}, hasty)
    const bob = await house.owner()
    const [blob, other, readKey] = [await makeBlob(mebibytes(2)), await makeBlob(mebibytes(2)), randomBytes(32)]
    const silent = await bob.stream()
    const lazy = await bob.stream()
    await lazy.say(bob.putOf(other, readKey))
    await lazy.answer('promise')
    const stuck = await bob.bring(blob, readKey, { leaves: 1 })
    await Promise.all([silent, lazy, stuck].map(async ({ channel }) => await channel.closed))
    await house.core.media?.shelf.whenFree(blob.root)
    await bob.bring(blob, readKey)
    assert.deepEqual((await bob.get(blob, readKey))?.bytes, Buffer.from(blob.bytes))
  })

  it('ends: one that wants everything and reads nothing, for which no more is read from the disk than fits on the line', async () => {
    await using house = await House.open({}, {}, hasty)
    const bob = await house.owner()
    const [blob, readKey] = [await makeBlob(mebibytes(40)), randomBytes(32)]
    await bob.bring(blob, readKey)
    const deaf = await bob.stream({ isDeaf: true })
    await deaf.say({ type: 'get', version: BLOB_VERSION, root: blob.root, readKey })
    await deaf.answer('opened')
    await deaf.say({ type: 'want', first: 0, count: blob.leafCount })
    await house.channels.at(-1)?.closed
    assert.ok(house.core.tally.media.servedBytes <= SEND_BUFFER_BYTES_MAX, `${house.core.tally.media.servedBytes} bytes were read for it`)
  })
})
