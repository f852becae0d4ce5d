/** What is asked of whom, and how it ends: by hand for the rules, and in random worlds of slow, silent, forgetful and lying holders. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { HOLDERS_OPEN_MAX, HOLDER_SILENT_MS_MAX, LEAF_BYTES, WANTED_LEAVES_FIRST, WANTED_LEAVES_MAX } from '../../../protocols/core/limits.ts'
import { fetchBytesPerSecond, fetchDueAtMs, fetchEnd, planFetch, stepFetch, type FetchEffect, type FetchEvent, type FetchPlan } from '../../../protocols/media/fetch-plan.ts'
import { hasLeaf, noLeaves, withLeaf } from '../../../protocols/media/leaves.ts'

const FRACTION = 0.5

describe('a fetch', () => {
  it('asks several holders for different leaves, from the front', () => {
    const scene = new Scene({ leafCount: 20, holders: ['a', 'b'] })
    scene.say({ type: 'due' }, { type: 'opened', holder: 'a', have: all(20) }, { type: 'opened', holder: 'b', have: all(20) })
    assert.deepEqual(scene.effects, [
      { type: 'open', holder: 'a' }, { type: 'open', holder: 'b' },
      { type: 'want', holder: 'a', first: 0, count: WANTED_LEAVES_FIRST },
      { type: 'want', holder: 'b', first: WANTED_LEAVES_FIRST, count: WANTED_LEAVES_FIRST }
    ])
  })

  it('asks a fast holder for more, and a slow one for less', () => {
    const scene = new Scene({ leafCount: 500, holders: ['fast', 'slow'] })
    scene.say({ type: 'due' }, { type: 'opened', holder: 'fast', have: all(500) }, { type: 'opened', holder: 'slow', have: all(500) })
    scene.nowMs += 10
    scene.brings('fast')
    scene.nowMs += 1_990
    scene.brings('slow')
    assert.equal(scene.wanted('fast').length, WANTED_LEAVES_MAX)
    // Of its four, three are left: it brings one in two seconds.
    assert.equal(scene.wanted('slow').length, 3)
    assert.ok(fetchBytesPerSecond(scene.plan) > 50 * LEAF_BYTES)
  })

  it('gives what a silent holder owes to others after 5 s, and leaves alone who brings bytes of a large leaf', () => {
    const scene = new Scene({ leafCount: 4, holders: ['silent', 'steady'] })
    scene.say({ type: 'due' }, { type: 'opened', holder: 'silent', have: all(4) }, { type: 'opened', holder: 'steady', have: all(4) })
    scene.nowMs += HOLDER_SILENT_MS_MAX - 1
    scene.say({ type: 'moved', holder: 'steady' })
    scene.nowMs += 1
    scene.effects.length = 0
    scene.say({ type: 'due' })
    assert.ok(scene.effects.some(effect => effect.type === 'close' && effect.holder === 'silent'))
    assert.deepEqual(scene.wanted('steady'), [0, 1, 2, 3])
  })

  it('bans who brings something else, and asks others for it at once', () => {
    const scene = new Scene({ leafCount: 2, holders: ['liar', 'honest'] })
    scene.say({ type: 'due' }, { type: 'opened', holder: 'liar', have: all(2) }, { type: 'opened', holder: 'honest', have: all(2) }, { type: 'closed', holder: 'liar', reason: 'lied' })
    assert.deepEqual(scene.wanted('honest'), [0, 1])
    scene.brings('honest')
    scene.brings('honest')
    assert.equal(fetchEnd(scene.plan), 'done')
  })

  it('takes part in the end game once: the last leaf of a slow holder is asked of a fast one, too, and of nobody else', () => {
    const scene = new Scene({ leafCount: 6, holders: ['slow', 'fast', 'third'] })
    scene.say({ type: 'due' }, ...['slow', 'fast', 'third'].map(holder => ({ type: 'opened', holder, have: all(6) }) as const))
    // slow has 0 to 3, fast 4 and 5.
    scene.nowMs += 10
    scene.brings('fast')
    scene.brings('fast')
    scene.nowMs += 990
    scene.brings('slow')
    scene.say({ type: 'due' })
    assert.deepEqual(scene.wanted('fast'), [3])
    assert.deepEqual(scene.wanted('slow'), [1, 2, 3])
    assert.deepEqual(scene.wanted('third'), [])
  })

  const ends: ReadonlyArray<readonly [string, readonly FetchEvent[], string]> = [
    ['all answer that they have nothing', [closed('a', 'notFound'), closed('b', 'notFound')], 'NOT_FOUND'],
    ['nobody can be reached', [closed('a', 'unreachable'), closed('b', 'unreachable')], 'NO_PROVIDERS'],
    ['one has nothing and the other cannot be reached', [closed('a', 'notFound'), closed('b', 'unreachable')], 'NO_PROVIDERS'],
    ['one has nothing and the other lies', [closed('a', 'notFound'), closed('b', 'lied')], 'NOT_FOUND'],
    ['one has too much to do for a long time', [closed('a', 'notFound'), { ...closed('b', 'limited'), retryAfterMs: 3_600_000 }], 'QUOTA']
  ]
  for (const [what, events, expected] of ends) {
    it(`ends as ${expected} when ${what}`, () => {
      const scene = new Scene({ leafCount: 2, holders: ['a', 'b'] })
      scene.say({ type: 'due' }, ...events)
      assert.equal(fetchEnd(scene.plan), expected)
      assert.equal(fetchDueAtMs(scene.plan, scene.nowMs), undefined)
    })
  }

  it('ends as NO_PROVIDERS when there is nobody to ask, as TIMEOUT when a line breaks each time, and at once when all is here', () => {
    assert.equal(fetchEnd(planFetch({ leafCount: 1, have: noLeaves(1), holders: [] })), 'NO_PROVIDERS')
    assert.equal(fetchEnd(planFetch({ leafCount: 9, have: all(9), holders: ['a'] })), 'done')
    const scene = new Scene({ leafCount: 2, holders: ['a'] })
    scene.say({ type: 'due' })
    for (let count = 0; count < 3; count++) {
      scene.say(closed('a', 'lost'))
      scene.nowMs = fetchDueAtMs(scene.plan, scene.nowMs) ?? scene.nowMs
      scene.say({ type: 'due' })
    }
    assert.equal(fetchEnd(scene.plan), 'TIMEOUT')
  })

  it('comes back to a holder that is just getting the rest itself', () => {
    const scene = new Scene({ leafCount: 3, holders: ['filling'] })
    scene.say({ type: 'due' }, { type: 'opened', holder: 'filling', have: withLeaf(noLeaves(3), 0, true) })
    scene.brings('filling')
    assert.equal(fetchEnd(scene.plan), undefined)
    scene.nowMs = fetchDueAtMs(scene.plan, scene.nowMs) ?? 0
    scene.say({ type: 'due' }, { type: 'opened', holder: 'filling', have: all(3) })
    scene.brings('filling')
    scene.brings('filling')
    assert.equal(fetchEnd(scene.plan), 'done')
  })
})

describe('a fetch in any world', () => {
  it('ends, never asks for a leaf of three at once or of one that lacks it, and brings all that an honest holder has', () => {
    fc.assert(fc.property(fc.record({
      leafCount: fc.integer({ min: 1, max: 200 }),
      seed: fc.infiniteStream(fc.nat({ max: 999 })),
      holders: fc.array(fc.record({ kind: fc.constantFrom('honest', 'slow', 'silent', 'breaking', 'liar', 'lacking', 'empty', 'gone'), leafMs: fc.integer({ min: 1, max: 3_000 }) }), { maxLength: 6 })
    }), ({ leafCount, seed, holders }) => {
      const world = new World(leafCount, holders.map(({ kind, leafMs }) => ({ kind, leafMs })), () => Number(seed.next().value ?? 0))
      const { end, askedCount } = world.run()
      const isHonest = holders.some(({ kind }) => kind === 'honest' || kind === 'slow')
      if (isHonest) assert.equal(end, 'done')
      else assert.notEqual(end, undefined)
      // Of a holder that fails it is asked again; beyond that at most once more than needed.
      const failures = holders.filter(({ kind }) => kind === 'silent' || kind === 'breaking' || kind === 'liar' || kind === 'lacking').length
      if (failures === 0) assert.ok(askedCount <= 2 * leafCount, `${askedCount} wants for ${leafCount} leaves`)
    }), { numRuns: 300 })
  })
})

type Kind = 'honest' | 'slow' | 'silent' | 'breaking' | 'liar' | 'lacking' | 'empty' | 'gone'

/** Holders that behave as they are, in virtual time. */
class World {
  readonly #leafCount: number
  readonly #kinds: ReadonlyMap<string, { readonly kind: Kind, readonly leafMs: number }>
  readonly #chance: () => number
  readonly #queue: Array<{ readonly atMs: number, readonly stream: number, readonly event: FetchEvent }> = []
  readonly #streams = new Map<string, number>()
  #plan: FetchPlan
  #nowMs = 0
  /** What a stream says that is over passes time, and is no step. */
  #steppedAtMs = 0
  #busyUntilMs = new Map<string, number>()
  #askedCount = 0
  #lastStream = 0

