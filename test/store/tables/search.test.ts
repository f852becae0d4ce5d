import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { AccountStore } from '../../../store/account-store.ts'
import { checkAccountStore } from '../../../store/check.ts'
import { splitForSearch } from '../../../store/search.ts'
import { aMessage, content, openMemory } from '../fixtures.ts'

const EVERYTHING = 1_000_000
const DELETED = { text: '', original: undefined, isDeleted: true, editedAtMs: undefined, reactions: {} }

describe('a search', () => {
  it('finds in the index and above its watermark alike, the newest first', () => {
    const store = stocked('red apple', 'green apple', 'red pear', 'apple pie')
    for (let indexed = 0; indexed <= 4; indexed++) {
      assert.equal(store.read.search.watermark(), indexed)
      assert.deepEqual(rows(store, 'appl'), [4, 2, 1])
      assert.deepEqual(rows(store, 'apple red'), [1])
      assert.deepEqual(rows(store, 'red'), [3, 1])
      store.transact(writer => writer.search.indexNext(1))
    }
    store.close()
  })

  it('gives no more than it is asked for, and goes on below a row', () => {
    const store = stocked(...Array.from({ length: 9 }, (_, index) => `apple ${index}`))
    for (const indexed of [0, 4, 9]) {
      store.transact(writer => writer.search.indexNext(indexed - store.read.search.watermark()))
      assert.deepEqual(rows(store, 'apple', { limit: 3 }), [9, 8, 7])
      assert.deepEqual(rows(store, 'apple', { limit: 3, beforeRow: 7 }), [6, 5, 4])
      assert.deepEqual(rows(store, 'apple', { limit: 9, beforeRow: 4 }), [3, 2, 1])
    }
    store.close()
  })

  it('keeps to one conversation when it is told to', () => {
    const store = openMemory()
    store.transact(writer => { for (let number = 1; number <= 6; number++) writer.messages.append(aMessage(number, { contact: number % 2 === 0 ? 2 : 12, text: 'apple 12' })) })
    for (const indexed of [0, 3, 3]) {
      store.transact(writer => writer.search.indexNext(indexed))
      assert.deepEqual(rows(store, 'apple', { contact: 2 }), [6, 4, 2])
      assert.deepEqual(rows(store, 'apple', { contact: 12 }), [5, 3, 1])
      assert.deepEqual(rows(store, '12', { contact: 2 }), [6, 4, 2])
      assert.deepEqual(rows(store, 'apple', { contact: 1 }), [])
    }
    store.close()
  })

  it('never finds what was deleted, and finds an edited text by its new words only', () => {
    for (const indexed of [0, EVERYTHING]) {
      const store = stocked('first secret', 'second secret', 'third word')
      store.transact(writer => writer.search.indexNext(indexed))
      store.transact(({ messages }) => {
        messages.refold(content(1), DELETED)
        messages.refold(content(2), { ...DELETED, text: 'second truth', original: 'second secret', isDeleted: false, editedAtMs: 1 })
      })
      assert.deepEqual(rows(store, 'secret'), [])
      assert.deepEqual(rows(store, 'first'), [])
      assert.deepEqual(rows(store, 'truth'), [2])
      store.transact(writer => writer.search.indexNext(EVERYTHING))
      assert.deepEqual(rows(store, 'secret'), [])
      assert.deepEqual(rows(store, 'second'), [2])
      assert.deepEqual(checkAccountStore(store).filter(finding => finding.severity !== 'ok'), [])
      store.close()
    }
  })

  it('forgets an edited text exactly, even when it held half a character', () => {
    const store = stocked('first')
    store.transact(writer => writer.search.indexNext(EVERYTHING))
    store.transact(({ messages }) => { messages.refold(content(1), { ...DELETED, text: 'half \ud800 here', isDeleted: false, editedAtMs: 1 }) })
    assert.deepEqual(rows(store, 'half here'), [1])
    store.transact(({ messages }) => { messages.refold(content(1), DELETED) })
    assert.deepEqual(rows(store, 'half'), [])
    assert.deepEqual(store.database.prepare('SELECT term FROM search_words').all(), [])
    store.close()
  })

  it('leaves no word of a deleted message in the index', () => {
    const store = stocked('ordinary words', 'extraordinary words')
    store.transact(writer => writer.search.indexNext(EVERYTHING))
    const words = (): unknown[] => store.database.prepare("SELECT term FROM search_words WHERE term = 'extraordinary'").all()
    assert.equal(words().length, 1)
    store.transact(({ messages }) => { messages.refold(content(2), DELETED) })
    assert.equal(words().length, 0)
    store.close()
  })

  it('takes any string for a query', () => {
    const store = stocked('plain text', 'near and or not', '"quoted"')
    store.transact(writer => writer.search.indexNext(2))
    for (const query of ['"', '""', '*', 'a*', '-x', '^text', 'NEAR(', 'NEAR(plain text, 2)', 'AND', 'OR OR', 'NOT', 'text:plain', '{text} : x', '(', '\0', '\ud800', "';--", '\u200b1']) {
      assert.ok(Array.isArray(rows(store, query)), query)
    }
    assert.deepEqual(rows(store, 'NEAR'), [2])
    assert.deepEqual(rows(store, '"quoted"'), [3])
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 40 }), query => { rows(store, query) }), { numRuns: 300 })
    store.close()
  })

  it('finds every text by each of its words and by the beginnings of them, indexed or not', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'é', 'я', '中', 'ก', '👍', '1'), minLength: 1, maxLength: 6 })
    const text = fc.array(word, { minLength: 1, maxLength: 6 }).map(words => words.join(' '))
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), fc.nat({ max: 8 }), (texts, indexed) => {
      const store = stocked(...texts)
      store.transact(writer => writer.search.indexNext(indexed))
      texts.forEach((stored, index) => {
        for (const part of [stored, ...stored.split(' '), ...splitForSearch(stored).flatMap(beginnings)]) {
          assert.ok(rows(store, part).includes(index + 1), `"${part}" in "${stored}", ${indexed} indexed`)
        }
      })
      store.close()
    }), { numRuns: 40 })
  })

  it('agrees with itself: what is found does not depend on how far the index has come', () => {
    const word = fc.constantFrom('a', 'ab', 'abc', 'abcd', 'abcde', 'abcdf', 'b', '中', '中国')
    const text = fc.array(word, { minLength: 1, maxLength: 5 }).map(words => words.join(' '))
    fc.assert(fc.property(fc.array(text, { minLength: 1, maxLength: 10 }), text, (texts, query) => {
      const store = stocked(...texts)
      const before = rows(store, query)
      store.transact(writer => writer.search.indexNext(EVERYTHING))
      assert.deepEqual(rows(store, query), before)
      store.close()
    }), { numRuns: 60 })
  })

  it('finds the beginning of more words than it looks up one by one', () => {
    const store = stocked(...Array.from({ length: 100 }, (_, index) => `number${index}`))
    store.transact(writer => writer.search.indexNext(EVERYTHING))
    assert.equal(rows(store, 'numb').length, 100)
    assert.equal(rows(store, 'number9').length, 11)
    store.close()
  })

  it('looks at a bounded part of what is not indexed yet', () => {
    const store = openMemory()
    store.transact(writer => { for (let number = 1; number <= 2_100; number++) writer.messages.append(aMessage(number, { text: number <= 50 ? 'rare' : 'common' })) })
    assert.deepEqual(rows(store, 'rare'), [])
    store.transact(writer => writer.search.indexNext(200))
    assert.equal(rows(store, 'rare').length, 50)
    store.close()
  })
})

