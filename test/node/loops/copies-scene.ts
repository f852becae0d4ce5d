/** Ana writes to Bob, who has mailboxes at relays: her outbox, her copies, and what the network shows of him. */
import { nextStatement, signStatement, verifyStatement } from '../../../protocols/account/statement.ts'
import type { ContentId } from '../../../protocols/core/ids.ts'
import { copiesOf } from '../../../protocols/deposit/copies.ts'
import { deriveAlias, type DerivedAlias } from '../../../protocols/mailbox/alias.ts'
import { copyStateOf, Destinations } from '../../../node/contacts/copies.ts'
import { adoptStatement } from '../../../node/contacts/statements.ts'
import { isSignature } from '../../../node/crypto/verify.ts'
import { Copies } from '../../../node/loops/copies.ts'
import { Errands } from '../../../node/loops/errands.ts'
import { Outbox } from '../../../node/loops/outbox.ts'
import { Sessions } from '../../../node/loops/sessions.ts'
import { ACCOUNT_PROTOCOL } from '../../../node/protocols.ts'
import { Round } from '../../../node/turn/round.ts'
import type { Copy } from '../../../store/types.ts'
import { Ether } from '../../../testnet/simulation/ether.ts'
import { SimNetwork } from '../../../testnet/simulation/network.ts'
import { SeededRandom } from '../../../testnet/simulation/random.ts'
import { Depot } from '../depot.ts'
import { Engine } from '../engine.ts'
import { Mailbox } from '../mailbox.ts'

/** Behind Bob's doors for Ana. */
const SECRET = new Uint8Array(32).fill(3)

export class CopiesScene {
  readonly ana = new Engine('ana')
  readonly bob = new Engine('bob', this.ana.world)
  readonly ether = new Ether(this.ana.world, new SeededRandom(1, 'ether'))
  readonly network = new SimNetwork(this.ether, this.ana.peerId, '/sim/ana')
  /** Bob's own device. */
  readonly device = new Mailbox(this.ether, this.bob.peerId)
  readonly depots = [1, 2, 3].map(number => new Depot(this.ether, number))
  readonly contact = this.ana.add(this.bob)
  readonly destinations = new Destinations(this.ana.directory)
  readonly outbox: Outbox
  copies: Copies
  /** How often Bob's list was asked for. */
  lookups = 0
  readonly #sessions: Sessions

  constructor () {
    const { store, directory, sealer, clock, random, turn, account, arrivals } = this.ana
    const { network, destinations } = this
    void network.start()
    const reach = (): void => {}
    this.device.network.serveRequest(ACCOUNT_PROTOCOL, () => Promise.reject(new Error('not asked')))
    this.#sessions = new Sessions({
      reader: store.read,
      directory,
      network,
      sealer,
      clock,
      random,
      turn,
      errands: new Errands({ clock, random }),
      reach,
      destinations,
      verify: isSignature,
      locate: () => {
        this.lookups += 1
        return Promise.resolve({ relays: [], statement: this.bob.offered(), testimonies: [] })
      }
    })
    this.outbox = new Outbox({
      reader: store.read,
      network,
      sealer,
      clock,
      random,
      directory,
      account,
      arrivals,
      turn,
      sessions: this.#sessions,
      reach,
      onSettled: row => { this.copies.settled(row) },
      onMissed: rows => { this.copies.missed(rows) }
    })
    this.copies = this.newCopies()
    this.ana.listener = {
      onSealed: envelopes => {
        this.outbox.offer(envelopes)
        this.copies.offer(envelopes)
      },
      onTaken: envelopes => { this.copies.heard(new Set(envelopes.map(({ contact }) => contact))) },
      onContacts: contacts => { for (const contact of contacts) this.copies.replan(contact) }
    }
  }

  /** Bob is away unless told otherwise. */
  static async begin ({ isAway = true, depots = 3 }: { readonly isAway?: boolean, readonly depots?: number } = {}): Promise<CopiesScene> {
    const scene = new CopiesScene()
    if (isAway) await scene.device.network.stop()
    scene.tell(scene.depots.slice(0, depots))
    await scene.ana.meet(scene.bob)
    scene.outbox.start()
    scene.copies.start()
    return scene
  }

  /** As after a restart. */
  newCopies (): Copies {
    const { store, directory, sealer, clock, random, turn, account } = this.ana
    return new Copies({
      reader: store.read,
      network: this.network,
      sealer,
      clock,
      random,
      directory,
      destinations: this.destinations,
      account,
      turn,
      sessions: this.#sessions,
      reach: () => {},
      verify: isSignature,
      roundTripMs: device => this.outbox.roundTripMs(device)
    })
  }

  /** Ana learns of Bob's relays, and of the secret behind his doors. */
  tell (depots: readonly Depot[]): void {
    const { ana, bob, contact } = this
    const held = ana.directory.contact(contact)?.contact
    const verified = bob.offered().verified
    const from = held?.seq === undefined || held.seq <= verified.seq ? verified : { ...verified, seq: held.seq, hash: held.statementHash ?? verified.hash }
    const signed = signStatement(nextStatement(from, { nowMs: ana.world.nowMs, relays: depots.map(({ listed }) => listed) }), bob.own.signingKey)
    ana.store.transact(writer => {
      const row = writer.read.contacts.byNumber(contact)
      if (row === undefined) throw new Error('Bob is a contact')
      adoptStatement(row, { signed, verified: verifyStatement(signed, (key, claim, consent) => ana.sealer.verifyConsent(key, claim, consent)) }, { writer, round: new Round(ana.world.nowMs), sealer: ana.sealer })
      writer.contacts.update(contact, { theirAliasSecret: SECRET, recordKey: new Uint8Array(32), readKey: new Uint8Array(32) })
    })
    ana.directory.forget(contact)
    this.copies.replan(contact)
  }

  depot (index: number): Depot {
    const depot = this.depots[index]
    if (depot === undefined) throw new Error('there are three')
    return depot
  }

  async send (text: string): Promise<ContentId> { return await this.ana.send(this.contact, text) }

  async pass (delayMs: number): Promise<void> { await this.ana.world.advance(delayMs) }

  door (depot: Depot): DerivedAlias { return deriveAlias(SECRET, { relay: depot.network.peerId, device: this.bob.device }) }

  state (id: ContentId): string | undefined { return this.ana.store.read.messages.byId(id)?.state }

  rows (id: ContentId): Copy[] {
    const { read } = this.ana.store
    return read.outbox.ofMessage(id).flatMap(({ row }) => read.copies.ofOutbox(row))
  }

  /** Signed copies, as `2/3`. */
  count (id: ContentId, of = this.depots.length): string {
    const { stored } = copiesOf(this.rows(id).map(copyStateOf), this.ana.clock.now())
    return `${stored}/${of}`
  }

  steps (id: ContentId): string[] {
    const { read } = this.ana.store
    return read.outbox.ofMessage(id).flatMap(({ row }) => read.traces.ofOutbox(row).map(({ step, detail }) => `${step}: ${detail}`))
  }
}
