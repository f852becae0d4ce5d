import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { newNetwork, newStranger, stopAll, targetOf } from './neighbours.ts'
import { eventually, isReserved, newRelay } from './relays.ts'

describe('AutoNAT', () => {
  afterEach(stopAll)

  it('is spoken in its second version, by relays: the first would close the connections that it asks about', async () => {
    const relay = await newRelay()
    const user = newNetwork()
    await user.start()
    const { host } = await newStranger()
    const speaks = async ({ peerId, addresses }: ReturnType<typeof targetOf>, protocol: string): Promise<boolean> => {
      try {
        const stream = await host.dialProtocol(multiaddr(`${addresses[0] ?? ''}/p2p/${peerId}`), protocol)
        stream.abort(new Error('only asked'))
        return true
      } catch {
        return false
      }
    }
    assert.equal(await speaks(targetOf(relay), '/libp2p/autonat/1.0.0'), false)
    assert.equal(await speaks(targetOf(relay), '/libp2p/autonat/2/dial-request'), true)
    assert.equal(await speaks(targetOf(user), '/libp2p/autonat/1.0.0'), false)
    assert.equal(await speaks(targetOf(user), '/libp2p/autonat/2/dial-request'), false)
  })

  it('leaves the connection alone on which it is asked', async () => {
    const relay = await newRelay()
    const bob = newNetwork({ announce: ['/ip4/203.0.113.1/tcp/4001'] })
    bob.useRelays([targetOf(relay)])
    await bob.start()
    await isReserved(bob)
    const { checked, router, seenAs } = await bob.survey()
    // The relay sees another address than the one it should dial, and asks for 30 kB first: not for this.
    assert.deepEqual([checked, router, seenAs], [[{ address: '/ip4/203.0.113.1/tcp/4001', result: 'refused' }], 'open', '127.0.0.1'])
    await eventually(() => bob.relays()[0]?.state === 'reserved')
    assert.equal(bob.connectionCount(), 1)
  })

  it('asks nobody when there is no relay', async () => {
    const bob = newNetwork()
    await bob.start()
    assert.deepEqual(await bob.survey(), { listening: bob.addresses(), router: 'blocked', checked: [], neighbours: 0 })
  })
})
