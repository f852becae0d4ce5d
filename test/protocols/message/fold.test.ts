import assert from 'node:assert/strict'
import fc from 'fast-check'
import { fold, type AppliedChange, type Folded } from '../../../protocols/message/fold.ts'
import type { Change } from '../../../store/types.ts'
import { idOf } from './ids.ts'

const ANA = 0
const BOB = 7
const ORIGINAL = { author: ANA, text: 'Leaving now' }
const UNCHANGED: Folded = { text: 'Leaving now', original: undefined, isDeleted: false, editedAtMs: undefined, editCount: 0, reactions: {} }

type TestChange = AppliedChange<number>

function edit (number: number, body: string, author = ANA): TestChange {
  return { id: idOf(number), author, kind: 'edit', hlcUs: number * 10, sentAtMs: number, body }
}

function deletion (number: number, author = ANA): TestChange {
  return { id: idOf(number), author, kind: 'deletion', hlcUs: number * 10, sentAtMs: number, body: '' }
}

function reaction (number: number, body: string, author = BOB): TestChange {
  return { id: idOf(number), author, kind: 'reaction', hlcUs: number * 10, sentAtMs: number, body }
}

/** Few values, so that clocks tie, ids repeat and authors meet. */
const changeArbitrary: fc.Arbitrary<TestChange> = fc.record({
  id: fc.nat({ max: 3 }).map(idOf),
  author: fc.constantFrom(ANA, BOB, 9),
  kind: fc.constantFrom('edit' as const, 'deletion' as const, 'reaction' as const, 'reaction' as const),
  hlcUs: fc.nat({ max: 1 }),
  sentAtMs: fc.nat({ max: 1 }),
  body: fc.constantFrom('', 'a', 'b')
})

describe('folding a message', () => {
  it('leaves it alone without changes', () => {
    assert.deepEqual(fold(ORIGINAL, []), UNCHANGED)
  })

  it('shows the latest edit of its author and keeps the original', () => {
    assert.deepEqual(fold(ORIGINAL, [edit(2, 'Leaving at 15:00'), edit(1, 'Leaving at 14:50')]),
      { ...UNCHANGED, text: 'Leaving at 15:00', original: 'Leaving now', editedAtMs: 2, editCount: 2 })
  })

  it('takes the higher id of two edits with one clock', () => {
    const first = { ...edit(1, 'written first'), hlcUs: 5 }
    const second = { ...edit(2, 'and second'), hlcUs: 5 }
    assert.equal(fold(ORIGINAL, [second, first]).text, 'and second')
  })

  it('is deleted by its author for good, and nothing of it is left', () => {
    assert.deepEqual(fold(ORIGINAL, [deletion(2), edit(1, 'before'), edit(3, 'after'), reaction(4, '♥')]),
      { text: '', original: undefined, isDeleted: true, editedAtMs: undefined, editCount: 0, reactions: {} })
  })

  it('is neither edited nor deleted by anybody else', () => {
    assert.deepEqual(fold(ORIGINAL, [edit(1, 'Never', BOB), deletion(2, BOB)]), UNCHANGED)
  })

  it('shows one reaction of each person, the latest', () => {
    assert.deepEqual(fold(ORIGINAL, [reaction(1, '♥'), reaction(2, '👍'), reaction(3, '🦢', ANA)]).reactions, { 0: '🦢', 7: '👍' })
  })

  it('shows no reaction that was taken back, until there is a later one', () => {
    assert.deepEqual(fold(ORIGINAL, [reaction(1, '♥'), reaction(2, '')]).reactions, {})
    assert.deepEqual(fold(ORIGINAL, [reaction(1, '♥'), reaction(2, ''), reaction(3, '👍')]).reactions, { 7: '👍' })
  })

  it('takes a name for a name, also that of the prototype', () => {
    const change: AppliedChange<string> = { ...reaction(1, '♥'), author: '__proto__' }
    assert.deepEqual(Object.entries(fold({ author: 'ana', text: 'x' }, [change]).reactions), [['__proto__', '♥']])
  })

  it('is the same in every order', () => {
    fc.assert(fc.property(fc.array(changeArbitrary, { maxLength: 5 }), changes => {
      const expected = fold(ORIGINAL, changes)
      for (const order of permutations(changes)) assert.deepEqual(fold(ORIGINAL, order), expected)
    }), { numRuns: 300 })
  })

  it('is the same in any order of many changes, and makes the same JSON', () => {
    fc.assert(fc.property(fc.array(changeArbitrary, { maxLength: 40 }).chain(changes => fc.tuple(fc.constant(changes), fc.shuffledSubarray(changes, { minLength: changes.length }))), ([changes, shuffled]) => {
      assert.equal(JSON.stringify(fold(ORIGINAL, shuffled)), JSON.stringify(fold(ORIGINAL, changes)))
    }))
  })

  it('is the same in every order when a liar gives one id to several changes', () => {
    const lies = [edit(1, 'a'), edit(1, 'b'), { ...edit(1, 'b'), sentAtMs: 9 }]
    for (const order of permutations(lies)) assert.deepEqual(fold(ORIGINAL, order), fold(ORIGINAL, lies))
    assert.equal(fold(ORIGINAL, lies).editCount, 1)
  })

  it('lists reactions in one order, also of authors with names', () => {
    const reactions: ReadonlyArray<AppliedChange<string>> = ['carol', 'ana', 'bob'].map((author, index) => ({ ...reaction(index, '♥'), author }))
    for (const order of permutations(reactions)) assert.deepEqual(Object.keys(fold({ author: 'ana', text: 'x' }, order).reactions), ['ana', 'bob', 'carol'])
  })

  it('is the same however often a change came', () => {
    fc.assert(fc.property(fc.array(changeArbitrary, { maxLength: 20 }).chain(changes => fc.tuple(fc.constant(changes), fc.subarray(changes))), ([changes, again]) => {
      assert.deepEqual(fold(ORIGINAL, [...changes, ...again]), fold(ORIGINAL, changes))
    }))
  })

  it('is the same again after the texts of a deleted message were wiped', () => {
    fc.assert(fc.property(fc.array(changeArbitrary, { maxLength: 20 }), changes => {
      const all = [...changes, deletion(9)]
      assert.deepEqual(fold({ ...ORIGINAL, text: '' }, all.map(change => ({ ...change, body: '' }))), fold(ORIGINAL, all))
    }))
  })

  it('takes the changes as the store keeps them', () => {
    const stored: Change = { ...edit(1, 'x'), id: idOf(1), target: idOf(9), contact: BOB, counter: 1, parents: [] }
    assert.equal(fold(ORIGINAL, [stored]).text, 'x')
  })
})

function permutations<Item> (items: readonly Item[]): Item[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map(rest => [item, ...rest]))
}
