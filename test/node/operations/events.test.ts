import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MalformedError } from '../../../protocols/core/errors.ts'
import type { EventView } from '../../../protocols/local/schema.ts'
import { Pair, type Caller } from './pair.ts'

/** What an event is about, in a word. */
function shown ({ type, message, text }: EventView): string {
  return `${type}${message === undefined ? '' : ` ${message.text}`}${text === undefined ? '' : ` ${text}`}`
}

/** Ana, with a history: rows of one event, rows of several, and one of none. */
async function anaWithHistory (): Promise<{ readonly ana: Caller, readonly pair: Pair }> {
  const pair = await Pair.friends()
  const { ana, bob, world } = pair
  await world.within(Promise.all(['one', 'two', 'three'].map(async text => await ana.sim.core.operations.send({ to: 'bob', text }))))
  await bob.send('ana', 'four')
  await pair.pass(2_000)
  await ana.call('contact.rename', { who: 'bob', as: 'robert' })
  await Promise.all(['five', 'six'].map(async text => await bob.send('ana', text)))
  await pair.pass(2_000)
  return { ana, pair }
}

describe('events', () => {
  it('are told one by one in the order of what happened, with what they are about', async () => {
    const { ana } = await anaWithHistory()
    const { events } = await ana.call('events.page', { after: 'start' })
    const told = events.map(shown)
    assert.deepEqual(told.filter(line => line.startsWith('message.received')), ['message.received four', 'message.received five', 'message.received six'])
    assert.ok(['message.state one', 'message.state two', 'message.state three', 'contact.changed'].every(line => told.includes(line)))
    const received = events.find(event => event.type === 'message.received')
    assert.deepEqual([received?.with, received?.message?.isOwn, received?.contact], [(await ana.call('contact.show', { who: 'robert' })).contact.account, false, undefined])
    assert.equal(events.find(event => event.type === 'contact.changed')?.contact?.label, 'robert')
  })

  it('read in pages of any size are the same events, each once', async () => {
    const { ana } = await anaWithHistory()
    const all = (await ana.call('events.page', { after: 'start', limit: 1000 })).events.map(event => event.cursor)
    assert.equal(new Set(all).size, all.length)
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 9 }), async limit => {
      const cursors: string[] = []
      let after = 'start'
      for (;;) {
        const page = await ana.call('events.page', { after, limit })
        assert.ok(page.events.length <= limit)
        cursors.push(...page.events.map(event => event.cursor))
        if (page.events.length === 0) break
        after = page.cursor
      }
      assert.deepEqual(cursors, all)
    }), { numRuns: 9 })
  })

  it('after any of them are those that came after it', async () => {
    const { ana } = await anaWithHistory()
    const all = (await ana.call('events.page', { after: 'start', limit: 1000 })).events.map(event => event.cursor)
    for (const [index, cursor] of all.entries()) {
      assert.deepEqual((await ana.call('events.page', { after: cursor, limit: 1000 })).events.map(event => event.cursor), all.slice(index + 1))
    }
  })

  it('from now on are those to come', async () => {
    const { ana } = await anaWithHistory()
    const { events, cursor } = await ana.call('events.page', { after: 'now' })
    assert.deepEqual(events, [])
    await ana.send('robert', 'seven')
    assert.deepEqual((await ana.call('events.page', { after: cursor })).events.map(shown), ['message.state seven'])
    assert.deepEqual((await ana.call('events.page', {})).events, [], 'without a place or a name it is now')
  })

  it('about a request carry it while it waits', async () => {
    const pair = await Pair.strangers()
    const { ana, bob } = pair
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link(), text: 'hello there' })
    await pair.pass(5_000)
    const [event] = (await ana.call('events.page', { after: 'start' })).events.filter(({ type }) => type === 'request.received')
    assert.equal(event?.request?.text, 'hello there')
  })

  it('are waited for, no longer than asked', async () => {
    const { ana, pair } = await anaWithHistory()
    const startMs = pair.world.nowMs
    assert.deepEqual((await ana.call('events.page', { after: 'now', waitMs: 3_000 })).events, [])
    assert.equal(Math.round(pair.world.nowMs - startMs), 3_000)
    const waiting = ana.call('events.page', { after: 'now', waitMs: 60_000 })
    await ana.send('robert', 'seven')
    assert.deepEqual((await waiting).events.map(shown), ['message.state seven'])
  })

  it('cannot be asked for after what is no place', async () => {
    const { ana } = await anaWithHistory()
    for (const after of ['', '1', '1.', 'x.1', '1.x', '-1.0', '1.1.1', '9'.repeat(16) + '.1']) await assert.rejects(ana.call('events.page', { after }), MalformedError, after)
  })
})

