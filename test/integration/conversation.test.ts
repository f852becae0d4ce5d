/** A conversation of two real nodes: replies, reactions, edits, deletions and read marks look alike on both sides. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { MessageView } from '../../node/node.ts'
import { contentId } from '../../protocols/core/ids.ts'
import { friends, type Person } from './nodes.ts'

describe('a conversation between real nodes', () => {
  it('replies, reactions, edits and deletions look alike on both sides', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const question = await ana.send(bob, 'coffee?')
    await bob.received('coffee?')
    const { id: answer } = await bob.node.send(ana.account, 'yes', { replyTo: question })
    await ana.received('yes')
    await Promise.all([bob.call('react', { id: question, emoji: '☕' }), ana.call('react', { id: answer, emoji: '🎉' })])
    await ana.call('edit', { id: question, text: 'coffee at four?' })
    await bob.call('edit', { id: answer, text: 'yes!' })
    const mistake = await ana.send(bob, 'wrong window')
    await bob.received('wrong window')
    await ana.call('delete', { id: mistake })
    await changed(bob, mistake, message => message.deleted)
    await alike(pair, 3)
    const [first, second, third] = await bob.read(ana)
    assert.deepEqual([first?.text, first?.edited, first?.reactions], ['coffee at four?', true, [{ from: bob.account, emoji: '☕' }]])
    assert.deepEqual([second?.text, second?.replyTo, second?.reactions], ['yes!', question, [{ from: ana.account, emoji: '🎉' }]])
    assert.deepEqual([third?.text, third?.deleted], ['', true])
  })

  it('a reaction can be changed and taken back', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const id = await ana.send(bob, 'look')
    await bob.received('look')
    for (const emoji of ['👍', '👎🏿', '🏳️‍🌈']) await bob.call('react', { id, emoji })
    await changed(ana, id, message => message.reactions[0]?.emoji === '🏳️‍🌈')
    assert.equal((await ana.message(id)).reactions.length, 1, 'one person, one reaction')
    await bob.call('react', { id, emoji: '' })
    await changed(ana, id, message => message.reactions.length === 0)
    await alike(pair, 1)
  })

  it('what was edited, deleted and reacted to before it was delivered arrives as it is then', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.stop()
    const edited = await ana.send(bob, 'firts')
    const deleted = await ana.send(bob, 'never mind')
    const kept = await ana.send(bob, 'third')
    await ana.call('edit', { id: edited, text: 'first' })
    await ana.call('delete', { id: deleted })
    await ana.call('react', { id: kept, emoji: '✅' })
    await bob.start()
    await bob.received('third')
    await changed(bob, kept, message => message.reactions.length === 1)
    await alike(pair, 3)
    assert.deepEqual((await bob.read(ana)).map(message => [message.text, message.edited, message.deleted]), [['first', true, false], ['', false, true], ['third', false, false]])
  })

  it('nobody changes what somebody else wrote', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const id = await ana.send(bob, 'mine')
    await bob.received('mine')
    await assert.rejects(bob.call('edit', { id, text: 'yours' }), { code: 'refused' })
    await assert.rejects(bob.call('delete', { id }), { code: 'refused' })
    // Nor with a node that does not ask first: Bob's makes an edit and a deletion of what is Ana's, and sends them.
    await bob.stop()
    await bob.withStore(store => store.transact(writer => {
      const message = store.read.messages.newest()
      const [device] = store.read.devices.ofContact(message?.contact ?? 0)
      assert.ok(message && device)
      for (const kind of ['edit', 'deletion'] as const) {
        const change = contentId(randomBytes(16))
        writer.changes.create({ id: change, target: message.id, contact: message.contact, author: 0, kind, hlcUs: message.hlcUs + 1, counter: 9, parents: [], sentAtMs: message.sentAtMs, body: kind === 'edit' ? 'yours' : '' })
        writer.outbox.waiting({ deviceId: device.deviceId, contact: message.contact, refs: [{ kind: 'change', id: change }], queuedAtMs: message.sentAtMs, expiresAtMs: Number.MAX_SAFE_INTEGER })
      }
    }))
    await bob.start()
    await bob.send(ana, 'did it work?')
    await ana.received('did it work?')
    const { text, edited, deleted } = await ana.message(id)
    assert.deepEqual({ text, edited, deleted }, { text: 'mine', edited: false, deleted: false })
  })

  it('edits of both sides at the same time end alike', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const [fromAna, fromBob] = await Promise.all([ana.send(bob, 'a'), bob.send(ana, 'b')])
    await Promise.all([ana.received('b'), bob.received('a')])
    await Promise.all([
      ...['a1', 'a2', 'a3'].map(text => ana.call('edit', { id: fromAna, text })), ...['b1', 'b2', 'b3'].map(text => bob.call('edit', { id: fromBob, text })),
      ana.call('react', { id: fromBob, emoji: '1️⃣' }), bob.call('react', { id: fromBob, emoji: '2️⃣' })
    ])
    await Promise.all([changed(ana, fromBob, message => message.text === 'b3' && message.reactions.length === 2), changed(bob, fromAna, message => message.text === 'a3')])
    await changed(bob, fromBob, message => message.reactions.length === 2)
    await alike(pair, 2)
  })

  it('messages that cross each other stand in one order on both sides', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const sent = await Promise.all(Array.from({ length: 40 }, (_, index) => index % 2 === 0 ? ana.send(bob, `a${index}`) : bob.send(ana, `b${index}`)))
    await Promise.all(sent.map((id, index) => (index % 2 === 0 ? ana : bob).until(id, 'delivered')))
    await Promise.all([ana.received('b39'), bob.received('a38')])
    await alike(pair, 40)
    const texts = await ana.texts(bob)
    for (const author of ['a', 'b']) {
      const own = texts.filter(text => text.startsWith(author)).map(text => Number(text.slice(1)))
      assert.deepEqual(own, [...own].sort((left, right) => left - right), 'each author\'s own order')
    }
  })

  it('a read mark tells the author, and only then', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const ids = [await ana.send(bob, 'one'), await ana.send(bob, 'two')]
    await bob.received('two')
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    assert.deepEqual((await bob.node.contacts.list()).map(contact => contact.unread), [2])
    const [first] = ids
    assert.ok(first)
    assert.deepEqual(await bob.call('mark-read', { with: ana.account, upTo: first }), { marked: 1 })
    await ana.until(first, 'read')
    assert.deepEqual(await Promise.all(ids.map(async id => (await ana.message(id)).state)), ['read', 'delivered'])
    assert.deepEqual(await bob.call('mark-read', { with: ana.account }), { marked: 1 })
    await ana.until(ids[1] ?? '', 'read')
    assert.deepEqual((await bob.node.contacts.list()).map(contact => contact.unread), [0])
  })

  it('who sends no read receipts is seen as delivered for ever, and reads nevertheless', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.call('me.policy', { readReceipts: false })
    const quiet = await ana.send(bob, 'read me')
    await bob.received('read me')
    assert.deepEqual(await bob.call('mark-read', { with: ana.account }), { marked: 1 })
    await bob.call('me.policy', { readReceipts: true })
    const loud = await ana.send(bob, 'and me')
    await bob.received('and me')
    await bob.call('mark-read', { with: ana.account })
    await ana.until(loud, 'read')
    assert.equal((await ana.message(quiet)).state, 'delivered')
  })

  it('pages of a conversation go back to its beginning without a hole', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    const sent = await Promise.all(Array.from({ length: 25 }, (_, index) => ana.send(bob, `${index}`)))
    await Promise.all(sent.map(id => ana.until(id, 'delivered')))
    await bob.received('24')
    const seen: string[] = []
    for (let before: string | undefined, hasMore = true; hasMore;) {
      const page = await bob.call('read', { with: ana.account, limit: 10, ...before === undefined ? {} : { before } })
      seen.unshift(...page.messages.map(message => message.text))
      before = page.messages[0]?.id
      hasMore = page.hasMore
    }
    assert.deepEqual(seen, Array.from({ length: 25 }, (_, index) => `${index}`))
  })
})

/** Resolves when a message is as told, at this person. */
async function changed (person: Person, id: string, isSo: (message: MessageView) => boolean): Promise<void> {
  if (isSo(await person.message(id))) return
  await person.event(event => event.type === 'message.changed' && event.message?.id === id && isSo(event.message))
}

/** Both see the same conversation, but for the states, which are each one's own. */
async function alike ({ ana, bob }: { readonly ana: Person, readonly bob: Person }, count: number): Promise<void> {
  const [left, right] = [await ana.read(bob), await bob.read(ana)].map(messages => messages.map(({ id, from, text, sentAt, edited, editedAt, deleted, replyTo, reactions, isAfterGap }) => ({
    id, from, text, sentAt, edited, editedAt, deleted, replyTo, isAfterGap, reactions: [...reactions].sort((one, other) => one.from.localeCompare(other.from))
  })))
  assert.deepEqual(left, right)
  assert.equal(left?.length, count)
}
