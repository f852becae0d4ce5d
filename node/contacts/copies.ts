/** Where copies of an envelope go, and how many there are: what the device list of its recipient and the copies table say. */
import { copiesOf, leastCopies, NO_COPY, type Copies, type CopyState } from '../../protocols/deposit/copies.ts'
import { deriveAlias, type DerivedAlias } from '../../protocols/mailbox/alias.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import { idKey, type ContentId, type DeviceId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Copy, Outgoing } from '../../store/types.ts'
import type { Directory } from '../directory.ts'

/** One relay of the recipient, and the door to its device's mailbox there. */
export interface Destination { readonly relay: ListedRelay, readonly door: DerivedAlias }

/** Doors kept in memory: deriving one takes longer than everything else about a copy. */
const DOORS_MAX = 16_384

export class Destinations {
  readonly #directory: Directory
  readonly #doors = new Map<string, DerivedAlias>()
  /** Relays that have shown that they cannot be believed. */
  readonly #demoted = new Set<string>()

  constructor (directory: Directory) {
    this.#directory = directory
  }

  /** Whether copies can be left for this recipient: what is asked for each envelope. */
  isAny ({ contact, gateToken }: Pick<Outgoing, 'contact' | 'gateToken'>): boolean {
    const known = this.#directory.contact(contact)
    return (known?.list?.relays.length ?? 0) > 0 && (gateToken ?? known?.contact.theirAliasSecret) !== undefined
  }

  /** It is asked last from now on, for as long as this process lives. */
  demote (relay: string): void { this.#demoted.add(relay) }

  /** None: the recipient has no relays, or has not told us the secret behind its doors. The best come first. */
  of ({ contact, deviceId, gateToken }: Pick<Outgoing, 'contact' | 'deviceId' | 'gateToken'>): readonly Destination[] {
    const known = this.#directory.contact(contact)
    const relays = known?.list?.relays ?? []
    if (relays.length === 0) return NOWHERE
    // A stranger comes through the gate of the invite; a contact has a door of its own.
    const secret = gateToken ?? known?.contact.theirAliasSecret
    if (secret === undefined) return NOWHERE
    return this.#bestFirst(relays).map(relay => ({ relay, door: this.#door(secret, { relay: relay.peerId, device: deviceId }) }))
  }

  #bestFirst (relays: readonly ListedRelay[]): readonly ListedRelay[] {
    if (this.#demoted.size === 0) return relays
    return [...relays.filter(({ peerId }) => !this.#demoted.has(peerId)), ...relays.filter(({ peerId }) => this.#demoted.has(peerId))]
  }

  #door (secret: Uint8Array, where: { readonly relay: string, readonly device: DeviceId }): DerivedAlias {
    const key = idKey(secret) + idKey(where.device) + where.relay
    const known = this.#doors.get(key)
    if (known !== undefined) return known
    if (this.#doors.size >= DOORS_MAX) this.#doors.clear()
    const door = deriveAlias(secret, where)
    this.#doors.set(key, door)
    return door
  }
}

const NOWHERE: readonly Destination[] = []

export function copyStateOf (copy: Copy | undefined): CopyState {
  if (copy === undefined) return NO_COPY
  switch (copy.state) {
    case 'stored': return { at: 'stored', storedAtMs: copy.storedAtMs ?? 0, expiresAtMs: copy.expiresAtMs ?? 0 }
    case 'refused': return { at: 'refused' }
    case 'waiting': return { at: 'none', attempts: copy.attempts, retryAtMs: 0 }
  }
}

export interface CountParts { readonly reader: Reader, readonly directory: Directory, readonly nowMs: number }

/**
 * The copies of a message: those of the device that is worst off, among the devices that have not got it yet. undefined: none of it can
 * be kept at relays, or nobody is waited for any more.
 */
export function countCopies (message: ContentId, parts: CountParts): Copies | undefined {
  const open = parts.reader.outbox.ofMessage(message).filter(({ state }) => state === 'waiting' || state === 'sealed')
  const counts = open.map(outgoing => countRow(outgoing, parts))
  return counts.includes(undefined) ? undefined : leastCopies(counts.flatMap(count => count ?? []))
}

/** The copies of one envelope. undefined: it can be kept at no relay. */
export function countRow ({ row, contact, gateToken }: Outgoing, { reader, directory, nowMs }: CountParts): Copies | undefined {
  const known = directory.contact(contact)
  const relays = known?.list?.relays ?? []
  if (relays.length === 0 || (gateToken ?? known?.contact.theirAliasSecret) === undefined) return undefined
  const copies = new Map(reader.copies.ofOutbox(row).map(copy => [copy.relay, copy]))
  return copiesOf(relays.map(({ peerId }) => copyStateOf(copies.get(peerId))), nowMs)
}

/** How a relay is called where people read it: its host, else the end of its PeerId. */
export function relayLabel (peerId: string, relays: readonly ListedRelay[]): string {
  const address = relays.find(relay => relay.peerId === peerId)?.addresses[0]
  const [, kind = '', host = '', , port = ''] = (address ?? '').split('/')
  if (kind.startsWith('dns')) return host
  return kind === 'ip4' || kind === 'ip6' ? `${host}:${port}` : `…${peerId.slice(-6)}`
}
