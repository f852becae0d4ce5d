import assert from 'node:assert/strict'
import { EXIT, RefusedError } from '../../protocols/core/errors.ts'
import type { RelayTest, RelayView } from '../../protocols/local/schema.ts'
import { Fixture, json } from './fixture.ts'

const ADDRESS = '/ip4/203.0.113.7/tcp/4040/p2p/12D3KooWRelay'
const RELAY: RelayView = { peerId: '12D3KooWRelay', address: ADDRESS, addresses: [ADDRESS], name: 'eu1', state: 'open', waiting: 2, addedAt: '2026-11-25T10:00:00.000Z', answeredAt: '2026-11-25T10:00:00.000Z' }
const GOOD: RelayTest = { peerId: RELAY.peerId, address: ADDRESS, name: 'eu1', isReachable: true, ms: 12.5, skewMs: -250, admission: 'open', takesMailboxes: true, limits: { items: 10_000, bytes: 64 * 2 ** 20, days: 30 }, problems: [] }
const GONE: RelayTest = { peerId: 'x', address: '/ip4/192.0.2.1/tcp/1/p2p/x', name: '', isReachable: false, problems: ['it does not answer: nobody there'] }

describe('skein relays', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('add takes an address and a code, and says what that means', async () => {
    const asked: unknown[] = []
    fixture = await Fixture.up({ 'relays.add': params => { asked.push(params); return { relay: RELAY } } })
    const { exit, stdout } = await fixture.run(['relays', 'add', ADDRESS, '--code', 'tea'])
    assert.deepEqual([exit, stdout], [0, 'Messages wait for you at eu1 as well. Your contacts are told.\n'])
    assert.deepEqual(json(await fixture.run(['relays', 'add', ADDRESS, '--json'])).data, RELAY)
    assert.deepEqual(asked, [{ address: ADDRESS, code: 'tea' }, { address: ADDRESS }])
  })

  it('add ends with 7 when the relay says no', async () => {
    fixture = await Fixture.up({ 'relays.add': () => { throw new RefusedError('the relay does not keep a mailbox for us', 'Ask its operator.') } })
    const { exit, stderr } = await fixture.run(['relays', 'add', ADDRESS])
    assert.equal(exit, EXIT.refused)
    assert.match(stderr, /Ask its operator\./)
  })

  it('list shows what waits and when each answered last; as JSON it is an array', async () => {
    const relays: RelayView[] = [RELAY, { ...RELAY, peerId: 'x', name: '', state: 'unreachable', trouble: 'nobody there\u001b[31m' }]
    fixture = await Fixture.up({ 'relays.list': () => ({ relays }) })
    const { stdout } = await fixture.run(['relays', 'list'])
    assert.match(stdout, /eu1 +open +2 envelopes wait +answered .* ago +\/ip4/)
    assert.match(stdout, /unreachable +nobody there/)
    assert.ok(!stdout.includes('\u001b'))
    assert.deepEqual(json(await fixture.run(['relays', 'list', '--json'])).data, relays)
  })

  it('list says what to do without any, and that one is one copy', async () => {
    fixture = await Fixture.up({ 'relays.list': () => ({ relays: [] }) })
    assert.match((await fixture.run(['relays', 'list'])).stderr, /skein relays add ADDRESS/)
    await fixture.stop()
    fixture = await Fixture.up({ 'relays.list': () => ({ relays: [RELAY] }) })
    assert.match((await fixture.run(['relays', 'list'])).stderr, /one copy/)
  })

  it('remove says whether the mailbox is given up already', async () => {
    fixture = await Fixture.up({ 'relays.remove': ({ relay }) => ({ relay, isLeft: relay === 'eu1' }) })
    assert.match((await fixture.run(['relays', 'remove', 'eu1'])).stdout, /is given up\./)
    assert.match((await fixture.run(['relays', 'remove', 'us1'])).stdout, /as soon as the relay answers/)
  })

  it('test tells round trip, clock and rules, and fails by what it finds', async () => {
    fixture = await Fixture.up({ 'relays.test': ({ relay }) => ({ relays: relay === undefined ? [GOOD] : relay === 'all' ? [GOOD, GONE] : [GONE] }) })
    const good = await fixture.run(['relays', 'test'])
    assert.equal(good.exit, 0)
    assert.match(good.stdout, /answers in 12\.5 ms, its clock is 250 ms behind\n {2}keeps 10000 envelopes or 64 MiB for 30 days, takes new mailboxes/)
    assert.equal((await fixture.run(['relays', 'test', 'all'])).exit, EXIT.partial)
    const gone = await fixture.run(['relays', 'test', 'x', '--json'])
    assert.equal(gone.exit, EXIT.unreachable)
    assert.deepEqual(json(gone).data, [GONE])
  })
})
