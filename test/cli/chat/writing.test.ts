import assert from 'node:assert/strict'
import { openDraft, openStream } from '../../../cli/chat/select.ts'
import { asked, draftText, lineWith, openFirst } from './driver.ts'
import { accountOf } from './fake-node.ts'
import { conversationOf, scene } from './scene.ts'

describe('writing', () => {
  it('sends on Enter, and shows what becomes of it', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('Leaving now', 'ctrl+j', 'the 14:50 bus', 'enter')
    assert.match(lineWith(driver, 'the 14:50 bus'), /the 14:50 bus {2}queued {2}14:33 ○ {3}│$/)
    assert.equal(draftText(driver), '')
    const sent = openStream(driver.state).messages.at(-1) ?? assert.fail()
    assert.equal(sent.text, 'Leaving now\nthe 14:50 bus')
    driver.node.change(sent.id, { state: 'delivered' })
    await driver.settled()
    assert.match(lineWith(driver, 'the 14:50 bus'), /14:33 ✓✓ {2}│$/)
  })

  it('shows a text as being saved until the node has it', async () => {
    const driver = await openFirst(conversationOf(1))
    driver.dispatch({ type: 'press', press: { type: 'text', text: 'Slow' } })
    driver.dispatch({ type: 'press', press: { type: 'chord', chord: 'enter' } })
    assert.match(lineWith(driver, 'Slow'), /saving/)
    await driver.settled()
    assert.match(lineWith(driver, 'Slow'), /queued/)
  })

  it('gives the text back when it could not be sent, before what was typed since', async () => {
    const driver = await openFirst(conversationOf(1))
    driver.node.refusesNextSend = 'the disk is full'
    driver.dispatch({ type: 'press', press: { type: 'text', text: 'Precious' } })
    driver.dispatch({ type: 'press', press: { type: 'chord', chord: 'enter' } })
    driver.dispatch({ type: 'press', press: { type: 'text', text: 'More' } })
    await driver.settled()
    assert.equal(draftText(driver), 'Precious\nMore')
    assert.match(driver.screen(), /Not sent: the disk is full\. The text is back in the composer\. Try again later\./)
    assert.equal(openStream(driver.state).sending.length, 0)
  })

  it('sends the same text under the same key after a failure, so that it arrives once', async () => {
    const driver = await openFirst(conversationOf(1))
    driver.node.losesNextAnswer = true
    await driver.press('Once only', 'enter')
    assert.equal(draftText(driver), 'Once only')
    await driver.press('enter')
    const sent = driver.node.messages.get(accountOf('Bob'))?.filter(({ text }) => text === 'Once only')
    assert.equal(sent?.length, 1)
    assert.equal(openStream(driver.state).messages.filter(({ text }) => text === 'Once only').length, 1)
  })

  it('does not send spaces, nor a text that is over the limit: that stays, and can be shortened', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('   ', 'enter')
    assert.ok(!asked(driver.node).includes('send'))
    await driver.press('ctrl+u')
    driver.dispatch({ type: 'paste', text: 'é'.repeat(30_001) })
    assert.match(driver.screen(), /60,002 of 60,000 bytes: too long\. It is safe here; shorten it\./)
    await driver.press('enter')
    assert.ok(!asked(driver.node).includes('send'))
    await driver.press('backspace', 'enter')
    assert.ok(asked(driver.node).includes('send'))
  })

  it('refuses to take a book, and keeps what was written', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('Before')
    driver.dispatch({ type: 'paste', text: 'x'.repeat(400_000) })
    assert.equal(draftText(driver), 'Before')
    assert.match(driver.screen(), /Not pasted: 400,000 characters/)
  })

  it('takes a paste of many lines as text', async () => {
    const driver = await openFirst(conversationOf(1))
    driver.dispatch({ type: 'paste', text: 'one\rtwo\r\nthree' })
    assert.equal(draftText(driver), 'one\ntwo\nthree')
    lineWith(driver, '> one')
    assert.ok(!asked(driver.node).includes('send'))
  })

  it('searches with / and shows the keys with ? in an empty composer; twice types the sign', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('/')
    lineWith(driver, 'Search in Bob:')
    await driver.press('/')
    assert.doesNotMatch(driver.screen(), /Search in/)
    assert.equal(draftText(driver), '/')
    await driver.press('ctrl+u', '?')
    lineWith(driver, 'Everywhere')
    await driver.press('?')
    assert.equal(draftText(driver), '?')
    await driver.press('?')
    assert.equal(draftText(driver), '??')
  })
})

