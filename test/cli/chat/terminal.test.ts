import assert from 'node:assert/strict'
import { skip } from '../../skip.ts'
import { KEYS, missingForTerminal, TestTerminal, type TerminalOptions } from './terminal.ts'

describe('the chat in a terminal', function () {
  this.timeout(60_000)
  let terminal: TestTerminal | undefined

  before(function () {
    const missing = missingForTerminal()
    if (missing !== undefined) skip(this, missing)
  })

  afterEach(async () => {
    await terminal?.close()
    terminal = undefined
  })

  async function open (options: TerminalOptions = {}): Promise<TestTerminal> {
    terminal = await TestTerminal.open(options)
    return terminal
  }

  it('shows the list beside the conversation, reads what is unread, and leaves the terminal as it was', async () => {
    const chat = await open()
    await chat.shows('And bring gloves')
    await chat.shows(/┬─ Bob Okonkwo ─ ✔ verified ─ away ─/)
    await chat.shows('── 2 unread ──')
    await chat.shows(/Note 300 about the ha… 128/)
    await chat.shows('Direct to 2 people; 3')
    assert.equal(chat.modes().isAlternate, true)
    await chat.type(KEYS.ctrlQ, /^\n*$/)
    assert.equal(await chat.exit, 0)
    assert.deepEqual(chat.modes(), { isAlternate: false, isBracketedPaste: false, wraps: true, isCursorShown: true })
  })

  it('sends, and shows how the message gets on', async () => {
    const chat = await open()
    await chat.shows('> ')
    await chat.type(`Leaving now,${KEYS.ctrlJ}the 14:50 bus`, 'the 14:50 bus')
    await chat.showsCursorAt(31 + 3 + 'the 14:50 bus'.length, 25)
    await chat.type(KEYS.enter, /the 14:50 bus {2}queued {2}14:33 ○/)
    chat.tell({ do: 'changeLast', label: 'Bob Okonkwo', state: 'delivered' })
    await chat.shows(/the 14:50 bus {2}14:33 ✓✓/)
    chat.tell({ do: 'changeLast', label: 'Bob Okonkwo', state: 'read' })
    await chat.shows(/the 14:50 bus {2}14:33 ✓✓_/)
  })

  it('gives back what could not be sent', async () => {
    const chat = await open()
    await chat.shows('> ')
    chat.tell({ do: 'refuseNextSend', reason: 'the disk is full' })
    // The reason travels by another way than the keys: seen is what counts.
    await chat.type('Precious', '> Precious')
    await chat.type(KEYS.enter, 'Not sent: the disk is full. The text is back in the composer.')
    await chat.shows('> Precious')
  })

  it('takes a paste of many lines as one text', async () => {
    const chat = await open()
    await chat.shows('> ')
    await chat.type(`${KEYS.pasteStart}one\rtwo\rthree${KEYS.pasteEnd}`, /> one.*\n.*two.*\n.*three/)
    await chat.type(KEYS.enter, /three {2}queued/)
  })

  it('shows what arrives, and counts it where it is not open', async () => {
    const chat = await open()
    await chat.shows('And bring gloves')
    chat.tell({ do: 'receive', label: 'Bob Okonkwo', text: 'The ferry is late, 漢字 as well' })
    await chat.shows(/Bob {2}The ferry is late, 漢字 as well +14:33 │/)
    chat.tell({ do: 'receive', label: 'Mum', text: 'Are you there?\u001b[2J' })
    await chat.shows(/Are you there\?␛\[2J +1 /)
    await chat.type(`${KEYS.ctrlK}mum`, 'Go to: mum')
    await chat.type(KEYS.enter, /┬─ Mum ─ away/)
    await chat.shows(/Mum {2}Are you there/)
    await chat.hides('you there?␛[2J     1')
  })

  it('finds, and jumps to what was said long ago', async () => {
    const chat = await open({ who: 'dmitri' })
    await chat.shows('128 unread')
    await chat.type(KEYS.ctrlF, 'Search in Dmitri Sorokin:')
    await chat.type('note 7 about', /› Dmitri Sorokin/)
    await chat.type(KEYS.enter, /▌Dmitri {2}Note 7 about the harbour/)
    await chat.shows('newer messages below, End')
  })

  it('pages back through everything', async () => {
    const chat = await open({ who: 'dmitri' })
    await chat.shows('128 unread')
    await chat.type(KEYS.tab, 't trace')
    await chat.type(KEYS.home, '▌')
    while (!chat.screen().includes('Note 1 about')) await chat.typeAndSeeChange(KEYS.pageUp)
    assert.match(chat.screen(), /Note 1 about the harbour/)
  })

  it('folds the list away at 80 columns, and follows a resize', async () => {
    const chat = await open({ columns: 80, rows: 24 })
    await chat.shows('128 unread elsewhere')
    assert.doesNotMatch(chat.screen(), /Requests/)
    await chat.type(KEYS.escape, /Requests +2/)
    chat.resize(110, 20)
    // One frame, nothing of the old one: between the two the screen is empty.
    await chat.shows(/^┌─ Skein ─ ana ─+┬[^┌]*Greylags[^┌]*Requests +2 │[^┌]*\? keys[^┌]*$/)
    chat.resize(60, 16)
    await chat.shows(/^┌─ Skein ─ ana ─+┐\n[^┌]*$/)
  })

  it('says that the node is silent, keeps what is typed, and goes on when it is back', async () => {
    const chat = await open()
    await chat.shows('And bring gloves')
    chat.tell({ do: 'goDown' })
    await chat.shows('! Your node does not answer. This shows what it last knew, at')
    await chat.type('Still here', '> Still here')
    await chat.type(KEYS.enter, 'Not sent: no node runs here')
    await chat.shows('> Still here')
    chat.tell({ do: 'comeUp' })
    await chat.hides('Your node does not answer')
    await chat.type(KEYS.enter, /Still here {2}queued/)
  })

  it('loses nothing without colours and without Unicode', async () => {
    const chat = await open({ environment: { NO_COLOR: '1', CHAT_ASCII: 'yes' } })
    await chat.shows(/Greylags, about sixty of them {2}14:10 vv_ \|/)
    await chat.shows('-- 2 unread --')
    // eslint-disable-next-line no-control-regex -- colours are what is looked for
    assert.doesNotMatch(chat.written(), /\u001b\[(3[0-7]|9[0-7]|38|4[0-7])m/)
    assert.doesNotMatch(chat.screen(), /[^\u0020-\u007e\n]/)
  })

  it('asks before it leaves unsent texts', async () => {
    const chat = await open()
    await chat.shows('And bring gloves')
    await chat.type(`unsent${KEYS.ctrlC}`, 'One text is not sent, and drafts are not kept. Quit?')
    await chat.type('n', '> unsent')
    await chat.type(`${KEYS.ctrlC}${KEYS.ctrlC}`, /^\n*$/)
    assert.equal(await chat.exit, 0)
  })

  it('gives the terminal back when it is killed', async () => {
    const chat = await open()
    await chat.shows('And bring gloves')
    chat.kill()
    assert.notEqual(await chat.exit, 0)
    await chat.shows(/^\n*$/)
    assert.deepEqual(chat.modes(), { isAlternate: false, isBracketedPaste: false, wraps: true, isCursorShown: true })
  })
})
