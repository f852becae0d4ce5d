/**
 * The doors into our mailbox at one relay: an alias for each contact that may reach us, and a gate for each invite that is open.
 * Derived, never stored: whoever has the secret derives the same (docs/protocols/mailbox.md, "Aliases").
 */
import { deriveAlias, relayDepositId, type DerivedAlias } from '../../protocols/mailbox/alias.ts'
import type { Alias, DepositRef } from '../../protocols/mailbox/wire.ts'
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Contact, Invite } from '../../store/types.ts'
import type { Door } from '../turn/open.ts'
import { isOpen } from './invites.ts'

export interface OpenDoor {
  readonly door: Door
  readonly derived: DerivedAlias
  readonly kind: Alias['kind']
  readonly expiresAtMs: number | undefined
}

export class Doors {
  readonly #reader: Reader
  readonly #where: { readonly relay: string, readonly device: DeviceId }
  /** By secret: deriving takes longer than looking. */
  #derived = new Map<string, DerivedAlias>()
  #byAlias = new Map<string, OpenDoor>()
  #byContact = new Map<number, OpenDoor>()

  constructor (reader: Reader, where: { readonly relay: string, readonly device: DeviceId }) {
    this.#reader = reader
    this.#where = where
  }

  /** Reads anew who may come in. */
  refresh (nowMs: number): void {
    const known = this.#derived
    this.#derived = new Map()
    this.#byAlias = new Map()
    this.#byContact = new Map()
    for (const contact of this.#reader.contacts.list()) this.#addContact(contact, known)
    for (const invite of this.#reader.invites.list()) {
      if (isOpen(invite, nowMs)) this.#addInvite(invite, known)
    }
  }

  /** All that should be open, by the alias's key. */
  get open (): ReadonlyMap<string, OpenDoor> { return this.#byAlias }

  byAlias (alias: Uint8Array): OpenDoor | undefined { return this.#byAlias.get(idKey(alias)) }

  /** What a contact's envelope is called at this relay, if a copy of it is there. */
  refOf (contact: number, envelope: EnvelopeId): DepositRef | undefined {
    const derived = this.#byContact.get(contact)?.derived
    return derived === undefined ? undefined : { alias: derived.alias, depositId: relayDepositId(derived.depositKey, envelope) }
  }

  #addContact ({ contact, standing, aliasSecret }: Contact, known: ReadonlyMap<string, DerivedAlias>): void {
    if (aliasSecret === undefined || (standing !== 'accepted' && standing !== 'requested')) return
    const open = { door: { type: 'contact', contact } as const, derived: this.#derive(aliasSecret, known), kind: 'contact' as const, expiresAtMs: undefined }
    this.#byContact.set(contact, open)
    this.#byAlias.set(idKey(open.derived.alias), open)
  }

  #addInvite ({ token, kind, expiresAtMs }: Invite, known: ReadonlyMap<string, DerivedAlias>): void {
    const derived = this.#derive(token, known)
    this.#byAlias.set(idKey(derived.alias), { door: { type: 'gate', token }, derived, kind: kind === 'once' ? 'gateOnce' : 'gateOpen', expiresAtMs })
  }

  #derive (secret: Uint8Array, known: ReadonlyMap<string, DerivedAlias>): DerivedAlias {
    const key = idKey(secret)
    const derived = known.get(key) ?? deriveAlias(secret, this.#where)
    this.#derived.set(key, derived)
    return derived
  }
}

export function refKey ({ alias, depositId }: DepositRef): string { return idKey(alias) + idKey(depositId) }
