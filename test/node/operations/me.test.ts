import assert from 'node:assert/strict'
import { decodeInvite } from '../../../protocols/account/invite.ts'
import { MalformedError } from '../../../protocols/core/errors.ts'
import { accountIdText } from '../../../protocols/core/ids.ts'
import { INVITE_LIFETIME_MS } from '../../../protocols/core/limits.ts'
import { Pair } from './pair.ts'

describe('ourselves', () => {
  it('are shown as others see us, and what we have decided', async () => {
    const { ana } = await Pair.strangers()
    const me = await ana.call('me.show', {})
    assert.deepEqual([me.name, me.peerId, me.addresses, me.acceptPolicy, me.trustPolicy, me.readReceipts], ['ana', 'peerana', ['/sim/ana/0'], 'all', 'first-use', true])
    assert.match(me.account, /^[a-z2-7]{52}$/)
  })

  it('may change their name: contacts learn of it, also when the clock was set back', async () => {
    const { ana, bob, world } = await Pair.friends()
    await ana.call('me.rename', { name: 'Ana Maria' })
    await world.advance(5_000)
    assert.equal((await bob.call('contact.list', {})).contacts[0]?.name, 'Ana Maria')
    ana.sim.skewMs = -86_400_000
    await ana.call('me.rename', { name: 'Ana' })
    await world.advance(5_000)
    assert.equal((await bob.call('contact.list', {})).contacts[0]?.name, 'Ana')
  })

  it('have a name of one line', async () => {
    const { ana } = await Pair.strangers()
    for (const name of ['', ' ana', 'two\nlines', 'x'.repeat(129)]) await assert.rejects(ana.call('me.rename', { name }), MalformedError)
    assert.equal((await ana.call('me.show', {})).name, 'ana')
  })

  it('decide one thing at a time, and what is not named stays', async () => {
    const { ana } = await Pair.strangers()
    assert.deepEqual(await ana.call('me.policy', { accept: 'ask' }), { accept: 'ask', trust: 'first-use', readReceipts: true })
    assert.deepEqual(await ana.call('me.policy', { trust: 'verified-only', readReceipts: false }), { accept: 'ask', trust: 'verified-only', readReceipts: false })
    assert.deepEqual(await ana.call('me.policy', {}), { accept: 'ask', trust: 'verified-only', readReceipts: false })
  })
})

describe('our card', () => {
  it('is one link until it is rotated, and says where we are', async () => {
    const { ana } = await Pair.strangers()
    const first = await ana.call('me.card', {})
    assert.deepEqual([first.kind, first.expiresAt, first.addresses], ['long-term', undefined, ['/sim/ana/0']])
    assert.equal((await ana.call('me.card', {})).link, first.link)
    const card = decodeInvite(first.link)
    assert.deepEqual([accountIdText(card.accountId), card.hints.length], [(await ana.call('me.show', {})).account, 1])
    assert.notEqual((await ana.call('me.card', { rotate: true })).link, first.link)
  })

  it('that was rotated or switched off admits nobody any more', async () => {
    for (const change of [{ rotate: true }, { off: true }]) {
      const { ana, bob, world } = await Pair.strangers()
      const { link } = await ana.call('me.card', {})
      const after = await ana.call('me.card', change)
      assert.equal(after.link === '', change.off === true)
      await bob.call('contact.add', { link, as: 'ana' })
      await world.advance(60_000)
      assert.deepEqual((await ana.call('contact.list', {})).contacts, [])
      const { events } = await bob.call('events.page', { after: 'start' })
      assert.match(events.find(event => event.type === 'node.trouble')?.text ?? '', /the invite is not valid any more/)
    }
  })

  it('for one person is another each time, and says when it expires', async () => {
    const { ana, world } = await Pair.strangers()
    const [first, second] = [await ana.call('me.card', { once: true }), await ana.call('me.card', { once: true })]
    assert.notEqual(first.link, second.link)
    assert.deepEqual([first.kind, Date.parse(first.expiresAt ?? '')], ['once', Math.floor(world.nowMs) + INVITE_LIFETIME_MS])
  })
})
