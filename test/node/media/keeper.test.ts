/** Blobs on the disk and rows about them: what is let go, what never is, and what a crash left between the two. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { BlobKeeper } from '../../../node/media/keeper.ts'
import { DELIVERY_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import type { BlobRoot } from '../../../protocols/media/root.ts'
import { BlobFiles } from '../../../store/blobs/blob-files.ts'
import { smallAttachment } from '../../protocols/message/arbitraries.ts'
import { Engine } from '../engine.ts'
import { temporaryFolder } from './folders.ts'

const LEAF_BYTES = 4_152

describe('what keeps blobs', () => {
  const folder = temporaryFolder()
  let ana: Engine
  let bob: number
  let blobs: BlobFiles
  let keeper: BlobKeeper
  let count = 0

  beforeEach(() => {
    ana = new Engine('ana')
    bob = ana.add(new Engine('bob', ana.world))
    blobs = new BlobFiles(join(folder.path, `blobs-${count++}`))
    keeper = new BlobKeeper({ reader: ana.store.read, turn: ana.turn, blobs, clock: ana.clock, bytesMax: 2 * LEAF_BYTES })
  })

  afterEach(() => { keeper.stop() })

  async function onDisk (fill: number): Promise<BlobRoot> {
    const draft = await blobs.draft()
    await draft.append(new Uint8Array(LEAF_BYTES).fill(fill))
    return await draft.finish()
  }

  /** Sent to Bob, who has it by now unless `isOwed`. */
  async function sent (fill: number, { isOwed = false, usedAtMs = fill }: { readonly isOwed?: boolean, readonly usedAtMs?: number } = {}): Promise<BlobRoot> {
    const root = await onDisk(fill)
    await ana.send(bob, { type: 'media', text: '', replyTo: undefined, attachments: [smallAttachment({ root })] })
    ana.store.transact(writer => {
      if (!isOwed) writer.blobs.markFetched(root, bob, ana.clock.now())
      writer.blobs.touch(root, usedAtMs)
    })
    return root
  }

  async function isThere (root: BlobRoot): Promise<boolean> {
    const read = await blobs.read(root)
    await read?.close()
    return read !== undefined
  }

  async function letGo (bytesMax: number): Promise<readonly BlobRoot[]> {
    const work = keeper.letGo(bytesMax)
    // Turns wait for the virtual clock.
    await ana.rest()
    return (await work).evicted.map(({ root }) => root)
  }

  it('lets go what was not used for the longest, on the disk and in the rows, and tells whoever shows it', async () => {
    const [first, second, third] = [await sent(3, { usedAtMs: 30 }), await sent(1, { usedAtMs: 10 }), await sent(2, { usedAtMs: 20 })]
    assert.deepEqual(keeper.plan(2 * LEAF_BYTES).evicted.map(({ root }) => root), [second], 'planning changes nothing')
    assert.ok(await isThere(second))
    assert.deepEqual(await letGo(LEAF_BYTES), [second, third])
    assert.deepEqual(await Promise.all([first, second, third].map(isThere)), [true, false, false])
    assert.deepEqual([first, second, third].map(root => ana.store.read.blobs.byRoot(root)?.state), ['here', 'known', 'known'])
    assert.ok(ana.events().includes('attachment.state'))
  })

  it('never lets go what is pinned, or what somebody has still to fetch; until nobody tries it any more', async () => {
    const [pinned, owed, free] = [await sent(1), await sent(2, { isOwed: true }), await sent(3)]
    ana.store.transact(writer => { writer.blobs.pin(pinned, true) })
    assert.deepEqual(await letGo(0), [free])
    await ana.world.advance(DELIVERY_LIFETIME_MS + 1)
    assert.deepEqual(await letGo(0), [owed])
    assert.ok(await isThere(pinned))
  })

  it('removes at the start what no row names: a file taken in and not sent, or one let go before a crash', async () => {
    const kept = await sent(1)
    const stray = await onDisk(2)
    const half = await sent(3)
    ana.store.transact(writer => { writer.blobs.setState(half, 'known') })
    await keeper.start()
    assert.deepEqual(await Promise.all([kept, stray, half].map(isThere)), [true, false, false])
  })

  it('keeps at the start what is still to be fetched', async () => {
    const partly = await sent(1)
    ana.store.transact(writer => { writer.blobs.setState(partly, 'wanted') })
    await keeper.start()
    assert.ok(await isThere(partly))
  })
})
