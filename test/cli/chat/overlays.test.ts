import assert from 'node:assert/strict'
import { openStream } from '../../../cli/chat/select.ts'
import { asked, Driver, lineWith, openFirst } from './driver.ts'
import { accountOf } from './fake-node.ts'
import { conversationOf, scene } from './scene.ts'

describe('the trace', () => {
  it('tells what happened, what waits and what is still to come', async () => {
    const driver = await openFirst(scene())
    await driver.press('tab', 'up', 'up', 't')
    lineWith(driver, '"Greylags, about sixty of them" to Bob Okonkwo')
    lineWith(driver, 'Waits on this computer. It is safe here.')
    assert.match(lineWith(driver, 'saved on'), /14:32:53\.000 {2}● {2}saved on this computer/)
    assert.match(lineWith(driver, 'no answer'), /14:32:58\.118 {2}× {2}direct {3}phone: no answer in 5 s/)
    assert.match(lineWith(driver, 'waiting for Bob'), /now {11}○ {2}waiting/)
    assert.match(lineWith(driver, 'acknowledges'), /┊ {2}delivered, when a device of Bob/)
    await driver.press('escape')
    assert.equal(driver.state.overlay, undefined)
  })

  it('tries again and takes back what waits', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('Hello', 'enter', 'tab', 't', 'r')
    assert.ok(asked(driver.node).includes('message.retry'))
    await driver.press('x', 'y')
    assert.match(driver.screen(), /taken back {2}14:33 –/)
  })

  it('is read again when its message changes', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('Hello', 'enter', 'tab', 't')
    const before = asked(driver.node).filter(name => name === 'message.trace').length
    driver.node.change(openStream(driver.state).messages.at(-1)?.id ?? '', { state: 'delivered' })
    await driver.settled()
    assert.equal(asked(driver.node).filter(name => name === 'message.trace').length, before + 1)
  })
})

describe('search', () => {
  it('finds while one types, and jumps to where it was said', async () => {
    const driver = await openFirst(conversationOf(300))
    await driver.press('/', 'note 4')
    lineWith(driver, 'Search in Bob: note 4')
    await driver.press('2', 'enter')
    assert.equal(openStream(driver.state).messages.find(({ id }) => id === openStream(driver.state).selected)?.text, 'Note 42')
    assert.match(lineWith(driver, 'Note 42 '), /▌Bob {2}Note 42/)
    lineWith(driver, 'Note 40')
    lineWith(driver, 'newer messages below, End')
  })

  it('reads on from there in both directions, until the newest', async () => {
    const driver = await openFirst(conversationOf(300))
    await driver.press('/', 'note 42', 'enter')
    for (let page = 0; page < 4; page++) await driver.press('pageup')
    lineWith(driver, 'Note 1 ')
    for (let page = 0; page < 20; page++) await driver.press('pagedown')
    lineWith(driver, 'Note 300')
    const texts = openStream(driver.state).messages.map(({ text }) => text)
    assert.deepEqual(texts, Array.from({ length: 300 }, (_, index) => `Note ${index + 1}`))
    assert.equal(openStream(driver.state).hasNewer, false)
  })

  it('goes back to the newest with End, and with sending', async () => {
    const driver = await openFirst(conversationOf(300))
    await driver.press('/', 'note 42', 'enter', 'end')
    lineWith(driver, 'Note 300')
    await driver.press('/', 'note 42', 'enter', 'tab', 'Hello', 'enter')
    assert.match(lineWith(driver, 'Hello'), /queued/)
    lineWith(driver, 'Note 300')
  })

  it('searches everywhere with Tab, and says where it was found', async () => {
    const driver = await openFirst(scene())
    await driver.press('/', 'call me')
    lineWith(driver, 'Nothing found.')
    await driver.press('tab')
    lineWith(driver, 'Search everywhere: call me')
    assert.match(lineWith(driver, '› Mum'), /Sun/)
    await driver.press('enter')
    assert.deepEqual(driver.state.open, { type: 'conversation', account: accountOf('Mum') })
  })

  it('searches everywhere from the list', async () => {
    const driver = await openFirst(scene())
    await driver.press('escape', '/', 'call me')
    lineWith(driver, '› Mum')
  })

  it('does not show what was found for other words', async () => {
    const driver = await openFirst(conversationOf(20))
    driver.dispatch({ type: 'press', press: { type: 'text', text: '/' } })
    driver.dispatch({ type: 'press', press: { type: 'text', text: 'note 1' } })
    driver.dispatch({ type: 'press', press: { type: 'text', text: '3' } })
    await driver.settled()
    const { overlay } = driver.state
    assert.deepEqual(overlay?.type === 'search' ? overlay.found?.messages.map(({ text }) => text) : [], ['Note 13'])
  })
})

describe('requests', () => {
  it('show the claimed name and the text, inert', async () => {
    const driver = await Driver.start(scene())
    await driver.press('end', 'enter')
    lineWith(driver, 'Says to be Carol')
    lineWith(driver, '│ Hello, we met at the regatta.␛[2J\ufffdevil')
    lineWith(driver, 'a accept   d decline   b block')
  })

  it('are accepted, and the conversation opens', async () => {
    const driver = await Driver.start(scene())
    await driver.press('end', 'enter', 'a')
    assert.equal(driver.state.open.type, 'conversation')
    assert.match(driver.rows()[0] ?? '', /Carol/)
    assert.match(lineWith(driver, 'Requests'), / 1 │/)
  })

  it('are declined or blocked after a question', async () => {
    const driver = await Driver.start(scene())
    await driver.press('end', 'enter', 'down', 'b')
    lineWith(driver, 'Decline Mallory, and take nothing from them any more?')
    await driver.press('y', 'd', 'y')
    assert.match(driver.screen(), /People who ask to be a contact will be here\./)
    const rejected = driver.node.calls.flatMap(({ name, params }) => name === 'requests.reject' ? [params] : [])
    assert.deepEqual(rejected, [{ id: 'r-Mallory', block: true }, { id: 'r-Carol', block: false }])
  })
})
