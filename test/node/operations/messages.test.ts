import assert from 'node:assert/strict'
import fc from 'fast-check'
import { NotFoundError, UsageError } from '../../../protocols/core/errors.ts'
import { Pair, type Caller } from './pair.ts'

describe('read', () => {
  it('shows the newest, oldest first, and says whether there is more', async () => {
    const { ana } = await Pair.friends()
    for (let number = 1; number <= 5; number++) await ana.send('bob', `${number}`)
    const { messages, hasMore } = await ana.call('read', { with: 'bob', limit: 3 })
    assert.deepEqual([messages.map(message => message.text), hasMore], [['3', '4', '5'], true])
    assert.deepEqual([(await ana.call('read', { with: 'bob', limit: 5 })).hasMore, (await ana.texts('bob')).length], [false, 5])
  })

  it('goes up from a message, and down from one', async () => {
    const { ana } = await Pair.friends()
    const ids = []
    for (let number = 1; number <= 5; number++) ids.push(await ana.send('bob', `${number}`))
    const page = async (params: { before?: string, after?: string }): Promise<unknown[]> => {
      const { messages, hasMore } = await ana.call('read', { with: 'bob', limit: 2, ...params })
      return [messages.map(message => message.text), hasMore]
    }
    assert.deepEqual(await page({ before: ids[3] ?? '' }), [['2', '3'], true])
    assert.deepEqual(await page({ before: ids[2] ?? '' }), [['1', '2'], false])
    assert.deepEqual(await page({ after: ids[0] ?? '' }), [['2', '3'], true])
    assert.deepEqual(await page({ after: ids[2] ?? '' }), [['4', '5'], false])
    assert.deepEqual(await page({ after: ids[4] ?? '' }), [[], false])
  })

  it('goes one way at a time', async () => {
    const { ana } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await assert.rejects(ana.call('read', { with: 'bob', before: id, after: id }), UsageError)
  })

  it('knows a delivery that was told, though its mark was not written yet', async () => {
    const { ana, world } = await Pair.friends()
    const id = await ana.send('bob', 'hello')
    await ana.call('wait', { id, state: 'delivered' })
    assert.equal(ana.row(id).state, 'queued')
    const { messages } = await world.within(ana.sim.core.operations.read({ with: 'bob' }))
    assert.equal(messages[0]?.state, 'delivered')
  })

  it('pages of any size, up or down, are the whole conversation, each message once', async () => {
    const { ana } = await Pair.friends()
    const ids: string[] = []
    for (let number = 0; number < 23; number++) ids.push(await ana.send('bob', `${number}`))
    await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 30 }), fc.boolean(), async (limit, isUp) => {
      assert.deepEqual(isUp ? await readUp(ana, limit) : await readDown(ana, limit, ids[0] ?? ''), ids)
    }), { numRuns: 40 })
  })

  async function readUp (ana: Caller, limit: number): Promise<string[]> {
    const ids: string[] = []
    for (;;) {
      const { messages, hasMore } = await ana.call('read', { with: 'bob', limit, ...ids[0] === undefined ? {} : { before: ids[0] } })
      ids.unshift(...messages.map(message => message.id))
      if (!hasMore) return ids
    }
  }

  async function readDown (ana: Caller, limit: number, first: string): Promise<string[]> {
    const ids = [first]
    for (;;) {
      const { messages, hasMore } = await ana.call('read', { with: 'bob', limit, after: ids.at(-1) ?? first })
      ids.push(...messages.map(message => message.id))
      if (!hasMore) return ids
    }
  }
})

