/** Files between two people with real nodes in this process: sent, fetched, forwarded, let go, deleted; and what is refused. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Result } from '../../protocols/local/operations.ts'
import type { AttachmentView } from '../../protocols/local/schema.ts'
import { scratchFolder, type Folder } from './folders.ts'
import { befriend, disposeAll, friends, PATIENCE_MS, Person, type Pair } from './nodes.ts'

describe('files between people', function () {
  this.timeout(120_000)
  let pair: Pair
  let carol: Person
  let folder: Folder

  before(async () => {
    folder = await scratchFolder()
    ;[pair, carol] = await Promise.all([friends(), Person.create('Carol', { accept: 'all' })])
    await befriend(carol, pair.bob)
  })
  after(async () => {
    await disposeAll([pair.ana, pair.bob, carol])
    await folder[Symbol.asyncDispose]()
  })

  async function fileOf (name: string, content: Uint8Array): Promise<string> {
    const path = join(folder.path, name)
    await writeFile(path, content)
    return path
  }

  async function sendToBob (path: string, text = ''): Promise<Result<'send'>> {
    const sent = await pair.ana.call('send', { to: pair.bob.account, text, attachments: [{ path }] })
    await pair.ana.until(sent.id, 'delivered')
    return sent
  }

  async function got (person: Person, id: string, place = 1): Promise<Required<Pick<Result<'media.get'>, 'path' | 'bytes' | 'sha256'>>> {
    const result = await person.call('media.get', { id, place, folder: join(folder.path, `of-${person.name}`), waitMs: PATIENCE_MS })
    const { path, bytes, sha256 } = result
    assert.ok(path !== undefined && bytes !== undefined && sha256 !== undefined, JSON.stringify(result))
    return { path, bytes, sha256 }
  }

  async function attachment (person: Person, id: string): Promise<AttachmentView | undefined> { return (await person.message(id)).attachments?.[0] }

  /** Resolves when a file of a message is so, as events say. */
  async function until (person: Person, id: string, isRight: (attachment: AttachmentView) => boolean): Promise<void> {
    await person.event(({ message }) => message?.id === id && message.attachments?.[0] !== undefined && isRight(message.attachments[0]))
  }

  it('arrive with the very bytes, under their name, and their author learns that they did', async () => {
    const content = randomBytes(3_300_000)
    const path = await fileOf('Grüße 🦢.bin', content)
    const sent = await pair.ana.call('send', { to: pair.bob.account, text: 'From the ferry', attachments: [{ path }, { path: await fileOf('notes.txt', Buffer.from('Remember the tickets')), name: '../../etc/notes.txt' }] })
    assert.deepEqual(sent.attachments?.map(({ name, bytes, type }) => [name, bytes, type]), [['Grüße 🦢.bin', 3_300_000, 'application/octet-stream'], ['../../etc/notes.txt', 20, 'text/plain']])
    await pair.ana.until(sent.id, 'delivered')
    const received = await pair.bob.message(sent.id)
    assert.deepEqual([received.kind, received.text, received.attachments?.length], ['media', 'From the ferry', 2])
    const saved = [await got(pair.bob, sent.id), await got(pair.bob, sent.id, 2)]
    assert.deepEqual(saved.map(({ path }) => path), [join(folder.path, 'of-Bob', 'Grüße 🦢.bin'), join(folder.path, 'of-Bob', '_.._etc_notes.txt')])
    assert.ok(content.equals(await readFile(saved[0]?.path ?? '')))
    assert.equal(saved[0]?.sha256, createHash('sha256').update(content).digest('hex'))
    await until(pair.ana, sent.id, ({ isFetched }) => isFetched === true)
  })

  it('an empty one arrives as an empty one', async () => {
    const { id } = await sendToBob(await fileOf('empty', new Uint8Array(0)))
    assert.deepEqual(await readFile((await got(pair.bob, id)).path), Buffer.alloc(0))
  })

  it('are forwarded as they are, with the same blob', async () => {
    const content = randomBytes(70_000)
    const { id, attachments } = await sendToBob(await fileOf('forwarded.bin', content), 'Look')
    await got(pair.bob, id)
    const forwarded = await pair.bob.call('forward', { id, to: carol.account })
    assert.equal(forwarded.attachments?.[0]?.cid, attachments?.[0]?.cid)
    await pair.bob.until(forwarded.id, 'delivered')
    assert.equal((await carol.message(forwarded.id)).text, 'Look')
    assert.ok(content.equals(await readFile((await got(carol, forwarded.id)).path)))
    assert.equal((await readdir(join(pair.bob.home, 'blobs'))).filter(name => name.startsWith(attachments?.[0]?.cid ?? '?')).length, 1)
  })

  it('a text is forwarded, too, as one', async () => {
    const id = await pair.ana.send(pair.bob, 'Pass it on')
    await pair.ana.until(id, 'delivered')
    const forwarded = await pair.bob.call('forward', { id, to: carol.account })
    await pair.bob.until(forwarded.id, 'delivered')
    assert.deepEqual([(await carol.message(forwarded.id)).kind, (await carol.message(forwarded.id)).text, forwarded.attachments], ['text', 'Pass it on', undefined])
  })

  it('that were let go are fetched again, and cannot be forwarded before', async () => {
    const content = randomBytes(5_000)
    const { id } = await sendToBob(await fileOf('again.bin', content))
    await got(pair.bob, id)
    const dry = await pair.bob.call('media.gc', { all: true, dryRun: true })
    assert.ok(dry.files > 0 && dry.bytes > 0)
    assert.equal((await attachment(pair.bob, id))?.state, 'here')
    assert.deepEqual((await pair.bob.call('media.gc', { all: true })).files, dry.files)
    assert.equal((await attachment(pair.bob, id))?.state, 'waiting')
    await assert.rejects(pair.bob.call('forward', { id, to: carol.account }), { name: 'RefusedError' })
    assert.ok(content.equals(await readFile((await got(pair.bob, id)).path)))
  })

  it('that are pinned stay, and are listed with what they take', async () => {
    const { id } = await sendToBob(await fileOf('pinned.bin', randomBytes(9_000)))
    await got(pair.bob, id)
    assert.deepEqual(await pair.bob.call('media.pin', { id, isPinned: true }), { files: 1 })
    await pair.bob.call('media.gc', { all: true })
    const listed = await pair.bob.call('media.list', { with: pair.ana.account, limit: 1 })
    assert.deepEqual(listed.files.map(({ message, isOwn, attachment: { name, state, isPinned } }) => [message, isOwn, name, state, isPinned]), [[id, false, 'pinned.bin', 'here', true]])
    assert.equal(listed.hasMore, true)
    assert.ok(listed.bytesHeld >= 9_000 && listed.bytesHeld < 12_000, `${listed.bytesHeld}`)
  })

  it('go from both disks with their message', async () => {
    const { id, attachments } = await sendToBob(await fileOf('deleted.bin', randomBytes(9_000)))
    await got(pair.bob, id)
    const { id: deletion } = await pair.ana.call('delete', { id })
    await pair.bob.event(({ type, message }) => type === 'message.changed' && message?.id === id && message.deleted)
    assert.match(deletion, /^\w{26}$/)
    assert.deepEqual((await pair.bob.message(id)).attachments, [])
    for (const person of [pair.ana, pair.bob]) {
      const deadlineMs = performance.now() + PATIENCE_MS
      const files = async (): Promise<number> => (await readdir(join(person.home, 'blobs'))).filter(name => name.startsWith(attachments?.[0]?.cid ?? '?')).length
      // Relays are told first, then files go, then rows: nothing tells when.
      while (await files() > 0 && performance.now() < deadlineMs) await person.call('status', {})
      assert.equal(await files(), 0, person.name)
    }
  })

  it('are taken in before they are sent, and dropped without a trace', async () => {
    const path = await fileOf('taken.bin', randomBytes(2_200_000))
    const { take } = await pair.ana.call('media.take', { path })
    const done = await pair.ana.call('media.taken', { take, waitMs: 30_000 })
    assert.deepEqual([done.isDone, done.bytesDone, done.bytes], [true, 2_200_000, 2_200_000])
    const before = (await readdir(join(pair.ana.home, 'blobs'))).length
    await pair.ana.call('media.drop', { take })
    assert.equal((await readdir(join(pair.ana.home, 'blobs'))).length, before - 1)
    await assert.rejects(pair.ana.call('send', { to: pair.bob.account, text: '', attachments: [{ take }] }), { name: 'NotFoundError' })
  })

  it('are sent once for one key, however often it is asked', async () => {
    const path = await fileOf('once.bin', randomBytes(100))
    const ask = async (): Promise<string> => (await pair.ana.call('send', { to: pair.bob.account, text: 'once', attachments: [{ path }], idempotencyKey: 'photo-1' })).id
    const [first, second] = await Promise.all([ask(), ask()])
    assert.equal(first, second)
    assert.equal(await ask(), first)
  })

  it('survive a restart of their author before they are delivered', async () => {
    await pair.bob.stop()
    const content = randomBytes(50_000)
    const path = await fileOf('restart.bin', content)
    const { id } = await pair.ana.call('send', { to: pair.bob.account, text: 'later', attachments: [{ path }] })
    await pair.ana.restart()
    await pair.bob.start()
    await pair.ana.until(id, 'delivered')
    assert.ok(content.equals(await readFile((await got(pair.bob, id)).path)))
  })

  const refused: ReadonlyArray<readonly [string, string, (path: string) => Parameters<SendCall>[0]]> = [
    ['a path that is not absolute', 'UsageError', () => ({ text: '', attachments: [{ path: 'photo.jpg' }] })],
    ['what is not there', 'NotFoundError', path => ({ text: '', attachments: [{ path: `${path}.not` }] })],
    ['neither a path nor a file taken in', 'UsageError', () => ({ text: '', attachments: [{}] })],
    ['a text that leaves no room for files', 'RefusedError', path => ({ text: 'x'.repeat(59_990), attachments: [{ path }] })],
    ['neither text nor files', 'MalformedError', () => ({ text: '', attachments: [] })]
  ]
  type SendCall = (params: { readonly text: string, readonly attachments: Array<{ readonly path?: string }> }) => unknown
  for (const [what, name, params] of refused) {
    it(`are not sent: ${what}`, async () => {
      const path = await fileOf('refused.bin', randomBytes(10))
      await assert.rejects(pair.ana.call('send', { to: pair.bob.account, ...params(path) }), { name })
    })
  }

  it('are not where there are none', async () => {
    const id = await pair.ana.send(pair.bob, 'just words')
    await assert.rejects(pair.ana.call('media.get', { id }), { name: 'NotFoundError' })
    await assert.rejects(pair.ana.call('media.pin', { id, isPinned: true }), { name: 'NotFoundError' })
  })
})
