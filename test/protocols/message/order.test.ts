import assert from 'node:assert/strict'
import fc from 'fast-check'
import { idKey, type ContentId } from '../../../protocols/core/ids.ts'
import { PARENTS_MAX } from '../../../protocols/core/limits.ts'
import { HLC_US_MAX } from '../../../protocols/message/clock.ts'
import { advanceHeads, comparePlaces, moveHeads, positionOf, reposition, type Place, type Placed } from '../../../protocols/message/order.ts'
import { idArbitrary } from './arbitraries.ts'
import { idOf } from './ids.ts'

interface TestMessage {
  readonly id: ContentId
  readonly hlcUs: number
  readonly parents: readonly ContentId[]
}

/** Any clock, honest or not: few values, so that they tie, and the highest. */
const clockArbitrary = fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(HLC_US_MAX - 1, HLC_US_MAX))

/** Messages of which each names up to four earlier ones; their clocks and ids say nothing about that. */
const conversationArbitrary: fc.Arbitrary<TestMessage[]> = fc.uniqueArray(idArbitrary, { minLength: 1, maxLength: 14, selector: id => id.join() })
  .chain(ids => fc.tuple(...ids.map((id, index) => fc.record({
    id: fc.constant(id),
    hlcUs: clockArbitrary,
    parents: fc.subarray(ids.slice(0, index), { maxLength: Math.min(index, PARENTS_MAX) })
  }))))

const arrivalArbitrary = conversationArbitrary.chain(messages => fc.record({
  messages: fc.constant(messages),
  arrival: fc.shuffledSubarray(messages, { minLength: messages.length })
}))

describe('display order', () => {
  it('is the same whatever order messages arrive in, and that of the whole set', () => {
    fc.assert(fc.property(arrivalArbitrary, ({ messages, arrival }) => {
      const conversation = new Conversation()
      for (const message of arrival) conversation.take(message)
      assert.deepEqual(conversation.places(), placesOfWholeSet(messages))
    }), { numRuns: 2000 })
  })

  it('puts every parent before its children, whatever their clocks say', () => {
    fc.assert(fc.property(arrivalArbitrary, ({ arrival }) => {
      const conversation = new Conversation()
      for (const message of arrival) {
        conversation.take(message)
        const order = conversation.places().map(place => idKey(place.id))
        for (const placed of conversation.all()) {
          for (const parent of placed.parents) assert.ok(order.indexOf(idKey(parent)) < order.indexOf(idKey(placed.id)))
        }
      }
    }))
  })

  it('is by clock, then id, among messages that do not know of each other', () => {
    const [a, b, c] = [{ id: idOf(2), positionUs: 5 }, { id: idOf(1), positionUs: 6 }, { id: idOf(3), positionUs: 5 }]
    assert.deepEqual([c, b, a].sort(comparePlaces), [a, c, b])
  })

  it('stays within the safe integers under the highest clock', () => {
    assert.ok(Number.isSafeInteger(positionOf(0, [HLC_US_MAX]) + 2 ** 51))
  })
})

describe('a parent that arrives late', () => {
  it('moves nothing, and makes us look at one message only, when clocks are honest', () => {
    const looked: number[] = []
    const { moves, isComplete } = reposition({ id: idOf(1), positionUs: 100 }, counted([placed(2, 200, [1]), placed(3, 300, [2])], looked))
    assert.deepEqual({ moves, isComplete, looked }, { moves: [], isComplete: true, looked: [2] })
  })

  it('moves what names it, and what names that, just below it', () => {
    const later = [placed(2, 200, [1]), placed(3, 300, []), placed(4, 400, [2]), placed(5, 999_999, [4])]
    assert.deepEqual(reposition({ id: idOf(1), positionUs: 5_000 }, later).moves, [{ id: idOf(2), positionUs: 5_001 }, { id: idOf(4), positionUs: 5_002 }])
  })

  it('makes us look at a limited number of messages, and says so', () => {
    const later = Array.from({ length: 20 }, (_, index) => placed(index + 2, index, [index + 1]))
    const { moves, isComplete } = reposition({ id: idOf(1), positionUs: 5_000 }, later, 10)
    assert.equal(moves.length, 10)
    assert.equal(isComplete, false)
  })

  it('ends, and does not move itself, when a liar names parents in a circle', () => {
    const later = [placed(2, 10, [1]), placed(3, 20, [2]), placed(1, 21, [3])]
    assert.deepEqual(reposition({ id: idOf(1), positionUs: 21 }, later).moves, [{ id: idOf(2), positionUs: 22 }, { id: idOf(3), positionUs: 23 }])
  })
})

