import assert from 'node:assert/strict'
import { idKey } from '../../../protocols/core/ids.ts'
import { UntrustedError } from '../../../protocols/core/errors.ts'
import { adoptStatement, heldRef, type OfferedStatement } from '../../../node/contacts/statements.ts'
import { Round } from '../../../node/turn/round.ts'
import { UNADDRESSED } from '../../../store/types.ts'
import { START_MS } from '../../../testnet/simulation/world.ts'
import { Engine } from '../engine.ts'
import { deviceOf, newer, rotated } from './people.ts'

class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  /** Another device of Bob's. */
  readonly phone = new Engine('phone', this.ana.world)
  readonly contact = this.ana.add(this.bob)

  adopt (offered: OfferedStatement): Round {
    const round = new Round(START_MS)
    this.ana.store.transact(writer => {
      const held = writer.read.contacts.byNumber(this.contact)
      assert.ok(held)
      adoptStatement(held, offered, { writer, round, sealer: this.ana.sealer })
      this.ana.sealer.write(writer)
      round.write(writer)
    })
    this.ana.sealer.settle()
    for (const contact of round.toForget) this.ana.directory.forget(contact)
    return round
  }

  get held (): { readonly epoch: number, readonly seq: number, readonly isKeyChanged: boolean } {
    const contact = this.ana.store.read.contacts.byNumber(this.contact)
    assert.ok(contact)
    const { epoch, seq, isKeyChanged } = contact
    return { epoch, seq, isKeyChanged }
  }

  get listed (): string[] {
    return this.ana.store.read.devices.ofContact(this.contact).filter(device => device.isListed).map(device => device.peerId).sort()
  }

  /** Texts that wait, by where. */
  waiting (device = this.phone.device): string[] {
    return this.ana.store.read.outbox.waiting(device, 99).flatMap(({ refs }) => refs.map(ref => this.ana.store.read.messages.byId(ref.id as Parameters<typeof this.ana.store.read.messages.byId>[0])?.text ?? ref.kind))
  }
}

describe('a contact’s device list: the next one', () => {
  it('is adopted with its devices, and told', () => {
    const scene = new Scene()
    scene.adopt(newer(scene.bob, { devices: [deviceOf(scene.bob, scene.bob), deviceOf(scene.phone, scene.bob)] }))
    assert.deepEqual([scene.held, scene.listed, scene.ana.events()], [{ epoch: 0, seq: 2, isKeyChanged: false }, ['peerbob', 'peerphone'], ['contact.devices_changed']])
  })

  it('leaves the addresses of known devices as they are', () => {
    const scene = new Scene()
    scene.adopt(newer(scene.bob))
    assert.deepEqual(scene.ana.directory.device(scene.bob.device)?.addresses, ['/sim/peerbob'])
  })

  it('that is the same, or older, changes nothing and tells nothing', () => {
    const scene = new Scene()
    const first = scene.bob.offered()
    assert.equal(scene.adopt(first).hasEvents, false)
    scene.adopt(newer(scene.bob))
    assert.equal(scene.adopt(first).hasEvents, false)
    assert.equal(scene.held.seq, 2)
  })

  it('brings hope to what waits for them', () => {
    const scene = new Scene()
    const round = scene.adopt(newer(scene.bob))
    assert.deepEqual([[...round.toHint], [...round.toForget]], [[scene.contact], [scene.contact]])
  })

  it('that names another contact’s device is not adopted', () => {
    const scene = new Scene()
    scene.ana.add(scene.phone)
    assert.throws(() => { scene.adopt(newer(scene.bob, { devices: [deviceOf(scene.bob, scene.bob), deviceOf(scene.phone, scene.bob)] })) }, UntrustedError)
    assert.deepEqual([scene.held.seq, scene.listed], [1, ['peerbob']])
  })
})

describe('a contact’s device list: a lie', () => {
  it('two lists under one number: what is held stays, sending stops, and it is told once', () => {
    const scene = new Scene()
    const other = newer(scene.bob, { devices: [deviceOf(scene.phone, scene.bob)] })
    scene.adopt(newer(scene.bob))
    scene.adopt(other)
    scene.adopt(other)
    assert.deepEqual([scene.held, scene.listed, scene.ana.events()], [{ epoch: 0, seq: 2, isKeyChanged: true }, ['peerbob'], ['contact.key_changed']], 'that the first one was signed anew is no news')
  })

  it('a next list that does not name the one before is one as well', () => {
    const scene = new Scene()
    const fork = newer(scene.bob, { devices: [deviceOf(scene.phone, scene.bob)] })
    scene.adopt(newer(scene.bob))
    scene.adopt(newer(scene.bob, { held: fork.verified }))
    assert.deepEqual([scene.held.seq, scene.held.isKeyChanged], [2, true])
  })
})

