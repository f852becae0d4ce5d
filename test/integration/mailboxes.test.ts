/** Mailboxes that lie, answer nonsense or nothing: what waits for them stays safe, and the rest of the node does not notice. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { envelopeId } from '../../protocols/core/ids.ts'
import { IN_FLIGHT_BYTES_MAX, IN_FLIGHT_DEPOSITS_MAX, RETRY_REQUESTS_PER_HOUR, TEXT_BYTES_MAX } from '../../protocols/core/limits.ts'
import type { Deposit, RefusalReason } from '../../protocols/deposit/wire.ts'
import { encodeResultFrame } from '../../protocols/deposit/wire.ts'
import { encodeAccountAnswer, decodeSignedStatement } from '../../protocols/account/wire.ts'
import { ACCOUNT_PROTOCOL } from '../../node/protocols.ts'
import { impostor, Mailbox, type Answer } from './impostors.ts'
import { friends, strangers, type Pair, type Person } from './nodes.ts'

describe('a mailbox that is not honest', () => {
  it('one that never acknowledges: little is under way, the stream is given up in time, and all arrives at the honest one', async function () {
    this.timeout(120_000)
    await using pair = await friends()
    const { ana, bob } = pair
    await talk(pair)
    const mailbox = await takePlaceOf(bob, () => 'silence')
    // 18 MB, and more envelopes than may be under way.
    const ids = await Promise.all(Array.from({ length: 300 }, (_, index) => ana.send(bob, `${index} ${'x'.repeat(TEXT_BYTES_MAX - 10)}`)))
    await mailbox.received(1)
    const [channel] = mailbox.channels
    assert.ok(channel)
    // The node reads, writes and answers meanwhile.
    assert.equal((await ana.read(bob)).length, 302)
    await channel.closed
    const underWay = bytesOf(mailbox.deposits)
    assert.ok(mailbox.deposits.length <= IN_FLIGHT_DEPOSITS_MAX, `${mailbox.deposits.length} deposits under way`)
    assert.ok(underWay <= IN_FLIGHT_BYTES_MAX + 1024 * 1024, `${underWay} bytes under way`)
    await ana.attempted(ids[0] ?? '')
    assert.ok((await ana.call('message.trace', { id: ids[0] ?? '' })).steps.some(({ step }) => step === 'unanswered'), 'the trace says so')
    await mailbox[Symbol.asyncDispose]()
    await bob.start()
    await Promise.all(ids.map(id => ana.until(id, 'delivered')))
    assert.deepEqual((await bob.texts(ana)).slice(2).map(text => Number.parseInt(text, 10)), ids.map((_, index) => index))
  })

  it('one that can read nothing: the same is sealed again a few times and then rests', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await talk(pair)
    const mailbox = await takePlaceOf(bob, refuse('undecryptable'))
    const id = await ana.send(bob, 'read this')
    await ana.attempted(id)
    // Long enough for thousands of rounds, if nothing slowed them down.
    await ana.call('wait', { id, state: 'delivered', timeoutMs: 1500 })
    assert.ok(mailbox.deposits.length <= 2 * RETRY_REQUESTS_PER_HOUR, `${mailbox.deposits.length} deposits of one message`)
    await mailbox[Symbol.asyncDispose]()
    await bob.start()
    await arrives(ana, id)
  })

  const refusals: readonly RefusalReason[] = ['busy', 'rate', 'full', 'storage', 'unknownSender', 'notAccepted']
  for (const reason of refusals) {
    it(`one that refuses for now (${reason}): the message waits, and is not sent again at once`, async () => {
      await using pair = await friends()
      const { ana, bob } = pair
      await talk(pair)
      const mailbox = await takePlaceOf(bob, refuse(reason, Number.MAX_SAFE_INTEGER % 2 ** 32))
      const id = await ana.send(bob, 'no rush')
      await ana.attempted(id)
      await ana.call('wait', { id, state: 'delivered', timeoutMs: 300 })
      assert.equal((await ana.message(id)).state, 'queued')
      assert.ok(mailbox.deposits.length <= 2, `${mailbox.deposits.length} deposits in a moment`)
      await mailbox[Symbol.asyncDispose]()
      await bob.start()
      await arrives(ana, id)
    })
  }

  for (const reason of ['tooLarge', 'malformed', 'badToken'] as const) {
    it(`one that refuses for good (${reason}): the message has failed, says why, and can be sent again by hand`, async () => {
      await using pair = await friends()
      const { ana, bob } = pair
      await talk(pair)
      const mailbox = await takePlaceOf(bob, refuse(reason))
      const id = await ana.send(bob, 'please?')
      const { message } = await ana.event(event => event.type === 'message.state' && event.message?.id === id && event.message.state === 'failed')
      assert.ok(message?.reason !== undefined)
      assert.match((await ana.call('message.trace', { id })).headline, /^Not sent: .*safe here/)
      await mailbox[Symbol.asyncDispose]()
      await bob.start()
      await ana.call('message.retry', { id })
      await ana.until(id, 'delivered')
    })
  }

  const nonsense: Record<string, Answer> = {
    garbage: () => randomBytes(200),
    'results of deposits that nobody made': () => [{ type: 'stored', depositId: envelopeId(new Uint8Array(16)) }],
    'a goodbye': () => encodeResultFrame({ type: 'goodbye', reason: 'idle' }),
    'the end of the stream': () => 'close'
  }
  for (const [what, answer] of Object.entries(nonsense)) {
    it(`one that answers with ${what}: nothing is believed, and the message arrives at the honest one`, async () => {
      await using pair = await friends()
      const { ana, bob } = pair
      await talk(pair)
      const mailbox = await takePlaceOf(bob, answer)
      const id = await ana.send(bob, 'hello?')
      await mailbox.received(1)
      assert.equal((await ana.message(id)).state, 'queued')
      await mailbox[Symbol.asyncDispose]()
      await bob.start()
      await arrives(ana, id)
      assert.deepEqual((await bob.texts(ana)).slice(2), ['hello?'])
    })
  }

  it('one that answers twice, and late: a message is delivered once', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await talk(pair)
    const mailbox = await takePlaceOf(bob, deposits => deposits.flatMap(({ depositId }) => [{ type: 'stored', depositId }, { type: 'stored', depositId }, { type: 'refused', depositId, reason: 'malformed', retryAfterMs: 0 }]))
    const id = await ana.send(bob, 'lie to me')
    await ana.until(id, 'delivered')
    assert.equal((await ana.message(id)).state, 'delivered', 'a later word does not take it back')
    await mailbox[Symbol.asyncDispose]()
  })

  it('a device list with a wrong signature is not believed by whoever asks to be a contact', async () => {
    await using pair = await strangers()
    const { ana, bob } = pair
    const link = await bob.node.invite()
    const { addresses, networkKey, statement } = await stopped(bob)
    const signed = decodeSignedStatement(statement)
    const network = impostor({ networkKey, listen: addresses })
    let asked = 0
    const answered = new Promise<void>(resolve => {
      // eslint-disable-next-line @typescript-eslint/require-await -- the port allows answers that wait
      network.serveRequest(ACCOUNT_PROTOCOL, async () => {
        if (++asked === 2) resolve()
        return encodeAccountAnswer({ type: 'statement', statement: { ...signed, signature: new Uint8Array(64) } })
      })
    })
    await network.start()
    await ana.node.contacts.add(link)
    await answered
    const { contact, devices } = await ana.call('contact.show', { who: bob.account })
    assert.deepEqual([contact.standing, devices], ['requested', []])
    await network.stop()
    await bob.start()
    await bob.event(event => event.type === 'request.received')
  })
})

async function talk ({ ana, bob }: Pair): Promise<void> {
  await ana.until(await ana.send(bob, 'one'), 'delivered')
  await bob.until(await bob.send(ana, 'two'), 'delivered')
}

/** Tries by hand: the wait that a liar has asked for may be long. */
async function arrives (sender: Person, id: string): Promise<void> {
  await sender.call('message.retry', { id })
  await sender.until(id, 'delivered')
}

function refuse (reason: RefusalReason, retryAfterMs = 0): Answer {
  return deposits => deposits.map(({ depositId }) => ({ type: 'refused', depositId, reason, retryAfterMs }))
}

function bytesOf (deposits: readonly Deposit[]): number {
  return deposits.reduce((sum, { body }) => sum + body.byteLength, 0)
}

/** Stops a person's node and listens in its place, with its key. */
async function takePlaceOf (person: Person, answer: Answer): Promise<Mailbox> {
  const { addresses, networkKey } = await stopped(person)
  const mailbox = new Mailbox(impostor({ networkKey, listen: addresses }), answer)
  await mailbox.network.start()
  return mailbox
}

async function stopped (person: Person): Promise<{ readonly addresses: readonly string[], readonly networkKey: Uint8Array, readonly statement: Uint8Array }> {
  const addresses = person.node.addresses()
  await person.stop()
  const own = await person.withStore(store => store.read.own.get())
  assert.ok(own)
  return { addresses, networkKey: own.networkKey, statement: own.statement }
}
