/** Files taken in: blobs on the disk that open to the very file, and nothing at all of what was dropped, failed or changed. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Decryption } from '../../../node/media/decryption.ts'
import { FileDesk, type TakeRequest } from '../../../node/media/desk.ts'
import type { Inspection, Inspector, StripResult } from '../../../node/media/inspect/inspection.ts'
import { realClock, realRandom } from '../../../node/world.ts'
import { NotFoundError, RefusedError, SkeinError } from '../../../protocols/core/errors.ts'
import type { Attachment } from '../../../protocols/message/content.ts'
import { BlobFiles } from '../../../store/blobs/blob-files.ts'
import { temporaryFolder } from './folders.ts'

/** Finds what it is told to find; what is in files is another test's matter. */
class TestInspector implements Inspector {
  result: StripResult = { at: 'clean', type: 'text/plain' }
  stripped: Uint8Array | undefined
  inspection: Partial<Inspection> = {}
  /** Waited for by whoever looks. */
  gate: Promise<unknown> = Promise.resolve()
  readonly inspected: string[] = []

  async inspect (path: string): Promise<Inspection> {
    this.inspected.push(path)
    await this.gate
    return { type: 'text/plain', bytes: 0, width: 0, height: 0, durationMs: 0, isVoice: false, ...this.inspection }
  }

  async strip (_path: string, outPath: string): Promise<StripResult> {
    await this.gate
    if (this.result.at === 'stripped' && this.stripped !== undefined) await writeFile(outPath, this.stripped)
    return this.result
  }
}

class WatchedBlobs extends BlobFiles {
  /** Between two leaves. */
  onLeaf: () => Promise<void> = () => Promise.resolve()

  override async draft (): ReturnType<BlobFiles['draft']> {
    const draft = await super.draft()
    return {
      ...draft,
      append: async leaf => {
        await draft.append(leaf)
        await this.onLeaf()
      }
    }
  }
}

