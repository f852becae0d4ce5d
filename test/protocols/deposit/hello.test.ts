import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkHello, HELLO, negotiate, type Hello } from '../../../protocols/deposit/hello.ts'
import { assertMalformed } from '../core/codec.ts'

function speaks (versionMin: number, versionMax: number): Hello {
  return { versionMin, versionMax, features: [] }
}

const hellos = fc.record({ versionMin: fc.integer({ min: 1, max: 6 }), range: fc.nat({ max: 4 }) }).map(({ versionMin, range }) => speaks(versionMin, versionMin + range))

describe('two hellos', () => {
  it('agree on the highest version that both speak', () => {
    assert.equal(negotiate(HELLO, HELLO), 1)
    assert.equal(negotiate(speaks(1, 3), speaks(2, 9)), 3)
    assert.equal(negotiate(speaks(4, 9), speaks(1, 4)), 4)
  })

  it('do not agree when there is none', () => {
    assert.equal(negotiate(speaks(1, 2), speaks(3, 4)), undefined)
  })

  it('agree on the same from both sides, and on nothing that one does not speak', () => {
    fc.assert(fc.property(hellos, hellos, (own, theirs) => {
      const version = negotiate(own, theirs)
      assert.equal(negotiate(theirs, own), version)
      const common = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter(candidate => [own, theirs].every(({ versionMin, versionMax }) => versionMin <= candidate && candidate <= versionMax))
      assert.equal(version, common.at(-1))
    }))
  })
})

describe('a hello from outside', () => {
  it('names a range of versions and features in ASCII, in moderation', () => {
    const hello = { versionMin: 1, versionMax: 2, features: ['wake', 'x-test'] }
    assert.deepEqual(checkHello(hello), hello)
    assertMalformed(() => checkHello(speaks(0, 1)), /range of versions/)
    assertMalformed(() => checkHello(speaks(2, 1)), /range of versions/)
    assertMalformed(() => checkHello({ ...hello, features: Array.from({ length: 33 }, () => 'a') }), /at most 32 features/)
    for (const feature of ['', 'a b', 'ä', 'x'.repeat(65)]) assertMalformed(() => checkHello({ ...hello, features: [feature] }), /ASCII characters/)
  })
})