  constructor (leafCount: number, holders: ReadonlyArray<{ readonly kind: Kind, readonly leafMs: number }>, chance: () => number) {
    this.#leafCount = leafCount
    this.#kinds = new Map(holders.map((holder, index) => [`${index}`, holder]))
    this.#chance = chance
    this.#plan = planFetch({ leafCount, have: noLeaves(leafCount), holders: [...this.#kinds.keys()] })
  }

  run (): { readonly end: ReturnType<typeof fetchEnd>, readonly askedCount: number } {
    this.#step({ type: 'due' })
    for (let round = 0; fetchEnd(this.#plan) === undefined; round++) {
      assert.ok(round < 20_000, 'it ends')
      const dueAtMs = fetchDueAtMs(this.#plan, this.#steppedAtMs) ?? Infinity
      this.#queue.sort((left, right) => left.atMs - right.atMs)
      const next = this.#queue[0]
      if (next === undefined || next.atMs > dueAtMs) {
        assert.notEqual(dueAtMs, Infinity, 'something is due while nothing has ended')
        this.#nowMs = Math.max(this.#nowMs, dueAtMs)
        this.#step({ type: 'due' })
        continue
      }
      this.#queue.shift()
      this.#nowMs = next.atMs
      if ('holder' in next.event && this.#streams.get(next.event.holder) === next.stream) this.#step(next.event)
    }
    return { end: fetchEnd(this.#plan), askedCount: this.#askedCount }
  }

  #step (event: FetchEvent): void {
    if (event.type === 'closed') this.#streams.delete(event.holder)
    this.#steppedAtMs = this.#nowMs
    const { next, effects } = stepFetch(this.#plan, event, { nowMs: this.#nowMs, fraction: this.#chance() / 1000 })
    this.#plan = next
    this.#check()
    for (const effect of effects) this.#carryOut(effect)
  }

  #check (): void {
    const asked = new Map<number, number>()
    let open = 0
    for (const holder of this.#plan.holders.values()) {
      if (holder.at === 'open' || holder.at === 'opening') open += 1
      if (holder.at !== 'open') continue
      assert.ok(holder.wanted.length <= WANTED_LEAVES_MAX)
      assert.equal(new Set(holder.wanted).size, holder.wanted.length)
      for (const index of holder.wanted) asked.set(index, (asked.get(index) ?? 0) + 1)
    }
    assert.ok(open <= HOLDERS_OPEN_MAX)
    assert.ok([...asked.values()].every(count => count <= 2), 'nothing is asked of three at once')
  }

  #carryOut (effect: FetchEffect): void {
    const { kind, leafMs } = this.#kinds.get(effect.holder) ?? { kind: 'gone', leafMs: 1 }
    if (effect.type === 'close') {
      this.#streams.delete(effect.holder)
    } else if (effect.type === 'open') {
      const stream = (this.#lastStream += 1)
      this.#streams.set(effect.holder, stream)
      this.#busyUntilMs.set(effect.holder, this.#nowMs)
      const event: FetchEvent = kind === 'gone' ? closed(effect.holder, 'unreachable') : kind === 'empty' ? closed(effect.holder, 'notFound') : { type: 'opened', holder: effect.holder, have: all(this.#leafCount) }
      this.#say(effect.holder, this.#nowMs + 20, event)
    } else {
      this.#askedCount += effect.count
      const holder = this.#plan.holders.get(effect.holder)
      assert.ok(holder?.at === 'open' && hasLeaf(holder.have, effect.first) && hasLeaf(holder.have, effect.first + effect.count - 1), 'only what it has')
      for (let index = effect.first; index < effect.first + effect.count; index++) this.#answer(effect.holder, index, { kind, leafMs })
    }
  }

  #answer (holder: string, index: number, { kind, leafMs }: { readonly kind: Kind, readonly leafMs: number }): void {
    const atMs = Math.max(this.#nowMs, this.#busyUntilMs.get(holder) ?? 0) + leafMs
    this.#busyUntilMs.set(holder, atMs)
    if (kind === 'silent') return
    if (kind === 'liar') return this.#say(holder, atMs, closed(holder, 'lied'))
    if (kind === 'breaking' && this.#chance() < 500) return this.#say(holder, atMs, closed(holder, 'lost'))
    if (kind === 'lacking' && this.#chance() < 500) return this.#say(holder, atMs, { type: 'lacking', holder, index })
    this.#say(holder, atMs, { type: 'brought', holder, index, bytes: LEAF_BYTES })
  }

  #say (holder: string, atMs: number, event: FetchEvent): void {
    this.#queue.push({ atMs, stream: this.#streams.get(holder) ?? 0, event })
  }
}

/** One fetch, driven by hand. */
class Scene {
  plan: FetchPlan
  nowMs = 0
  readonly effects: FetchEffect[] = []

  constructor ({ leafCount, holders }: { readonly leafCount: number, readonly holders: readonly string[] }) {
    this.plan = planFetch({ leafCount, have: noLeaves(leafCount), holders })
  }

  say (...events: readonly FetchEvent[]): void {
    for (const event of events) {
      const { next, effects } = stepFetch(this.plan, event, { nowMs: this.nowMs, fraction: FRACTION })
      this.plan = next
      this.effects.push(...effects)
    }
  }

  wanted (holder: string): readonly number[] {
    const found = this.plan.holders.get(holder)
    return found?.at === 'open' ? found.wanted : []
  }

  /** The first leaf that it owes. */
  brings (holder: string): void {
    const [index] = this.wanted(holder)
    assert.ok(index !== undefined)
    this.say({ type: 'brought', holder, index, bytes: LEAF_BYTES })
    assert.ok(hasLeaf(this.plan.have, index))
  }
}

function all (leafCount: number): Uint8Array {
  let leaves = noLeaves(leafCount)
  for (let index = 0; index < leafCount; index++) leaves = withLeaf(leaves, index, true)
  return leaves
}

function closed (holder: string, reason: Extract<FetchEvent, { type: 'closed' }>['reason']): Extract<FetchEvent, { type: 'closed' }> {
  return { type: 'closed', holder, reason }
}
