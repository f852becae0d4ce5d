import assert from 'node:assert/strict'
import fc from 'fast-check'
import { idKey, type ContentId } from '../../../protocols/core/ids.ts'
import { PARENTS_MAX } from '../../../protocols/core/limits.ts'
import { Threads } from '../../../node/turn/threads.ts'
import { takeContents } from '../../../node/turn/intake.ts'
import { Round } from '../../../node/turn/round.ts'
import type { Content } from '../../../protocols/message/content.ts'
import { Engine, numberedId } from '../engine.ts'

const NOW_MS = 1_000_000
const NOW_US = NOW_MS * 1000

/** Ana, who has Bob as a contact. */
function anaWithBob (): { readonly ana: Engine, readonly bob: number, readonly threads: Threads } {
  const ana = new Engine('ana')
  return { ana, bob: ana.add(new Engine('bob', ana.world)), threads: new Threads(ana.store.read) }
}

/** A text of Bob's. */
function aText (number: number, { hlcUs = NOW_US + number, parents = [] }: { readonly hlcUs?: number, readonly parents?: readonly ContentId[] } = {}): Content {
  return { id: numberedId(number), counter: number, hlcUs, parents, sentAtMs: NOW_MS, type: 'text', text: `text ${number}`, replyTo: undefined }
}

/** Takes contents of Bob in, each in a transaction of its own. */
function take (contents: readonly Content[], { ana, bob, threads }: ReturnType<typeof anaWithBob>): void {
  const [from] = ana.store.read.devices.ofContact(bob)
  assert.ok(from)
  for (const content of contents) {
    ana.store.transact(writer => {
      const round = new Round(NOW_MS)
      takeContents([content], from, { writer, threads, round, sealer: ana.sealer })
      threads.write(writer)
      round.write(writer)
    })
    threads.settle()
  }
}

describe('threads: what we write', () => {
  it('counts from 1, and names what was last as parent', () => {
    const { bob, threads } = anaWithBob()
    const first = threads.stampText(bob, numberedId(1), NOW_MS)
    const second = threads.stampText(bob, numberedId(2), NOW_MS)
    assert.deepEqual([first.counter, first.parents], [1, []])
    assert.deepEqual([second.counter, second.parents], [2, [numberedId(1)]])
    assert.ok(second.hlcUs > first.hlcUs && second.positionUs > first.positionUs, 'a clock that stands still does not stop us')
  })

  it('counts edits and reactions, too, but they are nobody’s parent', () => {
    const { bob, threads } = anaWithBob()
    threads.stampText(bob, numberedId(1), NOW_MS)
    assert.deepEqual(threads.stampChange(bob, NOW_MS), { counter: 2, hlcUs: NOW_US + 1, parents: [] })
    assert.deepEqual(threads.stampText(bob, numberedId(2), NOW_MS).parents, [numberedId(1)])
  })

  it('stands below everything seen, also when their clock is far ahead', () => {
    const { bob, threads } = anaWithBob()
    const { positionUs } = threads.placeText(bob, { id: numberedId(1), hlcUs: NOW_US + 86_400_000_000, parents: [], isNamed: false }, NOW_MS)
    const own = threads.stampText(bob, numberedId(2), NOW_MS)
    assert.equal(own.positionUs, positionUs + 1)
    assert.ok(own.hlcUs <= NOW_US + 5 * 60_000_000 + 1, 'their clock does not pull ours along')
  })

  it('is as if it had never been when the turn fails', () => {
    const { bob, threads } = anaWithBob()
    threads.stampText(bob, numberedId(1), NOW_MS)
    threads.discard()
    assert.deepEqual(threads.stampText(bob, numberedId(2), NOW_MS), { counter: 1, hlcUs: NOW_US, parents: [], positionUs: NOW_US })
  })

  it('goes on from the disk where it stopped', () => {
    const { ana, bob, threads } = anaWithBob()
    take([aText(7)], { ana, bob, threads })
    const stamp = threads.stampText(bob, numberedId(9), NOW_MS)
    assert.deepEqual(new Threads(ana.store.read).stampText(bob, numberedId(9), NOW_MS), stamp)
    assert.deepEqual(stamp.parents, [numberedId(7)])
  })

  it('keeps conversations apart', () => {
    const { ana, bob, threads } = anaWithBob()
    const cleo = ana.add(new Engine('cleo', ana.world))
    threads.stampText(bob, numberedId(1), NOW_MS)
    assert.deepEqual([threads.stampText(cleo, numberedId(2), NOW_MS).counter, threads.stampText(cleo, numberedId(3), NOW_MS).parents], [1, [numberedId(2)]])
  })

  it('names at most as many parents as a content may have, the last ones', () => {
    const { bob, threads } = anaWithBob()
    for (let number = 1; number <= 6; number++) threads.placeText(bob, { id: numberedId(number), hlcUs: NOW_US + number, parents: [], isNamed: false }, NOW_MS)
    assert.deepEqual(threads.stampText(bob, numberedId(9), NOW_MS).parents, [3, 4, 5, 6].map(numberedId))
    assert.equal(PARENTS_MAX, 4)
  })
})