describe('the search index', () => {
  it('catches up in steps, and skips what has no text', () => {
    const store = stocked('one', '', 'three')
    assert.deepEqual([1, 2, 3].map(() => store.transact(writer => writer.search.indexNext(2))), [2, 1, 0])
    assert.equal(store.read.search.watermark(), 3)
    store.close()
  })

  it('goes back with its watermark when the transaction fails', () => {
    const store = stocked('one')
    assert.throws(() => { store.transact(writer => { writer.search.indexNext(1); throw new Error('of the caller') }) })
    assert.equal(store.read.search.watermark(), 0)
    assert.equal(store.transact(writer => writer.search.indexNext(1)), 1)
    assert.deepEqual(rows(store, 'one'), [1])
    store.close()
  })

  it('is made again when its words come from another rule', () => {
    const store = stocked('one')
    store.transact(writer => { writer.search.indexNext(1); writer.facts.set('search.rule', '0/6.1') })
    store.transact(writer => { writer.search.renewIfStale() })
    assert.equal(store.read.search.watermark(), 0)
    assert.deepEqual(rows(store, 'one'), [1])
    store.transact(writer => writer.search.indexNext(1))
    store.transact(writer => { writer.search.renewIfStale() })
    assert.equal(store.read.search.watermark(), 1)
    store.close()
  })
})

/** Messages 1, 2, 3 … with these texts, none of them indexed. */
function stocked (...texts: readonly string[]): AccountStore {
  const store = openMemory()
  store.transact(writer => { texts.forEach((text, index) => writer.messages.append(aMessage(index + 1, { text }))) })
  return store
}

function rows (store: AccountStore, query: string, options: { limit?: number, contact?: number, beforeRow?: number } = {}): number[] {
  return store.read.search.find(query, { limit: 1000, ...options }).map(message => message.row)
}

function beginnings (word: string): string[] {
  const characters = Array.from(word)
  return characters.map((_, index) => characters.slice(0, index + 1).join(''))
}
