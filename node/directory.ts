/**
 * Contacts and their devices as the hot paths need them, in memory. Whoever writes a contact or a device calls `forget` after
 * the commit; the next look reads it again.
 */
import { isExpired } from '../protocols/account/statement.ts'
import { decodeSignedStatement, decodeStatement, type Statement } from '../protocols/account/wire.ts'
import type { DeviceId } from '../protocols/core/ids.ts'
import type { Reader } from '../store/reader.ts'
import type { Contact, Device } from '../store/types.ts'
import { resolveContact } from './contacts/resolve.ts'

/** Names that people used, kept with whom they mean. */
const NAMES_MAX = 1_024
/** Contacts kept in memory. */
const ENTRIES_MAX = 8_192

export interface Known {
  readonly contact: Contact
  /** In the newest accepted list. */
  readonly devices: readonly Device[]
  /** That list; undefined: they have shown none yet. */
  readonly list: Pick<Statement, 'expiresAtMs' | 'relays'> | undefined
}

export class Directory {
  readonly #reader: Reader
  readonly #byContact = new Map<number, Known>()
  readonly #byPeer = new Map<string, Device>()
  readonly #byName = new Map<string, number>()

  constructor (reader: Reader) {
    this.#reader = reader
  }

  contact (contact: number): Known | undefined {
    return this.#byContact.get(contact) ?? this.#load(contact)
  }

  /** Whom a person means, as `resolveContact` says. @throws NotFoundError, UsageError */
  named (who: string): Contact {
    const known = this.#byName.get(who)
    const contact = known === undefined ? undefined : this.contact(known)?.contact
    if (contact !== undefined) return contact
    const found = resolveContact(who, this.#reader)
    if (this.#byName.size >= NAMES_MAX) this.#byName.clear()
    this.#byName.set(who, found.contact)
    return found
  }

  /** The listed device behind a peer, of whatever standing its contact is. */
  peer (peerId: string): Device | undefined {
    const known = this.#byPeer.get(peerId)
    if (known !== undefined) return known
    const device = this.#reader.devices.byPeer(peerId)
    if (device?.isListed !== true) return undefined
    this.#load(device.contact)
    return device
  }

  device (id: DeviceId): Device | undefined {
    return this.#reader.devices.byId(id)
  }

  /** Whether a contact's device list has outlived its time: it is stale, not false. */
  isListExpired (contact: number, nowMs: number): boolean {
    const list = this.contact(contact)?.list
    return list !== undefined && isExpired(list, nowMs)
  }

  forget (contact: number): void {
    // A name may mean somebody else now: a second contact of that name, a new alias.
    this.#byName.clear()
    const known = this.#byContact.get(contact)
    this.#byContact.delete(contact)
    for (const device of known?.devices ?? []) this.#byPeer.delete(device.peerId)
  }

  #load (contact: number): Known | undefined {
    const row = this.#reader.contacts.byNumber(contact)
    if (row === undefined) return undefined
    const devices = this.#reader.devices.ofContact(contact).filter(device => device.isListed)
    const list = row.statement === undefined ? undefined : decodeStatement(decodeSignedStatement(row.statement).payload)
    const known = { contact: row, devices, list }
    if (this.#byContact.size >= ENTRIES_MAX) this.#clear()
    this.#byContact.set(contact, known)
    for (const device of devices) this.#byPeer.set(device.peerId, device)
    return known
  }

  #clear (): void {
    this.#byContact.clear()
    this.#byPeer.clear()
  }
}
