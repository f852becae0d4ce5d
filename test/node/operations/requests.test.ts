import assert from 'node:assert/strict'
import { NotFoundError, UsageError } from '../../../protocols/core/errors.ts'
import type { RequestView } from '../../../protocols/local/schema.ts'
import { Pair, type Caller } from './pair.ts'

/** Ana decides herself; others have asked. */
async function anaIsAsked (...names: readonly string[]): Promise<{ readonly ana: Caller, readonly pair: Pair, readonly askers: Caller[] }> {
  const pair = await Pair.strangers()
  const { ana } = pair
  await ana.call('me.policy', { accept: 'ask' })
  const link = await ana.link()
  const askers = []
  for (const name of names) {
    const asker = name === 'bob' ? pair.bob : await pair.third(name)
    await asker.call('contact.add', { link, as: 'ana', text: `${name} was here` })
    askers.push(asker)
  }
  await pair.pass(10_000)
  return { ana, pair, askers }
}

describe('requests', () => {
  it('are shown apart, with a name and a text, and are no contacts', async () => {
    const { ana } = await anaIsAsked('bob', 'cleo')
    const { requests } = await ana.call('requests.list', {})
    assert.deepEqual(requests.map(({ name, text }) => [name, text]).sort(), [['bob', 'bob was here'], ['cleo', 'cleo was here']])
    assert.deepEqual([(await ana.call('contact.list', { all: true })).contacts, (await ana.call('status', {})).requests], [[], 2])
  })

  it('are accepted by their id, its beginning, the account, or the name', async () => {
    const ways: ReadonlyArray<(request: RequestView) => string> = [request => request.id, request => request.id.slice(0, 12).toLowerCase(), request => request.account, () => '@bob', () => 'BOB']
    for (const way of ways) {
      const { ana } = await anaIsAsked('bob')
      const [request] = (await ana.call('requests.list', {})).requests
      assert.ok(request)
      const { contact } = await ana.call('requests.accept', { id: way(request) })
      assert.deepEqual([contact.standing, contact.label], ['accepted', 'bob'])
    }
  })

  it('are accepted under an alias of ours', async () => {
    const { ana } = await anaIsAsked('bob')
    await assert.rejects(ana.call('requests.accept', { id: 'bob', as: 'a'.repeat(52) }), UsageError)
    assert.equal((await ana.call('requests.accept', { id: 'bob', as: '@b' })).contact.label, 'b')
  })

  it('that are accepted make both contacts', async () => {
    const { ana, askers: [bob], pair } = await anaIsAsked('bob')
    assert.ok(bob)
    await ana.call('requests.accept', { id: 'bob' })
    await pair.pass(10_000)
    assert.equal((await bob.call('contact.show', { who: 'ana' })).contact.standing, 'accepted')
    assert.deepEqual((await ana.call('requests.list', {})).requests, [])
  })

  it('that are rejected are gone, the one who asked is not told, and may ask again', async () => {
    const { ana, askers: [bob], pair } = await anaIsAsked('bob')
    assert.ok(bob)
    await ana.call('requests.reject', { id: 'bob' })
    await pair.pass(60_000)
    assert.equal((await bob.call('contact.show', { who: 'ana' })).contact.standing, 'requested')
    assert.deepEqual((await ana.call('requests.list', {})).requests, [])
    await bob.call('contact.add', { link: await ana.link() })
    await pair.pass(60_000)
    assert.equal((await ana.call('requests.list', {})).requests.length, 1)
  })

  it('that are blocked do not come back', async () => {
    const { ana, askers: [bob], pair } = await anaIsAsked('bob')
    assert.ok(bob)
    await ana.call('requests.reject', { id: 'bob', block: true })
    await bob.call('contact.add', { link: await ana.link() })
    await pair.pass(60_000)
    assert.deepEqual((await ana.call('requests.list', {})).requests, [])
  })

  it('must be one: nobody, or several of that name, are said', async () => {
    const { ana } = await anaIsAsked('bob', 'cleo')
    await assert.rejects(ana.call('requests.accept', { id: 'dora' }), NotFoundError)
    ana.sim.store.transact(writer => { for (const request of writer.read.requests.list()) writer.requests.create({ ...request, name: 'Eve' }) })
    await assert.rejects(ana.call('requests.accept', { id: 'eve' }), UsageError)
  })
})
