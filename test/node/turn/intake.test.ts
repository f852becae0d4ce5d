import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Content, WritableBody } from '../../../protocols/message/content.ts'
import { takeContents } from '../../../node/turn/intake.ts'
import { Round } from '../../../node/turn/round.ts'
import { Threads } from '../../../node/turn/threads.ts'
import { Engine, numberedId } from '../engine.ts'

const NOW_MS = 2_000_000

interface Ana { readonly ana: Engine, readonly bob: number, readonly cleo: number }

function ana (): Ana {
  const engine = new Engine('ana')
  return { ana: engine, bob: engine.add(new Engine('bob', engine.world)), cleo: engine.add(new Engine('cleo', engine.world)) }
}

function content (number: number, body: WritableBody | { readonly type: 'unsupported' }): Content {
  return { id: numberedId(number), counter: number, hlcUs: NOW_MS * 1000 + number, parents: [], sentAtMs: NOW_MS + number, ...body }
}

function text (number: number, words = `text ${number}`): Content { return content(number, { type: 'text', text: words }) }

/** Takes contents of a contact in, in one transaction. Returns the round, for what it would tell. */
function take (engine: Engine, contact: number, contents: readonly Content[]): Round {
  const threads = new Threads(engine.store.read)
  const round = new Round(NOW_MS)
  const [from] = engine.store.read.devices.ofContact(contact)
  assert.ok(from)
  engine.store.transact(writer => {
    takeContents(contents, from, { writer, threads, round, sealer: engine.sealer })
    threads.write(writer)
    round.write(writer)
  })
  return round
}

describe('intake: messages', () => {
  it('are unread, counted and told of', () => {
    const { ana: engine, bob } = ana()
    take(engine, bob, [text(1), text(2)])
    assert.deepEqual(engine.messages(bob).map(({ state, isOwn, receivedAtMs }) => [state, isOwn, receivedAtMs]), [['unread', false, NOW_MS], ['unread', false, NOW_MS]])
    const conversation = engine.store.read.conversations.of(bob)
    assert.deepEqual([conversation.unread, conversation.lastRow], [2, 2])
    const [event] = engine.store.read.events.after({ seq: 0, offset: 0 }, 9)
    assert.deepEqual([event?.type, event?.refs], ['message.received', [numberedId(1), numberedId(2)]])
  })

  it('come once, however often and in whatever words they come', () => {
    const { ana: engine, bob } = ana()
    take(engine, bob, [text(1)])
    take(engine, bob, [text(1, 'other words'), text(1)])
    assert.deepEqual(engine.messages(bob).map(message => message.text), ['text 1'])
    assert.equal(engine.store.read.conversations.of(bob).unread, 1)
  })

  it('cannot be taken over by somebody else who learns their id', () => {
    const { ana: engine, bob, cleo } = ana()
    take(engine, bob, [text(1)])
    take(engine, cleo, [text(1, 'mine')])
    assert.deepEqual([engine.messages(bob).length, engine.messages(cleo).length], [1, 0])
  })

  it('of a newer version are kept as messages that say so', () => {
    const { ana: engine, bob } = ana()
    take(engine, bob, [content(1, { type: 'unsupported' })])
    assert.deepEqual(engine.messages(bob).map(message => [message.kind, message.text]), [[1, '']])
  })
})

