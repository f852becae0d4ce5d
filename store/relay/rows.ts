/** The rows of a relay's tables as the program sees them. */
import type { AliasKind, Item, ListedItem } from '../../protocols/mailbox/wire.ts'
import { bytes, bytesOrNothing, envelopeIdOf, namesOf } from '../tables/columns.ts'
import type { Mailbox, StoredAlias } from './types.ts'

export const KINDS = { contact: 1, gateOnce: 2, gateOpen: 3 } as const
const kindNames = namesOf(KINDS)

export const HELD = 0
export const COLLECTED = 1
export const EXPIRED = 2

const MINUTE_MS = 60_000
/** Positions of one mailbox: see 001-relay.sql. */
const POSITIONS = 2 ** 32
export const POSITION_MAX = POSITIONS - 1
/** Up to here the number of an item is exact: 2^53. */
export const MAILBOX_NUMBER_MAX = 2 ** 21 - 1

export function minuteOf (atMs: number): number { return Math.floor(atMs / MINUTE_MS) }
/** What was promised until some moment is kept until the minute is over. */
export function minuteAfter (atMs: number): number { return Math.ceil(atMs / MINUTE_MS) }
export function msOf (minute: number): number { return minute * MINUTE_MS }
export function itemOf (mailbox: number, position: number): number { return mailbox * POSITIONS + position }
function positionOf (item: number): number { return item % POSITIONS }
export function lastItemOf (mailbox: number): number { return itemOf(mailbox, POSITION_MAX) }

export interface MailboxRow {
  readonly mailbox: number
  readonly peer_id: string
  readonly alias_epoch: Uint8Array | null
  readonly alias_count: number
  readonly items: number
  readonly bytes: number
  readonly gate_pending: number
  readonly next_position: number
  readonly created_day: number
  readonly last_seen_day: number
  readonly is_blocked: number
}

export function mailboxOf (row: MailboxRow): Mailbox {
  return {
    mailbox: row.mailbox,
    peerId: row.peer_id,
    aliasEpoch: bytesOrNothing(row.alias_epoch),
    aliasCount: row.alias_count,
    usage: { items: row.items, bytes: row.bytes },
    gatePending: row.gate_pending,
    isBlocked: row.is_blocked === 1,
    nextPosition: row.next_position,
    createdDay: row.created_day,
    lastSeenDay: row.last_seen_day
  }
}

export interface AliasRow {
  readonly door: number
  readonly alias: Uint8Array
  readonly mailbox: number
  readonly mac_key: Uint8Array
  readonly kind: number
  readonly expires_at: number | null
  readonly items: number
  readonly bytes: number
  readonly remembered: number
}

export function aliasOf (row: AliasRow): StoredAlias {
  return {
    alias: bytes(row.alias),
    mailbox: row.mailbox,
    macKey: bytes(row.mac_key),
    kind: kindOf(row.kind),
    expiresAtMs: row.expires_at ?? undefined,
    usage: { items: row.items, bytes: row.bytes }
  }
}

function kindOf (kind: number): AliasKind { return kindNames.get(kind) ?? 'contact' }

export interface ItemRow { readonly item: number, readonly alias: Uint8Array, readonly deposit_id: Uint8Array, readonly stored_minute: number, readonly body: Uint8Array }

export function storedItem ({ item, alias, deposit_id: depositId, stored_minute: minute, body }: ItemRow): Item {
  return { position: positionOf(item), alias: bytes(alias), depositId: envelopeIdOf(depositId), body: bytes(body), storedAtMs: msOf(minute) }
}

export interface ListedRow { readonly item: number, readonly alias: Uint8Array, readonly deposit_id: Uint8Array, readonly size: number, readonly expires_minute: number }

export function listedItem ({ item, alias, deposit_id: depositId, size, expires_minute: minute }: ListedRow): ListedItem {
  return { position: positionOf(item), alias: bytes(alias), depositId: envelopeIdOf(depositId), sizeBytes: size, expiresAtMs: msOf(minute) }
}
