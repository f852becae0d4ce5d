import assert from 'node:assert/strict'
import { noteReach } from '../../../node/contacts/reach.ts'
import { Round } from '../../../node/turn/round.ts'
import { START_MS } from '../../../testnet/simulation/world.ts'
import type { Contact } from '../../../store/types.ts'
import type { Reach } from '../../../protocols/message/content.ts'
import { Engine } from '../engine.ts'
import { newer } from './people.ts'

class Scene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly toBob = this.ana.add(this.bob)
  readonly keys = { aliasSecret: new Uint8Array(32).fill(1), recordKey: new Uint8Array(32).fill(2), readKey: new Uint8Array(32).fill(3) }

  /** Bob tells Ana how he is reached. */
  told (reach: Reach | undefined): { readonly contact: Contact, readonly round: Round } {
    const { store, sealer } = this.ana
    const round = new Round(START_MS)
    store.transact(writer => { noteReach(reach, this.toBob, { writer, round, sealer }) })
    const contact = store.read.contacts.byNumber(this.toBob)
    assert.ok(contact)
    return { contact, round }
  }
}

describe('how a contact is reached', () => {
  it('is kept as they have told it', () => {
    const scene = new Scene()
    const { contact, round } = scene.told(scene.keys)
    assert.deepEqual([contact.theirAliasSecret, contact.recordKey, contact.readKey], [scene.keys.aliasSecret, scene.keys.recordKey, scene.keys.readKey])
    assert.deepEqual([...round.toForget], [scene.toBob])
  })

  it('stays as it is when nothing is told', () => {
    const scene = new Scene()
    scene.told(scene.keys)
    assert.deepEqual(scene.told(undefined).contact.theirAliasSecret, scene.keys.aliasSecret)
  })

  it('brings their newer device list along, which counts if it proves itself', () => {
    const scene = new Scene()
    const list = newer(scene.bob)
    assert.equal(scene.told({ ...scene.keys, statement: list.signed }).contact.seq, 2)
    assert.equal(scene.told({ ...scene.keys, statement: scene.bob.offered().signed }).contact.seq, 2, 'an old one changes nothing')
  })

  it('is not believed with a list of somebody else, or one that is not signed', () => {
    const scene = new Scene()
    const cleo = newer(new Engine('cleo', scene.ana.world))
    assert.equal(scene.told({ ...scene.keys, statement: cleo.signed }).contact.seq, 1)
    const { signed: { payload } } = newer(scene.bob)
    assert.equal(scene.told({ ...scene.keys, statement: { payload, signature: new Uint8Array(64) } }).contact.seq, 1)
    assert.equal(scene.told({ ...scene.keys, statement: { payload: Uint8Array.of(1), signature: new Uint8Array(64) } }).contact.seq, 1)
  })
})