describe('a contact’s device list: a revoked device', () => {
  it('is listed no more, has no session, and nothing leaves for it', async () => {
    const scene = new Scene()
    await scene.ana.meet(scene.bob)
    await scene.ana.send(scene.contact, 'hello')
    const [envelope] = scene.ana.takeSealed()
    assert.ok(envelope)
    scene.adopt(newer(scene.bob, { devices: [deviceOf(scene.phone, scene.bob)] }))
    assert.deepEqual([scene.listed, scene.ana.sealer.hasSession(scene.bob.device), scene.ana.store.read.outbox.byRow(envelope.row)?.state], [['peerphone'], false, 'cancelled'])
  })

  it('that was the only one: what it had not got, the new ones get', async () => {
    const scene = new Scene()
    await scene.ana.meet(scene.bob)
    const ids = [await scene.ana.send(scene.contact, 'sealed')]
    scene.ana.sealer.dropSession(scene.bob.device)
    ids.push(await scene.ana.send(scene.contact, 'waiting'))
    const round = scene.adopt(newer(scene.bob, { devices: [deviceOf(scene.phone, scene.bob)] }))
    assert.deepEqual([scene.waiting(), [...round.toSeal.keys()]], [['sealed', 'waiting'], [idKey(scene.phone.device)]])
    for (const id of ids) assert.deepEqual(scene.ana.store.read.outbox.ofMessage(id).map(({ state, deviceId }) => [state, idKey(deviceId)]), [['waiting', idKey(scene.phone.device)]])
  })

  it('beside one that stays: that has its own copies, and gets none twice', async () => {
    const scene = new Scene()
    scene.adopt(newer(scene.bob, { devices: [deviceOf(scene.bob, scene.bob), deviceOf(scene.phone, scene.bob)] }))
    const held = newer(scene.bob, { devices: [deviceOf(scene.bob, scene.bob), deviceOf(scene.phone, scene.bob)] }).verified
    await scene.ana.send(scene.contact, 'hello')
    scene.adopt(newer(scene.bob, { held, devices: [deviceOf(scene.phone, scene.bob)] }))
    assert.deepEqual([scene.waiting(), scene.waiting(scene.bob.device), scene.waiting(UNADDRESSED)], [['hello'], [], []])
  })
})

describe('a contact’s device list: a new signing key', () => {
  it('is never silent', () => {
    const scene = new Scene()
    const round = scene.adopt(rotated(scene.bob))
    assert.deepEqual([scene.held, scene.ana.events(), round.toForget.has(scene.contact)], [{ epoch: 1, seq: 1, isKeyChanged: true }, ['contact.key_changed'], true])
  })

  it('stops what is not sealed yet, until somebody has looked', async () => {
    const scene = new Scene()
    await scene.ana.send(scene.contact, 'hello')
    assert.deepEqual(scene.waiting(scene.bob.device), ['hello'])
    const round = scene.adopt(rotated(scene.bob))
    assert.deepEqual([scene.waiting(scene.bob.device), scene.waiting(UNADDRESSED), round.toSeal.size], [[], ['hello'], 0])
    await scene.ana.send(scene.contact, 'by somebody who was quick')
    assert.deepEqual(scene.waiting(UNADDRESSED), ['hello', 'by somebody who was quick'])
  })

  it('with other devices gives them nothing, either', async () => {
    const scene = new Scene()
    await scene.ana.meet(scene.bob)
    await scene.ana.send(scene.contact, 'hello')
    scene.adopt(rotated(scene.bob, [deviceOf(scene.phone, scene.bob)]))
    assert.deepEqual([scene.listed, scene.waiting(), scene.waiting(UNADDRESSED)], [['peerphone'], [], ['hello']])
  })

  it('beats every list of the old one', () => {
    const scene = new Scene()
    scene.adopt(rotated(scene.bob))
    scene.adopt(newer(scene.bob))
    assert.deepEqual(scene.held, { epoch: 1, seq: 1, isKeyChanged: true })
  })
})

describe('the version of a list that we hold', () => {
  it('is none for who has shown none', () => {
    const scene = new Scene()
    const contact = scene.ana.store.read.contacts.byNumber(scene.contact)
    assert.ok(contact)
    assert.deepEqual(heldRef(contact), scene.bob.account.ref)
    assert.equal(heldRef({ ...contact, statementHash: undefined }), undefined)
  })
})
