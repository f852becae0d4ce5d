/** Search finds what was written, by its author and by its reader, in the scripts that people write in. */
import assert from 'node:assert/strict'
import { friends, type Pair, type Person } from './nodes.ts'

const TEXTS = [
  '我们明天在火车站见面', '東京タワーで会いましょう', '내일 서울역에서 만나요', 'พรุ่งนี้เจอกันที่สถานีรถไฟ', 'سنلتقي غدًا في المحطة', 'Встретимся завтра на вокзале',
  'Zürich, Straße 5, façade', 'le cœur et la naïveté', 'party at nine 🎉🇨🇭', 'Ελλάδα, ο δρόμος', 'İstanbul ılık', 'deploying version 1.20.3 to prod-eu', 'mail bob@example.org now'
] as const

/** What is typed, and a piece of each text that must be found; nothing else may be. */
const QUERIES: ReadonlyArray<readonly [query: string, ...found: string[]]> = [
  ['火车', '火车站'], ['火车站', '火车站'], ['会いま', '会いましょう'], ['東京', '東京'], ['タワー', '東京'], ['서울', '서울역'], ['สถานี', 'สถานี'], ['المحطة', 'المحطة'], ['غدا', 'المحطة'],
  ['завтра', 'завтра'], ['ВОКЗАЛЕ', 'вокзале'], ['вокз', 'вокзале'], ['zurich', 'Zürich'], ['ZÜRICH', 'Zürich'], ['strasse', 'Zürich'], ['facade', 'façade'], ['naivete', 'naïveté'],
  ['🎉', 'party'], ['part', 'party'], ['p', 'party', 'prod-eu'], ['nine party', 'party'], ['δρόμος', 'Ελλάδα'], ['ελλαδα', 'Ελλάδα'], ['istanbul', 'İstanbul'], ['1.20', '1.20.3'], ['prod-eu', 'prod-eu'],
  ['bob@example', 'bob@example.org'], ['nothing like this'], ['"', ...[]], ['AND OR NOT (', ...[]], ['*', ...[]]
]

describe('search on both sides', () => {
  let pair: Pair

  before(async () => {
    pair = await friends()
    const ids = []
    for (const text of TEXTS) ids.push(await pair.ana.send(pair.bob, text))
    await Promise.all(ids.map(id => pair.ana.until(id, 'delivered')))
  })
  after(async () => { await pair[Symbol.asyncDispose]() })

  for (const when of ['as soon as it has arrived', 'when it is in the index'] as const) {
    for (const side of ['ana', 'bob'] as const) {
      it(`${side === 'ana' ? 'the author' : 'the reader'} finds every script ${when}`, async () => {
        const person = pair[side]
        if (when !== 'as soon as it has arrived') await indexed(person)
        for (const [query, ...pieces] of QUERIES) {
          const found = (await person.call('search', { query })).messages.map(message => message.text)
          assert.deepEqual(found.toSorted(), TEXTS.filter(text => pieces.some(piece => text.includes(piece))).toSorted(), `${query} finds ${pieces.join()}`)
        }
      })
    }
  }

  it('finds the newest first, a page at a time', async () => {
    await using other = await friends()
    const { ana, bob } = other
    const ids = []
    for (let index = 0; index < 7; index++) ids.push(await ana.send(bob, `lantern ${index}`))
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    const first = await bob.call('search', { query: 'lantern', limit: 4 })
    assert.deepEqual(first.messages.map(message => message.text), ['lantern 6', 'lantern 5', 'lantern 4', 'lantern 3'])
    assert.equal(first.hasMore, true)
    const second = await bob.call('search', { query: 'lantern', limit: 4, before: first.messages.at(-1)?.id ?? '' })
    assert.deepEqual(second.messages.map(message => message.text), ['lantern 2', 'lantern 1', 'lantern 0'])
    assert.equal(second.hasMore, false)
  })

  it('an edited message is found by its new words only, a deleted one by none', async () => {
    await using other = await friends()
    const { ana, bob } = other
    const edited = await ana.send(bob, 'the quick brown fox')
    const deleted = await ana.send(bob, 'the lazy dog')
    await bob.received('the lazy dog')
    await Promise.all([indexed(ana), indexed(bob)])
    await ana.call('edit', { id: edited, text: 'the slow green turtle' })
    await ana.call('delete', { id: deleted })
    await bob.event(event => event.type === 'message.changed' && event.message?.id === deleted)
    for (const person of [ana, bob]) {
      const find = async (query: string): Promise<string[]> => (await person.call('search', { query })).messages.map(message => message.text)
      assert.deepEqual(await find('turtle'), ['the slow green turtle'])
      assert.deepEqual([await find('fox'), await find('dog')], [[], []])
    }
  })

  it('a search in one conversation finds nothing of another', async () => {
    await using other = await friends()
    const { ana, bob } = other
    await ana.until(await ana.send(bob, 'umbrella'), 'delivered')
    assert.equal((await bob.call('search', { query: 'umbrella', with: ana.account })).messages.length, 1)
    await assert.rejects(bob.call('search', { query: 'umbrella', with: pair.ana.account }), { code: 'not_found' })
  })
})

/** Resolves when nothing is left to be indexed. */
async function indexed (person: Person): Promise<void> {
  for (let after = 'now'; (await person.node.status()).search.behind > 0;) after = (await person.call('events.page', { after, waitMs: 50 })).cursor
}
