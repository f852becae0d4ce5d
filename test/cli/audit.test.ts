import assert from 'node:assert/strict'
import { EXIT } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { lookOf } from '../../cli/look.ts'
import { stateMark } from '../../cli/words.ts'
import { Fixture, json } from './fixture.ts'

const RELAY: Result<'message.audit'>['relays'][number] = { relay: '12D3KooWA', label: 'relay.example', promised: 3, held: 2, collected: 1, lost: 0, isReachable: true, isHonest: true }
const AUDIT: Result<'message.audit'> = { sent: 5, delivered: 2, waiting: 3, expired: 0, lost: 0, relays: [RELAY] }

describe('skein msg audit', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('says what became of the messages, and what each relay keeps', async () => {
    fixture = await Fixture.up({ 'message.audit': () => AUDIT })
    const { exit, stdout } = await fixture.run(['msg', 'audit'])
    assert.deepEqual([exit, stdout], [0, '5 messages: 2 delivered, 3 waiting, 0 expired.\n  relay.example  signed for 3: 2 held, 1 collected, 0 lost\nNo copy is missing.\n'])
    assert.deepEqual(json(await fixture.run(['msg', 'audit', '--json'])).data, AUDIT)
  })

  it('ends with 11 when a relay has lost what it signed for, and names it', async () => {
    const audit = { ...AUDIT, lost: 1, relays: [{ ...RELAY, held: 1, lost: 1, isHonest: false }] }
    fixture = await Fixture.up({ 'message.audit': () => audit })
    const ended = await fixture.run(['msg', 'audit', '--json'])
    assert.deepEqual([ended.exit, json(ended).ok, json(ended).data], [EXIT.assertion, false, audit])
    assert.match(json(ended).error?.message ?? '', /^relay\.example does not have what it signed for/)
    const shown = await fixture.run(['msg', 'audit'])
    assert.match(shown.stdout, /1 copy lost; each is deposited again/)
    assert.match(shown.stderr, /Your messages are safe here/)
  })

  it('does not fail because a relay is away', async () => {
    fixture = await Fixture.up({ 'message.audit': () => ({ ...AUDIT, relays: [{ ...RELAY, held: 0, collected: 0, isReachable: false }] }) })
    const { exit, stdout } = await fixture.run(['msg', 'audit'])
    assert.equal(exit, 0)
    assert.match(stdout, /it did not answer/)
  })
})

describe('copies in a list of messages', () => {
  const drawn = (locale: string, copies: { readonly copies?: number, readonly copiesOf?: number, readonly copiesEnough?: number }, state: 'queued' | 'stored' = 'stored'): string =>
    stateMark({ state, ...copies }, lookOf({ color: 'never', isTerminal: false, columns: 100, environment: { LANG: locale }, nowMs: 0 }))

  it('are strokes, tall where a relay has signed, and a number', () => {
    assert.equal(drawn('C.UTF-8', { copies: 2, copiesOf: 3, copiesEnough: 2 }), '//· 2 of 3')
    assert.equal(drawn('C', { copies: 2, copiesOf: 3, copiesEnough: 2 }), '//. 2 of 3')
    assert.equal(drawn('C.UTF-8', { copies: 1, copiesOf: 1, copiesEnough: 1 }), '/ 1 of 1')
    assert.equal(drawn('C.UTF-8', { copies: 1, copiesOf: 3, copiesEnough: 2 }, 'queued'), '/·· 1 of 3')
    assert.equal(drawn('C.UTF-8', { copies: 0, copiesOf: 3, copiesEnough: 2 }, 'queued'), '○ queued')
  })
})
