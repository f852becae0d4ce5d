import assert from 'node:assert/strict'
import { once } from 'node:events'
import { EXIT } from '../../protocols/core/errors.ts'
import type { EventView } from '../../protocols/local/schema.ts'
import { serveLocalApi } from '../../node/api/server.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { realClock } from '../../node/world.ts'
import { fakeApi } from '../node/api/fake-api.ts'
import type { FakeApi } from '../node/api/fake-api.ts'
import { Fixture, ended, message } from './fixture.ts'

/** A node's feed: events with the cursors 1, 2, 3 …, and named cursors. Pages are as long as asked. */
class FakeFeed {
  readonly #events: EventView[] = []
  readonly #cursors = new Map<string, number>()
  #ring = Promise.withResolvers<undefined>()

  readonly api: FakeApi = fakeApi({
    'events.page': async ({ name, after, limit = 100, waitMs = 0 }) => {
      const from = after === 'start' ? 0 : after === 'now' ? this.#events.length : after === undefined ? this.#cursors.get(name ?? '') ?? 0 : Number(after)
      if (this.#events.length === from && waitMs > 0) await this.#ring.promise
      const events = this.#events.slice(from, from + limit)
      return { events, cursor: events.at(-1)?.cursor ?? String(from) }
    },
    'events.acknowledge': ({ name, cursor }) => {
      this.#cursors.set(name, Number(cursor))
      return {}
    }
  })

  push (type: EventView['type'], count = 1): void {
    for (let index = 0; index < count; index++) this.#events.push({ cursor: String(this.#events.length + 1), type, at: '2026-11-01T08:00:00.000Z', ...type === 'message.received' && { message: message() } })
    this.#ring.resolve(undefined)
    this.#ring = Promise.withResolvers()
  }

  acknowledged (name: string): number | undefined {
    return this.#cursors.get(name)
  }
}

function cursors (stdout: string): readonly number[] {
  return stdout.split('\n').filter(line => line !== '').map(line => Number((JSON.parse(line) as EventView).cursor))
}

describe('skein events', function () {
  let fixture: Fixture
  let feed: FakeFeed
  let server: { stop: () => Promise<void> } | undefined

  beforeEach(async () => {
    fixture = await Fixture.empty()
    feed = new FakeFeed()
    await serve()
  })

  afterEach(async () => {
    await server?.stop()
    await fixture.stop()
  })

  async function serve (): Promise<void> {
    server = await serveLocalApi({ api: feed.api, socketPath: socketPathFor(fixture.home), clock: realClock, version: '0.1.0' })
  }

  it('prints what is there and ends, one event a line with its schema', async () => {
    feed.push('message.received', 3)
    const { exit, stdout } = await fixture.run(['events', '--json'])
    assert.deepEqual([exit, cursors(stdout)], [0, [1, 2, 3]])
    assert.match(stdout, /^{"schema":"skein.event\/1","cursor":"1"/)
    assert.match((await fixture.run(['events'], { environment: { TZ: 'UTC' } })).stdout, /^08:00:00\.000 {2}message\.received {9}bob: And bring gloves/)
  })

  it('goes on with a named cursor where it was, which is moved after the lines are written', async () => {
    feed.push('message.received', 250)
    assert.equal(cursors((await fixture.run(['events', '--cursor', 'backup', '--json'])).stdout).length, 250)
    assert.equal(feed.acknowledged('backup'), 250)
    feed.push('message.received')
    assert.deepEqual(cursors((await fixture.run(['events', '--cursor', 'backup', '--json'])).stdout), [251])
  })

  it('begins elsewhere when asked, and shows only some types', async () => {
    feed.push('message.received')
    feed.push('node.trouble')
    assert.deepEqual(cursors((await fixture.run(['events', '--after', '1', '--json'])).stdout), [2])
    assert.deepEqual(cursors((await fixture.run(['events', '--after', 'now', '--json'])).stdout), [])
    assert.deepEqual(cursors((await fixture.run(['events', '--type', 'node.trouble', '--cursor', 'x', '--json'])).stdout), [2])
    assert.equal(feed.acknowledged('x'), 2)
    const wrong = await fixture.run(['events', '--type', 'node.troubel'])
    assert.equal(wrong.exit, EXIT.usage)
    assert.match(wrong.stderr, /Did you mean node\.trouble\?/)
  })

  it('follows until interrupted', async () => {
    feed.push('message.received')
    const child = fixture.start(['events', '--follow', '--cursor', 'x', '--json'])
    const end = ended(child)
    await once(child.stdout, 'data')
    feed.push('message.received')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const { exit, stdout, stderr } = await end
    assert.deepEqual([exit, cursors(stdout), stderr], [EXIT.interrupted, [1, 2], ''], 'nothing stands behind the last event')
  })

  it('loses no event when it is killed again and again', async () => {
    const seen = new Set<number>()
    for (let round = 0; round < 4; round++) {
      feed.push('message.received', 150)
      const child = fixture.start(['events', '--follow', '--cursor', 'x', '--json'])
      let text = ''
      child.stdout.on('data', (chunk: Buffer) => { text += chunk.toString() })
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'close')
      // What was cut in the middle of a line has not been seen.
      for (const cursor of cursors(text.slice(0, text.lastIndexOf('\n') + 1))) seen.add(cursor)
    }
    for (const cursor of cursors((await fixture.run(['events', '--cursor', 'x', '--json'])).stdout)) seen.add(cursor)
    assert.deepEqual([...seen].sort((left, right) => left - right), Array.from({ length: 600 }, (_, index) => index + 1))
  })

  it('does not acknowledge what nobody has read', async () => {
    feed.push('message.received', 100)
    const child = fixture.start(['events', '--cursor', 'x', '--json'])
    child.stdout.destroy()
    const [exit] = await once(child, 'close') as [number]
    assert.deepEqual([exit, feed.acknowledged('x')], [0, undefined])
  })

  it('outlives a restart of the node', async () => {
    feed.push('message.received')
    const child = fixture.start(['events', '--follow', '--cursor', 'x', '--json'])
    const end = ended(child)
    await once(child.stdout, 'data')
    await server?.stop()
    await once(child.stderr, 'data')
    feed.push('message.received')
    await serve()
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    const { stdout, stderr } = await end
    assert.deepEqual(cursors(stdout), [1, 2])
    assert.match(stderr, /Waiting for it/)
  })
})
