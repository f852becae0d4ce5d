/** The feed of events: at least once, from any point, over restarts; and the commands that run on it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { watch } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { EventView } from '../../node/node.ts'
import { friends, Person } from './nodes.ts'

describe('the feed of events', () => {
  it('a page of one is enough to see every event once, in order', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const ids = await Promise.all(Array.from({ length: 12 }, (_, index) => ana.send(bob, `${index}`)))
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    await bob.received('11')
    const all = await feed(bob, 1000)
    for (const limit of [1, 2, 3, 7]) assert.deepEqual(await feed(bob, limit), all, `pages of ${limit}`)
    assert.deepEqual(all.filter(event => event.startsWith('message.received')).map(event => event.split(' ')[1]), ids)
    assert.equal(new Set(all.map(event => event.split(' ')[2])).size, all.length, 'no cursor twice')
  })

  it('what was seen and not acknowledged is seen again, also after a restart; what was is not', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const name = 'notifier'
    const start = await bob.call('events.page', { name })
    await bob.call('events.acknowledge', { name, cursor: start.cursor })
    for (const text of ['one', 'two', 'three']) await ana.until(await ana.send(bob, text), 'delivered')
    const unread = async (): Promise<EventView[]> => (await bob.call('events.page', { name })).events.filter(event => event.type === 'message.received')
    const [first] = await unread()
    assert.equal(first?.message?.text, 'one')
    await bob.restart()
    assert.deepEqual((await unread()).map(event => event.message?.text), ['one', 'two', 'three'])
    await bob.call('events.acknowledge', { name, cursor: first.cursor })
    await bob.restart()
    assert.deepEqual((await unread()).map(event => event.message?.text), ['two', 'three'])
    // Late and doubled acknowledgements do not move a cursor back.
    const last = (await unread()).at(-1)
    assert.ok(last)
    await bob.call('events.acknowledge', { name, cursor: last.cursor })
    await bob.call('events.acknowledge', { name, cursor: first.cursor })
    assert.deepEqual(await unread(), [])
    await assert.rejects(bob.call('events.acknowledge', { name, cursor: 'yesterday' }), { code: 'malformed' })
  })

  it('two names are two places in the feed', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await ana.until(await ana.send(bob, 'once'), 'delivered')
    const page = await bob.call('events.page', { name: 'left' })
    await bob.call('events.acknowledge', { name: 'left', cursor: page.cursor })
    assert.deepEqual((await bob.call('events.page', { name: 'left' })).events, [])
    assert.deepEqual((await bob.call('events.page', { name: 'right' })).events.map(event => event.cursor), page.events.map(event => event.cursor))
  })

  it('whoever waits is told of the first event, and of nothing when nothing happens', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const nothing = await bob.call('events.page', { after: 'now', waitMs: 1 })
    assert.deepEqual(nothing.events, [])
    const waiting = bob.call('events.page', { after: nothing.cursor, waitMs: 60_000 })
    await ana.send(bob, 'ring')
    const { events } = await waiting
    assert.equal(events[0]?.type, 'message.received')
  })

  it('a reader in the same process goes on where it stopped, and ends with the node', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const seen: string[] = []
    for (const text of ['one', 'two', 'three']) await ana.until(await ana.send(bob, text), 'delivered')
    const readUntil = async (text: string): Promise<void> => {
      for await (const event of bob.node.events({ cursor: 'reader' })) {
        if (event.type !== 'message.received') continue
        seen.push(event.message?.text ?? '')
        if (event.message?.text === text) return
      }
    }
    await readUntil('two')
    await bob.restart()
    await readUntil('three')
    // 'two' was seen, but nobody had asked for the one after it.
    assert.deepEqual(seen, ['one', 'two', 'two', 'three'])
    const { node } = bob
    const endless = (async () => { for await (const event of node.events()) seen.push(event.type) })()
    await bob.stop()
    await endless
  })
})

describe('hooks', () => {
  it('a command runs for each event of its kind, with the event on its input, across a restart', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const log = join(bob.home, 'hook.log')
    await writeFile(log, '')
    const { hook } = await bob.call('hook.add', { event: 'message.received', command: `cat >> '${log}'` })
    assert.deepEqual((await bob.call('hook.list', {})).hooks.map(({ event }) => event), ['message.received'])
    await ana.send(bob, 'one')
    await grown(log, 1)
    await bob.restart()
    await ana.send(bob, 'two')
    await holds(log, text => text.includes('"two"'))
    const events = (await readFile(log, 'utf8')).trim().split('\n').map(line => JSON.parse(line) as EventView)
    // At least once: the node may have stopped between the command and the note that it had run.
    assert.deepEqual([...new Set(events.map(event => event.message?.text))], ['one', 'two'])
    await bob.call('hook.remove', { hook })
    await ana.until(await ana.send(bob, 'three'), 'delivered')
    await bob.received('three')
    assert.doesNotMatch(await readFile(log, 'utf8'), /"three"/)
    await assert.rejects(bob.call('hook.remove', { hook }), { code: 'not_found' })
    await assert.rejects(bob.call('hook.add', { event: 'message.exploded', command: 'true' }), { code: 'usage' })
  })

  it('a command that fails, does not read or cannot be started stops nothing', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const log = join(bob.home, 'hook.log')
    await writeFile(log, '')
    for (const command of ['exit 3', '/nonexistent/command', 'exec <&-; exec >&-', `echo x >> '${log}'`]) await bob.call('hook.add', { event: 'message.received', command })
    await ana.send(bob, 'a')
    await grown(log, 1)
    await ana.send(bob, 'b')
    await grown(log, 2)
  })

  it('a node that stops while a command runs stops, and shows the event again', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const log = join(bob.home, 'hook.log')
    const gate = join(bob.home, 'gate')
    await writeFile(log, '')
    await promisify(execFile)('mkfifo', [gate])
    // Waits until somebody writes into the gate.
    await bob.call('hook.add', { event: 'message.received', command: `echo x >> '${log}'; test ! -p '${gate}' || cat '${gate}'` })
    await ana.send(bob, 'slow')
    await grown(log, 1)
    await bob.stop()
    await writeFile(gate, '')
    await rm(gate)
    await bob.start()
    await grown(log, 2)
    await ana.until(await ana.send(bob, 'still alive'), 'delivered')
    await grown(log, 3)
  })
})

describe('names in the feed', () => {
  it('a new profile name reaches contacts, and they are told', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.call('me.rename', { name: 'Robert' })
    const { contact } = await ana.event(event => event.type === 'contact.changed' && event.contact?.name === 'Robert')
    assert.equal(contact?.label, 'Robert')
    await using cleo = await Person.create('Cleo', { accept: 'all' })
    await bob.node.contacts.add(await cleo.node.invite())
    await cleo.event(event => event.type === 'contact.accepted' && event.contact?.name === 'Robert')
  })
})

/** All events of a person: type, message and cursor, in pages of `limit`. */
async function feed (person: Person, limit: number): Promise<string[]> {
  const events: string[] = []
  for (let after = 'start'; events.length < 10_000;) {
    const page = await person.call('events.page', { after, limit })
    if (page.events.length === 0) return events
    assert.ok(page.events.length <= limit)
    events.push(...page.events.map(({ type, message, cursor }) => `${type} ${message?.id ?? '-'} ${cursor}`))
    after = page.cursor
  }
  throw new Error('the feed does not end')
}

/** Resolves when a file has so many lines. */
async function grown (path: string, lines: number): Promise<void> {
  await holds(path, text => text.split('\n').length > lines)
}

async function holds (path: string, isEnough: (text: string) => boolean): Promise<void> {
  const watcher = watch(path)
  try {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => { readFile(path, 'utf8').then(text => { if (isEnough(text)) resolve() }, reject) }
      watcher.on('change', look)
      look()
    })
  } finally {
    watcher.close()
  }
}
