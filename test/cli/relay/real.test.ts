/** The forms that programs outside rely on, of a relay that really runs. */
import assert from 'node:assert/strict'
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ended, ENVIRONMENT, json, MAIN, type Ended } from '../fixture.ts'
import { get } from '../../node/relay/http/fixture.ts'

const LOOPBACK = '/ip4/127.0.0.1/tcp/0'

interface Ready { readonly data: { readonly peerId: string, readonly addresses: readonly string[], readonly http: string } }

describe('a relay that is made and run from the command line', function () {
  this.timeout(60_000)
  let home: string
  const running = new Set<ChildProcessWithoutNullStreams>()
  before(async () => { home = join(await mkdtemp(join(tmpdir(), 'skein-relay-')), 'relay') })
  after(async () => {
    for (const child of running) child.kill('SIGKILL')
    await rm(join(home, '..'), { recursive: true, force: true })
  })

  const start = (line: readonly string[]): ChildProcessWithoutNullStreams => spawn(process.execPath, [MAIN, 'relay', ...line, '--home', home], { env: ENVIRONMENT })
  const run = async (...line: readonly string[]): Promise<Ended> => await ended(start([...line, '--json']))

  async function up (): Promise<{ readonly child: ChildProcessWithoutNullStreams, readonly ready: Ready }> {
    const child = start(['up', '--listen', LOOPBACK, '--json'])
    running.add(child)
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => { said += chunk.toString() })
    const lines = createInterface({ input: child.stdout })
    const [line] = await Promise.race([once(lines, 'line') as Promise<[string]>, failed(child, () => said)])
    return { child, ready: JSON.parse(line) as Ready }
  }

  async function down (child: ChildProcessWithoutNullStreams): Promise<void> {
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    await exit
    running.delete(child)
  }

  it('has a key of its own and a file with a word about every setting', async () => {
    const { exit, stdout } = await run('init', '--key-file', '--name', 'relay.example.org')
    assert.equal(exit, 0, stdout)
    assert.equal((await stat(join(home, 'relay.key'))).mode & 0o077, 0)
    assert.match(await readFile(join(home, 'relay.toml'), 'utf8'), /^name = "relay\.example\.org"$/m)
    assert.equal((await run('init')).exit, 2)
  })

  it('says first how it is reached, and answers there for its health', async () => {
    const { child, ready: { data } } = await up()
    assert.match(data.peerId, /^12D3KooW/)
    assert.match(data.addresses[0] ?? '', new RegExp(String.raw`^/ip4/127\.0\.0\.1/tcp/\d+/p2p/${data.peerId}$`))
    assert.equal((await get(`${data.http}/readyz`)).status, 200)
    assert.match((await get(`${data.http}/`)).body, /relay\.example\.org/)
    assert.match((await get(`${data.http}/metrics`)).body, /^skein_relay_ready 1$/m)
    await down(child)
  })

  it('tells what it holds in the form that was promised, and is the same relay after a restart', async () => {
    const first = await up()
    const { schema, data } = json(await run('status'))
    assert.equal(schema, 'skein.relay.status/1')
    const { mailboxes, envelopes, bytes, capBytes, peerId, addresses } = data ?? {}
    assert.deepEqual({ mailboxes, envelopes, bytes, capBytes }, { mailboxes: 0, envelopes: 0, bytes: 0, capBytes: 10 * 1024 ** 3 })
    assert.deepEqual(addresses, first.ready.data.addresses)
    await down(first.child)
    const second = await up()
    assert.equal(second.ready.data.peerId, peerId)
    await down(second.child)
  })

  it('takes a new cap while it runs and keeps it', async () => {
    const first = await up()
    assert.equal((await run('limits', 'disk.cap', '1GB')).exit, 0)
    assert.equal(json(await run('status')).data?.['capBytes'], 1e9)
    await down(first.child)
    const second = await up()
    assert.equal(json(await run('status')).data?.['capBytes'], 1e9)
    await down(second.child)
  })

  it('drains across a restart, until it is opened again', async () => {
    const first = await up()
    assert.deepEqual(json(await run('drain')).data, { draining: true, told: 0 })
    await down(first.child)
    const second = await up()
    const { status, body } = await get(`${second.ready.data.http}/readyz`)
    assert.equal(status, 503)
    assert.match(body, /it is draining/)
    assert.equal((await run('drain', '--off')).exit, 0)
    assert.equal((await get(`${second.ready.data.http}/readyz`)).status, 200)
    await down(second.child)
  })

  it('runs once: a second process names the first', async () => {
    const { child } = await up()
    const second = await run('up', '--listen', LOOPBACK)
    assert.equal(second.exit, 8)
    assert.match(second.stderr, new RegExp(String(child.pid)))
    await down(child)
  })
})

async function failed (child: ChildProcessWithoutNullStreams, said: () => string): Promise<never> {
  const [exit] = await once(child, 'exit') as [number | null]
  throw new Error(`the relay did not start (exit ${exit ?? 'by a signal'}): ${said()}`)
}
