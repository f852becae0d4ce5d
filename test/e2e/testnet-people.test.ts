/** The people of testnets: the same ones in each, with keys that everybody knows, and so nowhere else. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StatusView } from '../../testnet/control/operations.ts'
import { dataOf, faultOf, makeFolder, Person, removeFolder, skein } from './skein.ts'

interface Contacts { readonly contacts: ReadonlyArray<{ readonly label: string, readonly standing: string }> }
interface Shown { readonly contact: { readonly account: string }, readonly devices: ReadonlyArray<{ readonly device: string, readonly peerId: string }>, readonly safetyNumber: string }

describe('people of a testnet', function () {
  this.timeout(240_000)
  let folder = ''
  before(async () => { folder = await makeFolder() })
  after(async () => {
    for (const net of ['one', 'two']) await skein(['testnet', 'down', '--dir', join(folder, net)])
    await removeFolder(folder)
  })
  const as = async <Data>(net: string, name: string, ...command: readonly string[]): Promise<Data> => await dataOf<Data>(['testnet', 'exec', name, '--dir', join(folder, net), '--', ...command])

  it('are the same in each of them: account, device, words, safety number, record and invite', async () => {
    const profile = join(folder, 'profile.yaml')
    await writeFile(profile, 'relays: { relay1: }\nusers:\n  ana: { knows: [bob] }\n  bob: { settings: { read.limit: 7 }, clock: -1h, line: { delay: 5ms } }\n  carol:\n')
    const nets = [['one', '--users', '2', '--relays', '1'], ['two', '--profile', profile]].map(async ([net = '', ...args]) => {
      const { nodes, links } = await dataOf<StatusView>(['testnet', 'up', ...args, '--dir', join(folder, net)])
      const shown = await as<Shown>(net, 'ana', 'contact', 'show', 'bob')
      const { link } = await as<{ readonly link: string }>(net, 'ana', 'me', 'card')
      const words = readFileSync(join(folder, net, 'nodes', 'bob.words'), 'utf8')
      const relay = nodes.find(({ name }) => name === 'relay1')?.address?.split('/').at(-1)
      return { same: [shown.contact.account, shown.devices.map(({ device, peerId }) => [device, peerId]), shown.safetyNumber, words, relay], link, nodes, links }
    })
    const [one, two] = await Promise.all(nets)
    assert.deepEqual(one?.same, two?.same)
    assert.equal(words(one?.same), 24)
    // What a profile says beside who is there.
    assert.deepEqual(two?.nodes.map(({ name, skewMs }) => [name, skewMs]), [['relay1', 0], ['ana', 0], ['bob', -3_600_000], ['carol', 0]])
    assert.deepEqual(two.links, [{ name: 'bob', delayMs: 5, jitterMs: 0, bytesPerSecond: null, loss: 0 }])
    assert.deepEqual((await as<Contacts>('two', 'carol', 'contact', 'list')).contacts, [])
    assert.equal((await as<{ readonly value: number }>('two', 'bob', 'config', 'get', 'read.limit')).value, 7)
    assert.match((await faultOf(2, ['testnet', 'up', '--profile', profile, '--dir', join(folder, 'one')])).message, /has 2 users and 1 relays/)
    await as('two', 'ana', 'send', '@bob', 'hello', '--wait', 'delivered')
  })

  it('are no contacts of real ones, whoever asks', async () => {
    const zoe = await Person.create('Zoe', { folder, accept: 'all' })
    await zoe.up()
    try {
      const { link } = await as<{ readonly link: string }>('one', 'ana', 'me', 'card')
      await zoe.succeed('contact', 'add', link, '--as', 'ana')
      const { link: own } = await zoe.data<{ readonly link: string }>('me', 'card')
      await as('one', 'ana', 'contact', 'add', own, '--as', 'zoe')
      // Both have asked, and both take everybody: only what they are keeps them apart.
      const sent = await zoe.run('send', '@ana', 'hello?', '--wait', 'delivered', '--timeout', '5s')
      assert.equal(sent.exit, 6, sent.stderr)
      const [ours, theirs] = [await zoe.data<Contacts>('contact', 'list'), await as<Contacts>('one', 'ana', 'contact', 'list')]
      assert.deepEqual(ours.contacts.map(({ label, standing }) => [label, standing]), [['ana', 'requested']])
      assert.deepEqual(theirs.contacts.map(({ label, standing }) => [label, standing]), [['bob', 'accepted'], ['zoe', 'requested']])
    } finally {
      await zoe.down()
    }
  })

  it('start nowhere else, nor do their relays', async () => {
    await dataOf(['testnet', 'down', '--dir', join(folder, 'one')])
    const home = (name: string): string => join(folder, 'one', 'nodes', name)
    const inherited = { TESTNET_NODE: 'ana', TESTNET_CABLE_PORT: '1', TESTNET_SKEW_FILE: 'none', SKEIN_TESTNET: '1' }
    for (const [name, command] of [['ana', ['me', 'show']], ['ana', ['up']], ['bob', ['send', '@ana', 'hello']], ['relay1', ['relay', 'up']]] as const) {
      const { message, hint } = await faultOf(7, [...command, '--home', home(name)], { env: inherited })
      assert.match(message, /those of a testnet, which everybody knows/)
      assert.match(hint ?? '', /skein testnet up/)
    }
    await dataOf(['testnet', 'up', '--dir', join(folder, 'one')])
    await as('one', 'ana', 'send', '@bob', 'at home again', '--wait', 'delivered')
  })
})

function words (same: readonly unknown[] | undefined): number { return String(same?.[3]).trim().split(' ').length }