describe('the desk that takes files in', () => {
  const folder = temporaryFolder()
  let blobs: WatchedBlobs
  let inspector: TestInspector
  let desk: FileDesk
  let path: string

  beforeEach(async () => {
    await rm(folder.path, { recursive: true, force: true })
    await mkdir(folder.path)
    blobs = new WatchedBlobs(join(folder.path, 'blobs'))
    inspector = new TestInspector()
    desk = new FileDesk({ blobs, inspector, clock: realClock, random: realRandom, spool: join(folder.path, 'spool') })
    await desk.start()
    path = join(folder.path, 'source.bin')
  })

  afterEach(async () => { await desk.stop() })

  function request (changes: Partial<TakeRequest> = {}): TakeRequest { return { path, name: undefined, isOriginal: false, ...changes } }

  async function taken (bytes: Uint8Array, changes: Partial<TakeRequest> = {}): Promise<{ readonly take: string, readonly attachment: Attachment }> {
    await writeFile(path, bytes)
    const take = desk.take(request(changes))
    return { take, attachment: await desk.attachment(take) }
  }

  async function contentOf (attachment: Attachment): Promise<Buffer> {
    const leaves = await blobs.read(attachment.root)
    assert.ok(leaves !== undefined)
    try {
      const pieces: Uint8Array[] = []
      for await (const piece of new Decryption(attachment, leaves).read()) pieces.push(piece)
      return Buffer.concat(pieces)
    } finally {
      await leaves.close()
    }
  }

  async function remains (): Promise<readonly string[]> {
    const names = async (name: string): Promise<string[]> => await readdir(join(folder.path, name)).catch(() => [])
    return [...await names('blobs'), ...await names('spool')]
  }

  for (const bytes of [0, 1, 5_000, 2_500_000]) {
    it(`makes a blob of ${bytes} bytes that opens to them, named and described`, async () => {
      const content = randomBytes(bytes)
      inspector.inspection = { type: 'image/webp', width: 640, height: 480, thumbhash: Uint8Array.of(1, 2), thumbnail: Uint8Array.of(3) }
      const { attachment } = await taken(content)
      assert.ok(content.equals(await contentOf(attachment)))
      assert.deepEqual(Buffer.from(attachment.sha256), createHash('sha256').update(content).digest())
      assert.deepEqual([attachment.name, attachment.type, attachment.bytes, attachment.width, attachment.thumbnail], ['source.bin', 'image/webp', bytes, 640, Uint8Array.of(3)])
      assert.notDeepEqual(attachment.key, attachment.readKey)
    })
  }

  it('needs the source no longer once it has it', async () => {
    const { attachment } = await taken(Buffer.from('gone'))
    await rm(path)
    assert.equal((await contentOf(attachment)).toString(), 'gone')
  })

  it('sends the copy without metadata, says what was removed, and keeps no copy', async () => {
    inspector.result = { at: 'stripped', type: 'image/jpeg', removed: ['location', 'Exif'], bytes: 4 }
    inspector.stripped = Buffer.from('bare')
    const { take, attachment } = await taken(Buffer.from('with a place'))
    assert.equal((await contentOf(attachment)).toString(), 'bare')
    assert.equal(attachment.name, 'source.bin')
    assert.deepEqual((await desk.progress(take, 0)).notes, ['removed: location, Exif'])
    assert.deepEqual(await readdir(join(folder.path, 'spool')), [])
  })

  it('takes a file as it is when that is asked for', async () => {
    inspector.result = { at: 'refused', type: 'image/heic', why: 'format', risk: 'it may tell where it was taken' }
    const { attachment } = await taken(Buffer.from('as it is'), { isOriginal: true, name: 'renamed.heic' })
    assert.equal((await contentOf(attachment)).toString(), 'as it is')
    assert.equal(attachment.name, 'renamed.heic')
  })

  it('refuses what cannot be stripped, and says what it may tell', async () => {
    inspector.result = { at: 'refused', type: 'image/heic', why: 'format', risk: 'it may tell where it was taken' }
    await assert.rejects(taken(Buffer.from('x')), { name: 'RefusedError', message: 'it may tell where it was taken' })
    assert.deepEqual(await remains(), [])
  })

  it('leaves nothing of what is not there, is no file, or changes meanwhile', async () => {
    await assert.rejects(desk.attachment(desk.take(request({ path: join(folder.path, 'nothing') }))), NotFoundError)
    await assert.rejects(desk.attachment(desk.take(request({ path: folder.path, isOriginal: true }))), SkeinError)
    await writeFile(path, randomBytes(3_000_000))
    blobs.onLeaf = async () => { await appendFile(path, 'more') }
    await assert.rejects(desk.attachment(desk.take(request())), RefusedError)
    assert.deepEqual(await remains(), [])
  })

  it('drops a file that is under way, one that is ready, and one that waits', async () => {
    const ready = await taken(randomBytes(10))
    await writeFile(path, randomBytes(4_000_000))
    const underWay = desk.take(request())
    const waiting = desk.take(request())
    const { promise: begun, resolve } = Promise.withResolvers<undefined>()
    blobs.onLeaf = () => {
      resolve(undefined)
      return Promise.resolve()
    }
    await begun
    await Promise.all([desk.drop(underWay), desk.drop(waiting), desk.drop(ready.take)])
    assert.deepEqual(await remains(), [])
    await assert.rejects(desk.progress(underWay, 0), NotFoundError)
    await desk.drop(underWay)
  })

  it('keeps what was sent, whatever is dropped or stopped afterwards', async () => {
    const { take, attachment } = await taken(Buffer.from('sent'))
    desk.sent([take])
    await desk.drop(take)
    await desk.stop()
    assert.equal((await contentOf(attachment)).toString(), 'sent')
  })

  it('stops with nothing left of what was not sent', async () => {
    await taken(Buffer.from('one'))
    await writeFile(path, randomBytes(2_000_000))
    desk.take(request())
    await desk.stop()
    assert.deepEqual(await remains(), [])
  })

  it('answers how far it is before it is done, and when it is', async () => {
    const { promise, resolve } = Promise.withResolvers<undefined>()
    inspector.gate = promise
    await writeFile(path, randomBytes(100))
    const take = desk.take(request())
    assert.deepEqual([(await desk.progress(take, 1)).attachment, (await desk.progress(take, 1)).bytes], [undefined, 0])
    resolve(undefined)
    const done = await desk.progress(take, 20_000)
    assert.deepEqual([done.attachment?.bytes, done.bytesDone, done.bytes], [100, 100, 100])
  })

  it('takes one after the other, and one that fails does not hold up the next', async () => {
    await writeFile(path, 'second')
    const failing = desk.take(request({ path: join(folder.path, 'nothing') }))
    const next = desk.take(request())
    await assert.rejects(desk.attachment(failing), NotFoundError)
    assert.equal((await contentOf(await desk.attachment(next))).toString(), 'second')
  })

  it('begins with an empty spool: copies of a run that was cut short are gone', async () => {
    await writeFile(join(folder.path, 'spool', 'left'), 'with a place')
    await desk.start()
    assert.deepEqual(await readdir(join(folder.path, 'spool')), [])
    assert.equal((await stat(join(folder.path, 'spool'))).mode & 0o777, 0o700)
  })
})
