import assert from 'node:assert/strict'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EXIT } from '../../protocols/core/errors.ts'
import type { MessageView } from '../../protocols/local/schema.ts'
import type { Operations } from '../node/api/fake-api.ts'
import { BOB, Fixture, json, message } from './fixture.ts'

/** A node with one conversation of `count` messages, a minute apart, which answers pages as the real one does. */
function conversation (count: number): Operations {
  const all = Array.from({ length: count }, (_, index) => message({ id: `01JD8QK4${String(index).padStart(18, '0')}`, text: `message ${index}`, sentAt: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString() }))
  return {
    conversations: () => ({ conversations: [{ contact: BOB }] }),
    'contact.show': () => ({ contact: BOB, devices: [], relays: [] }),
    read ({ limit = 50, before, after }) {
      const end = before === undefined ? all.length : all.findIndex(({ id }) => id === before)
      const begin = after === undefined ? Math.max(0, end - limit) : all.findIndex(({ id }) => id === after) + 1
      const page = after === undefined ? all.slice(begin, end) : all.slice(begin, begin + limit)
      return { messages: page, hasMore: after === undefined ? begin > 0 : begin + limit < all.length }
    }
  }
}

describe('skein export', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('writes every message once, oldest first, into a file that only its owner can read', async () => {
    fixture = await Fixture.up(conversation(1234))
    const path = join(fixture.home, 'all.jsonl')
    const ended = await fixture.run(['export', '--output', path, '--json'])
    assert.deepEqual(json(ended).data, { messages: 1234, conversations: 1, output: path })
    const written = (await readFile(path, 'utf8')).trimEnd().split('\n').map(line => JSON.parse(line) as MessageView)
    assert.deepEqual(written.map(({ text }) => text), Array.from({ length: 1234 }, (_, index) => `message ${index}`))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
  })

  it('writes to standard output as well, for one conversation and from a time on', async () => {
    fixture = await Fixture.up(conversation(1234))
    const since = await fixture.run(['export', '@bob', '--since', '2026-01-01T10:00', '--output', '-'], { environment: { TZ: 'UTC' } })
    assert.deepEqual([since.exit, since.stdout.trimEnd().split('\n').length], [0, 1234 - 600])
  })

  it('writes nothing for a conversation without messages', async () => {
    fixture = await Fixture.up(conversation(0))
    assert.deepEqual(await fixture.run(['export']), { exit: 0, stdout: '', stderr: '' })
  })

  it('replaces a file only when told to, and leaves no half of one behind', async () => {
    fixture = await Fixture.up(conversation(3))
    const path = join(fixture.home, 'all.jsonl')
    await writeFile(path, 'precious')
    assert.equal((await fixture.run(['export', '--output', path])).exit, EXIT.usage)
    assert.equal(await readFile(path, 'utf8'), 'precious')
    assert.equal((await fixture.run(['export', '--output', path, '--force'])).exit, 0)
    assert.match(await readFile(path, 'utf8'), /message 2/)
    assert.equal((await fixture.run(['export', '--output', '/nowhere/at/all'])).exit, EXIT.storage)
    assert.deepEqual((await readdir(fixture.home)).filter(name => name.endsWith('.part')), [])
  })

  it('leaves nothing behind when the node fails in the middle', async () => {
    const { read, ...rest } = conversation(1234)
    let pages = 0
    fixture = await Fixture.up({ ...rest, read: params => { if (++pages > 4) throw new Error('gone'); return read?.(params) ?? { messages: [], hasMore: false } } })
    assert.equal((await fixture.run(['export', '--output', join(fixture.home, 'all.jsonl')])).exit, EXIT.unexpected)
    assert.deepEqual((await readdir(fixture.home)).filter(name => name.startsWith('all')), [])
  })

  it('writes Markdown that reads as what was written', async () => {
    fixture = await Fixture.up({ ...conversation(0), read: () => ({ messages: [message({ text: '# not a heading\n[not a link](http://example.org) *no*' })], hasMore: false }) })
    const { stdout } = await fixture.run(['export', '@bob', '--format', 'md'], { environment: { TZ: 'UTC' } })
    assert.match(stdout, /^# @bob\n/)
    assert.match(stdout, /## 2026-11-01/)
    assert.match(stdout, /\*\*bob\*\* 14:18 {2}\n\\# not a heading {2}\n\\\[not a link\\\]\\\(http:\/\/example\\\.org\\\) \\\*no\\\*\n/)
  })
})
