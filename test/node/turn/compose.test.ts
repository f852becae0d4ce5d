import assert from 'node:assert/strict'
import fc from 'fast-check'
import { compareIds, idKey } from '../../../protocols/core/ids.ts'
import { composeDraft, Ids, recall, requestTextFact, type Draft, type RecallParts } from '../../../node/turn/compose.ts'
import { Threads } from '../../../node/turn/threads.ts'
import type { Ref } from '../../../store/types.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Engine, numberedId } from '../engine.ts'

const NOW_MS = 1_000_000

function recallParts (ana: Engine): RecallParts {
  return { reader: ana.store.read, ids: ana.turn.ids, nowMs: NOW_MS, profile: () => ({ ...ana.account.profile, name: 'Ana', versionMs: 3, addresses: ['/sim/ana'] }) }
}

describe('ids', () => {
  it('never repeat and never go back, whatever the clock does', () => {
    fc.assert(fc.property(fc.array(fc.nat({ max: 2 ** 47 }), { minLength: 2, maxLength: 40 }), clock => {
      const ids = new Ids(new SeededRandom(1, 'ids'))
      const made = clock.map(nowMs => ids.next(nowMs))
      assert.ok(made.every((id, index) => index === 0 || compareIds(made[index - 1] ?? id, id) < 0))
    }))
  })
})

describe('composing', () => {
  const draft = (body: Draft['body']): Draft => ({ contact: 1, body, idempotencyKey: undefined })

  it('a text has a place after what we have seen; a change has a clock alone', () => {
    const ana = new Engine('ana')
    ana.add(new Engine('bob', ana.world))
    const parts = { threads: new Threads(ana.store.read), ids: ana.turn.ids, nowMs: NOW_MS }
    const first = composeDraft(draft({ type: 'text', text: 'hello', replyTo: undefined }), parts)
    const reply = composeDraft(draft({ type: 'text', text: 'again', replyTo: first.content.id }), parts)
    const edit = composeDraft(draft({ type: 'edit', target: first.content.id, text: 'hi' }), parts)
    assert.deepEqual([first.ref.kind, reply.content.parents, reply.content.type === 'text' && reply.content.replyTo], ['text', [first.content.id], first.content.id])
    assert.ok(reply.positionUs > first.positionUs)
    assert.deepEqual([edit.ref.kind, edit.content.parents, edit.content.counter, edit.positionUs], ['change', [], 3, 0])
  })
})

describe('a draft in the tables', () => {
  it('is a queued message, last in its conversation, told of, and kept under its idempotency key', async () => {
    const ana = new Engine('ana')
    const bob = ana.add(new Engine('bob', ana.world))
    const id = await ana.world.within(ana.turn.send({ contact: bob, body: { type: 'text', text: 'hello', replyTo: undefined }, idempotencyKey: 'key' }))
    const message = ana.store.read.messages.byId(id)
    assert.deepEqual([message?.state, message?.isOwn, message?.text], ['queued', true, 'hello'])
    assert.deepEqual([ana.store.read.conversations.of(bob).lastRow, ana.store.read.conversations.of(bob).unread], [message?.row, 0])
    assert.deepEqual([ana.store.read.idempotency.get('key'), ana.events()], [id, ['message.state']])
  })

  it('an edit shows at once, a deletion takes the words from the disk', async () => {
    const ana = new Engine('ana')
    const bob = ana.add(new Engine('bob', ana.world))
    const id = await ana.send(bob, 'before')
    await ana.send(bob, { type: 'edit', target: id, text: 'after' })
    assert.deepEqual([ana.store.read.messages.byId(id)?.text, ana.store.read.messages.byId(id)?.original], ['after', 'before'])
    await ana.send(bob, { type: 'deletion', target: id })
    assert.deepEqual([ana.store.read.messages.byId(id)?.text, ana.store.read.changes.ofTarget(id).map(change => change.body)], ['', ['', '']])
    assert.deepEqual(ana.events(), ['message.state', 'message.changed', 'message.changed'])
  })
})

describe('recalling', () => {
  it('gives the same content as was composed, stamp and all', async () => {
    const ana = new Engine('ana')
    const other = new Engine('bob', ana.world)
    const bob = ana.add(other)
    const target = await ana.send(bob, 'hello')
    const reaction = await ana.send(bob, { type: 'reaction', target, emoji: '+' })
    const again = recall([{ kind: 'change', id: reaction }], bob, recallParts(ana))
    const change = ana.store.read.changes.byId(reaction)
    assert.deepEqual(again, { id: reaction, counter: 2, hlcUs: change?.hlcUs, parents: [], sentAtMs: change?.sentAtMs, type: 'reaction', target, emoji: '+' })
    const text = recall([{ kind: 'text', id: target }], bob, recallParts(ana))
    assert.deepEqual(text?.type === 'text' && [idKey(text.id), text.text, text.counter], [idKey(target), 'hello', 1])
  })

  it('says of ourselves what is true now, and has no place in the conversation', () => {
    const ana = new Engine('ana')
    const bob = ana.add(new Engine('bob', ana.world))
    ana.store.transact(writer => {
      writer.facts.set(requestTextFact(bob), 'We met on the ferry')
      writer.contacts.update(bob, { inviteToken: new Uint8Array(16).fill(5) })
    })
    const recalled = (kind: Ref['kind']): unknown => {
      const found = recall([{ kind, id: numberedId(1) }], bob, recallParts(ana))
      if (found === undefined) return undefined
      const { id, ...rest } = found
      assert.equal(id.byteLength, 16)
      return rest
    }
    const control = { counter: 0, hlcUs: 0, parents: [], sentAtMs: NOW_MS }
    const ourselves = { name: 'Ana', addresses: ['/sim/ana'] }
    assert.deepEqual(recalled('request'), { ...control, type: 'request', ...ourselves, text: 'We met on the ferry', token: new Uint8Array(16).fill(5) })
    assert.deepEqual(recalled('accept'), { ...control, type: 'accept', ...ourselves })
    assert.deepEqual(recalled('profile'), { ...control, type: 'profile', ...ourselves, versionMs: 3 })
    assert.deepEqual(recalled('read'), { ...control, type: 'receipt', kind: 'read', ids: [numberedId(1)] })
  })

  it('gives nothing for what is gone', () => {
    const ana = new Engine('ana')
    for (const kind of ['text', 'change', 'retry'] as const) assert.equal(recall([{ kind, id: numberedId(1) }], 1, recallParts(ana)), undefined)
    assert.equal(recall([], 1, recallParts(ana)), undefined)
  })
})