describe('changing what was written', () => {
  it('begins with Up in an empty composer, and brings back the draft afterwards', async () => {
    const driver = await openFirst(scene())
    await driver.press('up')
    assert.equal(draftText(driver), 'Greylags, about sixty of them')
    lineWith(driver, 'Enter replaces the message for everyone. Esc leaves it as it was.')
    await driver.press(' or seventy', 'enter')
    assert.equal(draftText(driver), '')
    assert.match(driver.screen(), /Greylags, about sixty of them or\s/)
    assert.match(driver.screen(), /edited 14:10/)
  })

  it('is left with Esc, and nothing is sent', async () => {
    const driver = await openFirst(scene())
    await driver.press('A draft', 'tab', 'up', 'up', 'e')
    assert.equal(draftText(driver), 'Greylags, about sixty of them')
    await driver.press(' x', 'escape')
    assert.equal(draftText(driver), 'A draft')
    assert.ok(!asked(driver.node).includes('edit'))
  })

  it('gives the changed text back when it failed', async () => {
    const driver = await openFirst(scene())
    await driver.press('up', '!')
    driver.node.isDown = true
    await driver.press('enter')
    assert.equal(draftText(driver), 'Greylags, about sixty of them!')
    assert.ok(openDraft(driver.state).changes !== undefined)
  })

  it('is for own messages only', async () => {
    const driver = await openFirst(scene())
    await driver.press('tab', 'e')
    assert.match(driver.screen(), /Only your own messages can be changed\./)
    await driver.press('d')
    assert.match(driver.screen(), /Only your own messages can be deleted\./)
  })

  it('deletes after a question', async () => {
    const driver = await openFirst(scene())
    await driver.press('tab', 'up', 'up', 'd')
    lineWith(driver, 'Delete this message for everyone?  y yes   n no')
    await driver.press('n')
    assert.ok(!asked(driver.node).includes('delete'))
    await driver.press('d', 'y')
    assert.match(driver.screen(), /\(you deleted this message\)/)
  })

  it('replies with a quote, which Esc takes away', async () => {
    const driver = await openFirst(scene())
    await driver.press('tab', 'r')
    lineWith(driver, '│ reply to Bob: And bring gloves')
    await driver.press('escape', 'tab', 'r', 'Wool ones', 'enter')
    assert.ok(driver.rows().some((row, index) => row.includes('│ Bob: And bring gloves') && driver.rows()[index + 1]?.includes('Wool ones')))
  })

  it('reacts by number or with any sign, and takes the same one back', async () => {
    const driver = await openFirst(scene())
    await driver.press('tab', '+', '2')
    lineWith(driver, '[👍]')
    await driver.press('+', '🐧', 'enter')
    lineWith(driver, '[🐧]')
    await driver.press('+', '2', '+', '2')
    assert.doesNotMatch(driver.screen(), /\[👍\]/)
  })
})

describe('leaving', () => {
  it('asks when a text is not sent, and goes at the second word', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('Unsent', 'ctrl+c')
    lineWith(driver, 'One text is not sent, and drafts are not kept. Quit?')
    assert.ok(!driver.effects.some(effect => effect.do === 'quit'))
    await driver.press('n')
    assert.equal(draftText(driver), 'Unsent')
    await driver.press('ctrl+q', 'ctrl+q')
    assert.ok(driver.effects.some(effect => effect.do === 'quit'))
  })

  it('goes at once when nothing would be lost', async () => {
    const driver = await openFirst(conversationOf(1))
    await driver.press('ctrl+c')
    assert.ok(driver.effects.some(effect => effect.do === 'quit'))
  })
})
