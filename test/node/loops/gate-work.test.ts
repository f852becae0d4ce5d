import assert from 'node:assert/strict'
import { GateWork } from '../../../node/loops/gate-work.ts'
import { hasWork } from '../../../protocols/deposit/work.ts'
import { World } from '../../../testnet/simulation/world.ts'

const NONCE = new Uint8Array(32).fill(1)
const BITS = 12

function challengeOf (name: string): Uint8Array { return new Uint8Array(32).fill(name.charCodeAt(0)) }

describe('work for gates', () => {
  it('is done one after the other, so that the first is done long before the last', async () => {
    const world = new World(1)
    const work = new GateWork(world.clock(() => true, () => 0))
    const done: string[] = []
    const names = ['a', 'b', 'c', 'd']
    await world.within(Promise.all(names.map(async name => {
      assert.equal(await work.do(name, { nonce: NONCE, challenge: challengeOf(name), bits: BITS, isWanted: () => true }), true)
      done.push(name)
      for (const later of names.slice(names.indexOf(name) + 1)) assert.equal(work.valueOf(later, NONCE), undefined)
    })))
    assert.deepEqual(done, names)
    for (const name of names) assert.ok(hasWork(challengeOf(name), work.valueOf(name, NONCE) ?? new Uint8Array(8), BITS))
  })

  it('that nobody wants any more does not hold up the next', async () => {
    const world = new World(1)
    const work = new GateWork(world.clock(() => true, () => 0))
    const given = [
      work.do('a', { nonce: NONCE, challenge: challengeOf('a'), bits: 20, isWanted: () => false }),
      work.do('b', { nonce: NONCE, challenge: challengeOf('b'), bits: BITS, isWanted: () => true })
    ]
    assert.ok(work.isUnderWay('a') && work.isUnderWay('b'))
    assert.deepEqual(await world.within(Promise.all(given)), [true, true])
    assert.equal(work.valueOf('a', NONCE), undefined)
    assert.ok(work.valueOf('b', NONCE))
  })

  it('is worth nothing on another stream, or when it is forgotten', async () => {
    const world = new World(1)
    const work = new GateWork(world.clock(() => true, () => 0))
    await world.within(work.do('a', { nonce: NONCE, challenge: challengeOf('a'), bits: 4, isWanted: () => true }))
    assert.equal(work.valueOf('a', new Uint8Array(32)), undefined)
    work.forget('a')
    assert.equal(work.valueOf('a', NONCE), undefined)
  })

  it('is forgotten, the oldest first, when much of it was never used', async () => {
    const world = new World(1)
    const work = new GateWork(world.clock(() => true, () => 0))
    for (let index = 0; index <= 256; index++) await world.within(work.do(`${index}`, { nonce: NONCE, challenge: challengeOf('a'), bits: 1, isWanted: () => true }))
    assert.deepEqual(['0', '1', '256'].map(name => work.valueOf(name, NONCE) !== undefined), [false, true, true])
  })
})
