import assert from 'node:assert/strict'
import { once } from 'node:events'
import { EXIT, RefusedError } from '../../protocols/core/errors.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import type { Operations } from '../node/api/fake-api.ts'
import { BOB, Fixture, ended, message } from './fixture.ts'

/** Rewrites the screen, the title and the clipboard of a terminal, in seven and eight bits; turns text around. */
const HOSTILE = '\u001b[2J\u001b]0;owned\u0007\u009b31m\u001b]52;c;AAAA\u001b\\\u202eevil\u2066\r\u0008\u007f'

function isInert (text: string): boolean {
  // eslint-disable-next-line no-control-regex -- controls are what is looked for
  return !/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/.test(text)
}

function lines (stdout: string): readonly MessageView[] {
  return stdout.trimEnd().split('\n').map(line => JSON.parse(line) as MessageView)
}

describe('skein read', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  const conversation = [
    message({ state: 'unread' }),
    message({ id: '01JD8QK4000000000000000002', isOwn: true, from: 'a'.repeat(52), fromLabel: 'me', text: 'On my way', state: 'queued', replyTo: '01JD8QK4000000000000000001' }),
    message({ id: '01JD8QK4000000000000000003', deleted: true, text: '' }),
    message({ id: '01JD8QK4000000000000000004', edited: true, text: 'first\nsecond', reactions: [{ from: BOB.account, emoji: '♥' }, { from: 'a'.repeat(52), emoji: '♥' }], isAfterGap: true })
  ]
  const operations: Operations = { read: () => ({ messages: conversation, hasMore: false }), 'mark-read': () => ({ marked: 1 }) }

  it('prints with --json one message a line, whole, with its schema', async () => {
    fixture = await Fixture.up(operations)
    const { exit, stdout } = await fixture.run(['read', '@bob', '--limit', '4', '--json'])
    assert.equal(exit, 0)
    assert.deepEqual(lines(stdout), conversation.map(each => ({ schema: 'skein.message/1', ...each })))
    assert.deepEqual(fixture.api.asked[0], { name: 'read', params: { with: '@bob', limit: 5 } })
  })

  it('prints for people who said what when, and what became of it', async () => {
    fixture = await Fixture.up(operations)
    const { stdout } = await fixture.run(['read', '@bob'], { environment: { TZ: 'UTC' } })
    const [day, ...rest] = stdout.split('\n')
    assert.match(day ?? '', /day/)
    assert.deepEqual(rest, [
      '14:18  bob  And bring gloves  new  01JD8QK4000000000000000001',
      '            > bob: And bring gloves',
      '14:18  me   On my way  ○ queued  01JD8QK4000000000000000002',
      '14:18  bob  (deleted this message)  01JD8QK4000000000000000003',
      '            (a message before this one has not arrived yet)',
      '14:18  bob  first',
      '            second  edited  ♥ 2  01JD8QK4000000000000000004', ''
    ])
  })

  it('marks as read what it has shown, and only that', async () => {
    fixture = await Fixture.up(operations)
    await fixture.run(['read', '@bob'])
    assert.deepEqual(fixture.api.asked[1], { name: 'mark-read', params: { with: '@bob', upTo: '01JD8QK4000000000000000001' } })
  })

  it('leaves older messages unread that it has not shown', async () => {
    fixture = await Fixture.up({ read: () => ({ messages: ['01JD8QK4000000000000000001', '01JD8QK4000000000000000002', '01JD8QK4000000000000000003'].map(id => message({ id, state: 'unread' })), hasMore: true }) })
    const { stdout, stderr } = await fixture.run(['read', '@bob', '--limit', '2', '--json'])
    assert.deepEqual(lines(stdout).map(({ id }) => id), ['01JD8QK4000000000000000002', '01JD8QK4000000000000000003'])
    assert.match(stderr, /--before 01JD8QK4000000000000000002/)
    assert.deepEqual(fixture.api.asked.map(({ params }) => params), [{ with: '@bob', limit: 3 }, { with: '@bob', after: '01JD8QK4000000000000000001', limit: 2, mark: true }])
  })

  it('leaves it unread with --peek, and when the reader has gone away', async () => {
    fixture = await Fixture.up({ ...operations, read: () => ({ messages: Array.from({ length: 1000 }, () => message({ state: 'unread', text: 'x'.repeat(1000) })), hasMore: false }) })
    await fixture.run(['read', '@bob', '--peek'])
    const child = fixture.start(['read', '@bob', '--limit', '1000', '--json'])
    child.stdout.once('data', () => child.stdout.destroy())
    const [exit] = await once(child, 'close') as [number]
    assert.equal(exit, 0)
    assert.deepEqual(fixture.api.asked.map(({ name }) => name), ['read', 'read'])
  })

  it('says nothing when the reader goes away', async () => {
    fixture = await Fixture.up({ read: () => ({ messages: Array.from({ length: 1000 }, () => message({ text: 'x'.repeat(1000) })), hasMore: false }) })
    for (const form of [[], ['--json']]) {
      const child = fixture.start(['read', '@bob', ...form])
      child.stdout.destroy()
      let said = ''
      child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
      const [exit] = await once(child, 'close') as [number]
      assert.deepEqual([exit, said], [0, ''])
    }
  })

  it('lets nothing through that acts on a terminal, as text or as JSON, from messages, names and reasons', async () => {
    const hostile = message({ text: HOSTILE, fromLabel: HOSTILE, reactions: [{ from: BOB.account, emoji: HOSTILE }] })
    const failed = message({ id: '01JD8QK4000000000000000005', isOwn: true, state: 'failed', reason: HOSTILE })
    const contact = { ...BOB, label: HOSTILE, alias: HOSTILE, name: HOSTILE }
    fixture = await Fixture.up({
      read: () => ({ messages: [hostile, failed], hasMore: false }),
      search: () => ({ messages: [hostile], hasMore: false }),
      'message.show': () => ({ message: hostile }),
      'message.trace': () => ({ message: hostile, headline: HOSTILE, steps: [{ at: hostile.sentAt, step: HOSTILE, text: HOSTILE, cause: HOSTILE }], next: [{ at: hostile.sentAt, step: 'retry', text: HOSTILE }] }),
      'contact.list': () => ({ contacts: [contact] }),
      'contact.show': () => ({ contact, devices: [{ device: 'd', peerId: HOSTILE, addresses: [HOSTILE], isListed: true, isConnected: false }], relays: [{ peerId: HOSTILE, addresses: [HOSTILE] }] }),
      'requests.list': () => ({ requests: [{ id: '01JD8QK4000000000000000006', account: BOB.account, name: HOSTILE, text: HOSTILE, receivedAt: hostile.sentAt }] }),
      conversations: () => ({ conversations: [{ contact, last: hostile }] }),
      'events.page': ({ after }) => ({ events: after === '2' ? [] : [{ cursor: '1', type: 'message.received', at: hostile.sentAt, message: hostile }, { cursor: '2', type: 'node.trouble', at: hostile.sentAt, text: HOSTILE }], cursor: '2' })
    })
    for (const line of [['read', '@bob'], ['search', 'x'], ['msg', 'show', '01JD8QK4'], ['msg', 'trace', '01JD8QK4'], ['contact', 'list'], ['contact', 'show', '@bob'], ['requests', 'list'], ['export'], ['export', '--format', 'md'], ['events']]) {
      for (const form of [[], ['--json']]) {
        if (line.includes('md') && form.length > 0) continue
        const { exit, stdout, stderr } = await fixture.run([...line, ...form])
        assert.equal(exit, 0, `${line.join(' ')}: ${stderr}`)
        assert.ok(stdout.length > 0 && isInert(stdout) && isInert(stderr), `${line.join(' ')} ${form.join('')}: ${JSON.stringify(stdout)}`)
      }
    }
    const { stdout } = await fixture.run(['read', '@bob', '--json'])
    assert.equal(lines(stdout)[0]?.text, HOSTILE, 'a parser gets what was written')
  })

  it('lets nothing through that acts on a terminal from the node\'s own errors', async () => {
    fixture = await Fixture.up({ read: () => { throw new RefusedError(HOSTILE, HOSTILE) } })
    const { stderr } = await fixture.run(['read', '@bob'])
    assert.ok(isInert(stderr))
  })

  it('draws states in ASCII where the locale is not UTF-8', async () => {
    fixture = await Fixture.up({ read: () => ({ messages: (['queued', 'delivered', 'read'] as const).map((state, index) => message({ id: `01JD8QK400000000000000000${index}`, isOwn: true, state })), hasMore: false }) })
    const { stdout } = await fixture.run(['read', '@bob'], { environment: { LANG: 'C' } })
    assert.match(stdout, /o queued[^]*vv {2}[^]*vv_ {2}/)
    // eslint-disable-next-line no-control-regex -- everything above ASCII is what is looked for
    assert.doesNotMatch(stdout, /[^\u0000-\u007f]/)
  })

  it('colours only where it is wanted', async () => {
    fixture = await Fixture.up(operations)
    const isColoured = async (line: readonly string[], environment = {}): Promise<boolean> => (await fixture.run(['read', '@bob', '--peek', ...line], { environment })).stdout.includes('\u001b[')
    assert.equal(await isColoured([]), false, 'not into a pipe')
    assert.equal(await isColoured([], { SKEIN_COLOR: 'always' }), true)
    assert.equal(await isColoured(['--no-color'], { SKEIN_COLOR: 'always' }), false)
    assert.equal(await isColoured([], { SKEIN_COLOR: 'auto', NO_COLOR: '1' }), false)
    assert.equal(await isColoured(['--json'], { SKEIN_COLOR: 'always' }), false)
  })

  it('shows what is newer than a time', async () => {
    fixture = await Fixture.up({ read: () => ({ messages: [message({ sentAt: '2026-01-01T00:00:00.000Z' }), message({ id: '01JD8QK4000000000000000009', sentAt: '2026-06-01T00:00:00.000Z' })], hasMore: false }) })
    const { stdout } = await fixture.run(['read', '@bob', '--since', '2026-03-01', '--json'])
    assert.deepEqual(lines(stdout).map(({ id }) => id), ['01JD8QK4000000000000000009'])
    assert.equal((await fixture.run(['read', '@bob', '--since', 'whenever'])).exit, EXIT.usage)
  })

  it('says how to see more', async () => {
    fixture = await Fixture.up({ read: () => ({ messages: [message()], hasMore: true }), search: () => ({ messages: [message()], hasMore: true }) })
    assert.match((await fixture.run(['read', '@bob'])).stderr, /skein read @bob --before 01JD8QK4000000000000000001/)
    const found = await ended(fixture.start(['search', 'gloves']))
    assert.match(found.stdout, /bob {2}And bring gloves {2}01JD8QK4/)
    assert.match(found.stderr, /--before/)
  })
})
