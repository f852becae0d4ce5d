/**
 * Brings about what must be there before contents can be sealed: a contact's device list, and a session with each device.
 * What is missing is read from the database, so a crash forgets nothing: level-triggered, not edge-triggered.
 */
import { decodeAccountAnswer, encodeAccountLookup, ACCOUNT_VERSION } from '../../protocols/account/wire.ts'
import { isExpired, verifyStatement } from '../../protocols/account/statement.ts'
import { UnreachableError, UntrustedError, MalformedError } from '../../protocols/core/errors.ts'
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import { UNADDRESSED, type Contact, type Device } from '../../store/types.ts'
import { ACCOUNT_PROTOCOL } from '../protocols.ts'
import type { Destinations } from '../contacts/copies.ts'
import type { Clock, Network, PeerTarget, Random, Sealer } from '../ports.ts'
import type { Located } from '../contacts/locate.ts'
import { LostContacts } from '../contacts/lost.ts'
import { fetchBundle } from './bundles.ts'
import { firstOf } from './first-of.ts'
import type { VerifySignature } from './relay-lane.ts'
import { adoptStatement, type OfferedStatement } from '../contacts/statements.ts'
import { openRequests, queueRequest } from '../contacts/introductions.ts'
import type { Directory } from '../directory.ts'
import type { Reach } from '../failpoints.ts'
import type { Turn } from '../turn/turn.ts'
import type { Errands } from './errands.ts'

export interface SessionsParts {
  readonly reader: Reader
  readonly directory: Directory
  readonly network: Network
  readonly sealer: Sealer
  readonly clock: Clock
  readonly turn: Turn
  readonly errands: Errands
  readonly reach: Reach
  readonly random: Random
  readonly destinations: Destinations
  readonly verify: VerifySignature
  /** Asks relays and the DHT for a contact's list. */
  readonly locate: (contact: Contact) => Promise<Located>
}

/** Waiting rows of one device that a failed attempt is written to: more would tell the same. */
const TRACED_ROWS_MAX = 16

export class Sessions {
  readonly #parts: SessionsParts

  readonly #lost = new LostContacts()

  constructor (parts: SessionsParts) {
    this.#parts = parts
  }

  /** Looks at everything that waits. At start, and whenever there is doubt. */
  resume (): void {
    const { reader, sealer, turn } = this.#parts
    for (const contact of reader.contacts.list()) {
      // A request that is on its way needs no other beside it.
      if (contact.standing === 'requested' && !this.#isAsking(contact.contact)) this.introduce(contact.contact)
    }
    for (const { deviceId, contact, waitingCount } of reader.outbox.openDevices()) {
      this.keepFresh(contact)
      if (waitingCount === 0 || idKey(deviceId) === idKey(UNADDRESSED)) continue
      if (sealer.hasSession(deviceId)) turn.seal(deviceId)
      else this.obtain(deviceId)
    }
  }

  #isAsking (contact: number): boolean {
    const { reader } = this.#parts
    return reader.devices.ofContact(contact).some(({ deviceId, isListed }) => isListed && openRequests(deviceId, reader).length > 0)
  }

  /** We want to be their contact: find their device list and put the request into the outbox. */
  introduce (contact: number): void {
    this.#parts.errands.begin(`introduce:${contact}`, async () => await this.#introduce(contact))
  }

  /** A device needs a session. */
  obtain (device: DeviceId): void {
    const key = `session:${idKey(device)}`
    this.#parts.errands.begin(key, async () => await this.#obtain(device), error => this.#traceWaiting(device, error))
  }

  /** A contact has a newer device list than we do. */
  refresh (contact: number): void {
    this.#parts.errands.begin(`refresh:${contact}`, async () => await this.#refresh(contact))
  }

  /**
   * Something goes to a contact: when its device list has expired, a fresher one is looked for. What goes does not wait for it;
   * contacts to whom nothing goes are left alone.
   */
  keepFresh (contact: number): void {
    const { directory, clock } = this.#parts
    if (directory.isListExpired(contact, clock.now())) this.refresh(contact)
  }

