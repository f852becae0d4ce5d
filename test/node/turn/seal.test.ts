import assert from 'node:assert/strict'
import { idKey } from '../../../protocols/core/ids.ts'
import { DELIVERY_LIFETIME_MS, TEXT_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { unpadContent } from '../../../protocols/envelope/padding.ts'
import { decodePack } from '../../../protocols/message/wire.ts'
import { UNADDRESSED } from '../../../store/types.ts'
import { Engine } from '../engine.ts'

/** What the other side reads in an envelope of the simulated ratchet. */
async function readBy (bob: Engine, ana: Engine, body: Uint8Array): Promise<ReturnType<typeof decodePack>> {
  const decrypted = await bob.sealer.decrypt(ana.device, { kind: 'prekey', body })
  assert.equal(decrypted.type, 'plaintext')
  return decodePack(unpadContent(decrypted.bytes))
}

describe('sealing', () => {
  it('puts what goes to one device together into one envelope, with our device list’s number', async () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    const contact = ana.add(bob)
    bob.add(ana)
    await ana.meet(bob)
    await Promise.all([ana.send(contact, 'one'), ana.send(contact, 'two')])
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    const { contents, senderStatement } = await readBy(bob, ana, envelope.sealed.body)
    assert.deepEqual([contents.map(content => content.type === 'text' && content.text), senderStatement], [['one', 'two'], ana.account.ref])
    const row = ana.store.read.outbox.byRow(envelope.row)
    assert.deepEqual([row?.state, row?.ciphertext, row?.expiresAtMs], ['sealed', Uint8Array.from(envelope.sealed.body), (row?.queuedAtMs ?? 0) + DELIVERY_LIFETIME_MS])
  })

  it('gives a text of the largest size an envelope of its own', async () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    const contact = ana.add(bob)
    await ana.meet(bob)
    await Promise.all([ana.send(contact, 'small'), ana.send(contact, 'x'.repeat(TEXT_BYTES_MAX)), ana.send(contact, 'small, too')])
    assert.deepEqual(ana.takeSealed().map(({ refs }) => refs.length), [1, 1, 1])
  })

  it('lets contents wait for a session, asks for one, and seals them when it is there', async () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    const contact = ana.add(bob)
    const ids = [await ana.send(contact, 'one'), await ana.send(contact, 'two')]
    assert.deepEqual([ana.takeSealed(), ana.told.sessionless.map(idKey)], [[], [bob.device, bob.device].map(idKey)])
    assert.equal(ana.store.read.outbox.waiting(bob.device, 9).length, 2)
    await ana.meet(bob)
    ana.turn.seal(bob.device)
    await ana.rest()
    const [envelope, ...others] = ana.takeSealed()
    assert.deepEqual([envelope?.refs.map(ref => idKey(ref.id)), others], [ids.map(idKey), []])
    assert.equal(ana.store.read.outbox.waiting(bob.device, 9).length, 0, 'what waited is in the envelope now')
    assert.deepEqual(ids.map(id => ana.store.read.outbox.ofMessage(id).map(({ row }) => row)), [[envelope?.row], [envelope?.row]])
  })

  it('keeps the story of what waited', async () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    const contact = ana.add(bob)
    await ana.send(contact, 'one')
    const [waiting] = ana.store.read.outbox.waiting(bob.device, 1)
    assert.ok(waiting)
    ana.store.transact(writer => { writer.traces.add({ outbox: waiting.row, atMs: 1, step: 'unreachable', detail: 'no address answers' }) })
    await ana.meet(bob)
    ana.turn.seal(bob.device)
    await ana.rest()
    const [envelope] = ana.takeSealed()
    assert.ok(envelope)
    assert.deepEqual(ana.store.read.traces.ofOutbox(envelope.row).map(({ step }) => step), ['unreachable'])
  })

  it('never encrypts for a key that is not listed any more: contents wait', async () => {
    const ana = new Engine('ana')
    const bob = new Engine('bob', ana.world)
    const contact = ana.add(bob)
    await ana.meet(bob)
    assert.equal(ana.directory.contact(contact)?.devices.length, 1)
    ana.store.transact(writer => { writer.devices.unlist(bob.device) })
    await ana.send(contact, 'one')
    assert.deepEqual(ana.takeSealed(), [])
    assert.equal(ana.store.read.outbox.waiting(bob.device, 9).length, 1)
  })

  it('addresses nothing to a contact that has not answered', async () => {
    const ana = new Engine('ana')
    const contact = ana.add(new Engine('bob', ana.world), 'requested')
    await ana.send(contact, 'later')
    assert.deepEqual([ana.takeSealed(), ana.told.sessionless, ana.store.read.outbox.waiting(UNADDRESSED, 9).length], [[], [], 1])
  })
})
