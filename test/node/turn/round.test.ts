import assert from 'node:assert/strict'
import { Round } from '../../../node/turn/round.ts'
import { Engine, numberedId } from '../engine.ts'

describe('a round', () => {
  it('tells of many messages of one kind and contact in one row', () => {
    const { store } = new Engine('ana')
    const round = new Round(5)
    round.tellMessage('message.received', 1, numberedId(1))
    round.tellMessage('message.state', 1, numberedId(2))
    round.tellMessage('message.received', 1, numberedId(3))
    round.tellMessage('message.received', 2, numberedId(4))
    store.transact(writer => { round.write(writer) })
    assert.deepEqual(store.read.events.after({ seq: 0, offset: 0 }, 9).map(({ type, contact, refs, atMs }) => [type, contact, refs, atMs]), [
      ['message.received', 1, [numberedId(1), numberedId(3)], 5],
      ['message.state', 1, [numberedId(2)], 5],
      ['message.received', 2, [numberedId(4)], 5]
    ])
  })

  it('keeps events with words apart, each in its row', () => {
    const { store } = new Engine('ana')
    const round = new Round(5)
    round.tell('node.trouble', 1, 'one')
    round.tell('node.trouble', 1, 'two')
    round.tell('contact.accepted', 1)
    store.transact(writer => { round.write(writer) })
    assert.deepEqual(store.read.events.after({ seq: 0, offset: 0 }, 9).map(({ detail }) => detail), ['{"text":"one"}', '{"text":"two"}', ''])
  })

  it('counts what is unread once for each conversation, and knows its newest message', () => {
    const ana = new Engine('ana')
    const [bob, cleo] = [ana.add(new Engine('bob', ana.world)), ana.add(new Engine('cleo', ana.world))]
    const round = new Round(5)
    round.countIncoming(bob, 1)
    round.countIncoming(bob, 2)
    round.noteOwn(bob, 3)
    round.noteOwn(cleo, 4)
    ana.store.transact(writer => { round.write(writer) })
    assert.deepEqual([bob, cleo].map(contact => ana.store.read.conversations.of(contact)).map(({ unread, lastRow }) => [unread, lastRow]), [[2, 3], [0, 4]])
  })

  it('has nothing to tell until it is told something', () => {
    const round = new Round(5)
    round.countIncoming(1, 1)
    assert.equal(round.hasEvents, false)
    round.tell('contact.changed', 1)
    assert.equal(round.hasEvents, true)
  })
})