describe('intake: edits, deletions, reactions', () => {
  const edit = (number: number, words: string): Content => content(number, { type: 'edit', target: numberedId(1), text: words })
  const deletion = (number: number): Content => content(number, { type: 'deletion', target: numberedId(1) })
  const reaction = (number: number, emoji: string): Content => content(number, { type: 'reaction', target: numberedId(1), emoji })

  it('change what their author wrote, and are told of', () => {
    const { ana: engine, bob } = ana()
    take(engine, bob, [text(1), edit(2, 'after'), reaction(3, '+')])
    const message = engine.store.read.messages.byId(numberedId(1))
    assert.deepEqual([message?.text, message?.original, message?.editedAtMs, message?.reactions], ['after', 'text 1', NOW_MS + 2, { [bob]: '+' }])
    assert.deepEqual(engine.events(), ['message.received', 'message.changed'])
  })

  it('may come before what they are about', () => {
    const { ana: engine, bob } = ana()
    assert.deepEqual(take(engine, bob, [edit(2, 'after'), reaction(3, '+')]).hasEvents, false)
    take(engine, bob, [text(1)])
    const message = engine.store.read.messages.byId(numberedId(1))
    assert.deepEqual([message?.text, message?.reactions], ['after', { [bob]: '+' }])
  })

  it('take the words away for good, also from edits that come later', () => {
    const { ana: engine, bob } = ana()
    take(engine, bob, [text(1), edit(2, 'secret')])
    take(engine, bob, [deletion(4)])
    take(engine, bob, [edit(3, 'late')])
    const message = engine.store.read.messages.byId(numberedId(1))
    assert.deepEqual([message?.text, message?.original, message?.isDeleted], ['', undefined, true])
    assert.deepEqual(engine.store.read.changes.ofTarget(numberedId(1)).map(change => change.body), ['', '', ''])
  })

  it('of somebody else’s words are without effect: only reactions may be', async () => {
    const { ana: engine, bob } = ana()
    const own = await engine.send(bob, 'mine')
    take(engine, bob, [content(2, { type: 'edit', target: own, text: 'yours' }), content(3, { type: 'deletion', target: own }), content(4, { type: 'reaction', target: own, emoji: '+' })])
    const message = engine.store.read.messages.byId(own)
    assert.deepEqual([message?.text, message?.isDeleted, message?.reactions], ['mine', false, { [bob]: '+' }])
  })

  it('do not reach into another conversation', () => {
    const { ana: engine, bob, cleo } = ana()
    take(engine, bob, [text(1)])
    take(engine, cleo, [edit(2, 'cleo was here'), deletion(3), reaction(4, '+')])
    const message = engine.store.read.messages.byId(numberedId(1))
    assert.deepEqual([message?.text, message?.isDeleted, message?.reactions], ['text 1', false, {}])
  })

  it('make the same of a message in whatever order they come, and however often', () => {
    const bodies = fc.oneof(
      fc.record({ type: fc.constant('edit' as const), target: fc.constant(numberedId(1)), text: fc.constantFrom('one', 'two', 'three') }),
      fc.record({ type: fc.constant('reaction' as const), target: fc.constant(numberedId(1)), emoji: fc.constantFrom('+', '*', '') }),
      fc.record({ type: fc.constant('deletion' as const), target: fc.constant(numberedId(1)) }))
    const changes = fc.array(bodies, { maxLength: 6 }).map(list => [text(1), ...list.map((body, index) => content(index + 2, body))])
    fc.assert(fc.property(changes.chain(all => fc.tuple(fc.constant(all), fc.shuffledSubarray([...all, ...all], { minLength: all.length * 2 }))), ([all, shuffled]) => {
      assert.deepEqual(foldedAfter(shuffled), foldedAfter(all))
    }), { numRuns: 20 })
  })

  function foldedAfter (contents: readonly Content[]): unknown {
    const { ana: engine, bob } = ana()
    for (const each of contents) take(engine, bob, [each])
    const message = engine.store.read.messages.byId(numberedId(1))
    engine.store.close()
    return [message?.text, message?.original, message?.isDeleted, message?.editedAtMs, message?.reactions]
  }
})

describe('intake: receipts', () => {
  const receipt = (number: number, kind: 'delivered' | 'read', ...ids: readonly number[]): Content => content(number, { type: 'receipt', kind, ids: ids.map(numberedId) })

  it('move our messages on, never back', async () => {
    const { ana: engine, bob } = ana()
    const id = await engine.send(bob, 'hello')
    const round = take(engine, bob, [content(1, { type: 'receipt', kind: 'read', ids: [id] })])
    assert.deepEqual(round.states.map(({ state }) => state), ['read'])
    assert.deepEqual(take(engine, bob, [content(2, { type: 'receipt', kind: 'delivered', ids: [id] })]).states, [])
    assert.equal(engine.store.read.messages.byId(id)?.state, 'read')
  })

  it('prove delivery of an envelope whose acknowledgement was lost', async () => {
    const { ana: engine, bob } = ana()
    const other = new Engine('bob')
    await engine.meet(other)
    const id = await engine.send(bob, 'hello')
    const [envelope] = engine.takeSealed()
    assert.ok(envelope)
    take(engine, bob, [content(1, { type: 'receipt', kind: 'delivered', ids: [id] })])
    assert.equal(engine.store.read.outbox.byRow(envelope.row)?.state, 'delivered')
  })

  it('leave an envelope open that holds more than they name', async () => {
    const { ana: engine, bob } = ana()
    await engine.meet(new Engine('bob'))
    const [first] = await Promise.all([engine.send(bob, 'one'), engine.send(bob, 'two')])
    const [envelope] = engine.takeSealed()
    assert.ok(envelope && first)
    take(engine, bob, [content(1, { type: 'receipt', kind: 'delivered', ids: [first] })])
    assert.equal(engine.store.read.outbox.byRow(envelope.row)?.state, 'sealed')
    assert.equal(engine.store.read.messages.byId(first)?.state, 'delivered')
  })

  it('about other people’s messages, theirs or unknown ones say nothing', async () => {
    const { ana: engine, bob, cleo } = ana()
    const toCleo = await engine.send(cleo, 'hello')
    take(engine, bob, [text(1)])
    assert.deepEqual(take(engine, bob, [receipt(2, 'read', 1, 9), content(3, { type: 'receipt', kind: 'read', ids: [toCleo] })]).states, [])
    assert.deepEqual([engine.store.read.messages.byId(toCleo)?.state, engine.store.read.messages.byId(numberedId(1))?.state], ['queued', 'unread'])
  })
})
