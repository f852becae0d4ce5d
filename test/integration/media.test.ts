/** Files between real nodes: straight from one to the other, with one of them away, gone and back again, and with their lines cut. */
import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttachmentView, EventView } from '../../protocols/local/schema.ts'
import { scratchFolder } from './folders.ts'
import { friends, type Person } from './nodes.ts'

const MIB = 2 ** 20

describe('a file between two who are there', function () {
  this.timeout(120_000)

  it('comes by itself when it is small, whole, and its author hears that it is there', async () => {
    await using scene = await Scene.open()
    const { ana, bob } = scene
    const { id, sha256 } = await scene.send(ana, bob, 3 * MIB + 17)
    await scene.isHere(bob, id)
    const { path = '', bytes, sha256: told } = await bob.call('media.get', { id })
    assert.equal(bytes, 3 * MIB + 17)
    assert.equal(told, sha256)
    assert.equal(hash('sha256', await readFile(path)), sha256)
    await fileOf(ana, id, ({ isFetched }) => isFetched === true)
  })

  it('waits for a person when it is large, and comes when it is asked for', async () => {
    await using scene = await Scene.open()
    const { ana, bob } = scene
    const { id, sha256 } = await scene.send(ana, bob, 33 * MIB)
    await bob.event(event => event.type === 'message.received' && event.message?.id === id)
    assert.equal((await attachmentOf(bob, id)).state, 'waiting')
    const got = await bob.call('media.get', { id, waitMs: 40_000 })
    assert.equal(got.sha256, sha256)
  })

  it('comes when its author is back, goes on with what is here, and can be asked for from nobody else', async () => {
    await using scene = await Scene.open()
    const { ana, bob } = scene
    const { id, sha256 } = await scene.send(ana, bob, 33 * MIB)
    await bob.event(event => event.type === 'message.received' && event.message?.id === id)
    await ana.stop()
    assert.equal((await bob.call('media.get', { id, waitMs: 10 })).isDone, false)
    const { detail } = await fileOf(bob, id, view => view.detail !== undefined)
    assert.match(detail ?? '', /can be reached/)
    await ana.start()
    // Her node connects to his, and that is reason enough to try again.
    await ana.until(await ana.send(bob, 'I am back'), 'delivered')
    await scene.isHere(bob, id)
    assert.equal((await bob.call('media.get', { id })).sha256, sha256)
  })

  it('is gone when its author has deleted the message before it came, and its files are removed on both sides', async () => {
    await using scene = await Scene.open()
    const { ana, bob } = scene
    const { id } = await scene.send(ana, bob, 33 * MIB)
    await bob.event(event => event.type === 'message.received' && event.message?.id === id)
    await ana.call('delete', { id })
    await bob.event(event => event.type === 'message.changed')
    await assert.rejects(bob.call('media.get', { id }))
    for (const person of [ana, bob]) assert.deepEqual((await person.call('media.list', {})).files, [])
  })

  it('of which the author has lost the blob is said to be gone', async () => {
    await using scene = await Scene.open()
    const { ana, bob } = scene
    const { id } = await scene.send(ana, bob, 33 * MIB)
    await bob.event(event => event.type === 'message.received' && event.message?.id === id)
    await ana.stop()
    await rm(join(ana.home, 'blobs'), { recursive: true })
    await ana.start()
    await ana.until(await ana.send(bob, 'I am back'), 'delivered')
    await bob.call('media.get', { id, waitMs: 10 }).catch(() => {})
    await fileOf(bob, id, ({ state }) => state === 'gone')
  })
})

class Scene implements AsyncDisposable {
  readonly ana: Person
  readonly bob: Person
  readonly #path: string
  readonly #stack: AsyncDisposableStack

  static async open (): Promise<Scene> {
    const stack = new AsyncDisposableStack()
    const { path } = stack.use(await scratchFolder())
    const pair = stack.use(await friends())
    return new Scene(pair, path, stack)
  }

  private constructor ({ ana, bob }: { readonly ana: Person, readonly bob: Person }, path: string, stack: AsyncDisposableStack) {
    this.ana = ana
    this.bob = bob
    this.#path = path
    this.#stack = stack
  }

  async send (from: Person, to: Person, bytes: number): Promise<{ readonly id: string, readonly sha256: string }> {
    const content = randomBytes(bytes)
    const path = join(this.#path, 'file.bin')
    await writeFile(path, content)
    const { id } = await from.call('send', { to: to.account, text: '', attachments: [{ path }] })
    return { id, sha256: hash('sha256', content) }
  }

  async isHere (person: Person, id: string): Promise<void> { await fileOf(person, id, ({ state }) => state === 'here') }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#stack.disposeAsync() }
}

async function attachmentOf (person: Person, id: string): Promise<AttachmentView> {
  const [attachment] = (await person.message(id)).attachments ?? []
  assert.ok(attachment !== undefined)
  return attachment
}

/** Resolves when the first file of a message is so: looks at every event of it. */
async function fileOf (person: Person, id: string, isSo: (view: AttachmentView) => boolean): Promise<AttachmentView> {
  const event = await person.event((seen: EventView) => seen.message?.id === id && (seen.message.attachments ?? []).some(isSo))
  const found = event.message?.attachments?.find(isSo)
  assert.ok(found !== undefined)
  return found
}
