import assert from 'node:assert/strict'
import { displaySafe } from '../../../protocols/core/text.ts'
import { openStream } from '../../../cli/chat/select.ts'
import { asked, Driver, lineWith, openFirst } from './driver.ts'
import { accountOf, contact, FakeNode, message, NOW_MS } from './fake-node.ts'
import { conversationOf, scene } from './scene.ts'

const MINUTE_MS = 60_000

describe('a conversation', () => {
  it('shows days, quotes, reactions, edits, deletions, gaps and states', async () => {
    const driver = await openFirst(scene())
    const screen = driver.screen()
    for (const part of ['Yesterday', 'Today', '│ Bob: From the pier this morning', '[♥ 2]', 'edited 20:14 ✓✓_', '(deleted this message)', 'An earlier message is on its way']) assert.ok(screen.includes(part), part)
    assert.match(lineWith(driver, 'Greylags'), /Greylags, about sixty of them {2}14:10 ✓✓_ │$/)
    assert.match(lineWith(driver, 'Are we still'), /Bob {2}Are we still on for Saturday\? The ferry goes at 08:40 {3}20:12 │$/)
  })

  it('says all of it in ASCII as well', async () => {
    const driver = await Driver.start(scene(), { glyphs: 'ascii' })
    await driver.press('enter')
    assert.match(lineWith(driver, 'Greylags'), /14:10 vv_ \|$/)
    assert.match(driver.rows()[0] ?? '', /Bob Okonkwo - = verified - away/)
  })

  it('shows a message of a newer version as one that needs an update', async () => {
    const node = conversationOf(1)
    node.addContact(contact('Zoe'), [message(contact('Zoe'), '', { kind: 'unsupported' })])
    const driver = await Driver.start(node)
    assert.match(driver.screen(), /Written by a newer versio…/)
  })

  it('says why a message was not sent, and that it is safe', async () => {
    const driver = await Driver.start(scene())
    await driver.press('ctrl+k', 'mum', 'enter')
    assert.match(lineWith(driver, 'I will, on Sunday'), /not sent {2}14:33 ! {2}/)
    lineWith(driver, 'The text is over the limit of Mum\'s node. It is safe here.')
  })

  it('begins at what is unread when that does not fit, and is read at its end only', async () => {
    const driver = await openFirst(conversationOf(200, 128))
    assert.match(driver.rows()[1] ?? '', /── 128 unread ──/)
    lineWith(driver, 'messages below, End')
    assert.ok(!asked(driver.node).includes('mark-read'))
    await driver.press('end')
    assert.equal(asked(driver.node).filter(name => name === 'mark-read').length, 1)
    assert.equal(driver.state.conversations[0]?.contact.unread, 0)
    await driver.press('pageup', 'pageup', 'pageup', 'pageup', 'pageup', 'pageup')
    assert.match(driver.screen(), /128 unread/)
  })

  it('marks what arrives at its end as read, and the rest not', async () => {
    const driver = await openFirst(conversationOf(100))
    driver.node.receive('Bob', 'First')
    await driver.settled()
    assert.equal(asked(driver.node).filter(name => name === 'mark-read').length, 1)
    await driver.press('pageup')
    driver.node.receive('Bob', 'Second')
    driver.node.receive('Bob', 'Third')
    await driver.settled()
    assert.equal(asked(driver.node).filter(name => name === 'mark-read').length, 1)
    lineWith(driver, '2 messages below, End')
    await driver.press('end')
    assert.match(driver.screen(), /── 2 unread ──/)
    assert.equal(driver.state.conversations[0]?.contact.unread, 0)
  })

  it('is not read while the list stands in its place, nor under a search', async () => {
    const narrow = await Driver.start(conversationOf(3), { columns: 80 })
    await narrow.press('enter', 'escape')
    narrow.node.receive('Bob', 'Hello')
    await narrow.settled()
    assert.ok(!asked(narrow.node).includes('mark-read'))
    const wide = await openFirst(conversationOf(3))
    await wide.press('ctrl+f')
    wide.node.receive('Bob', 'Hello')
    await wide.settled()
    assert.ok(!asked(wide.node).includes('mark-read'))
  })

  it('loads older messages at the top, and nothing moves meanwhile', async () => {
    const driver = await openFirst(conversationOf(200))
    const pagesAsked = (): number => driver.effects.filter(effect => effect.do === 'load' && effect.reach.to === 'older').length
    assert.equal(pagesAsked(), 0)
    for (let page = 0; page < 12; page++) {
      const before = driver.rows()[1]
      await driver.press('pageup')
      assert.ok(page > 8 || driver.rows()[1] !== before)
    }
    assert.match(driver.screen(), /Note 1 /)
    assert.equal(openStream(driver.state).messages.length, 200)
    assert.ok(pagesAsked() >= 3)
    assert.equal(new Set(openStream(driver.state).messages.map(({ id }) => id)).size, 200)
  })

  it('does not ask in a loop when older messages cannot be loaded, and asks again at the next key', async () => {
    const driver = await openFirst(conversationOf(200))
    driver.node.isDown = true
    await driver.press('pageup', 'pageup', 'pageup')
    const callCount = driver.node.calls.length
    await driver.settled()
    assert.equal(driver.node.calls.length, callCount)
    assert.match(driver.screen(), /The messages were not loaded: no node runs here\. They are safe in your node\./)
    driver.node.isDown = false
    await driver.press('pageup')
    assert.ok(openStream(driver.state).messages.length > 60)
  })

  it('is loaded at the next key when it could not be loaded at first', async () => {
    const driver = await Driver.start(conversationOf(3))
    driver.node.isDown = true
    await driver.press('enter')
    assert.match(driver.screen(), /The messages are not here: your node did not answer\./)
    driver.node.isDown = false
    await driver.press('up')
    lineWith(driver, 'Note 3')
  })

  it('puts a late message where the node puts it', async () => {
    const node = conversationOf(5)
    const driver = await openFirst(node)
    const list = node.messages.get(accountOf('Bob')) ?? assert.fail()
    const late = message(contact('Bob'), 'Written before', { state: 'unread', atMs: NOW_MS - 4.5 * MINUTE_MS })
    list.splice(1, 0, late)
    node.emit({ type: 'message.received', with: late.with, message: late })
    await driver.settled()
    assert.deepEqual(openStream(driver.state).messages.map(({ text }) => text).slice(0, 3), ['Note 1', 'Written before', 'Note 2'])
  })

  it('takes an event that comes twice as one', async () => {
    const driver = await openFirst(conversationOf(2))
    const arrived = driver.node.receive('Bob', 'Once')
    driver.node.emit({ type: 'message.received', with: arrived.with, message: arrived })
    await driver.settled()
    assert.equal(openStream(driver.state).messages.filter(({ text }) => text === 'Once').length, 1)
  })

  it('reads again at an event that only a newer node knows', async () => {
    const driver = await openFirst(conversationOf(2))
    driver.dispatch({ type: 'event', event: { cursor: '1', type: 'message.pinned' as 'message.changed', at: new Date(NOW_MS).toISOString() } })
    assert.equal(driver.effects.at(-1)?.do, 'refresh')
    await driver.settled()
  })

  it('notices messages of which no event told', async () => {
    const driver = await openFirst(conversationOf(2))
    driver.node.receive('Bob', 'Missed')
    driver.node.takeEvents()
    driver.dispatch({ type: 'streamOpen' })
    await driver.settled()
    lineWith(driver, 'Missed')
  })

  it('takes less than 50 ms of the processor for a key, with 500 messages of 60,000 bytes', async () => {
    const node = new FakeNode()
    const bob = contact('Bob')
    const texts = ['word '.repeat(12_000).slice(1), '漢字かな交じ'.repeat(3_300), 'x\n'.repeat(30_000).slice(1)]
    node.addContact(bob, Array.from({ length: 500 }, (_, index) => message(bob, texts[index % 3] ?? '', { isOwn: index % 2 === 0, atMs: NOW_MS - (500 - index) * MINUTE_MS })))
    const driver = await openFirst(node)
    const spentMs: number[] = []
    for (const key of ['a', 'b', 'ctrl+j', 'left', 'pageup', 'c', 'pageup', 'pagedown', 'tab', 'up', 'up', 'down', 'tab', 'd', 'e']) {
      const before = process.cpuUsage()
      await driver.press(key)
      driver.rows()
      const { user, system } = process.cpuUsage(before)
      spentMs.push((user + system) / 1_000)
    }
    // Measured: 1 to 5 ms, some 20 when a message of Chinese comes into sight. The median is what a person feels.
    const median = spentMs.sort((left, right) => left - right)[7] ?? 0
    assert.ok(median < 50, `${median} ms`)
  })

  it('shows control characters of others as signs', async () => {
    const driver = await openFirst(conversationOf(1))
    driver.node.receive('Bob', 'a\u001b]0;owned\u0007\u202eb')
    await driver.settled()
    lineWith(driver, displaySafe('a\u001b]0;owned\u0007\u202eb'))
  })
})

