import assert from 'node:assert/strict'
import { judgeStranger } from '../../../node/contacts/stranger.ts'
import { Engine } from '../engine.ts'
import { deviceOf, newer } from './people.ts'

function scene (): { readonly ana: Engine, readonly bob: Engine, readonly judge: (claim?: Partial<Parameters<typeof judgeStranger>[0]>) => ReturnType<typeof judgeStranger> } {
  const ana = new Engine('ana')
  const bob = new Engine('bob', ana.world)
  return { ana, bob, judge: claim => judgeStranger({ statement: bob.offered().signed, senderDevice: bob.device, peerId: bob.peerId, ...claim }, { sealer: ana.sealer, reader: ana.store.read }) }
}

describe('a stranger’s letter head', () => {
  it('is believed when the list stands by itself and the connection proves one of its devices', () => {
    const { bob, judge } = scene()
    const judged = judge()
    assert.ok(judged.type === 'stranger')
    assert.deepEqual([judged.stranger.device.peerId, judged.stranger.verified.accountId], ['peerbob', bob.own.accountId])
  })

  it('is refused when another peer shows it, or names a device that is not in it', () => {
    const { ana, judge } = scene()
    assert.deepEqual(judge({ peerId: 'peercleo' }), { type: 'refused', reason: 'malformed' })
    assert.deepEqual(judge({ senderDevice: ana.device }), { type: 'refused', reason: 'malformed' })
  })

  it('is refused when the connection is that of another device in it', () => {
    const { ana, bob, judge } = scene()
    const phone = new Engine('phone', ana.world)
    const both = newer(bob, { devices: [deviceOf(bob, bob), deviceOf(phone, bob)] })
    assert.deepEqual(judge({ statement: both.signed, senderDevice: phone.device, peerId: bob.peerId }), { type: 'refused', reason: 'malformed' })
    assert.equal(judge({ statement: both.signed, senderDevice: phone.device, peerId: phone.peerId }).type, 'stranger')
  })

  it('is refused when its list is not signed, or no list', () => {
    const { bob, judge } = scene()
    const { payload } = bob.offered().signed
    assert.deepEqual(judge({ statement: { payload, signature: new Uint8Array(64) } }), { type: 'refused', reason: 'malformed' })
    assert.deepEqual(judge({ statement: { payload: Uint8Array.of(1), signature: new Uint8Array(64) } }), { type: 'refused', reason: 'malformed' })
  })

  it('of somebody who is blocked gets the answer of a wrong invite', () => {
    const { ana, bob, judge } = scene()
    ana.add(bob, 'blocked')
    assert.deepEqual(judge(), { type: 'refused', reason: 'badToken' })
  })
})
