import assert from 'node:assert/strict'
import { addressWaiting, hold, strand } from '../../../node/contacts/waiting.ts'
import { Round } from '../../../node/turn/round.ts'
import { idKey } from '../../../protocols/core/ids.ts'
import { UNADDRESSED, type Ref } from '../../../store/types.ts'
import { Engine, numberedId } from '../engine.ts'

class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly contact = this.ana.add(this.bob)

  queue (deviceId: Engine['device'], ...refs: readonly Ref[]): number {
    return this.ana.store.transact(writer => writer.outbox.waiting({ deviceId, contact: this.contact, refs, queuedAtMs: 1, expiresAtMs: 9 }))
  }

  waiting (device: Engine['device']): string[] {
    return this.ana.store.read.outbox.waiting(device, 99).flatMap(({ refs }) => refs.map(({ kind, id }) => `${kind} ${id[15] ?? 0}`))
  }

  address (): Round {
    const round = new Round(1)
    this.ana.store.transact(writer => { addressWaiting(this.contact, { writer, round }) })
    return round
  }
}

const text = (number: number): Ref => ({ kind: 'text', id: numberedId(number) })

describe('contents that wait under no device', () => {
  it('are handed to each listed device, and to be sealed', () => {
    const scene = new Scene()
    scene.queue(UNADDRESSED, text(1))
    scene.queue(UNADDRESSED, { kind: 'change', id: numberedId(2) })
    const round = scene.address()
    assert.deepEqual([scene.waiting(scene.bob.device), scene.waiting(UNADDRESSED), [...round.toSeal.keys()]], [['text 1', 'change 2'], [], [idKey(scene.bob.device)]])
  })

  it('of somebody else stay where they are', () => {
    const scene = new Scene()
    const cleo = scene.ana.add(new Engine('cleo', scene.ana.world))
    scene.ana.store.transact(writer => writer.outbox.waiting({ deviceId: UNADDRESSED, contact: cleo, refs: [text(1)], queuedAtMs: 1, expiresAtMs: 9 }))
    scene.address()
    assert.deepEqual([scene.waiting(UNADDRESSED), scene.waiting(scene.bob.device)], [['text 1'], []])
  })

  it('go on waiting while there is no device, or a key that nobody has looked at', () => {
    const scene = new Scene()
    scene.queue(UNADDRESSED, text(1))
    scene.ana.store.transact(writer => { writer.contacts.update(scene.contact, { isKeyChanged: true }) })
    scene.address()
    scene.ana.store.transact(writer => {
      writer.contacts.update(scene.contact, { isKeyChanged: false })
      writer.devices.unlist(scene.bob.device)
    })
    scene.address()
    assert.deepEqual(scene.waiting(UNADDRESSED), ['text 1'])
  })
})

describe('contents of devices that are listed no more', () => {
  it('wait under none, each once, however many devices they were for', () => {
    const scene = new Scene()
    const other = numberedId(7) as unknown as Engine['device']
    scene.queue(scene.bob.device, text(1), text(2))
    scene.queue(other, text(2), text(3))
    const devices = [scene.bob.device, other].map(deviceId => ({ ...(scene.ana.directory.device(scene.bob.device) ?? assert.fail()), deviceId }))
    scene.ana.store.transact(writer => { strand(devices, writer) })
    assert.deepEqual(scene.waiting(UNADDRESSED), ['text 1', 'text 2', 'text 3'])
  })

  it('that are about the device or the moment go with it', () => {
    const scene = new Scene()
    scene.queue(scene.bob.device, { kind: 'delivered', id: numberedId(1) })
    scene.queue(scene.bob.device, { kind: 'profile', id: numberedId(2) })
    scene.ana.store.transact(writer => { strand(writer.read.devices.ofContact(scene.contact), writer) })
    assert.deepEqual(scene.waiting(UNADDRESSED), [])
  })
})

describe('contents held back by a changed key', () => {
  it('are those of the conversation that are not sealed yet; what they were told so far goes with them', () => {
    const scene = new Scene()
    const row = scene.queue(scene.bob.device, text(1))
    scene.queue(scene.bob.device, { kind: 'accept', id: numberedId(2) })
    scene.ana.store.transact(writer => {
      writer.traces.add({ outbox: row, atMs: 1, step: 'unreachable', detail: 'no address answers' })
      hold(writer.read.devices.ofContact(scene.contact), writer)
    })
    const [held] = scene.ana.store.read.outbox.waiting(UNADDRESSED, 9)
    assert.deepEqual([scene.waiting(scene.bob.device), scene.waiting(UNADDRESSED)], [['accept 2'], ['text 1']])
    assert.deepEqual(scene.ana.store.read.traces.ofOutbox(held?.row ?? 0).map(({ step }) => step), ['unreachable'])
  })
})