describe('a node that does not answer', () => {
  it('is said, with the time until which everything was known', async () => {
    const driver = await openFirst(scene())
    driver.dispatch({ type: 'nodeLost' })
    driver.nowMs += 10 * MINUTE_MS
    driver.dispatch({ type: 'nodeLost' })
    assert.match(driver.screen(), /! Your node does not answer\. This shows what it last knew, at +│\n.*│ 14:33\./)
    lineWith(driver, 'Your node does not answer. What you write stays here.')
  })

  it('is caught up with when it is back', async () => {
    const driver = await openFirst(conversationOf(3))
    driver.dispatch({ type: 'nodeLost' })
    driver.node.receive('Bob', 'Meanwhile')
    driver.node.takeEvents()
    driver.dispatch({ type: 'nodeFound' })
    await driver.settled()
    lineWith(driver, 'Meanwhile')
    assert.doesNotMatch(driver.screen(), /does not answer/)
  })
})

describe('a change of the signing key', () => {
  it('is said at once, in the list and above the conversation', async () => {
    const driver = await openFirst(scene())
    driver.node.changeContact('Bob Okonkwo', { isKeyChanged: true }, 'contact.key_changed')
    await driver.settled()
    assert.match(driver.rows()[0] ?? '', /Bob Okonkwo ─ ! new signing key/)
    assert.match(driver.screen(), /Bob Okonkwo: their signing key changed\. Nothing is sent to them until you compare/)
  })
})