describe('threads: gaps', () => {
  it('are noticed, shown, and closed by the parent that comes late', () => {
    const ours = anaWithBob()
    take([aText(2, { parents: [numberedId(1)] })], ours)
    assert.deepEqual([ours.threads.hasGaps(ours.bob), ours.ana.store.read.messages.byId(numberedId(2))?.missing], [true, 1])
    take([aText(1)], ours)
    assert.deepEqual([ours.threads.hasGaps(ours.bob), ours.ana.store.read.messages.byId(numberedId(2))?.missing], [false, 0])
  })

  it('survive a restart', () => {
    const ours = anaWithBob()
    take([aText(2, { parents: [numberedId(1)] })], ours)
    assert.equal(new Threads(ours.ana.store.read).hasGaps(ours.bob), true)
  })

  it('count parents one by one', () => {
    const ours = anaWithBob()
    take([aText(3, { parents: [numberedId(1), numberedId(2)] }), aText(2)], ours)
    assert.deepEqual([ours.threads.hasGaps(ours.bob), ours.ana.store.read.messages.byId(numberedId(3))?.missing], [true, 1])
    take([aText(1)], ours)
    assert.equal(ours.threads.hasGaps(ours.bob), false)
  })

  it('end with a late parent whose clock was ahead above its children', () => {
    const ours = anaWithBob()
    take([aText(2, { parents: [numberedId(1)] }), aText(3, { parents: [numberedId(2)] }), aText(1, { hlcUs: NOW_US + 90_000_000 })], ours)
    assert.deepEqual(ours.ana.messages(ours.bob).map(message => message.text), ['text 1', 'text 2', 'text 3'])
    assert.deepEqual(ours.threads.stampText(ours.bob, numberedId(9), NOW_MS).parents, [numberedId(3)])
  })
})

describe('threads: a law', () => {
  /** Each text names some of those before it; clocks are as wrong as they like. */
  const conversations = fc.array(fc.record({ hlcUs: fc.integer({ min: NOW_US - 50, max: NOW_US + 50 }), parents: fc.uniqueArray(fc.nat({ max: 100 }), { maxLength: PARENTS_MAX }) }), { minLength: 1, maxLength: 12 })
    .map(texts => texts.map(({ hlcUs, parents }, index) => aText(index + 1, { hlcUs, parents: distinct(index === 0 ? [] : parents.map(parent => numberedId(1 + parent % index))) })))

  it('the order of a conversation, its gaps and what we answer do not depend on the order of arrival', () => {
    fc.assert(fc.property(conversations.chain(texts => fc.tuple(fc.constant(texts), fc.shuffledSubarray(texts, { minLength: texts.length }))), ([texts, shuffled]) => {
      const straight = shownAfter(texts)
      assert.deepEqual(shownAfter(shuffled), straight)
      assert.deepEqual(straight.gaps, [])
    }), { numRuns: 30 })
  })

  it('a parent that never comes leaves a gap before each of its children, and nowhere else', () => {
    fc.assert(fc.property(conversations.chain(texts => fc.tuple(fc.constant(texts), fc.nat({ max: texts.length - 1 }))), ([texts, lost]) => {
      const { gaps } = shownAfter(texts.filter((_, index) => index !== lost))
      const children = texts.filter(text => text.parents.some(parent => idKey(parent) === idKey(numberedId(lost + 1))))
      assert.deepEqual(gaps.sort(), children.map(child => idKey(child.id)).sort())
    }), { numRuns: 20 })
  })

  function shownAfter (texts: readonly Content[]): { readonly order: string[], readonly gaps: string[], readonly parents: string[] } {
    const ours = anaWithBob()
    take(texts, ours)
    const messages = ours.ana.messages(ours.bob)
    const result = {
      order: messages.map(message => message.text),
      gaps: messages.filter(message => message.missing > 0).map(message => idKey(message.id)),
      parents: ours.threads.stampText(ours.bob, numberedId(99), NOW_MS).parents.map(idKey).slice(-1)
    }
    ours.ana.store.close()
    return result
  }
})

function distinct (ids: readonly ContentId[]): ContentId[] {
  return [...new Map(ids.map(id => [idKey(id), id])).values()]
}