describe('read marks', () => {
  it('are set by reading with mark, told to the author, and counted', async () => {
    const { ana, bob, pass } = await friends()
    const id = await ana.send('bob', 'hello')
    await pass(1_000)
    assert.equal((await bob.call('contact.show', { who: 'ana' })).contact.unread, 1)
    await bob.call('read', { with: 'ana' })
    assert.equal((await bob.show(id)).state, 'unread')
    await bob.call('read', { with: 'ana', mark: true })
    await pass(1_000)
    assert.deepEqual([(await bob.show(id)).state, (await ana.show(id)).state], ['read', 'read'])
    assert.equal((await bob.call('contact.show', { who: 'ana' })).contact.unread, 0)
  })

  it('are set up to a message', async () => {
    const { ana, bob, pass } = await friends()
    const ids = []
    for (let number = 0; number < 3; number++) ids.push(await ana.send('bob', `${number}`))
    await pass(1_000)
    assert.deepEqual(await bob.call('mark-read', { with: 'ana', upTo: ids[1] ?? '' }), { marked: 2 })
    assert.deepEqual(await Promise.all(ids.map(async id => (await bob.show(id)).state)), ['read', 'read', 'unread'])
    assert.deepEqual(await bob.call('mark-read', { with: 'ana' }), { marked: 1 })
    assert.deepEqual(await bob.call('mark-read', { with: 'ana' }), { marked: 0 })
  })

  it('are not told when read receipts are off', async () => {
    const { ana, bob, pass } = await friends()
    await bob.call('me.policy', { readReceipts: false })
    const id = await ana.send('bob', 'hello')
    await pass(1_000)
    await bob.call('mark-read', { with: 'ana' })
    await pass(5_000)
    assert.equal((await ana.show(id)).state, 'delivered')
  })

  it('of many messages travel in few contents', async () => {
    const { ana, bob, pass, pair, world } = await friends()
    await Promise.all(Array.from({ length: 150 }, async (_, number) => await ana.send('bob', `${number}`)))
    await pass(5_000)
    const deposits: number[] = []
    pair.ether.onFrame = ({ from, isForward, frame }) => { if (from === bob.sim.peerId && isForward) deposits.push(frame.byteLength) }
    assert.deepEqual(await bob.call('mark-read', { with: 'ana' }), { marked: 150 })
    await world.run(() => ana.sim.store.read.messages.page(1, { limit: 200 }).every(message => message.state === 'read'), 60_000)
    assert.ok(deposits.length < 10, `${deposits.length} frames`)
  })
})

describe('conversations and search', () => {
  it('list conversations with the newest message first, and none of who only asks', async () => {
    const { ana, bob, pass, pair } = await friends()
    const [cleo, dora] = [await pair.third('cleo'), await pair.third('dora')]
    await cleo.call('contact.add', { link: await ana.link() })
    await pass(5_000)
    await ana.call('me.policy', { accept: 'ask' })
    await dora.call('contact.add', { link: await ana.link(), text: 'let me in' })
    await pass(5_000)
    await ana.send('cleo', 'to cleo')
    await bob.send('ana', 'to ana')
    await pass(1_000)
    const { conversations } = await ana.call('conversations', {})
    assert.deepEqual(conversations.map(({ contact, last }) => [contact.label, last?.text]), [['bob', 'to ana'], ['cleo', 'to cleo']])
  })

  it('find messages of one person or of all, the newest first, page by page', async () => {
    const { ana, bob, pass } = await friends()
    const ids = [await ana.send('bob', 'the ferry at eight'), await ana.send('bob', 'gloves'), await ana.send('bob', 'or the ferry at ten')]
    await bob.send('ana', 'which ferry?')
    await pass(2_000)
    const found = await ana.call('search', { query: 'ferry', limit: 2 })
    assert.deepEqual([found.messages.map(message => message.text), found.hasMore], [['which ferry?', 'or the ferry at ten'], true])
    const rest = await ana.call('search', { query: 'ferry', with: 'bob', before: ids[2] ?? '' })
    assert.deepEqual([rest.messages.map(message => message.text), rest.hasMore], [['the ferry at eight'], false])
    assert.deepEqual((await ana.call('search', { query: '' })).messages, [])
  })

  it('are about contacts that are there', async () => {
    const { ana } = await friends()
    await assert.rejects(ana.call('read', { with: 'cleo' }), NotFoundError)
    await assert.rejects(ana.call('search', { query: 'x', with: 'cleo' }), NotFoundError)
  })
})

async function friends (): Promise<{ readonly pair: Pair, readonly world: Pair['world'], readonly ana: Caller, readonly bob: Caller, readonly pass: (delayMs: number) => Promise<void> }> {
  const pair = await Pair.friends()
  return { pair, world: pair.world, ana: pair.ana, bob: pair.bob, pass: async delayMs => { await pair.pass(delayMs) } }
}
