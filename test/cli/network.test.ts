import assert from 'node:assert/strict'
import { EXIT, UnreachableError } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { Fixture, json } from './fixture.ts'

const FACTS: Result<'netcheck'> = {
  findings: [{ severity: 'ok', what: 'reachable through 1 of 1 relay' }, { severity: 'warn', what: 'behind a symmetric router', fix: 'Forward a port.' }],
  addresses: ['/ip4/192.0.2.1/tcp/4001'],
  listening: [],
  router: 'changing',
  seenAs: '203.0.113.7',
  checked: [],
  relays: [{ peerId: '12D3KooWRelay', state: 'reserved', ms: 12.5 }],
  neighbours: 0
}

describe('skein ping and netcheck', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('say directly or through which relay a contact answers', async () => {
    fixture = await Fixture.up({ ping: ({ who }) => who === '@bob' ? { path: 'direct', ms: 1.4 } : { path: 'relayed', relay: '12D3KooWRelay', ms: 31 } })
    assert.equal((await fixture.run(['ping', '@bob'])).stdout, '@bob answers in 1.4 ms, directly.\n')
    assert.equal((await fixture.run(['ping', '@cleo'])).stdout, '@cleo answers in 31 ms, through the relay 12D3KooWRelay.\n')
    assert.deepEqual(json(await fixture.run(['ping', '@bob', '--json'])).data, { path: 'direct', ms: 1.4 })
  })

  it('end with 3 when nobody answers', async () => {
    fixture = await Fixture.up({ ping: () => { throw new UnreachableError('no device of bob answers', 'It waits.') } })
    assert.equal((await fixture.run(['ping', '@bob'])).exit, EXIT.unreachable)
  })

  it('print findings with what to do, then the facts', async () => {
    fixture = await Fixture.up({ netcheck: () => FACTS })
    const { exit, stdout } = await fixture.run(['netcheck'])
    assert.equal(exit, 0)
    assert.match(stdout, /warn {3}behind a symmetric router\n {9}Forward a port\./)
    assert.match(stdout, /relays +12D3KooWRelay +reserved, 12\.5 ms/)
    assert.match(stdout, /seen as +203\.0\.113\.7/)
    assert.deepEqual(json(await fixture.run(['netcheck', '--json'])).data, FACTS)
  })

  it('end with 3 when nobody can reach the node, with all findings', async () => {
    fixture = await Fixture.up({ netcheck: () => ({ ...FACTS, findings: [{ severity: 'error', what: 'reachable through none of 1 relay' }] }) })
    const { exit, stdout } = await fixture.run(['netcheck'])
    assert.equal(exit, EXIT.unreachable)
    assert.match(stdout, /reachable through none/)
  })
})
