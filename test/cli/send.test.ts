import assert from 'node:assert/strict'
import { once } from 'node:events'
import { EXIT, UntrustedError } from '../../protocols/core/errors.ts'
import type { Result } from '../../protocols/local/operations.ts'
import { Fixture, ended, json } from './fixture.ts'

const ID = '01JD8QK4000000000000000001'
const SENT: Result<'send'> = { id: ID, state: 'queued', to: 'bob' }

describe('skein send', function () {
  let fixture: Fixture

  afterEach(async () => { await fixture.stop() })

  it('prints the id, and nothing else, once the message is durable', async () => {
    fixture = await Fixture.up({ send: () => SENT })
    assert.deepEqual(await fixture.run(['send', '@bob', 'Leaving now']), { exit: 0, stdout: `${ID}\n`, stderr: '' })
    assert.deepEqual(fixture.api.asked, [{ name: 'send', params: { to: '@bob', text: 'Leaving now' } }])
  })

  it('passes on the message that it answers and the key that makes it once', async () => {
    fixture = await Fixture.up({ send: () => SENT })
    const ended = await fixture.run(['send', '@bob', 'Yes', '--reply', '01JD8QK4', '--idempotency-key', 'k', '--json'])
    assert.deepEqual(json(ended), { schema: 'skein.send/1', ok: true, data: SENT })
    assert.deepEqual(fixture.api.asked[0]?.params, { to: '@bob', text: 'Yes', replyTo: '01JD8QK4', idempotencyKey: 'k' })
  })

  for (const line of [['send', '@bob', '-'], ['send', '@bob']]) {
    it(`reads the text from standard input: ${line.join(' ')}`, async () => {
      fixture = await Fixture.up({ send: () => SENT })
      assert.equal((await fixture.run(line, { stdin: 'Zwei Zeilen,\nmit Umlaut: ä\n' })).exit, 0)
      assert.deepEqual(fixture.api.asked[0]?.params, { to: '@bob', text: 'Zwei Zeilen,\nmit Umlaut: ä' })
    })
  }

  it('refuses standard input that is not UTF-8', async () => {
    fixture = await Fixture.up({ send: () => SENT })
    const ended = await fixture.run(['send', '@bob', '-', '--json'], { stdin: Uint8Array.of(0x61, 0xff, 0x62) })
    assert.equal(ended.exit, EXIT.usage)
    assert.match(json(ended).error?.message ?? '', /not UTF-8/)
    assert.deepEqual(fixture.api.asked, [])
  })

  it('refuses standard input that is longer than any text, without taking it all', async () => {
    fixture = await Fixture.up({ send: () => SENT })
    assert.equal((await fixture.run(['send', '@bob'], { stdin: 'x'.repeat(2 ** 22) })).exit, EXIT.refused)
    assert.deepEqual(fixture.api.asked, [])
  })

  it('waits for the state that was asked for', async () => {
    fixture = await Fixture.up({ send: () => SENT, wait: ({ id }) => ({ id, state: 'read', isReached: true }) })
    const ended = await fixture.run(['send', '@bob', 'hi', '--wait', 'delivered', '--json'])
    assert.deepEqual([ended.exit, json(ended).data], [0, { ...SENT, state: 'read' }])
    assert.deepEqual(fixture.api.asked[1], { name: 'wait', params: { id: ID, state: 'delivered', timeoutMs: 30_000 } })
    assert.deepEqual(await fixture.run(['send', '@bob', 'hi', '--wait', 'delivered']), { exit: 0, stdout: `${ID}\n`, stderr: 'read\n' })
  })

  it('waits for as many copies as were asked for, and says how many there are', async () => {
    fixture = await Fixture.up({ send: () => SENT, wait: ({ id }) => ({ id, state: 'stored', isReached: true, copies: 2, copiesOf: 3 }) })
    const ended = await fixture.run(['send', '@bob', 'hi', '--wait', 'stored:2', '--json'])
    assert.deepEqual([ended.exit, json(ended).data], [0, { ...SENT, state: 'stored', copies: 2, copiesOf: 3 }])
    assert.deepEqual(fixture.api.asked[1], { name: 'wait', params: { id: ID, state: 'stored', copies: 2, timeoutMs: 30_000 } })
    assert.deepEqual(await fixture.run(['send', '@bob', 'hi', '--wait', 'stored:2']), { exit: 0, stdout: `${ID}\n`, stderr: 'stored, 2 of 3 copies\n' })
  })

  it('says when the time is up how many copies there are', async () => {
    fixture = await Fixture.up({ send: () => SENT, wait: ({ id }) => ({ id, state: 'queued', isReached: false, copies: 1, copiesOf: 3 }) })
    const ended = await fixture.run(['send', '@bob', 'hi', '--wait', 'stored:2', '--timeout', '0', '--json'])
    assert.deepEqual([ended.exit, json(ended).data], [EXIT.timeout, { id: ID, state: 'queued', copies: 1 }])
    assert.match(json(ended).error?.message ?? '', /still queued, with 1 of 3 copies, after .* not stored:2/)
  })

  for (const goal of ['stored:0', 'stored:6', 'stored:', 'stored:2:1', 'delivered:2', 'somewhere']) {
    it(`waits for nothing like ${goal}, and sends nothing`, async () => {
      fixture = await Fixture.up({ send: () => SENT })
      assert.equal((await fixture.run(['send', '@bob', 'hi', '--wait', goal])).exit, EXIT.usage)
      assert.deepEqual(fixture.api.asked, [])
    })
  }

  it('says when the time is up that the message is safe, and where it is', async () => {
    fixture = await Fixture.up({ send: () => SENT, wait: ({ id }) => ({ id, state: 'queued', isReached: false }) })
    const ended = await fixture.run(['send', '@bob', 'hi', '--wait', 'delivered', '--timeout', '0', '--json'])
    assert.deepEqual([ended.exit, json(ended).ok, json(ended).data], [EXIT.timeout, false, { id: ID, state: 'queued' }])
    assert.match(json(ended).error?.message ?? '', /still queued/)
    assert.match(json(ended).error?.hint ?? '', /safe/)
  })

  it('asks again when the node bounds a wait that is longer', async () => {
    let asked = 0
    fixture = await Fixture.up({ send: () => SENT, wait: ({ id }) => ({ id, state: 'queued', isReached: ++asked === 3 }) })
    assert.equal((await fixture.run(['send', '@bob', 'hi', '--wait', 'read', '--timeout', '12h'])).exit, 0)
    assert.equal(asked, 3)
  })

  for (const [state, reason, exit] of [
    ['failed', 'no device answered for 30 days', EXIT.unreachable],
    ['failed', 'the mailbox is full', EXIT.refused],
    ['failed', 'refused by the other side', EXIT.refused],
    ['failed', 'the signing key changed', EXIT.untrusted],
    ['expired', undefined, EXIT.unreachable],
    ['cancelled', undefined, EXIT.refused]
  ] as const) {
    it(`ends with ${exit} when the message is ${state}${reason === undefined ? '' : `: ${reason}`}`, async () => {
      fixture = await Fixture.up({ send: () => SENT, wait: ({ id }) => ({ id, state, isReached: false, ...reason !== undefined && { reason } }) })
      const ended = await fixture.run(['send', '@bob', 'hi', '--wait', 'delivered', '--json'])
      assert.deepEqual([ended.exit, json(ended).data], [exit, { id: ID, state, ...reason !== undefined && { reason } }])
    })
  }

  it('ends with 4 when the key is not trusted', async () => {
    fixture = await Fixture.up({ send: () => { throw new UntrustedError('the signing key of bob changed', 'Nothing was sent.') } })
    assert.equal((await fixture.run(['send', '@bob', 'hi'])).exit, EXIT.untrusted)
  })

  it('ends with 130 on Ctrl-C while it waits, and says that the message is safe', async () => {
    const waiting = Promise.withResolvers<undefined>()
    fixture = await Fixture.up({ send: () => SENT, wait: async () => { waiting.resolve(undefined); return await new Promise(() => undefined) } })
    const child = fixture.start(['send', '@bob', 'hi', '--wait', 'read', '--json'])
    const end = ended(child)
    await waiting.promise
    child.kill('SIGINT')
    const result = await end
    assert.deepEqual([result.exit, json(result).error?.code, json(result).data], [EXIT.interrupted, 'interrupted', { id: ID, state: 'queued' }])
    assert.match(result.stderr, /safe/)
  })

  it('has printed the id when it is killed while it waits', async () => {
    const waiting = Promise.withResolvers<undefined>()
    fixture = await Fixture.up({ send: () => SENT, wait: async () => { waiting.resolve(undefined); return await new Promise(() => undefined) } })
    const child = fixture.start(['send', '@bob', 'hi', '--wait', 'read'])
    const [line] = await once(child.stdout, 'data') as [Buffer]
    await waiting.promise
    child.kill('SIGKILL')
    await once(child, 'close')
    assert.equal(line.toString(), `${ID}\n`)
  })

  for (const line of [['--wait', 'arrived'], ['--wait', 'read', '--timeout', 'soon'], ['--wait', 'read', '--timeout', '-1s']]) {
    it(`refuses ${line.join(' ')} before anything is sent`, async () => {
      fixture = await Fixture.up({ send: () => SENT })
      assert.equal((await fixture.run(['send', '@bob', 'hi', ...line])).exit, EXIT.usage)
      assert.deepEqual(fixture.api.asked, [])
    })
  }
})
