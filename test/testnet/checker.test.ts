/** The judge is judged: each kind of bug, as histories would show it, is found and named. */
import assert from 'node:assert/strict'
import { isSound, judge, type Conversation, type Shown } from '../../testnet/prove/checker.ts'

function shown (...numbers: readonly number[]): Shown[] { return numbers.map(number => ({ id: `id${number}`, text: `${number}` })) }

function conversation (atLeft: readonly Shown[], atRight: readonly Shown[], owed = 3): Conversation {
  return { left: 'ana', right: 'bob', owed: new Set(shown(...Array.from({ length: owed }, (_, index) => index + 1)).map(({ id }) => id)), atLeft, atRight }
}

describe('the checker', () => {
  it('finds nothing where everything is there once, in one order', () => {
    const verdict = judge([conversation(shown(2, 1, 3), shown(2, 1, 3)), { ...conversation(shown(1), shown(1), 1), right: 'carol' }])
    assert.deepEqual(verdict, { owed: 4, lost: [], duplicated: [], reordered: [], undecryptable: [] })
    assert.equal(isSound(verdict), true)
  })

  it('finds what was acknowledged before it was durable: an id was given out, and a side has nothing under it', () => {
    assert.deepEqual(judge([conversation(shown(1, 2, 3), shown(1, 3))]).lost, ['id2 at bob'])
    assert.deepEqual(judge([conversation(shown(2, 3), shown(2, 3))]).lost, ['id1 at ana', 'id1 at bob'])
    assert.deepEqual(judge([conversation([], [])]).lost.length, 6)
  })

  it('finds what came twice, under one id or under two', () => {
    assert.deepEqual(judge([conversation(shown(1, 2, 3), shown(1, 2, 2, 3))]).duplicated, ['"2" at bob'])
    const again = [...shown(1, 2, 3), { id: 'id4', text: '3' }]
    const verdict = judge([conversation(again, again)])
    assert.deepEqual([verdict.duplicated, verdict.lost], [['"3" at ana', '"3" at bob'], []])
  })

  it('finds two sides that agree about everything but the order, as clocks on walls would have it', () => {
    const verdict = judge([conversation(shown(1, 2, 3), shown(2, 1, 3))])
    assert.deepEqual([verdict.reordered, verdict.lost, isSound(verdict)], [['ana and bob'], [], false])
  })

  it('finds a ratchet that was out of step, though everything arrived in the end', () => {
    assert.equal(isSound(judge([conversation(shown(1, 2, 3), shown(1, 2, 3))], ['bob: An envelope could not be decrypted'])), false)
  })

  it('tells what is missing from what is out of order', () => {
    const verdict = judge([conversation(shown(1, 2, 3), shown(1, 3))])
    assert.deepEqual([verdict.lost, verdict.reordered], [['id2 at bob'], []])
  })
})
