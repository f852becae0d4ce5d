/** Files for somebody who is away: real relays keep them, lose them, and are gone. What is promised arrives; what is lost is said, and brought again. */
import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AttachmentView } from '../../protocols/local/schema.ts'
import { scratchFolder } from './folders.ts'
import { befriend, Person } from './nodes.ts'
import { Place } from './place.ts'

const MIB = 2 ** 20
/** Between two looks at what tells nobody when it changes. */
const LOOK_MS = 100

describe('a file for somebody who is away', function () {
  this.timeout(180_000)

  it('is kept by both relays, and arrives from one of them when the other has burned down and its author is away', async () => {
    await using scene = await Scene.open()
    const { ana, bob, places } = scene
    await bob.stop()
    const { id, sha256 } = await scene.send(3 * MIB + 5)
    await scene.kept(id)
    await ana.stop()
    await places[0]?.stop()
    await places[0]?.wipe()
    await places[0]?.start()
    await bob.start()
    await scene.arrives(id, sha256)
  })

  it('arrives when its author and one relay are gone', async () => {
    await using scene = await Scene.open()
    const { ana, bob, places } = scene
    await bob.stop()
    const { id, sha256 } = await scene.send(3 * MIB + 5)
    await scene.kept(id)
    await ana.stop()
    await places[1]?.stop()
    await bob.start()
    await scene.arrives(id, sha256)
  })

  it('is said to be nowhere when everybody has lost it, and is brought again by its author, though the two never meet', async () => {
    await using scene = await Scene.open()
    const { ana, bob, places } = scene
    await bob.stop()
    const { id, sha256 } = await scene.send(3 * MIB + 5)
    await scene.kept(id)
    await ana.stop()
    // The message comes from a relay; then only the blobs are lost.
    for (const place of places) {
      await place.stop()
      await rm(join(place.home, 'blobs'), { recursive: true, force: true })
      await place.start()
    }
    await bob.start()
    const { detail } = await eventually(async () => await fileOf(bob, id), view => view?.detail !== undefined)
    assert.match(detail ?? '', /nobody/)
    await scene.left(bob)
    await bob.stop()
    await ana.start()
    await eventually(async () => await fileOf(ana, id), view => view?.copies === 2)
    await eventually(async () => await Promise.all(places.map(async place => await scene.hasBlob(place))), found => found.every(has => has))
    await ana.stop()
    await bob.start()
    await scene.arrives(id, sha256)
  })
})

class Scene implements AsyncDisposable {
  readonly ana: Person
  readonly bob: Person
  readonly places: readonly Place[]
  readonly #path: string
  readonly #stack: AsyncDisposableStack

  /** Contacts, with a mailbox each at both relays, and aware of each other's. */
  static async open (): Promise<Scene> {
    const stack = new AsyncDisposableStack()
    const { path } = stack.use(await scratchFolder())
    const places = [await Place.open(stack), await Place.open(stack)]
    const [ana, bob] = [stack.use(await Person.create('Ana')), stack.use(await Person.create('Bob'))]
    await befriend(bob, ana)
    for (const person of [ana, bob]) for (const { address } of places) await person.call('relays.add', { address })
    for (const [one, other] of [[ana, bob], [bob, ana]] as const) await eventually(async () => await one.call('contact.show', { who: other.account }), ({ relays }) => relays.length === places.length)
    return new Scene({ ana, bob, places, path, stack })
  }

  private constructor ({ ana, bob, places, path, stack }: { readonly ana: Person, readonly bob: Person, readonly places: readonly Place[], readonly path: string, readonly stack: AsyncDisposableStack }) {
    this.ana = ana
    this.bob = bob
    this.places = places
    this.#path = path
    this.#stack = stack
  }

  async send (bytes: number): Promise<{ readonly id: string, readonly sha256: string }> {
    const content = randomBytes(bytes)
    const path = join(this.#path, 'file.bin')
    await writeFile(path, content)
    const { id } = await this.ana.call('send', { to: this.bob.account, text: '', attachments: [{ path }] })
    return { id, sha256: hash('sha256', content) }
  }

  /** The message and its file are at both relays. */
  async kept (id: string): Promise<void> {
    await this.ana.until(id, 'stored')
    const { copies, copiesOf, keepUntil } = await eventually(async () => await fileOf(this.ana, id), view => view?.copies === 2)
    assert.equal(copies, copiesOf)
    assert.ok(Date.parse(keepUntil ?? '') > Date.now() + 24 * 3_600_000)
  }

  async arrives (id: string, sha256: string): Promise<void> {
    await eventually(async () => await fileOf(this.bob, id), view => view?.state === 'here')
    assert.equal((await this.bob.call('media.get', { id })).sha256, sha256)
  }

  /** What somebody has to say has been left at the relays. */
  async left (person: Person): Promise<void> {
    const { outbox } = await person.node.status()
    if (outbox.open === 0) return
    await eventually(async () => await person.call('relays.list', {}), ({ relays }) => relays.every(({ state }) => state === 'open'))
    await eventually(async () => await person.node.status(), status => status.outbox.open <= outbox.open)
  }

  async hasBlob ({ home }: Place): Promise<boolean> {
    try {
      return (await readdir(join(home, 'blobs'), { recursive: true })).some(name => name.endsWith('.blob'))
    } catch {
      return false
    }
  }

  async [Symbol.asyncDispose] (): Promise<void> { await this.#stack.disposeAsync() }
}

async function fileOf (person: Person, id: string): Promise<AttachmentView | undefined> {
  try {
    return (await person.message(id)).attachments?.[0]
  } catch {
    return undefined
  }
}

async function eventually<T> (look: () => Promise<T>, isSo: (seen: T) => boolean): Promise<NonNullable<T>> {
  for (;;) {
    const seen = await look()
    if (seen !== undefined && seen !== null && isSo(seen)) return seen
    await new Promise(resolve => { setTimeout(resolve, LOOK_MS) })
  }
}
