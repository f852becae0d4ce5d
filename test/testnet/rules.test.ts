import assert from 'node:assert/strict'
import { PERFECT, Rules } from '../../testnet/cable/rules.ts'

const SLOW = { delayMs: 80, jitterMs: 40, bytesPerSecond: 1_000 }

describe('the rules of a cable', () => {
  it('cut what stands on different sides, both ways, and nothing else', () => {
    const rules = new Rules()
    rules.cut({ left: new Set(['ana', 'bob']), right: new Set(['relay1']) })
    for (const [one, other, isCut] of [['ana', 'relay1', true], ['relay1', 'bob', true], ['ana', 'bob', false], ['carol', 'relay1', false], ['relay1', 'relay1', false]] as const) {
      assert.equal(rules.isCut(one, other), isCut, `${one} ${other}`)
    }
  })

  it('keep a line cut until every cut through it is healed', () => {
    const rules = new Rules()
    const cuts = [{ left: new Set(['ana']), right: new Set(['bob']) }, { left: new Set(['bob']), right: new Set(['ana', 'carol']) }] as const
    for (const cut of cuts) rules.cut(cut)
    rules.heal(cuts[0])
    assert.equal(rules.isCut('ana', 'bob'), true)
    rules.heal(cuts[1])
    assert.equal(rules.isCut('ana', 'bob'), false)
    for (const cut of cuts) rules.cut(cut)
    rules.healAll()
    assert.deepEqual([rules.isCut('ana', 'bob'), rules.partitions], [false, []])
  })

  it('cut whoever has no power from everybody, until there is', () => {
    const rules = new Rules()
    rules.setOff('ana', true)
    assert.deepEqual([rules.isCut('ana', 'bob'), rules.isCut('bob', 'ana'), rules.isCut('bob', 'carol')], [true, true, false])
    rules.healAll()
    assert.equal(rules.isCut('ana', 'bob'), true)
    rules.setOff('ana', false)
    assert.equal(rules.isCut('ana', 'bob'), false)
  })

  it('put the lines of two nodes one behind the other', () => {
    const rules = new Rules()
    assert.deepEqual(rules.linkBetween('ana', 'bob'), PERFECT)
    rules.setLink('ana', SLOW)
    assert.deepEqual(rules.linkBetween('ana', 'bob'), SLOW)
    rules.setLink('bob', { delayMs: 1, jitterMs: 2, bytesPerSecond: 500 })
    assert.deepEqual(rules.linkBetween('bob', 'ana'), { delayMs: 81, jitterMs: 42, bytesPerSecond: 500 })
    rules.setLink('ana', PERFECT)
    rules.setLink('bob', PERFECT)
    assert.deepEqual([...rules.links], [])
  })
})
