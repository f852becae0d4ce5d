import assert from 'node:assert/strict'
import { draftText, Driver, lineWith } from './driver.ts'
import { accountOf, FakeNode } from './fake-node.ts'
import { scene } from './scene.ts'

describe('the list of conversations', () => {
  it('shows the newest first, with unread counts, times, and what needs you', async () => {
    const driver = await Driver.start(scene())
    assert.match(lineWith(driver, 'Bob Okonkwo'), /› Bob Okonkwo ✔ +14:18/)
    assert.match(lineWith(driver, 'And bring gloves'), / 2 │/)
    assert.match(lineWith(driver, 'Note 300'), / 128 │/)
    assert.match(lineWith(driver, 'Eve Moreau'), /16 Oct/)
    lineWith(driver, '! new signing key, verify')
    lineWith(driver, '! not sent: The text')
    lineWith(driver, 'Wolfeschlegelsteinhausen…')
    lineWith(driver, 'Direct to 2 people; 3')
  })

  it('says how to begin when nobody is in it', async () => {
    const driver = await Driver.start(new FakeNode())
    assert.match(driver.screen(), /Your conversations will be here\./)
    assert.match(driver.screen(), /skein me card/)
    assert.match(driver.screen(), /skein contact add LINK/)
  })

  it('folds away on 80 columns, and comes back with Esc', async () => {
    const driver = await Driver.start(scene(), { columns: 80, rows: 24 })
    await driver.press('enter')
    assert.doesNotMatch(driver.screen(), /Requests/)
    assert.match(driver.screen(), /128 unread elsewhere/)
    await driver.press('escape')
    assert.match(driver.screen(), /Requests/)
    assert.doesNotMatch(driver.screen(), /From the pier/)
  })

  it('keeps its cursor on the same conversation when another one moves to the top', async () => {
    const driver = await Driver.start(scene())
    await driver.press('down', 'down')
    assert.match(lineWith(driver, 'Dmitri Sorokin'), /›/)
    driver.node.receive('Mum', 'Are you there?')
    await driver.settled()
    assert.match(lineWith(driver, 'Dmitri Sorokin'), /›/)
    assert.match(driver.rows()[3] ?? '', /Mum/)
  })

  it('shows a draft that was left', async () => {
    const driver = await Driver.start(scene())
    await driver.press('enter', 'I will bring the rope', 'alt+down')
    lineWith(driver, 'Draft: I will bring the r…')
    await driver.press('alt+up')
    assert.equal(draftText(driver), 'I will bring the rope')
  })

  it('begins a go-to when one types a name', async () => {
    const driver = await Driver.start(scene())
    await driver.press('d', 'mi', 'enter')
    assert.deepEqual(driver.state.open, { type: 'conversation', account: accountOf('Dmitri Sorokin') })
  })
})
