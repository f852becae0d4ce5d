import assert from 'node:assert/strict'
import { MalformedError, NotFoundError, RefusedError, UntrustedError } from '../../../protocols/core/errors.ts'
import { TEXT_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { Pair } from './pair.ts'

describe('send', () => {
  it('answers when the message is durable, and it is delivered', async () => {
    const { ana, bob, pass } = bind(await Pair.friends())
    const { id, state, to } = await ana.call('send', { to: '@bob', text: 'hello' })
    assert.deepEqual([state, to, ana.row(id).state], ['queued', 'bob', 'queued'])
    await pass(1_000)
    assert.deepEqual([(await ana.show(id)).state, await bob.texts('ana')], ['delivered', ['hello']])
  })

  it('to nobody is refused', async () => {
    const { ana } = bind(await Pair.friends())
    await assert.rejects(ana.send('cleo', 'hello'), NotFoundError)
  })

  it('to somebody who has not accepted yet waits for that', async () => {
    const pair = await Pair.strangers()
    const { ana, bob, pass } = bind(pair)
    await ana.call('me.policy', { accept: 'ask' })
    await bob.call('contact.add', { link: await ana.link(), as: 'ana' })
    await pass(5_000)
    const id = await bob.send('ana', 'hello')
    await pass(60_000)
    assert.equal((await bob.show(id)).state, 'queued')
    await ana.call('requests.accept', { id: 'bob' })
    await pass(5_000)
    assert.deepEqual([(await bob.show(id)).state, await ana.texts('bob')], ['delivered', ['hello']])
  })

  it('takes a text of the largest size whole, and says how much too long another is', async () => {
    const { ana, bob, pass } = bind(await Pair.friends())
    const largest = 'ü'.repeat(TEXT_BYTES_MAX / 2)
    await ana.send('bob', largest)
    await pass(1_000)
    assert.deepEqual(await bob.texts('ana'), [largest])
    await assert.rejects(ana.send('bob', `${largest}!`), (error: unknown) => error instanceof RefusedError && error.message === 'the text is too long: 60,001 bytes, at most 60,000')
    for (const text of ['', 'half \ud800']) await assert.rejects(ana.send('bob', text), MalformedError)
    assert.equal((await ana.call('read', { with: 'bob' })).messages.length, 1)
  })

  it('as a reply names a message of the same conversation, by the beginning of its id', async () => {
    const pair = await Pair.friends()
    const { ana, bob, pass } = bind(pair)
    const cleo = await pair.third('cleo')
    await cleo.call('contact.add', { link: await ana.link() })
    await pass(5_000)
    const first = await ana.send('bob', 'first')
    const { id } = await ana.call('send', { to: 'bob', text: 'second', replyTo: first.slice(0, 22) })
    await pass(1_000)
    assert.equal((await bob.show(id)).replyTo, first)
    const elsewhere = await ana.send('cleo', 'hello')
    await assert.rejects(ana.call('send', { to: 'bob', text: 'no', replyTo: elsewhere }), MalformedError)
    await assert.rejects(ana.call('send', { to: 'bob', text: 'no', replyTo: '7ZZZZZZZZZ' }), NotFoundError)
  })
})

describe('send: an idempotency key', () => {
  it('sends once, however often and in whatever words it is asked', async () => {
    const { ana } = bind(await Pair.friends())
    const first = await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })
    const again = await ana.call('send', { to: 'bob', text: 'other words', idempotencyKey: 'k' })
    assert.deepEqual([again.id, await ana.texts('bob')], [first.id, ['hello']])
  })

  it('sends once when it is asked twice at the same moment', async () => {
    const { ana } = bind(await Pair.friends())
    const sent = await Promise.all([1, 2, 3].map(async () => await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })))
    assert.deepEqual([new Set(sent.map(({ id }) => id)).size, await ana.texts('bob')], [1, ['hello']])
  })

  it('is remembered over a crash', async () => {
    const { ana, pair } = bind(await Pair.friends())
    const first = await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })
    ana.sim.crash()
    await pair.world.within(ana.sim.restart())
    const again = await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })
    assert.equal(again.id, first.id)
  })

  it('tells where the message is by now', async () => {
    const { ana, pass } = bind(await Pair.friends())
    await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })
    await pass(1_000)
    assert.equal((await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })).state, 'delivered')
  })

  it('of a message that was refused may be used again', async () => {
    const { ana } = bind(await Pair.friends())
    await assert.rejects(ana.call('send', { to: 'bob', text: '', idempotencyKey: 'k' }), MalformedError)
    await ana.call('send', { to: 'bob', text: 'hello', idempotencyKey: 'k' })
    assert.deepEqual(await ana.texts('bob'), ['hello'])
  })
})

