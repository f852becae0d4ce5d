import assert from 'node:assert/strict'
import { request } from 'node:http'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { socketPathFor } from '../../../../node/api/socket-path.ts'
import { serveControl, type Control } from '../../../../node/relay/http/control.ts'
import { realClock } from '../../../../node/world.ts'
import { sampleOperator, SAMPLE_MAILBOX, type SampleOperator } from './sample.ts'

interface Answer { readonly ok: boolean, readonly data: Record<string, unknown>, readonly error: { readonly code: string, readonly exit: number, readonly message: string } }

describe('the control of a relay', () => {
  let home: string
  let operator: SampleOperator
  let control: Control
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'skein-relay-control-'))
    operator = sampleOperator()
    control = await serveControl({
      operator,
      addresses: () => [`/ip4/192.0.2.1/tcp/4780/p2p/${operator.peerId}`],
      http: 'http://127.0.0.1:4782',
      sources: { home, environment: {} },
      socketPath: socketPathFor(home),
      clock: realClock,
      onFault: fault => { throw fault }
    })
  })
  afterEach(async () => {
    await control.stop()
    await rm(home, { recursive: true, force: true })
  })

  const call = async (name: string, params: unknown, headers: Readonly<Record<string, string>> = {}): Promise<{ readonly status: number, readonly answer: Answer }> =>
    await new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: socketPathFor(home), path: `/v1/${name}`, method: 'POST', agent: false, headers: { host: 'localhost', 'content-type': 'application/json', ...headers } }, response => {
        text(response).then(body => { resolve({ status: response.statusCode ?? 0, answer: JSON.parse(body) as Answer }) }, reject)
      })
      outgoing.on('error', reject)
      outgoing.end(JSON.stringify(params))
    })

  it('lets nobody in but its owner', async () => {
    assert.equal((await stat(socketPathFor(home))).mode & 0o777, 0o600)
    assert.equal((await stat(home)).mode & 0o077, 0)
  })

  it('tells what the relay holds', async () => {
    const { answer } = await call('relay.status', {})
    const { mailboxes, envelopes, bytes, capBytes, ready, addresses, http, refusedToday } = answer.data
    assert.deepEqual({ mailboxes, envelopes, bytes, capBytes, ready }, { mailboxes: 8_214, envelopes: 61_403, bytes: 4.1e9, capBytes: 25e9, ready: true })
    assert.deepEqual({ addresses, http }, { addresses: [`/ip4/192.0.2.1/tcp/4780/p2p/${operator.peerId}`], http: 'http://127.0.0.1:4782' })
    assert.equal((refusedToday as Record<string, number>)['mailboxFull'], 611)
  })

  it('lists mailboxes as the relay knows them', async () => {
    const { answer } = await call('relay.mailboxes', { stuck: true, limit: 7 })
    assert.deepEqual(operator.asked, ['mailboxes stuck 7'])
    assert.deepEqual((answer.data['mailboxes'] as readonly object[])[0], {
      name: 'm-3f9c21', peerId: SAMPLE_MAILBOX.peerId, envelopes: 1_204, bytes: 18.2e6, oldestAt: '2026-11-04T14:07:00.000Z', endsAt: '2026-12-04T14:07:00.000Z', lastSeen: '2026-11-05', blocked: false
    })
  })

  it('writes a changed limit into the file and puts it in force', async () => {
    await writeFile(join(home, 'relay.toml'), '# mine\n[disk]\ncap = "10GB" # half\n')
    const { answer } = await call('relay.limits', { changes: { 'disk.cap': '50GB', 'circuits.places': '10' } })
    assert.deepEqual(answer.data['changed'], ['disk.cap', 'circuits.places'])
    assert.deepEqual(answer.data['atNextStart'], ['circuits.places'])
    assert.equal(operator.config().capBytes, 50e9)
    assert.equal(await readFile(join(home, 'relay.toml'), 'utf8'), '# mine\n[disk]\ncap = "50GB" # half\n\n[circuits]\nplaces = 10\n')
  })

  it('changes nothing when one of the changes is wrong', async () => {
    const before = operator.config()
    for (const changes of [{ 'disk.cap': '1GB', 'disk.capp': '1' }, { 'disk.cap': '1GB', 'mailbox.keep': 'long' }]) {
      const { answer } = await call('relay.limits', { changes })
      assert.equal(answer.ok, false)
    }
    assert.equal(operator.config(), before)
    await assert.rejects(readFile(join(home, 'relay.toml')))
  })

  it('only shows the limits when there is no change', async () => {
    const { answer } = await call('relay.limits', {})
    const limits = answer.data['limits'] as ReadonlyArray<{ readonly key: string, readonly value: string, readonly origin: string }>
    assert.deepEqual(limits.find(({ key }) => key === 'disk.cap')?.value, '10GiB')
    assert.deepEqual(operator.asked, [])
  })

  it('blocks a mailbox that there is', async () => {
    assert.equal((await call('relay.block', { peerId: SAMPLE_MAILBOX.peerId, blocked: true })).answer.ok, true)
    const { status, answer } = await call('relay.block', { peerId: 'nobody', blocked: true })
    assert.equal(status, 404)
    assert.equal(answer.error.exit, 5)
  })

  it('collects garbage and drains when it is told to', async () => {
    assert.deepEqual((await call('relay.gc', {})).answer.data, { expired: 12, releasedBytes: 4_096_000 })
    assert.deepEqual((await call('relay.drain', { draining: true })).answer.data, { draining: true, told: 480 })
    assert.equal((await call('relay.status', {})).answer.data['state'], 'draining')
    assert.deepEqual(operator.asked, ['gc', 'drain'])
  })

  it('does not answer to web pages, nor to what it does not understand', async () => {
    assert.equal((await call('relay.drain', { draining: true }, { origin: 'http://evil.example' })).status, 403)
    assert.equal((await call('relay.drain', { draining: true }, { host: 'evil.example' })).status, 403)
    assert.equal((await call('relay.drain', { draining: true }, { 'content-type': 'text/plain' })).status, 400)
    for (const params of [{}, { draining: 'yes' }, { draining: true, also: 1 }, []]) assert.equal((await call('relay.drain', params)).status, 400, JSON.stringify(params))
    assert.equal((await call('relay.explode', {})).status, 404)
    assert.deepEqual(operator.asked, [])
  })
})