describe('heads', () => {
  it('are the messages that nobody names, whatever order they arrive in', () => {
    fc.assert(fc.property(arrivalArbitrary, ({ arrival }) => {
      const conversation = new Conversation(Infinity)
      for (const message of arrival) {
        conversation.take(message)
        assert.deepEqual(keys(conversation.heads), keys(conversation.unnamed()))
      }
    }))
  })

  it('are the same under a limit that is never reached', () => {
    fc.assert(fc.property(arrivalArbitrary, ({ arrival }) => {
      const conversation = new Conversation()
      let isReached = false
      for (const message of arrival) {
        conversation.take(message)
        isReached ||= conversation.unnamed().length > PARENTS_MAX
        if (!isReached) assert.deepEqual(keys(conversation.heads), keys(conversation.unnamed()))
      }
    }))
  })

  it('under a limit are few, in display order, named by nobody, and hold the last message of all', () => {
    fc.assert(fc.property(arrivalArbitrary, fc.integer({ min: 1, max: 3 }), ({ arrival }, limit) => {
      const conversation = new Conversation(limit)
      for (const message of arrival) {
        conversation.take(message)
        const { heads } = conversation
        assert.ok(heads.length >= 1 && heads.length <= limit)
        assert.deepEqual([...heads].sort(comparePlaces), heads)
        const unnamed = new Set(keys(conversation.unnamed()))
        assert.ok(keys(heads).every(head => unnamed.has(head)))
        assert.deepEqual(heads.at(-1), conversation.places().at(-1))
      }
    }), { numRuns: 1000 })
  })

  it('make what we write the last message, also when clocks lie and ours stands at nought', () => {
    fc.assert(fc.property(arrivalArbitrary, fc.integer({ min: 1, max: 4 }), idArbitrary, ({ arrival }, limit, id) => {
      const conversation = new Conversation(limit)
      for (const message of arrival) {
        conversation.take(message)
        const parents = conversation.heads.map(head => head.id)
        const ours = { id, positionUs: positionOf(0, conversation.heads.map(head => head.positionUs)) }
        assert.ok(conversation.places().every(place => comparePlaces(place, ours) < 0))
        assert.deepEqual(advanceHeads(conversation.heads, { ...ours, parents, isNamed: false }, limit), [ours])
      }
    }))
  })
})

/** A conversation as a node keeps it, one arrival after the other. */
class Conversation {
  readonly #known = new Map<string, Placed>()
  readonly #limit: number
  heads: Place[] = []

  constructor (limit: number = PARENTS_MAX) { this.#limit = limit }

  take ({ id, hlcUs, parents }: TestMessage): void {
    const parentPositions = parents.map(parent => this.#known.get(idKey(parent))?.positionUs).filter(position => position !== undefined)
    const arrived = { id, parents, positionUs: positionOf(hlcUs, parentPositions) }
    const children = this.all().filter(placed => placed.parents.some(parent => idKey(parent) === idKey(id)))
    this.#known.set(idKey(id), arrived)
    this.heads = advanceHeads(this.heads, { ...arrived, isNamed: children.length > 0 }, this.#limit)
    const first = children.sort(comparePlaces)[0]
    if (first === undefined) return
    const { moves, isComplete } = reposition(arrived, this.all().filter(placed => comparePlaces(placed, first) >= 0).sort(comparePlaces))
    assert.ok(isComplete)
    for (const move of moves) this.#known.set(idKey(move.id), { parents: this.#known.get(idKey(move.id))?.parents ?? [], ...move })
    this.heads = moveHeads(this.heads, moves, this.#limit)
  }

  all (): Placed[] {
    return [...this.#known.values()]
  }

  places (): Place[] {
    return this.all().map(({ id, positionUs }) => ({ id, positionUs })).sort(comparePlaces)
  }

  unnamed (): Place[] {
    const named = new Set(this.all().flatMap(placed => placed.parents.map(idKey)))
    return this.places().filter(place => !named.has(idKey(place.id)))
  }
}

/** What the law says, without regard to arrival: `messages` stand after their parents. */
function placesOfWholeSet (messages: readonly TestMessage[]): Place[] {
  const positions = new Map<string, number>()
  for (const { id, hlcUs, parents } of messages) {
    positions.set(idKey(id), Math.max(hlcUs, ...parents.map(parent => (positions.get(idKey(parent)) ?? 0) + 1)))
  }
  return messages.map(({ id }) => ({ id, positionUs: positions.get(idKey(id)) ?? 0 })).sort(comparePlaces)
}

function placed (number: number, positionUs: number, parents: readonly number[]): Placed {
  return { id: idOf(number), positionUs, parents: parents.map(idOf) }
}

function keys (places: readonly Place[]): string[] {
  return places.map(place => idKey(place.id))
}

function * counted (places: readonly Placed[], looked: number[]): Generator<Placed> {
  for (const place of places) {
    looked.push(new DataView(place.id.buffer).getUint32(12))
    yield place
  }
}
