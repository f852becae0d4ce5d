/**
 * Parties to a conversation: each a device with a real account store in memory and the real sealer, and a `turn` that does
 * what the node's turn does: ratchet work, then one transaction, then settle or discard.
 */
import { randomBytes } from 'node:crypto'
import { accountId, deviceIdText } from '../../../protocols/core/ids.ts'
import type { DeviceId } from '../../../protocols/core/ids.ts'
import { invariant } from '../../../protocols/core/invariant.ts'
import type { Bundle } from '../../../protocols/prekeys/prekeys_pb.ts'
import { generateIdentity } from '../../../node/crypto/keys.ts'
import type { Identity } from '../../../node/crypto/keys.ts'
import { SignalSealer } from '../../../node/crypto/sealer.ts'
import type { SignalSealerOptions } from '../../../node/crypto/sealer.ts'
import type { Decrypted, Sealed } from '../../../node/ports.ts'
import { openAccountStore } from '../../../store/account-store.ts'
import type { AccountStore } from '../../../store/account-store.ts'
import type { Device, Own } from '../../../store/types.ts'
import type { Writer } from '../../../store/writer.ts'

export const DAY_MS = 24 * 3_600_000

/** 2026-01-01T00:00:00Z; the parties of a test share one. */
export class TestClock {
  nowMs = 1_767_225_600_000
  now = (): number => this.nowMs
}

const open = new Set<Party>()

/** After each test. */
export function closeParties (): void {
  for (const party of open) party.store.close()
  open.clear()
}

export class Party {
  readonly clock: TestClock
  readonly own: Own
  /** The public one. */
  readonly identityKey: Uint8Array
  readonly store: AccountStore
  sealer: SignalSealer

  constructor (clock: TestClock) {
    const identity = generateIdentity()
    const own = newOwn(identity)
    this.clock = clock
    this.own = own
    this.identityKey = identity.publicKey
    this.store = openAccountStore({ path: ':memory:' })
    this.store.transact(writer => writer.own.create(own))
    this.sealer = this.newSealer()
    open.add(this)
  }

  get device (): DeviceId { return this.own.deviceId }

  /** What is left after a crash: the database. */
  restart (options: Partial<SignalSealerOptions> = {}): void { this.sealer = this.newSealer(options) }

  newSealer (options: Partial<SignalSealerOptions> = {}): SignalSealer {
    return new SignalSealer({ own: this.own, reader: this.store.read, clock: this.clock, ...options })
  }

  accept (other: Party): void {
    this.store.transact(writer => this.putDevice(other, writer))
  }

  putDevice (other: Party, writer: Writer): void {
    const contact = writer.read.contacts.byAccount(other.own.accountId)?.contact ?? this.#addContact(other, writer)
    writer.devices.put(other.asDevice(contact))
  }

  /** A newer device list of the other account, without this device. */
  revoke (other: Party): void { this.store.transact(writer => writer.devices.unlist(other.device)) }

  asDevice (contact: number): Device {
    return {
      deviceId: this.device,
      contact,
      identityKey: this.identityKey,
      registrationId: this.own.registrationId,
      peerId: deviceIdText(this.device),
      addresses: [],
      isListed: true
    }
  }

  /** Ratchet work and its transaction. When either throws, nothing happened. */
  async turn<Value> (work: () => Promise<Value>, alsoWrite: (writer: Writer) => void = () => {}): Promise<Value> {
    try {
      const value = await work()
      this.store.transact(writer => {
        alsoWrite(writer)
        this.sealer.write(writer)
      })
      this.sealer.settle()
      return value
    } catch (thrown) {
      this.sealer.discard()
      throw thrown
    }
  }

  /** Ratchet work whose transaction fails. */
  async lostTurn<Value> (work: () => Promise<Value>): Promise<Value> {
    const value = await work()
    this.sealer.discard()
    return value
  }

  refill (): Promise<boolean> {
    return this.turn(() => Promise.resolve(this.sealer.refillPrekeys(this.store.read, this.clock.now())))
  }

  async drop (other: Party, complaint?: Uint8Array): Promise<void> {
    await this.turn(() => {
      this.sealer.dropSession(other.device, complaint)
      return Promise.resolve()
    })
  }

  bundle ({ withOneTime = true } = {}): Bundle {
    const bundle = this.store.transact(writer => this.sealer.issueBundle(writer, { nowMs: this.clock.now(), withOneTime }))
    invariant(bundle !== undefined, 'refill comes first')
    return bundle
  }

  async start (other: Party, bundle: Bundle = other.bundle()): Promise<void> {
    await this.turn(() => this.sealer.startSession(other.device, bundle))
  }

  send (other: Party, text: string): Promise<Sealed> {
    return this.turn(() => this.sealer.encrypt(other.device, Buffer.from(text)))
  }

  async receive (other: Party, sealed: Sealed): Promise<string> {
    return told(await this.turn(() => this.sealer.decrypt(other.device, sealed)))
  }

  #addContact (other: Party, writer: Writer): number {
    return writer.contacts.create({
      accountId: other.own.accountId,
      alias: undefined,
      name: undefined,
      profileVersion: 0,
      standing: 'accepted',
      statement: undefined,
      epoch: 0,
      seq: 0,
      statementHash: undefined,
      isKeyChanged: false,
      verifiedEpoch: undefined,
      inviteToken: undefined,
      toldProfile: 0,
      aliasSecret: undefined,
      theirAliasSecret: undefined,
      recordKey: undefined,
      readKey: undefined,
      createdAtMs: this.clock.now()
    })
  }
}

/** The text, or the reason why there is none. */
export function told (decrypted: Decrypted): string {
  return decrypted.type === 'plaintext' ? Buffer.from(decrypted.bytes).toString() : decrypted.reason
}

/** Two parties that accept each other and have prekeys to give. */
export async function acquainted (clock = new TestClock()): Promise<{ readonly ana: Party, readonly bob: Party, readonly clock: TestClock }> {
  const ana = new Party(clock)
  const bob = new Party(clock)
  ana.accept(bob)
  bob.accept(ana)
  await ana.refill()
  await bob.refill()
  return { ana, bob, clock }
}

/** … and have exchanged a message each way, so that neither sends PreKey messages any more. */
export async function inSession (clock = new TestClock()): Promise<{ readonly ana: Party, readonly bob: Party, readonly clock: TestClock }> {
  const parties = await acquainted(clock)
  const { ana, bob } = parties
  await ana.start(bob)
  await bob.receive(ana, await ana.send(bob, 'hello'))
  await ana.receive(bob, await bob.send(ana, 'hello back'))
  return parties
}

export function tampered (sealed: Sealed): Sealed {
  const body = Uint8Array.from(sealed.body)
  const last = body.length - 12
  body[last] = (body[last] ?? 0) ^ 1
  return { kind: sealed.kind, body }
}

function newOwn ({ identityKey, registrationId, deviceId }: Identity): Own {
  return {
    identityKey,
    registrationId,
    deviceId,
    accountId: accountId(randomBytes(32)),
    name: 'Somebody',
    nameChangedAtMs: 0,
    statement: new Uint8Array(),
    signingKey: randomBytes(32),
    networkKey: new Uint8Array(),
    acceptPolicy: 'ask',
    trustPolicy: 'first-use',
    sendsReadReceipts: true,
    createdAtMs: 0
  }
}
