/**
 * One person's engine without its loops: a real store in memory, the simulated ratchet, a turn, and a record of what the turn
 * told. Time is a world's. What a loop would do next is done by the test, one step at a time.
 */
import { createAccount, drawSecrets } from '../../node/create-account.ts'
import { NOBODY } from '../../node/contacts/introductions.ts'
import { adoptStatement } from '../../node/contacts/statements.ts'
import { Arrivals } from '../../node/arrivals.ts'
import { Directory } from '../../node/directory.ts'
import type { Step } from '../../node/failpoints.ts'
import { Feed } from '../../node/feed.ts'
import { OwnAccount } from '../../node/own-account.ts'
import type { Clock, Sealed } from '../../node/ports.ts'
import type { DraftBody } from '../../node/turn/compose.ts'
import type { Arrival, Outcome } from '../../node/turn/open.ts'
import type { Taken } from '../../node/turn/consequences.ts'
import { Round } from '../../node/turn/round.ts'
import type { SealedEnvelope } from '../../node/turn/sealed-envelope.ts'
import { Turn, type TurnEvents } from '../../node/turn/turn.ts'
import { decodeSignedStatement, type StatementRef } from '../../protocols/account/wire.ts'
import type { StorageError } from '../../protocols/core/errors.ts'
import { contentId, type ContentId, type DeviceId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { padContent } from '../../protocols/envelope/padding.ts'
import { encodeEnvelope } from '../../protocols/envelope/wire.ts'
import { encodePack } from '../../protocols/message/wire.ts'
import type { WritableContent } from '../../protocols/message/content.ts'
import { AccountStore, openAccountStore } from '../../store/account-store.ts'
import type { Message, Own, Standing } from '../../store/types.ts'
import type { Writer } from '../../store/writer.ts'
import { SeededRandom } from '../../testnet/simulation/random.ts'
import { SimSealer, simIdentity } from '../../testnet/simulation/sealer.ts'
import { START_MS, World } from '../../testnet/simulation/world.ts'

/** A store whose disk may say no, or take its time. */
export class TroubledStore extends AccountStore {
  /** Thrown by the next commits instead of committing. */
  fault: Error | undefined
  /** While it is there, nothing is on the disk for certain. */
  flush: Promise<void> | undefined
  commits = 0

  override commit<T> (work: (writer: Writer) => T): T {
    if (this.fault !== undefined) throw this.fault
    const result = super.commit(work)
    this.commits += 1
    return result
  }

  override async durable (): Promise<void> {
    await this.flush
    await super.durable()
  }
}

/** What the turn told those who come after a commit. */
export interface Told {
  readonly sealed: SealedEnvelope[]
  readonly taken: Taken[]
  readonly behind: number[]
  readonly hinted: number[]
  readonly sessionless: DeviceId[]
  readonly storage: Array<StorageError | undefined>
}

export class Engine {
  readonly world: World
  readonly name: string
  readonly peerId: string
  readonly random: SeededRandom
  readonly clock: Clock
  readonly store: TroubledStore
  readonly own: Own
  /** Behind the recovery words. */
  readonly recoveryEntropy: Uint8Array
  readonly sealer: SimSealer
  readonly directory: Directory
  readonly account: OwnAccount
  readonly feed = new Feed()
  readonly arrivals = new Arrivals()
  readonly turn: Turn
  readonly told: Told = { sealed: [], taken: [], behind: [], hinted: [], sessionless: [], storage: [] }
  readonly steps: Step[] = []
  /** Who is told besides the record. */
  listener: Partial<TurnEvents> = {}
  skewMs = 0
  hasMailboxes = true

  constructor (name: string, world = new World(1)) {
    this.world = world
    this.name = name
    this.peerId = `peer${name}`
    this.random = new SeededRandom(1, name)
    this.clock = world.clock(() => true, () => this.skewMs)
    this.store = new TroubledStore(openAccountStore({ path: ':memory:', isNew: true }).database)
    const secrets = drawSecrets(this.random, () => simIdentity(this.random, this.peerId))
    this.recoveryEntropy = secrets.recoveryEntropy
    createAccount(this.store, { name, acceptPolicy: 'ask', nowMs: START_MS, secrets })
    const own = this.store.read.own.get()
    invariant(own !== undefined, 'an engine has an account')
    this.own = own
    this.sealer = new SimSealer({ own, reader: this.store.read, random: this.random, now: () => this.clock.now() })
    this.directory = new Directory(this.store.read)
    this.account = new OwnAccount({ reader: this.store.read, sealer: this.sealer, addresses: () => [`/sim/${this.peerId}`] })
    this.turn = this.#newTurn()
    this.store.commits = 0
  }

  get device (): DeviceId { return this.own.deviceId }

  /** Lets everything happen that needs no time. */
  async rest (): Promise<void> { await this.world.advance(1) }

  /** Makes somebody a contact, with their device list. Returns the contact's number. */
  add (other: Engine, standing: Standing = 'accepted'): number {
    const contact = this.store.transact(writer => {
      const fresh = { accountId: other.own.accountId, ...NOBODY, name: other.name, standing, createdAtMs: START_MS }
      const number = writer.contacts.create(fresh)
      adoptStatement({ contact: number, ...fresh }, other.offered(), { writer, round: new Round(START_MS), sealer: this.sealer })
      writer.devices.setAddresses(other.device, [`/sim/${other.peerId}`])
      return number
    })
    this.directory.forget(contact)
    return contact
  }

  /** Our device list, as we hand it out. */
  offered (): { readonly signed: ReturnType<typeof decodeSignedStatement>, readonly verified: OwnAccount['statement'] } {
    return { signed: decodeSignedStatement(this.account.own.statement), verified: this.account.statement }
  }

  /** Starts a session with a device of somebody who is a contact already. */
  async meet (other: Engine): Promise<void> {
    const bundle = other.store.transact(writer => other.sealer.issueBundle(writer, { nowMs: START_MS, withOneTime: false }))
    await this.world.within(this.turn.write(() => {}, async () => { await this.sealer.startSession(other.device, bundle) }))
  }

  async send (contact: number, body: string | DraftBody): Promise<ContentId> {
    return await this.world.within(this.turn.send({ contact, body: typeof body === 'string' ? { type: 'text', text: body, replyTo: undefined } : body, idempotencyKey: undefined }))
  }

  /** Envelopes that the turn has let go since the last call. */
  takeSealed (): SealedEnvelope[] { return this.told.sealed.splice(0) }

  /** Leaves envelopes of somebody with us, as the deposit handler does. */
  async receive (from: Engine, envelopes: readonly Deposited[]): Promise<Outcome[]> {
    return await this.world.within(Promise.all(envelopes.map(async envelope => await new Promise<Outcome>(resolve => { this.turn.take([arrivalOf(from, envelope, resolve)]) }))))
  }

  messages (contact: number): Message[] { return this.store.read.messages.page(contact, { limit: 1_000 }) }

  events (): string[] {
    return this.store.read.events.after({ seq: 0, offset: 0 }, 1_000).map(({ type }) => type)
  }

  #newTurn (): Turn {
    const { store, sealer, clock, random, directory, feed, arrivals, told } = this
    const turn = new Turn({ store, sealer, clock, random, directory, feed, arrivals, reach: step => this.steps.push(step), statement: () => this.account.ref, profile: () => this.account.profile, hasMailboxes: () => this.hasMailboxes })
    turn.listen({
      onSealed: envelopes => {
        told.sealed.push(...envelopes)
        this.listener.onSealed?.(envelopes)
      },
      onBehind: contacts => {
        told.behind.push(...contacts)
        this.listener.onBehind?.(contacts)
      },
      onHint: contacts => {
        told.hinted.push(...contacts)
        this.listener.onHint?.(contacts)
      },
      onSessionless: devices => {
        told.sessionless.push(...devices)
        this.listener.onSessionless?.(devices)
      },
      onContacts: contacts => { this.listener.onContacts?.(contacts) },
      onTaken: envelopes => {
        told.taken.push(...envelopes)
        this.listener.onTaken?.(envelopes)
      },
      onStorage: error => told.storage.push(error)
    })
    return turn
  }
}

export type Deposited = Pick<SealedEnvelope, 'envelopeId' | 'sealed'>

/** An envelope in the clear form, on the connection of its author. */
export function arrivalOf (from: Engine, { envelopeId, sealed }: Deposited, onOutcome: (outcome: Outcome) => void): Arrival {
  const body = encodeEnvelope({ form: 'clear', ciphertext: { senderDevice: from.device, kind: sealed.kind, body: sealed.body } })
  return { via: 'direct', peerId: from.peerId, envelopeId, body, gateToken: undefined, onOutcome }
}

/** Encrypts contents beside the turn: what another program might send. */
export async function sealBeside (contents: readonly WritableContent[], { from, to, senderStatement = from.account.ref }: { readonly from: Engine, readonly to: Engine, readonly senderStatement?: StatementRef }): Promise<Sealed> {
  const sealed = await from.sealer.encrypt(to.device, padContent(encodePack({ contents, senderStatement })))
  from.store.transact(writer => { from.sealer.write(writer) })
  from.sealer.settle()
  return sealed
}

/** A content id of which only the number matters: ids of higher numbers sort after. */
export function numberedId (number: number): ContentId {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, number)
  return contentId(bytes)
}
