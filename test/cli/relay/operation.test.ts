import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { json } from '../fixture.ts'
import { RelayFixture } from './fixture.ts'

describe('the commands of an operator', () => {
  let relay: RelayFixture
  before(async () => { relay = await RelayFixture.up() })
  after(async () => { await relay.stop() })

  it('status says what the relay holds, and how users reach it', async () => {
    const { exit, stdout, stderr } = await relay.run('status')
    assert.equal(exit, 0)
    assert.equal(stderr, '')
    for (const text of ['eu2.geese.net', 'Ready.', '8,214, 2 blocked', '61,403 envelopes, 4.1 GB', '17.8 GB of 25.0 GB (71 %), of it free pages 400.0 MB', 'mailbox full 611', '2,113 of 2,113 answered yes', `skein relays add /ip4/192.0.2.1/tcp/4780/p2p/${relay.operator.peerId}`, 'Dashboard: http://127.0.0.1:4782']) {
      assert.ok(stdout.includes(text), `${text} is missing in\n${stdout}`)
    }
  })

  it('status has the form that programs rely on', async () => {
    const { schema, ok, data } = json(await relay.run('status', '--json'))
    assert.equal(schema, 'skein.relay.status/1')
    assert.equal(ok, true)
    assert.deepEqual([data?.['mailboxes'], data?.['envelopes'], data?.['bytes'], data?.['capBytes']], [8_214, 61_403, 4.1e9, 25e9])
  })

  it('top shows the same once where there is no terminal', async () => {
    const { exit, stdout } = await relay.run('top')
    assert.equal(exit, 0)
    assert.match(stdout, /61,403 envelopes/)
    assert.ok(!stdout.includes('\u001b'))
    assert.equal(json(await relay.run('top', '--json')).data?.['depositsPerSecond'] !== undefined, true)
  })

  it('mailboxes lists them by what the relay calls them', async () => {
    const { stdout } = await relay.run('mailboxes')
    assert.match(stdout, /m-3f9c21\s+1,204\s+18\.2 MB/)
    const { data } = json(await relay.run('mailboxes', '--stuck', '--limit', '3', '--json'))
    assert.equal((data as unknown as ReadonlyArray<{ readonly name: string }>)[0]?.name, 'm-3f9c21')
    assert.ok(relay.operator.asked.includes('mailboxes stuck 3'))
    assert.equal((await relay.run('mailboxes', '--limit', 'many')).exit, 2)
  })

  it('limits shows every setting with where it comes from, and one with what it means', async () => {
    const { stdout } = await relay.run('limits')
    assert.match(stdout, /^mailbox\.keep\s+30d\s+default$/m)
    assert.match((await relay.run('limits', 'disk.cap')).stdout, /^disk\.cap = 10GiB {2}default\n[^]*Takes a size/)
    const { exit, stderr } = await relay.run('limits', 'disk.capp')
    assert.equal(exit, 5)
    assert.match(stderr, /there is no setting disk\.capp.*disk\.cap/)
  })

  it('limits changes one, in the file and at once', async () => {
    const { exit, stdout } = await relay.run('limits', 'mailbox.keep', '7d')
    assert.equal(exit, 0)
    assert.match(stdout, /^mailbox\.keep is 7d in .*relay\.toml, from now on\.$/m)
    assert.equal(relay.operator.config().quotas.lifetimeMsMax, 7 * 24 * 3_600_000)
    assert.match(await readFile(join(relay.home, 'relay.toml'), 'utf8'), /^keep = "7d"$/m)
    assert.match((await relay.run('limits', 'circuits.places', '9')).stdout, /from the next start/)
    const wrong = await relay.run('limits', 'mailbox.keep', 'long', '--json')
    assert.equal(wrong.exit, 2)
    assert.match(json(wrong).error?.message ?? '', /mailbox\.keep takes a duration/)
  })

  it('block closes one mailbox and --off opens it, and says when there is none', async () => {
    assert.match((await relay.run('block', '12D3KooWOwner')).stdout, /^Blocked/)
    assert.match((await relay.run('block', '12D3KooWOwner', '--off')).stdout, /^No longer blocked/)
    assert.equal((await relay.run('block', '12D3KooWNobody')).exit, 5)
    assert.deepEqual(relay.operator.asked.filter(asked => asked.includes('block')), ['block 12D3KooWOwner', 'unblock 12D3KooWOwner', 'block 12D3KooWNobody'])
  })

  it('gc says what went', async () => {
    assert.equal((await relay.run('gc')).stdout, '12 expired envelopes removed, 4.1 MB given back.\n')
    assert.deepEqual(json(await relay.run('gc', '--json')).data, { expired: 12, releasedBytes: 4_096_000 })
  })

  it('drain tells the owners, and --off opens the relay again', async () => {
    assert.match((await relay.run('drain')).stdout, /480 users who are online were told/)
    assert.match((await relay.run('status')).stdout, /Not ready: it is draining/)
    assert.equal((await relay.run('drain', '--off')).stdout, 'Open again.\n')
  })
})

describe('the commands of an operator whose relay does not run', () => {
  it('say so, and what to do', async () => {
    const relay = await RelayFixture.still()
    for (const line of [['status'], ['top'], ['mailboxes'], ['gc'], ['drain'], ['block', 'x']]) {
      const { exit, stderr } = await relay.run(...line)
      assert.equal(exit, 8, line.join(' '))
      assert.match(stderr, /no relay runs here.*skein relay up/)
    }
    await relay.stop()
  })

  it('still show and change its settings', async () => {
    const relay = await RelayFixture.still()
    assert.match((await relay.run('limits', 'disk.cap', '50GB')).stdout, /from the next start/)
    assert.match((await relay.run('limits')).stdout, /^disk\.cap\s+50GB\s+relay\.toml$/m)
    const text = await readFile(join(relay.home, 'relay.toml'), 'utf8')
    assert.match(text, /^# What the database may take/m)
    await relay.stop()
  })
})
