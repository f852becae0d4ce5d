import assert from 'node:assert/strict'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { paintScreen } from '../../../cli/chat/paint/screen.ts'
import type { Input } from '../../../cli/chat/shape.ts'
import type { MessageView } from '../../../protocols/local/schema.ts'
import { Driver } from './driver.ts'
import { contact, FakeNode, ME, message, NOW_MS } from './fake-node.ts'
import { nastyText } from './nasty.ts'

const CHORDS = ['enter', 'escape', 'tab', 'up', 'down', 'left', 'right', 'pageup', 'pagedown', 'home', 'end', 'backspace', 'delete', 'ctrl+k', 'ctrl+f', 'ctrl+j', 'alt+up', 'alt+down', 'ctrl+w', 'ctrl+u', 'ctrl+a', 'alt+b', 'alt+f', 'ctrl+c']
const LETTERS = ['t', 'r', 'e', 'd', '+', 'y', 'n', '/', '?', '1', '0', 'a', 'b', 'x', 'harbour', 'o']

const press = fc.oneof(
  fc.constantFrom(...CHORDS).map((chord): Input => ({ type: 'press', press: { type: 'chord', chord } })),
  fc.constantFrom(...LETTERS).map((text): Input => ({ type: 'press', press: { type: 'text', text } })),
  nastyText.map((text): Input => ({ type: 'press', press: { type: 'text', text } })),
  nastyText.map((text): Input => ({ type: 'paste', text })),
  fc.record({ columns: fc.integer({ min: 20, max: 130 }), rows: fc.integer({ min: 6, max: 40 }) }).map((size): Input => ({ type: 'resized', ...size })),
  fc.constantFrom<Input>({ type: 'tick' }, { type: 'nodeLost' }, { type: 'nodeFound' }, { type: 'streamOpen' })
)

const messageChange = fc.record({
  isOwn: fc.boolean(),
  state: fc.constantFrom<MessageView['state']>('queued', 'stored', 'delivered', 'read', 'failed', 'expired', 'cancelled', 'unread'),
  edited: fc.boolean(),
  deleted: fc.boolean(),
  isAfterGap: fc.boolean(),
  kind: fc.constantFrom<MessageView['kind']>('text', 'text', 'unsupported'),
  reason: nastyText,
  replyTo: fc.constantFrom(null, '01JD8000000000000000000000'),
  reactions: fc.array(fc.record({ from: fc.constantFrom(ME, 'x'), emoji: nastyText }), { maxLength: 3 }),
  atMs: fc.integer({ min: NOW_MS - 400 * 24 * 3_600_000, max: NOW_MS })
})

const world = fc.record({
  labels: fc.uniqueArray(nastyText.filter(text => text.trim() !== ''), { minLength: 0, maxLength: 6 }),
  messages: fc.array(fc.tuple(nastyText, messageChange), { maxLength: 25 }),
  requests: fc.array(fc.tuple(nastyText, nastyText), { maxLength: 3 }),
  trouble: fc.array(nastyText, { maxLength: 2 }),
  glyphs: fc.constantFrom<'unicode' | 'ascii'>('unicode', 'ascii')
})

describe('the screen of the chat', () => {
  it('is always exactly as large as the terminal, and the cursor stands inside it, whatever anybody wrote or pressed', async () => {
    await fc.assert(fc.asyncProperty(world, fc.array(press, { maxLength: 40 }), async ({ labels, messages, requests, trouble, glyphs }, inputs) => {
      const node = new FakeNode()
      for (const [index, label] of labels.entries()) {
        const made = contact(label, { isConnected: index % 2 === 0, isVerified: index % 3 === 0, isKeyChanged: index % 4 === 3 })
        node.addContact(made, messages.filter((_, at) => at % labels.length === index).map(([text, change]) => message(made, text, change)))
      }
      for (const [name, text] of requests) node.addRequest(name, text)
      node.trouble.push(...trouble)
      const driver = await Driver.start(node, { glyphs })
      for (const input of inputs) {
        driver.dispatch(input)
        await driver.settled()
        check(driver)
      }
    }))
  }).timeout(60_000)
})

function check ({ state }: Driver): void {
  const { rows, cursor } = paintScreen(state)
  assert.equal(rows.length, state.rows)
  for (const row of rows) {
    const text = row.map(part => part.text).join('')
    assert.equal(stringWidth(text), state.columns, JSON.stringify(text))
    // eslint-disable-next-line no-control-regex -- controls are what is looked for
    assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    if (state.glyphs === 'ascii') assert.match(text, /^[\u0020-\u007e]*$/)
  }
  if (cursor === undefined) return
  assert.ok(cursor.x >= 0 && cursor.x < state.columns && cursor.y >= 0 && cursor.y < state.rows, JSON.stringify(cursor))
}
