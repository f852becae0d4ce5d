/** How two people become contacts, and stop being it: invites, requests, acceptance, policies, blocks. */
import assert from 'node:assert/strict'
import { encodeInvite, decodeInvite } from '../../protocols/account/invite.ts'
import { RefusedError } from '../../protocols/core/errors.ts'
import { disposeAll, friends, Person, strangers } from './nodes.ts'

describe('introductions between real nodes', () => {
  it('a request is held apart until it is accepted, then both write', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    const { label } = await bob.node.contacts.add(await ana.node.invite(), { as: 'annie', text: 'Bob, from the climbing hall' })
    assert.equal(label, 'annie')
    const waiting = await bob.send(ana, 'before you said yes')
    const { request } = await ana.event(event => event.type === 'request.received')
    assert.deepEqual({ name: request?.name, text: request?.text, account: request?.account }, { name: 'Bob', text: 'Bob, from the climbing hall', account: bob.account })
    assert.deepEqual(await ana.node.contacts.list(), [], 'a stranger is no contact')
    assert.deepEqual((await ana.call('conversations', {})).conversations, [])
    await assert.rejects(ana.call('read', { with: bob.account }), { code: 'not_found' })
    assert.equal((await bob.message(waiting)).state, 'queued', 'no receipt before acceptance')

    await ana.node.requests.accept(bob.account)
    await bob.until(waiting, 'delivered')
    const answer = await ana.send(bob, 'welcome')
    await ana.until(answer, 'delivered')
    assert.deepEqual(await ana.texts(bob), ['before you said yes', 'welcome'])
    assert.deepEqual(await bob.texts(ana), ['before you said yes', 'welcome'])
    assert.deepEqual(await ana.node.requests.list(), [])
  })

  it('what a stranger says is 500 bytes at most, and 501 are refused by name', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    const link = await ana.node.invite()
    await assert.rejects(bob.node.contacts.add(link, { text: 'x'.repeat(501) }), { code: 'malformed', what: 'text' })
    await bob.node.contacts.add(link, { text: 'é'.repeat(250) })
    const { request } = await ana.event(event => event.type === 'request.received')
    assert.equal(request?.text, 'é'.repeat(250))
  })

  it('a stranger\'s name is shown as one harmless line, whatever their program lets them choose', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await bob.stop()
    await bob.withStore(store => store.transact(writer => { writer.own.update({ name: ' \u202eBob\u001b[31m\n\u2066the  Builder ' }) }))
    await bob.start()
    await bob.node.contacts.add(await ana.node.invite())
    const { request } = await ana.event(event => event.type === 'request.received')
    assert.equal(request?.name, 'Bob [31m the Builder')
  })

  it('nobody is told of a request that was declined, and nothing gets in', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await bob.node.contacts.add(await ana.node.invite())
    const sent = await bob.send(ana, 'are you there?')
    await ana.event(event => event.type === 'request.received')
    await ana.node.requests.reject(bob.account)
    assert.equal((await bob.message(sent)).state, 'queued')
    assert.deepEqual(await ana.node.contacts.list(), [])
  })

  it('whoever accepts everybody needs no further word', async () => {
    await using pair = await strangers({ ana: { accept: 'all' } })
    const { ana, bob } = pair
    await bob.node.contacts.add(await ana.node.invite())
    await bob.until(await bob.send(ana, 'in at once'), 'delivered')
    await ana.received('in at once')
  })

  it('an invite that works once is of no use to the second', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await using cleo = await Person.create('Cleo')
    const link = await ana.node.invite({ once: true })
    await bob.node.contacts.add(link)
    await ana.event(event => event.type === 'request.received' && event.with === bob.account)
    await cleo.node.contacts.add(link)
    const sent = await cleo.send(ana, 'me too')
    await refusedAtTheGate(cleo, ana)
    assert.deepEqual((await ana.node.requests.list()).map(request => request.name), ['Bob'])
    assert.equal((await cleo.message(sent)).state, 'queued')
  })

  it('an expired invite is refused where it is used, and where it arrives', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    const link = await ana.node.invite({ once: true })
    const card = decodeInvite(link)
    await assert.rejects(bob.node.contacts.add(encodeInvite({ ...card, expiresAtMs: 1_700_000_000_000 })), RefusedError)
    assert.deepEqual(await bob.node.contacts.list(), [])
    await ana.stop()
    await ana.withStore(store => store.transact(() => { store.database.execute('UPDATE invites SET expires_at = 1') }))
    await ana.start()
    await bob.node.contacts.add(link)
    await refusedAtTheGate(bob, ana)
    assert.deepEqual(await ana.node.requests.list(), [])
  })

  it('a rotated card retires the link that was given out before, and a switched-off one every link', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await using cleo = await Person.create('Cleo')
    await using dora = await Person.create('Dora')
    const old = await ana.node.invite()
    assert.equal(await ana.node.invite(), old, 'the long-term card stays the same')
    const { link } = await ana.call('me.card', { rotate: true })
    assert.notEqual(link, old)
    await bob.node.contacts.add(old)
    await refusedAtTheGate(bob, ana)
    await cleo.node.contacts.add(link)
    await ana.event(event => event.type === 'request.received' && event.with === cleo.account)
    await ana.call('me.card', { off: true })
    await dora.node.contacts.add(link)
    await refusedAtTheGate(dora, ana)
    assert.deepEqual((await ana.node.requests.list()).map(request => request.name), ['Cleo'])
  })

  it('two who ask each other need nobody to accept', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    const [toAna, toBob] = await Promise.all([ana.node.invite(), bob.node.invite()])
    await Promise.all([ana.node.contacts.add(toBob), bob.node.contacts.add(toAna)])
    await Promise.all([ana.acceptedBy(bob), bob.acceptedBy(ana)])
    await Promise.all([ana.until(await ana.send(bob, 'hi'), 'delivered'), bob.until(await bob.send(ana, 'ho'), 'delivered')])
  })

  it('whoever asked in vain is accepted by being asked', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    const old = await ana.node.invite()
    await ana.call('me.card', { rotate: true })
    await bob.node.contacts.add(old)
    await refusedAtTheGate(bob, ana)
    await ana.node.contacts.add(await bob.node.invite())
    await Promise.all([ana.acceptedBy(bob), bob.acceptedBy(ana)])
    await Promise.all([ana.until(await ana.send(bob, 'found you'), 'delivered'), bob.until(await bob.send(ana, 'at last'), 'delivered')])
  })

  it('a person is a contact once, however often they are added', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.node.contacts.add(await ana.node.invite({ once: true }), { as: 'again' })
    await bob.until(await bob.send(ana, 'still here'), 'delivered')
    assert.deepEqual((await bob.node.contacts.list()).map(contact => [contact.label, contact.standing]), [['again', 'accepted']])
    assert.equal((await ana.node.contacts.list()).length, 1)
    await ana.until(await ana.send(bob, 'same conversation'), 'delivered')
    assert.deepEqual(await bob.texts(ana), ['still here', 'same conversation'])
  })

  it('two who both moved while they were apart find each other by a new invite', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'moving out'), 'delivered')
    await Promise.all([ana.stop(), bob.stop()])
    const elsewhere = { listen: ['/ip4/127.0.0.1/tcp/0/ws'] }
    await Promise.all([ana.start(elsewhere), bob.start(elsewhere)])
    const lost = await bob.send(ana, 'where did you go?')
    await bob.attempted(lost)
    await bob.node.contacts.add(await ana.node.invite())
    await bob.until(lost, 'delivered')
    await ana.until(await ana.send(bob, 'here'), 'delivered')
    assert.deepEqual(await ana.texts(bob), ['moving out', 'where did you go?', 'here'])
  })

  it('one cannot add oneself', async () => {
    await using ana = await Person.create('Ana')
    await assert.rejects(ana.node.contacts.add(await ana.node.invite()), { code: 'usage' })
  })

  it('a block is silence: nothing gets in, and the blocked one sees only that nothing is delivered', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'before'), 'delivered')
    await ana.call('contact.block', { who: bob.account })
    const sent = await bob.send(ana, 'after')
    await bob.attempted(sent)
    await assert.rejects(ana.send(bob, 'no'), { code: 'refused', exit: 7 })
    assert.deepEqual(await ana.texts(bob), ['before'])
    assert.equal((await bob.message(sent)).state, 'queued')
    assert.doesNotMatch(JSON.stringify(await bob.call('message.trace', { id: sent })), /block/i, 'a block is not told')
    // Not by the way of a new request either.
    await bob.node.contacts.add(await ana.node.invite({ once: true }), { text: 'let me in' })
    assert.deepEqual(await ana.node.requests.list(), [])
    // What was written meanwhile waits at its author, and arrives when the block ends.
    await ana.call('contact.unblock', { who: bob.account })
    await bob.call('message.retry', { id: sent })
    await bob.until(sent, 'delivered')
    assert.deepEqual(await ana.texts(bob), ['before', 'after'])
  })

  it('whoever was blocked while asking is no contact when the block ends, and may ask again', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    await bob.node.contacts.add(await ana.node.invite())
    const early = await bob.send(ana, 'please')
    await ana.event(event => event.type === 'request.received')
    await ana.call('requests.reject', { id: bob.account, block: true })
    await ana.call('contact.unblock', { who: bob.account })
    assert.deepEqual(await ana.node.contacts.list(), [])
    await assert.rejects(ana.send(bob, 'no'), { code: 'refused' })
    const cursor = await ana.cursor()
    await bob.node.contacts.add(await ana.node.invite({ once: true }))
    await ana.event(event => event.type === 'request.received', cursor)
    assert.equal((await bob.message(early)).state, 'queued')
    await ana.node.requests.accept(bob.account)
    await bob.until(early, 'delivered')
  })

  it('a contact that is removed keeps the history and gets nothing more in', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await bob.until(await bob.send(ana, 'kept'), 'delivered')
    await ana.call('contact.remove', { who: bob.account })
    assert.deepEqual(await ana.node.contacts.list(), [])
    await assert.rejects(ana.send(bob, 'no'), { code: 'refused' })
    const late = await bob.send(ana, 'not let in')
    await bob.attempted(late)
    assert.deepEqual(await ana.texts(bob), ['kept'])
    // They may ask again, and are strangers as before.
    const cursor = await ana.cursor()
    await bob.node.contacts.add(await ana.node.invite(), { text: 'again?' })
    await ana.event(event => event.type === 'request.received', cursor)
    assert.equal((await bob.message(late)).state, 'queued')
    await ana.node.requests.accept(bob.account)
    await bob.call('message.retry', { id: late })
    await bob.until(late, 'delivered')
    assert.deepEqual(await ana.texts(bob), ['kept', 'not let in'])
  })

  it('many ask at once and all are held apart', async () => {
    await using ana = await Person.create('Ana')
    const link = await ana.node.invite()
    const people = await Promise.all(['Bob', 'Cleo', 'Dora', 'Emil'].map(name => Person.create(name)))
    try {
      await Promise.all(people.map(person => person.node.contacts.add(link)))
      await Promise.all(people.map(person => ana.event(event => event.type === 'request.received' && event.with === person.account)))
      assert.deepEqual((await ana.node.requests.list()).map(request => request.name).sort(), ['Bob', 'Cleo', 'Dora', 'Emil'])
    } finally {
      await disposeAll(people)
    }
  })
})

/** Resolves when the request of one person to another was refused: whoever asked is told. */
async function refusedAtTheGate (asking: Person, asked: Person): Promise<void> {
  const { text } = await asking.event(event => event.type === 'node.trouble' && event.with === asked.account)
  assert.match(text ?? '', /invite is not valid/)
}