  /**
   * Neither a device of this contact nor a relay of its list has answered: it may have moved. Its list is looked for now and then; that
   * it is not found is no reason to hurry.
   */
  lost (contact: number): void {
    const { errands, clock } = this.#parts
    if (this.#lost.isLookDue(contact, clock.monotonic())) errands.begin(`lost:${contact}`, async () => await this.#lookElsewhere(contact))
  }

  /** A contact may be reachable now. */
  hint (contact: number): void {
    const { errands, reader } = this.#parts
    this.#lost.found(contact)
    errands.hint(`introduce:${contact}`)
    errands.hint(`refresh:${contact}`)
    for (const device of reader.devices.ofContact(contact)) errands.hint(`session:${idKey(device.deviceId)}`)
  }

  async #introduce (contact: number): Promise<void> {
    const { reader, turn } = this.#parts
    const row = reader.contacts.byNumber(contact)
    // A contact is asked again, too: they may have removed us without our knowing.
    if (row?.standing !== 'requested' && row?.standing !== 'accepted') return
    if (reader.devices.ofContact(contact).some(device => device.isListed)) {
      await turn.write((writer, round) => queueRequest(row, { writer, round }))
      return
    }
    const offered = await this.#find(row, groupHints(reader.hints.ofContact(contact).filter(({ isRelay }) => !isRelay)))
    await turn.write((writer, round) => {
      const fresh = writer.read.contacts.byNumber(contact) ?? row
      adoptStatement(fresh, offered, { writer, round, sealer: this.#parts.sealer })
      queueRequest(fresh, { writer, round })
    })
  }

  async #lookElsewhere (contact: number): Promise<void> {
    try {
      await this.#refresh(contact)
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
    }
  }

  async #refresh (contact: number): Promise<void> {
    const { reader, turn, sealer, clock } = this.#parts
    const row = reader.contacts.byNumber(contact)
    if (row === undefined || row.standing === 'blocked' || row.standing === 'removed') return
    const offered = await this.#find(row, reader.devices.ofContact(contact).filter(device => device.isListed))
    await turn.write((writer, round) => {
      adoptStatement(writer.read.contacts.byNumber(contact) ?? row, offered, { writer, round, sealer })
    })
    if (isExpired(offered.verified, clock.now())) throw new UnreachableError('the newest device list of this contact has expired as well')
  }

  /** A contact's device list: from a device, which has the newest, or from where the account keeps it for when none of them is there. */
  async #find (contact: Contact, targets: readonly PeerTarget[]): Promise<OfferedStatement> {
    const { clock } = this.#parts
    const first = async (): Promise<OfferedStatement> => await this.#lookUp(contact, targets)
    if (contact.recordKey === undefined) return await first()
    return await firstOf({ first, second: async () => await this.#locate(contact), clock, failure: 'neither a device of this contact nor one of its relays shows its device list now' })
  }

  async #locate (contact: Contact): Promise<OfferedStatement> {
    const { statement } = await this.#parts.locate(contact)
    if (statement === undefined) throw new UnreachableError('no relay of this contact shows its device list')
    return statement
  }

  /** Asks one peer after the other for a contact's device list; whoever hands it out, only its signatures count. */
  async #lookUp (contact: Contact, targets: readonly PeerTarget[]): Promise<OfferedStatement> {
    const { network, sealer } = this.#parts
    const lookup = encodeAccountLookup({ version: ACCOUNT_VERSION, accountId: contact.accountId })
    let failure = new UnreachableError('no address of this contact is known')
    for (const target of targets) {
      try {
        const answer = decodeAccountAnswer(await network.request(target, ACCOUNT_PROTOCOL, lookup))
        if (answer.type === 'refusal') throw new UnreachableError('the peer does not hand out this account\'s device list')
        const verified = verifyStatement(answer.statement, (key, account, consent) => sealer.verifyConsent(key, account, consent))
        if (idKey(verified.accountId) !== idKey(contact.accountId)) throw new MalformedError('device list', 'must be of the account that was asked for')
        return { signed: answer.statement, verified }
      } catch (error) {
        if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
        failure = new UnreachableError(error.message)
      }
    }
    throw failure
  }

  async #obtain (deviceId: DeviceId): Promise<void> {
    const { reader, sealer, turn, reach } = this.#parts
    const device = reader.devices.byId(deviceId)
    const contact = device === undefined ? undefined : reader.contacts.byNumber(device.contact)
    // A device that is listed no more gets nothing: what waited for it was dropped with it.
    if (device?.isListed !== true || contact === undefined) return
    if (sealer.hasSession(deviceId)) {
      turn.seal(deviceId)
      return
    }
    const { bundle, relay } = await fetchBundle(device, contact, this.#parts)
    try {
      await turn.write((_writer, round) => {
        // They answer, so what waits for another attempt can leave as well.
        round.toHint.add(contact.contact)
      }, async () => {
        if (!sealer.hasSession(deviceId)) await sealer.startSession(deviceId, bundle)
        reach('session.started')
      })
    } catch (error) {
      // It would give the same again: the others are asked first from now on.
      if (relay !== undefined && (error instanceof UntrustedError || error instanceof MalformedError)) this.#parts.destinations.demote(relay)
      // Another key than in the list that we accepted: perhaps their list is newer, perhaps somebody is in between.
      if (error instanceof UntrustedError) this.refresh(contact.contact)
      throw error
    }
    turn.seal(deviceId)
  }

  #traceWaiting (device: DeviceId, error: Error): void {
    const { reader, turn, clock } = this.#parts
    const rows = reader.outbox.waiting(device, TRACED_ROWS_MAX).map(outgoing => outgoing.row)
    if (rows.length > 0) turn.settle([{ type: 'attempted', rows, atMs: clock.now(), step: 'unreachable', detail: error.message }])
  }
}

export function targetOf ({ peerId, addresses }: Device): PeerTarget {
  return { peerId, addresses }
}

function groupHints (hints: ReadonlyArray<{ readonly peerId: string, readonly address: string }>): PeerTarget[] {
  const byPeer = new Map<string, string[]>()
  for (const { peerId, address } of hints) byPeer.set(peerId, [...byPeer.get(peerId) ?? [], address])
  return [...byPeer].map(([peerId, addresses]) => ({ peerId, addresses }))
}
