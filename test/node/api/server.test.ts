import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { connect as dial } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { connect, NoNodeError } from '../../../cli/client.ts'
import { serveLocalApi } from '../../../node/api/server.ts'
import type { LocalServer } from '../../../node/api/server.ts'
import { socketPathFor } from '../../../node/api/socket-path.ts'
import { realClock } from '../../../node/world.ts'
import { EXIT, RefusedError, SkeinError, UntrustedError } from '../../../protocols/core/errors.ts'
import type { LocalApi } from '../../../protocols/local/operations.ts'
import type { EventView } from '../../../protocols/local/schema.ts'
import { fakeApi } from './fake-api.ts'

interface Answer { readonly status: number, readonly body: { schema?: string, ok?: boolean, data?: unknown, error?: { code: string, exit: number, message: string, hint?: string } } }

describe('the local API over a unix socket', () => {
  let home: string
  let servers: LocalServer[]
  const faults: Error[] = []

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'skein-api-'))
    servers = []
    faults.length = 0
  })

  afterEach(async () => {
    for (const server of servers) await server.stop()
    await rm(home, { recursive: true, force: true })
  })

  async function serve (api: LocalApi): Promise<LocalServer> {
    const server = await serveLocalApi({ api, socketPath: socketPathFor(home), clock: realClock, version: '0.1.0', onFault: fault => faults.push(fault) })
    servers.push(server)
    return server
  }

  async function send (options: { method?: string, path: string, headers?: Record<string, string>, body?: string }): Promise<IncomingMessage> {
    const { method = 'POST', path, headers = {}, body } = options
    const outgoing = request({ socketPath: socketPathFor(home), method, path, headers: { host: 'localhost', ...headers }, agent: false })
    outgoing.end(body)
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    return incoming
  }

  async function ask (options: Parameters<typeof send>[0]): Promise<Answer> {
    const incoming = await send(options)
    const text = (await incoming.toArray()).join('')
    return { status: incoming.statusCode ?? 0, body: JSON.parse(text) as Answer['body'] }
  }

  const json = { 'content-type': 'application/json' }

  it('answers an operation in an envelope that names it', async () => {
    const api = fakeApi({ send: ({ to }) => ({ id: '01JD8QK4000000000000000000', state: 'queued', to }) })
    await serve(api)
    const answer = await ask({ path: '/v1/send', headers: json, body: JSON.stringify({ to: '@bob', text: 'hi' }) })
    assert.deepEqual(answer, { status: 200, body: { schema: 'skein.send/1', ok: true, data: { id: '01JD8QK4000000000000000000', state: 'queued', to: '@bob' } } })
    assert.deepEqual(api.asked, [{ name: 'send', params: { to: '@bob', text: 'hi' } }])
  })

  it('takes a request without a body as one without parameters', async () => {
    await serve(fakeApi({ 'requests.list': () => ({ requests: [] }) }))
    assert.deepEqual((await ask({ path: '/v1/requests.list' })).body.data, { requests: [] })
  })

  for (const [what, body] of [
    ['a parameter is missing', { to: '@bob' }],
    ['a parameter is unknown', { to: '@bob', text: 'hi', urgent: true }],
    ['a parameter has the wrong type, even one that could be converted', { to: 5, text: 'hi' }],
    ['an id is no id', { to: '@bob', text: 'hi', replyTo: '!' }]
  ] as const) {
    it(`refuses a request when ${what}`, async () => {
      const api = fakeApi({ send: () => ({ id: 'x', state: 'queued' }) })
      await serve(api)
      const { status, body: answer } = await ask({ path: '/v1/send', headers: json, body: JSON.stringify(body) })
      assert.equal(status, 400)
      assert.equal(answer.error?.exit, EXIT.usage)
      assert.deepEqual(api.asked, [])
    })
  }

  it('names the parameter that is wrong, but not its value', async () => {
    await serve(fakeApi({}))
    const { body } = await ask({ path: '/v1/wait', headers: json, body: JSON.stringify({ id: '01JD8QK4', state: 'a secret' }) })
    assert.match(body.error?.message ?? '', /^state must be .*delivered/)
    assert.doesNotMatch(JSON.stringify(body), /secret/)
  })

  it('passes on an error of the node with its class, its hint and a fitting status', async () => {
    await serve(fakeApi({ send: () => { throw new UntrustedError('the key of this contact changed', 'Compare the safety number.') } }))
    const { status, body } = await ask({ path: '/v1/send', headers: json, body: JSON.stringify({ to: '@bob', text: 'hi' }) })
    assert.equal(status, 409)
    assert.deepEqual(body, { schema: 'skein.send/1', ok: false, error: { code: 'untrusted', exit: 4, message: 'the key of this contact changed', hint: 'Compare the safety number.' } })
  })

  it('says nothing of a bug to the caller, and everything to its owner', async () => {
    await serve(fakeApi({ status: () => { throw new Error('text of a message') } }))
    const { status, body } = await ask({ path: '/v1/status' })
    assert.equal(status, 500)
    assert.equal(body.error?.exit, EXIT.unexpected)
    assert.doesNotMatch(JSON.stringify(body), /text of a message/)
    assert.deepEqual(faults.map(fault => fault.message), ['text of a message'])
  })

  for (const headers of [{ origin: 'https://example.org' }, { referer: 'https://example.org/' }, { 'sec-fetch-site': 'cross-site' }, { host: 'example.org' }, { host: 'localhost:80' }]) {
    it(`refuses what says ${Object.entries(headers).flat().join(': ')}`, async () => {
      const api = fakeApi({ stop: () => ({}) })
      await serve(api)
      const { status, body } = await ask({ path: '/v1/stop', headers })
      assert.deepEqual([status, body.ok, api.asked], [403, false, []])
    })
  }

  it('refuses a body that is too large before it has come', async () => {
    await serve(fakeApi({}))
    const headers = { host: 'localhost', ...json, 'content-length': 1024 * 1024 + 1 }
    const outgoing = request({ socketPath: socketPathFor(home), method: 'POST', path: '/v1/send', headers, agent: false })
    outgoing.flushHeaders()
    const [incoming] = await once(outgoing, 'response') as [IncomingMessage]
    assert.equal(incoming.statusCode, 403)
    outgoing.destroy()
  })

  it('refuses what is not JSON or does not exist', async () => {
    await serve(fakeApi({}))
    assert.equal((await ask({ path: '/v1/send', headers: { 'content-type': 'text/plain' }, body: '{}' })).status, 400)
    assert.equal((await ask({ path: '/v1/send', headers: json, body: '{' })).status, 400)
    assert.equal((await ask({ path: '/v1/nothing', headers: json, body: '{}' })).status, 404)
    assert.equal((await ask({ path: '/v1/send', method: 'GET' })).status, 404)
  })

  it('describes itself: every operation stands in the OpenAPI document', async () => {
    await serve(fakeApi({}))
    const { body } = await ask({ method: 'GET', path: '/openapi.json' }) as unknown as { body: { openapi: string, paths: Record<string, unknown> } }
    assert.equal(body.openapi, '3.1.0')
    assert.ok(['/v1/send', '/v1/message.trace', '/v1/events.page', '/v1/events', '/v1/version'].every(path => path in body.paths))
    assert.deepEqual((await ask({ method: 'GET', path: '/v1/version' })).body, { schema: 'skein.version/1', ok: true, data: { version: '0.1.0' } })
  })

  it('lets nobody but its owner reach the socket', async () => {
    await chmod(home, 0o755)
    await serve(fakeApi({}))
    assert.equal((await stat(socketPathFor(home))).mode & 0o777, 0o600)
    assert.equal((await stat(home)).mode & 0o777, 0o700)
  })

  it('takes the place of a socket whose node died', async () => {
    const listen = 'require("node:net").createServer().listen(process.argv[1], () => console.log("listening"))'
    const crashing = spawn(process.execPath, ['-e', listen, socketPathFor(home)], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(crashing.stdout, 'data')
    crashing.kill('SIGKILL')
    await once(crashing, 'close')
    assert.ok((await stat(socketPathFor(home))).isSocket())
    await assert.rejects(connect(home).call('status', {}), NoNodeError)
    await serve(fakeApi({ 'requests.list': () => ({ requests: [] }) }))
    assert.equal((await ask({ path: '/v1/requests.list' })).status, 200)
  })

  it('does not remove a file that is no socket', async () => {
    await writeFile(socketPathFor(home), 'precious')
    await assert.rejects(serve(fakeApi({})), { exit: EXIT.storage })
    assert.equal((await stat(socketPathFor(home))).size, 'precious'.length)
  })

  it('finds a short path for a home that is too deep for a socket, the same for server and client', async () => {
    const shallow = home
    home = join(home, 'deep'.repeat(40))
    assert.ok(Buffer.byteLength(socketPathFor(home)) <= 103)
    await serve(fakeApi({ 'requests.list': () => ({ requests: [] }) }))
    assert.deepEqual(await connect(home).call('requests.list', {}), { requests: [] })
    await rm(join(socketPathFor(home), '..'), { recursive: true })
    home = shallow
  })

  it('is reached through a link to the home as well', async () => {
    await serve(fakeApi({ 'requests.list': () => ({ requests: [] }) }))
    await symlink(home, `${home}-link`)
    assert.deepEqual(await connect(`${home}-link`).call('requests.list', {}), { requests: [] })
    await rm(`${home}-link`)
  })

  it('closes the door to connections beyond its limit, and opens it again', async () => {
    await serve(fakeApi({ 'requests.list': () => ({ requests: [] }) }))
    const held = await Promise.all(Array.from({ length: 64 }, async () => {
      const socket = dial(socketPathFor(home))
      await once(socket, 'connect')
      return socket
    }))
    await assert.rejects(connect(home).call('requests.list', {}), { exit: EXIT.locked })
    for (const socket of held) socket.destroy()
    await Promise.all(held.map(async socket => socket.closed ? undefined : await once(socket, 'close')))
    assert.deepEqual(await connect(home).call('requests.list', {}), { requests: [] })
  })

  describe('stopped', () => {
    it('ends what waits with an answer, and takes nothing more', async () => {
      const begun = Promise.withResolvers<undefined>()
      const server = await serve(fakeApi({ wait: async () => { begun.resolve(undefined); return await new Promise(() => undefined) } }))
      const waiting = connect(home).call('wait', { id: '01JD8QK4', state: 'read', timeoutMs: 600_000 })
      await begun.promise
      const refused = assert.rejects(waiting, { exit: EXIT.locked, message: /stopping/ })
      await server.stop()
      await refused
      await assert.rejects(connect(home).call('status', {}), NoNodeError)
    })

    it('tells so whoever had begun to ask', async () => {
      const server = await serve(fakeApi({}))
      const asking = dial(socketPathFor(home))
      const begun = 'POST /v1/status HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n'
      await new Promise(resolve => { asking.write(begun, resolve) })
      const answered = text(asking)
      const stopped = server.stop()
      asking.write('content-type: application/json\r\ncontent-length: 2\r\n\r\n{}')
      assert.match(await answered, /"ok":false,"error":\{"code":"stopping"/)
      await stopped
    })

    it('answers the call that stopped it', async () => {
      let server: LocalServer | undefined
      server = await serve(fakeApi({ stop: async () => { await server?.stop(); return {} } }))
      assert.deepEqual(await connect(home).call('stop', {}), {})
      server = undefined
    })

    it('lets a call that works finish', async () => {
      const begun = Promise.withResolvers<undefined>()
      const finish = Promise.withResolvers<undefined>()
      const server = await serve(fakeApi({ send: async () => { begun.resolve(undefined); await finish.promise; return { id: 'x', state: 'queued' } } }))
      const sent = connect(home).call('send', { to: '@bob', text: 'hi' })
      await begun.promise
      const stopped = server.stop()
      finish.resolve(undefined)
      assert.deepEqual(await sent, { id: 'x', state: 'queued' })
      await stopped
    })
  })

  it('bounds a wait, so that one which nobody listens to ends', async () => {
    const api = fakeApi({ wait: ({ id }) => ({ id, state: 'queued', isReached: false }) })
    await serve(api)
    await connect(home).call('wait', { id: '01JD8QK4', state: 'read', timeoutMs: 86_400_000 })
    await connect(home).call('wait', { id: '01JD8QK4', state: 'read' })
    assert.deepEqual(api.asked.map(({ params }) => 'timeoutMs' in params && params.timeoutMs), [60_000, 60_000])
  })

  describe('the event stream', () => {
    const event = (number: number, text = ''): EventView => ({ cursor: String(number), type: 'node.trouble', at: '2026-11-01T00:00:00.000Z', text })

    it('writes an event a line, goes on where it stands, and acknowledges nothing', async () => {
      const more = Promise.withResolvers<undefined>()
      const api = fakeApi({
        async 'events.page' ({ after = '0' }) {
          if (after === '2') await more.promise
          return after === '0' ? { events: [event(1), event(2)], cursor: '2' } : after === '2' ? { events: [event(3)], cursor: '3' } : await new Promise(() => undefined)
        }
      })
      await serve(api)
      const incoming = await send({ method: 'GET', path: '/v1/events?name=backup' })
      assert.equal(incoming.headers['content-type'], 'application/x-ndjson')
      const lines: string[] = []
      for await (const line of createInterface(incoming)) {
        if (line === '') continue
        lines.push((JSON.parse(line) as EventView).cursor)
        if (lines.length === 2) more.resolve(undefined)
        if (lines.length === 3) break
      }
      incoming.destroy()
      assert.deepEqual(lines, ['1', '2', '3'])
      assert.deepEqual(api.asked.slice(0, 2).map(({ params }) => params), [{ name: 'backup', limit: 256, waitMs: 0 }, { after: '2', limit: 256, waitMs: 15_000 }])
      assert.ok(api.asked.every(({ name }) => name === 'events.page'))
    })

    it('answers a wrong cursor with an error and a status', async () => {
      await serve(fakeApi({ 'events.page': () => { throw new RefusedError('no such cursor') } }))
      const { status, body } = await ask({ method: 'GET', path: '/v1/events?after=nonsense' })
      assert.deepEqual([status, body.error?.message], [403, 'no such cursor'])
      assert.equal((await ask({ method: 'GET', path: '/v1/events?name=not%20a%20name' })).status, 400)
    })

    it('says in its last line why it ends', async () => {
      let isFirst = true
      await serve(fakeApi({
        'events.page' () {
          if (!isFirst) throw new SkeinError('the disk is gone', { code: 'storage', exit: EXIT.storage })
          isFirst = false
          return { events: [event(1)], cursor: '1' }
        }
      }))
      const incoming = await send({ method: 'GET', path: '/v1/events' })
      const lines = (await incoming.toArray()).join('').trim().split('\n').map(line => JSON.parse(line) as Record<string, unknown>)
      assert.equal(lines.length, 2)
      assert.deepEqual(lines[1], { schema: 'skein.events/1', ok: false, error: { code: 'storage', exit: 9, message: 'the disk is gone' } })
    })

    it('takes nothing from the node while the client does not read', async () => {
      let pages = 0
      const large = 'x'.repeat(60_000)
      await serve(fakeApi({ 'events.page': () => ({ events: Array.from({ length: 256 }, () => event(++pages, large)), cursor: String(pages) }) }))
      const incoming = await send({ method: 'GET', path: '/v1/events' })
      incoming.pause()
      await new Promise(resolve => setImmediate(resolve))
      await connect(home).call('status', {}).catch(() => undefined)
      assert.ok(pages <= 2 * 256, `took ${pages} events`)
      incoming.destroy()
    })

    it('ends when the server stops', async () => {
      const server = await serve(fakeApi({ 'events.page': async ({ waitMs }) => waitMs === 0 ? { events: [], cursor: '0' } : await new Promise(() => undefined) }))
      const incoming = await send({ method: 'GET', path: '/v1/events' })
      const ended = incoming.toArray()
      await server.stop()
      assert.equal((await ended).join('').trim(), '')
    })
  })
})
