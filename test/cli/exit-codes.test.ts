import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { join } from 'node:path'
import { EXIT, LockedError, MalformedError, NotFoundError, RefusedError, SkeinError, StorageError, TimeoutError, UnreachableError, UntrustedError, UsageError } from '../../protocols/core/errors.ts'
import { socketPathFor } from '../../node/api/socket-path.ts'
import { Fixture, STATUS, json } from './fixture.ts'

describe('the exit code', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  for (const [fault, exit] of [
    [new UsageError('a wrong value', 'Give another.'), 2],
    [new MalformedError('invite link', 'must begin with skein:'), 2],
    [new UnreachableError('nobody answers', 'It is safe here.'), 3],
    [new UntrustedError('the signing key of bob changed', 'Compare.'), 4],
    [new NotFoundError('there is no contact bob'), 5],
    [new TimeoutError('it took too long'), 6],
    [new RefusedError('the mailbox is full', 'It is safe here.'), 7],
    [new LockedError('another process has the account'), 8],
    [new StorageError('the disk is full'), 9],
    [new SkeinError('two of three', { code: 'partial', exit: EXIT.partial }), 10],
    [new SkeinError('an expectation failed', { code: 'assertion', exit: EXIT.assertion }), 11]
  ] as const) {
    it(`is ${exit} for a fault of the class ${fault.code}, which is said as text and as JSON`, async () => {
      fixture = await Fixture.up({ 'contact.add': () => { throw fault } })
      const { message, hint, code } = fault
      const ended = await fixture.run(['contact', 'add', 'skein:i#x', '--json'])
      assert.equal(ended.exit, exit)
      assert.deepEqual(json(ended), { schema: 'skein.contact.add/1', ok: false, error: { code, exit, message, ...hint !== undefined && { hint } } })
      assert.ok(ended.stderr.startsWith(`error: ${message}.`) && ended.stderr.endsWith(`(exit ${exit})\n`), ended.stderr)
    })
  }

  it('is 1 for a bug in the node, of which nothing private is shown', async () => {
    fixture = await Fixture.up({ 'contact.add': () => { throw new Error('text of a message') } })
    const ended = await fixture.run(['contact', 'add', 'skein:i#x', '--json'])
    assert.equal(ended.exit, EXIT.unexpected)
    assert.doesNotMatch(ended.stdout + ended.stderr, /text of a message/)
  })

  it('is 1 for an answer that is none', async () => {
    fixture = await Fixture.empty()
    const server = createServer((request, response) => response.end('hello')).listen(socketPathFor(fixture.home))
    await once(server, 'listening')
    const ended = await fixture.run(['contact', 'list', '--json'])
    server.close()
    assert.deepEqual([ended.exit, json(ended).error?.code], [EXIT.unexpected, 'not_understood'])
  })

  it('is 8 when the node goes away before it has answered', async () => {
    fixture = await Fixture.empty()
    const server = createServer(request => request.socket.destroy()).listen(socketPathFor(fixture.home))
    await once(server, 'listening')
    const ended = await fixture.run(['send', '@bob', 'hi', '--json'])
    server.close()
    assert.deepEqual([ended.exit, json(ended).error?.hint], [EXIT.locked, 'Look at what it has done before you repeat the command.'])
  })

  it('is 5 when there is no account, and says how to make one', async () => {
    fixture = await Fixture.empty()
    for (const line of [['status'], ['send', '@bob', 'hi'], ['up'], ['contact', 'list']]) {
      const ended = await fixture.run([...line, '--json'])
      assert.deepEqual([ended.exit, json(ended).error?.code], [EXIT.notFound, 'not_found'], line.join(' '))
      assert.match(json(ended).error?.hint ?? '', /skein init/)
    }
  })

  it('is 0 for stop when nothing runs: what was asked for is so', async () => {
    fixture = await Fixture.empty()
    assert.deepEqual(json(await fixture.run(['stop', '--json'])).data, { wasRunning: false })
  })

  it('is 0 for stop when the node is gone', async () => {
    let stopping: Promise<void> | undefined
    fixture = await Fixture.up({ status: () => STATUS, stop: () => { stopping = fixture.stop(); return {} } })
    const ended = await fixture.run(['stop', '--json'])
    await stopping
    assert.deepEqual([ended.exit, json(ended).data], [0, { wasRunning: true }])
  })

  it('is 9 for doctor when a check failed, with all findings', async () => {
    const findings = [{ severity: 'ok', what: 'the database is whole' }, { severity: 'error', what: 'the search index is damaged', fix: 'skein doctor --fix' }] as const
    fixture = await Fixture.up({ doctor: ({ fix = false }) => ({ findings: fix ? [{ ...findings[1], isFixed: true }] : [...findings] }) })
    const ended = await fixture.run(['doctor', '--json'])
    assert.deepEqual([ended.exit, json(ended).ok, json(ended).data], [EXIT.storage, false, { findings }])
    assert.equal((await fixture.run(['doctor', '--fix'])).exit, 0)
  })

  it('is 2 when an account would be made over one', async () => {
    fixture = await Fixture.up()
    await writeFile(join(fixture.home, 'account.db'), '')
    const ended = await fixture.run(['init', '--name', 'Ana', '--key-file', '--json'])
    assert.deepEqual([ended.exit, json(ended).error?.code], [EXIT.usage, 'usage'])
  })

  it('is 2 when nothing says how a new account is to be closed, and nobody can be asked', async () => {
    fixture = await Fixture.empty()
    const ended = await fixture.run(['init', '--name', 'Ana', '--json'])
    assert.equal(ended.exit, EXIT.usage)
    for (const way of ['--password-file', '--password-stdin', 'SKEIN_PASSWORD', '--key-file', '--keychain']) assert.ok(json(ended).error?.hint?.includes(way), way)
    assert.equal((await fixture.run(['init', '--key-file'])).exit, EXIT.usage)
  })

  it('is 2 when a password is needed, and nobody can be asked', async () => {
    fixture = await Fixture.empty()
    await writeFile(join(fixture.home, 'vault.json'), JSON.stringify({ format: 'skein.vault/1', slots: [{ type: 'password' }, { type: 'recovery' }] }))
    const ended = await fixture.run(['contact', 'list', '--json'])
    assert.equal(ended.exit, EXIT.usage)
    assert.match(json(ended).error?.hint ?? '', /--password-file/)
    assert.equal((await fixture.run(['contact', 'list', '--password-file', '/nowhere/secret'])).exit, EXIT.notFound)
  })
})
