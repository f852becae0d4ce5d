/** What a node says of itself, in its log and in its errors, is nobody's secret. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { HELLO } from '../../protocols/deposit/hello.ts'
import { encodeDepositFrame } from '../../protocols/deposit/wire.ts'
import { asError } from '../../protocols/core/errors.ts'
import { ACCOUNT_PROTOCOL, PREKEYS_PROTOCOL } from '../../node/protocols.ts'
import { createNode } from '../../node/node.ts'
import { exitCode, hold } from './held.ts'
import { Depositor, impostor } from './impostors.ts'
import { friends, Person } from './nodes.ts'

const TEXT = 'zz-private-text-zz'
const NAME = 'zz-private-name-zz'

describe('privacy', () => {
  it('the log has no text, name, key, account, peer or address in it, whatever the environment asks for and whoever annoys the node', async () => {
    await using ana = await Person.create('Ana', { accept: 'all' })
    await using bob = await Person.create(NAME)
    const link = await ana.node.invite()
    const target = { peerId: ana.node.peerId, addresses: [...ana.node.addresses()] }
    await ana.stop()
    await using held = await hold(ana.home, { DEBUG: '*', DEBUG_COLORS: 'no', NODE_DEBUG: '' })
    await bob.node.contacts.add(link, { text: TEXT })
    await bob.until(await bob.send(ana, TEXT), 'delivered')
    const annoyer = await annoy(target)
    await bob.until(await bob.send(ana, `${TEXT} again`), 'delivered')
    held.child.stdin?.end()
    assert.equal(await exitCode(held.child), 0)
    const log = held.printed()
    assert.match(log, /fault in a handler/, 'it does say that something was wrong')
    const secrets = [TEXT, NAME, ana.account, bob.account, target.peerId, bob.peerId, annoyer, link.slice(-40), ana.home, '127.0.0.1', ...target.addresses]
    assert.deepEqual(secrets.filter(secret => log.includes(secret)), [], log)
  })

  it('an error repeats no text, number, link or password', async () => {
    await using pair = await friends()
    const { ana, bob } = pair
    await using locked = await Person.create('Cleo', { unlock: { password: `${TEXT}-password` } })
    await locked.stop()
    const link = await bob.node.invite()
    const message = await ana.send(bob, 'hello')
    const digits = '1'.repeat(60)
    const long = TEXT.repeat(4000)
    await ana.call('contact.block', { who: bob.account })
    const attempts: Record<string, () => Promise<unknown>> = {
      'a text that is too long': () => ana.node.send(ana.account, long),
      'a text for somebody blocked': () => ana.send(bob, TEXT),
      'a broken text': () => ana.call('edit', { id: message, text: `${TEXT}\ud800` }),
      'a reaction that is a novel': () => ana.call('react', { id: message, emoji: long }),
      'a wrong safety number': () => ana.call('contact.verify', { who: bob.account, safetyNumber: digits }),
      'a damaged link': () => ana.node.contacts.add(`${link.slice(0, -3)}zzz`),
      'an own link': async () => await ana.node.contacts.add(await ana.node.invite()),
      'a link of somebody blocked': () => ana.node.contacts.add(link),
      'a wrong password': () => createNode({ home: locked.home, unlock: { password: `${TEXT}-wrong` } })
    }
    for (const [what, attempt] of Object.entries(attempts)) {
      const error = await attempt().then(() => undefined, asError)
      assert.ok(error !== undefined, what)
      const said = `${error.message} ${'hint' in error ? String(error.hint) : ''}`
      for (const secret of [TEXT, digits, link.slice(12), bob.account]) assert.equal(said.includes(secret), false, `${what}: ${said}`)
    }
  })
})

/** Frames, deposits and requests that make no sense. Returns a peer that made them. */
async function annoy (target: { readonly peerId: string, readonly addresses: readonly string[] }): Promise<string> {
  const network = impostor()
  await network.start()
  for (const protocol of [ACCOUNT_PROTOCOL, PREKEYS_PROTOCOL]) await assert.rejects(network.request(target, protocol, randomBytes(50)))
  const { peerId } = network
  await network.stop()
  for (const frames of [[randomBytes(40)], [encodeDepositFrame({ type: 'hello', hello: HELLO }), randomBytes(40)]]) {
    await using depositor = await Depositor.openTo(target)
    for (const frame of frames) await depositor.sendBytes(frame)
    await depositor.closed
  }
  return peerId
}