describe('named cursors', () => {
  it('begin with the oldest event, and stay until they are moved: at least once', async () => {
    const { ana } = await anaWithHistory()
    const first = await ana.call('events.page', { name: 'bot', limit: 3 })
    assert.deepEqual((await ana.call('events.page', { name: 'bot', limit: 3 })).events, first.events)
    await ana.call('events.acknowledge', { name: 'bot', cursor: first.events[1]?.cursor ?? '' })
    assert.equal((await ana.call('events.page', { name: 'bot', limit: 1 })).events[0]?.cursor, first.events[2]?.cursor)
  })

  it('stop within a row of several events', async () => {
    const { ana } = await anaWithHistory()
    const all = (await ana.call('events.page', { after: 'start', limit: 1000 })).events
    const inside = all.find((event, index) => event.cursor.endsWith('.1') && all[index + 1]?.cursor === event.cursor.replace(/1$/, '2'))
    assert.ok(inside)
    await ana.call('events.acknowledge', { name: 'bot', cursor: inside.cursor })
    assert.equal((await ana.call('events.page', { name: 'bot', limit: 1 })).events[0]?.cursor, inside.cursor.replace(/1$/, '2'))
  })

  it('never go back, in whatever order acknowledgements come', async () => {
    const { ana } = await anaWithHistory()
    const cursors = (await ana.call('events.page', { after: 'start', limit: 8 })).events.map(event => event.cursor)
    let name = 0
    await fc.assert(fc.asyncProperty(fc.array(fc.nat({ max: cursors.length - 1 }), { minLength: 1, maxLength: 6 }), async order => {
      name += 1
      for (const index of order) await ana.call('events.acknowledge', { name: `bot${name}`, cursor: cursors[index] ?? '' })
      const next = (await ana.call('events.page', { name: `bot${name}`, limit: 1000 })).events[0]
      assert.equal(next?.cursor, (await ana.call('events.page', { after: cursors[Math.max(...order)] ?? '', limit: 1 })).events[0]?.cursor)
    }), { numRuns: 20 })
  })

  it('are one client’s each', async () => {
    const { ana } = await anaWithHistory()
    const { cursor } = await ana.call('events.page', { name: 'bot' })
    await ana.call('events.acknowledge', { name: 'bot', cursor })
    assert.deepEqual([(await ana.call('events.page', { name: 'bot' })).events.length, (await ana.call('events.page', { name: 'other' })).events.length > 0], [0, true])
  })

  it('survive a crash', async () => {
    const { ana, pair } = await anaWithHistory()
    const { cursor } = await ana.call('events.page', { name: 'bot' })
    await ana.call('events.acknowledge', { name: 'bot', cursor })
    ana.sim.crash()
    await pair.world.within(ana.sim.restart())
    await ana.send('robert', 'seven')
    const after = (await ana.call('events.page', { name: 'bot' })).events.map(shown)
    assert.equal(after.at(-1), 'message.state seven')
    assert.ok(after.every(line => !line.includes('one')))
  })

  it('are not moved by what is no place', async () => {
    const { ana } = await anaWithHistory()
    await assert.rejects(ana.call('events.acknowledge', { name: 'bot', cursor: 'now' }), MalformedError)
  })
})
