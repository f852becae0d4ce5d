/** Events for scripts: a cursor that is kept by the node, and followers that die. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { EventView } from '../../protocols/local/schema.ts'
import { LAUNCHER, Person, befriend, environment, killAll, makeFolder, removeFolder } from './skein.ts'

describe('a follower of events', function () {
  this.timeout(120_000)
  let folder: string
  let ana: Person
  let bob: Person

  before(async () => {
    folder = await makeFolder()
    ;[ana, bob] = await Promise.all([Person.create('Ana', { folder }), Person.create('Bob', { folder })])
    await Promise.all([ana.up(), bob.up()])
    await befriend(ana, bob)
  })

  after(async () => {
    await Promise.all([ana.down(), bob.down()])
    await killAll()
    await removeFolder(folder)
  })

  /** Follows until `isEnough`, and is then killed without a chance to say anything. */
  async function follow (isEnough: (event: EventView) => boolean): Promise<readonly EventView[]> {
    const child = spawn(process.execPath, [LAUNCHER, 'events', '--follow', '--cursor', 'script', '--type', 'message.received', '--json', '--home', bob.home], { env: environment(), stdio: ['ignore', 'pipe', 'inherit'] })
    const closed = once(child, 'close')
    const seen: EventView[] = []
    for await (const line of createInterface({ input: child.stdout })) {
      const event = JSON.parse(line) as EventView & { readonly schema: string }
      assert.equal(event.schema, 'skein.event/1')
      seen.push(event)
      if (!isEnough(event)) continue
      child.kill('SIGKILL')
      break
    }
    await closed
    return seen
  }

  it('that is killed again and again misses nothing, whatever happens while it is away', async () => {
    const texts = Array.from({ length: 12 }, (_, index) => `Event ${index}`)
    const send = async (some: readonly string[]): Promise<void> => { for (const text of some) await ana.succeed('send', '@bob', text, '--wait', 'delivered') }
    const seen: EventView[] = []
    for (let start = 0; start < texts.length; start += 4) {
      const some = texts.slice(start, start + 4)
      // The first of them while nobody follows, the others while somebody does, who dies in the middle of them.
      await send(some.slice(0, 1))
      const [events] = await Promise.all([follow(({ message }) => message?.text === some[2]), send(some.slice(1))])
      seen.push(...events)
    }
    seen.push(...await follow(({ message }) => message?.text === texts.at(-1)))
    const told = new Set(seen.map(({ message }) => message?.text))
    assert.deepEqual(texts.filter(text => !told.has(text)), [])
    const cursors = seen.map(({ cursor }) => cursor)
    assert.ok(cursors.length < texts.length * 3, 'what was acknowledged does not come again and again')
  })

  it('that comes back later goes on where it was, across a restart of the node', async () => {
    await bob.down()
    await bob.up()
    await ana.succeed('send', '@bob', 'After the restart', '--wait', 'delivered', '--timeout', '30s')
    const seen = await follow(({ message }) => message?.text === 'After the restart')
    // At least once: what was written and not yet acknowledged when it was killed comes again, and nothing before that.
    assert.ok(seen.every(({ message }) => message?.text !== 'Event 0'))
  })

  it('without a cursor sees what is kept, and ends', async () => {
    const events = await bob.lines<EventView>('events', '--after', 'start')
    const types = events.map(({ type }) => type)
    assert.deepEqual(['request.received', 'contact.accepted', 'message.received'].filter(type => !types.includes(type as EventView['type'])), [])
    const repeated = events.map(({ cursor }) => cursor)
    assert.equal(new Set(repeated).size, repeated.length)
  })
})
