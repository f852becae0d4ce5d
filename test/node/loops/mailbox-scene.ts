/** Somebody with mailboxes at relays of the simulated world, and somebody who writes to them. */
import assert from 'node:assert/strict'
import { padBucket } from '../../../protocols/envelope/padding.ts'
import { encodeCiphertext, encodeEnvelope } from '../../../protocols/envelope/wire.ts'
import { deriveAlias } from '../../../protocols/mailbox/alias.ts'
import { Mailboxes } from '../../../node/loops/mailboxes.ts'
import type { SealedEnvelope } from '../../../node/turn/sealed-envelope.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Engine } from '../engine.ts'
import { FarRelay } from '../far-relay.ts'

/** Behind Bob's aliases for Ana. */
export const SECRET = new Uint8Array(32).fill(3)

/** Bob has mailboxes; Ana writes to him. */
export class MailboxScene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly ether = new Ether(this.ana.world, new SeededRandom(1, 'ether'))
  readonly eu = new FarRelay(this.ether, 'eu')
  readonly us = new FarRelay(this.ether, 'us')
  readonly toBob = this.ana.add(this.bob)
  readonly toAna = this.bob.add(this.ana)
  readonly network = new SimNetwork(this.ether, this.bob.peerId, '/sim/bob')
  readonly mailboxes: Mailboxes
  readonly opened: Array<[string, boolean]> = []

  constructor () {
    const { store, sealer, clock, random, turn, account } = this.bob
    this.mailboxes = new Mailboxes({ reader: store.read, network: this.network, sealer, clock, random, turn, account })
  }

  static async begin ({ relays = ['eu'] }: { readonly relays?: ReadonlyArray<'eu' | 'us'> } = {}): Promise<MailboxScene> {
    const scene = new MailboxScene()
    const { bob, ana, mailboxes } = scene
    bob.store.transact(writer => {
      writer.contacts.update(scene.toAna, { aliasSecret: SECRET })
      relays.forEach((name, index) => writer.relays.put({ peerId: scene[name].peerId, standing: 'used', name: '', code: undefined, addedAtMs: index, openedAtMs: undefined, addresses: [scene[name].network.address] }))
    })
    await bob.world.within(bob.turn.write(() => {}, () => { bob.sealer.refillPrekeys(bob.store.read) }))
    bob.listener = { onTaken: taken => { mailboxes.taken(taken) }, onContacts: () => { mailboxes.sync() } }
    mailboxes.onOpened((relay, isNew) => { scene.opened.push([relay.peerId, isNew]) })
    await ana.meet(bob)
    await scene.network.start()
    mailboxes.start()
    await scene.pass(100)
    return scene
  }

  async pass (ms: number): Promise<void> { await this.bob.world.advance(ms) }

  async write (text: string): Promise<SealedEnvelope> {
    await this.ana.send(this.toBob, text)
    const envelope = this.ana.takeSealed().at(-1)
    assert.ok(envelope)
    return envelope
  }

  /** An envelope as it lies at a relay. */
  sealed ({ envelopeId: id, sealed: { kind, body } }: SealedEnvelope): Uint8Array {
    const ciphertext = encodeCiphertext({ senderDevice: this.ana.device, kind, body, envelopeId: id })
    return encodeEnvelope({ form: 'sealed', sealed: this.ana.sealer.sealTo(this.bob.own.identityKey, this.bob.device, padBucket(ciphertext)) })
  }

  /** Leaves an envelope at relays, as its author would. */
  deposit (envelope: SealedEnvelope, relays: readonly FarRelay[] = [this.eu]): void {
    for (const relay of relays) relay.deposit(this.sealed(envelope), { secret: SECRET, device: this.bob.device, envelope: envelope.envelopeId })
  }

  texts (): string[] { return this.bob.messages(this.toAna).map(({ text }) => text) }

  aliasOf (secret: Uint8Array, relay = this.eu): Uint8Array { return deriveAlias(secret, { relay: relay.peerId, device: this.bob.device }).alias }
}
