/**
 * Whether a relay takes a deposit, and whether it opens a mailbox: decided from what is full and what has been proven, before anything is
 * written. Law: docs/protocols/mailbox.md, "Admission".
 */
import { CONTROL_BYTES_MAX, CONTROL_RESERVE, ENVELOPE_BYTES_MAX, GATE_ITEMS_MAX, GATE_LIFETIME_MS, REQUEST_ENVELOPE_BYTES_MAX } from '../core/limits.ts'
import { workBitsFor } from '../deposit/work.ts'
import type { RefusalReason } from '../deposit/wire.ts'
import type { AliasKind, MailboxGoodbyeReason, MailboxLimits, Usage } from './wire.ts'

export interface RelayOffer {
  /** undefined: the relay has no such alias. */
  readonly alias: { readonly kind: AliasKind, readonly usage: Usage, readonly isExpired: boolean } | undefined
  readonly isMacRight: boolean
  readonly sizeBytes: number
  readonly isWake: boolean
  readonly mailbox: Usage
  /** Requests that wait behind the gates of the mailbox. */
  readonly gatePending: number
  /** Leading zero bits of the work that was shown; 0: none was. */
  readonly hasWork: (bits: number) => boolean
  readonly limits: MailboxLimits
  readonly isWithinRate: boolean
  /** Deposits of this stream wait for their commit beyond what it may have. */
  readonly isBusy: boolean
  readonly isStorageWell: boolean
  /** The disk cap leaves no room for texts; control envelopes still have their reserve. */
  readonly isNearCap: boolean
  readonly isAtCap: boolean
}

export type RelayAdmission =
  | { readonly type: 'accept' }
  /** `retryAfterMs` 0: not as it is. */
  | { readonly type: 'refuse', readonly reason: RefusalReason, readonly retryAfterMs: number, readonly workBits?: number }

const BUSY_RETRY_MS = 1_000
const RATE_RETRY_MS = 5_000
const STORAGE_RETRY_MS = 60_000
/** A full relay wants its operator, a full mailbox its owner: both take a while. */
const FULL_RETRY_MS = 15 * 60_000

/** What wakes nobody and fits the smallest bucket: receipts, mostly. They must pass where texts do not. */
export function isControl ({ sizeBytes, isWake }: { readonly sizeBytes: number, readonly isWake: boolean }): boolean {
  return !isWake && sizeBytes <= CONTROL_BYTES_MAX
}

/** How long a relay keeps what it takes: as long as asked (0: as long as it can), within its limit; requests of strangers less long. */
export function keptMs ({ lifetimeS, kind, lifetimeMsMax }: { readonly lifetimeS: number, readonly kind: AliasKind, readonly lifetimeMsMax: number }): number {
  const longestMs = kind === 'contact' ? lifetimeMsMax : Math.min(lifetimeMsMax, GATE_LIFETIME_MS)
  return lifetimeS === 0 ? longestMs : Math.min(lifetimeS * 1000, longestMs)
}

/** Decides about one deposit that is not there yet. Looks at what is cheap to know first: an offer may find out as it is asked. */
export function admitDeposit (offer: RelayOffer): RelayAdmission {
  const { sizeBytes } = offer
  if (sizeBytes > ENVELOPE_BYTES_MAX) return refuse('tooLarge')
  if (sizeBytes === 0) return refuse('malformed')
  if (!offer.isWithinRate) return refuse('rate', RATE_RETRY_MS)
  if (offer.isBusy) return refuse('busy', BUSY_RETRY_MS)
  const { alias } = offer
  if (alias === undefined || alias.isExpired) return refuse('unknownAlias')
  if (!offer.isMacRight) return refuse('badMac')
  if (!offer.isStorageWell) return refuse('storage', STORAGE_RETRY_MS)
  if (alias.kind !== 'contact') return admitAtGate(offer, alias)
  return admitContact(offer, alias.usage)
}

function admitContact (offer: RelayOffer, alias: Usage): RelayAdmission {
  const { limits, mailbox, sizeBytes } = offer
  const control = isControl(offer)
  if (control ? offer.isAtCap : offer.isNearCap) return refuse('capacity', FULL_RETRY_MS)
  const share = control ? 1 : 1 - CONTROL_RESERVE
  const isFull = exceeds(alias, sizeBytes, { items: limits.aliasItemsMax * share, bytes: limits.aliasBytesMax * share }) ||
    exceeds(mailbox, sizeBytes, { items: limits.mailboxItemsMax * share, bytes: limits.mailboxBytesMax * share })
  return isFull ? refuse('mailboxFull', FULL_RETRY_MS) : { type: 'accept' }
}

/** Strangers never use what contacts need: of a mailbox that is nearly full they get nothing. */
function admitAtGate (offer: RelayOffer, alias: NonNullable<RelayOffer['alias']>): RelayAdmission {
  const { limits, mailbox, sizeBytes, gatePending } = offer
  if (sizeBytes > REQUEST_ENVELOPE_BYTES_MAX) return refuse('tooLarge')
  if (offer.isNearCap) return refuse('capacity', FULL_RETRY_MS)
  if (alias.kind === 'gateOnce' && alias.usage.items > 0) return refuse('full', FULL_RETRY_MS)
  if (gatePending >= GATE_ITEMS_MAX) return refuse('full', FULL_RETRY_MS)
  if (exceeds(mailbox, sizeBytes, { items: limits.mailboxItemsMax / 2, bytes: limits.mailboxBytesMax / 2 })) return refuse('mailboxFull', FULL_RETRY_MS)
  const workBits = workBitsFor(gatePending)
  if (alias.kind === 'gateOpen' && !offer.hasWork(workBits)) return { type: 'refuse', reason: 'work', retryAfterMs: BUSY_RETRY_MS, workBits }
  return { type: 'accept' }
}

export interface MailboxOffer {
  readonly isKnown: boolean
  readonly isBlocked: boolean
  /** By the operator's rule: open to all, this code, this list. */
  readonly isAdmitted: boolean
  readonly isDraining: boolean
  /** Load, memory or disk leave no room for newcomers. */
  readonly isUnderPressure: boolean
  readonly isStorageWell: boolean
}

/** Whether a mailbox opens; undefined: it does. A mailbox that is there opens also when the relay is short of everything. */
export function admitMailbox (offer: MailboxOffer): MailboxGoodbyeReason | undefined {
  if (offer.isBlocked) return 'blocked'
  if (offer.isKnown) return undefined
  if (!offer.isAdmitted) return 'admission'
  if (offer.isDraining) return 'draining'
  if (!offer.isStorageWell) return 'storage'
  return offer.isUnderPressure ? 'capacity' : undefined
}

function exceeds (usage: Usage, sizeBytes: number, max: Usage): boolean {
  return usage.items + 1 > max.items || usage.bytes + sizeBytes > max.bytes
}

function refuse (reason: RefusalReason, retryAfterMs = 0): RelayAdmission {
  return { type: 'refuse', reason, retryAfterMs }
}
