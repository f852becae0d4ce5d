/** Strangers with nothing but invites take all one-time prekeys of somebody who is away. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ONE_TIME_PREKEYS, ONE_TIME_PREKEYS_MIN } from '../../protocols/core/limits.ts'
import { layoutOf } from '../../testnet/layout.ts'
import type { PlannedNode } from '../../testnet/plan.ts'
import { drainPrekeys, victimOf } from '../../testnet/scenario/strangers.ts'
import { Testnet } from '../../testnet/testnet.ts'
import { dataOf, makeFolder, removeFolder } from './skein.ts'

const LOOK_MS = 50

describe('prekeys that strangers have taken', function () {
  this.timeout(240_000)
  let folder = ''
  let testnet: Testnet | undefined
  before(async () => { folder = await makeFolder() })
  after(async () => {
    await testnet?.down()
    await removeFolder(folder)
  })

  it('keep no newcomer out, and are there again when their owner is', async () => {
    const nodes: readonly PlannedNode[] = [{ name: 'relay1', kind: 'relay' }, { name: 'bob', kind: 'user', knows: [] }, { name: 'carol', kind: 'user' }]
    testnet = await Testnet.up({ layout: layoutOf(join(folder, 'net')), plan: { seed: 'drained', nodes }, interrupted: new AbortController().signal, tell: () => undefined })
    const [bob, carol] = [testnet.member('bob'), testnet.member('carol')]
    const victim = await victimOf(bob)
    const { link } = await bob.api.call('me.card', {})
    // Soon after its first start, a node says where its mailboxes are: only then can somebody who is away be found.
    while (await figure(testnet, 'directory_records') < 2) await delay(LOOK_MS)
    await testnet.crash('bob')
    assert.equal(await testnet.ground.drain('bob', async () => await drainPrekeys(victim)), ONE_TIME_PREKEYS)
    assert.deepEqual(testnet.journal.counts, { killed: 1, 'prekeys taken': 1 })
    assert.equal(await drainPrekeys(victim), 0)
    await carol.api.call('contact.add', { link, as: 'bob' })
    const { id } = await carol.api.call('send', { to: 'bob', text: 'are you there?' })
    // Her request waits at his relay before he comes back: its session began with the key that is given to many.
    while (await figure(testnet, 'waiting_envelopes') === 0) await delay(LOOK_MS)
    assert.ok(await figure(testnet, 'bundles_total{outcome="last_resort"}') > 0)
    await testnet.start('bob')
    while ((await bob.api.call('contact.list', {})).contacts.length === 0) await delay(LOOK_MS)
    while (!(await bob.api.call('read', { with: 'carol' })).messages.some(message => message.id === id)) await delay(LOOK_MS)
    const again = await victimOf(bob)
    await testnet.crash('bob')
    assert.ok(await drainPrekeys(again) >= ONE_TIME_PREKEYS_MIN)
  })
})

/** One of the figures that the relay tells its operator. */
async function figure (testnet: Testnet, name: string): Promise<number> {
  const { http } = await dataOf<{ readonly http: string }>(['relay', 'status', '--home', testnet.member('relay1').home])
  const line = (await (await fetch(`${http}/metrics`)).text()).split('\n').find(each => each.startsWith(`skein_relay_${name} `))
  return Number(line?.split(' ').at(-1) ?? Number.NaN)
}