describe('send: whom we may write to', () => {
  it('nobody whose signing key changed, until somebody has looked', async () => {
    const { ana } = bind(await Pair.friends())
    await ana.changeKeyOf(1)
    await assert.rejects(ana.send('bob', 'no'), (error: unknown) => error instanceof UntrustedError && /contact verify bob/.test(error.hint ?? ''))
    await ana.call('contact.verify', { who: 'bob', acceptKey: true })
    await ana.send('bob', 'yes')
  })

  it('under the policy verified-only, those whose number was compared', async () => {
    const { ana } = bind(await Pair.friends())
    await ana.call('me.policy', { trust: 'verified-only' })
    await assert.rejects(ana.send('bob', 'no'), UntrustedError)
    await ana.call('contact.verify', { who: 'bob', safetyNumber: '0'.repeat(60) })
    await ana.send('bob', 'yes')
  })

  it('not who is blocked, nor who is no contact any more', async () => {
    const { ana } = bind(await Pair.friends())
    await ana.call('contact.block', { who: 'bob' })
    await assert.rejects(ana.send('bob', 'no'), (error: unknown) => error instanceof RefusedError && error.message === 'bob is blocked')
    await ana.call('contact.unblock', { who: 'bob' })
    await ana.call('contact.remove', { who: 'bob' })
    await assert.rejects(ana.send('bob', 'no'), (error: unknown) => error instanceof RefusedError && error.message === 'bob is not a contact any more')
  })

  it('edits, deletions and reactions are held to the same', async () => {
    const { ana } = bind(await Pair.friends())
    const id = await ana.send('bob', 'hello')
    await ana.call('contact.block', { who: 'bob' })
    await assert.rejects(ana.call('edit', { id, text: 'no' }), RefusedError)
    await assert.rejects(ana.call('react', { id, emoji: '+' }), RefusedError)
    await assert.rejects(ana.call('delete', { id }), RefusedError)
  })
})

describe('edit, delete, react', () => {
  it('reach the other side', async () => {
    const { ana, bob, pass } = bind(await Pair.friends())
    const edited = await ana.send('bob', 'before')
    const deleted = await ana.send('bob', 'secret')
    await pass(1_000)
    await ana.call('edit', { id: edited, text: 'after' })
    await ana.call('delete', { id: deleted })
    await bob.call('react', { id: edited, emoji: '+' })
    await pass(1_000)
    const there = await bob.show(edited)
    assert.deepEqual([there.text, there.edited, (await bob.show(deleted)).deleted, await bob.texts('ana')], ['after', true, true, ['after', '']])
    assert.deepEqual((await ana.show(edited)).reactions.map(({ emoji }) => emoji), ['+'])
    await bob.call('react', { id: edited, emoji: '' })
    await pass(1_000)
    assert.deepEqual((await ana.show(edited)).reactions, [])
  })

  it('only its author edits or deletes a message, and not once it is deleted', async () => {
    const { ana, bob, pass } = bind(await Pair.friends())
    const id = await ana.send('bob', 'hello')
    await pass(1_000)
    await assert.rejects(bob.call('edit', { id, text: 'no' }), (error: unknown) => error instanceof RefusedError && error.message === 'only its author can edit a message')
    await assert.rejects(bob.call('delete', { id }), RefusedError)
    await ana.call('delete', { id })
    await assert.rejects(ana.call('edit', { id, text: 'no' }), RefusedError)
  })

  it('have limits of their own', async () => {
    const { ana } = bind(await Pair.friends())
    const id = await ana.send('bob', 'hello')
    await assert.rejects(ana.call('edit', { id, text: 'x'.repeat(TEXT_BYTES_MAX + 1) }), RefusedError)
    await assert.rejects(ana.call('edit', { id, text: '' }), MalformedError)
    await assert.rejects(ana.call('react', { id, emoji: 'x'.repeat(65) }), MalformedError)
  })
})

function bind (pair: Pair): { readonly pair: Pair, readonly ana: Pair['ana'], readonly bob: Pair['bob'], readonly pass: (delayMs: number) => Promise<void> } {
  return { pair, ana: pair.ana, bob: pair.bob, pass: async delayMs => { await pair.pass(delayMs) } }
}
