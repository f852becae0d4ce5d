/** By what rules a relay works: what its operator decides, with the defaults of docs/operating.md. */
import {
  ALIASES_MAX, ALIAS_ITEMS_MAX, ALIAS_WAITING_BYTES_MAX, DELIVERY_LIFETIME_MS, MAILBOX_ITEMS_MAX, MAILBOX_WAITING_BYTES_MAX
} from '../../protocols/core/limits.ts'
import type { Rate } from '../../protocols/core/rate.ts'
import type { MailboxLimits, RelayDescription } from '../../protocols/mailbox/wire.ts'

const KIB = 1024
const MIB = 1024 * KIB
const GIB = 1024 * MIB
const DAY_MS = 24 * 3_600_000

/** Who gets a mailbox. Those who have one keep it when this changes. */
export type MailboxAdmission =
  | { readonly type: 'open' }
  /** Whoever names one of these codes. */
  | { readonly type: 'code', readonly codes: ReadonlySet<string> }
  /** These PeerIds, and nobody else. */
  | { readonly type: 'list', readonly peerIds: ReadonlySet<string> }

/** What a mailbox takes. Owners and depositors are told. */
export interface Quotas {
  readonly aliasItemsMax: number
  readonly aliasBytesMax: number
  readonly mailboxItemsMax: number
  readonly mailboxBytesMax: number
  readonly aliasesMax: number
  /** The longest that anything is kept, and how long when the depositor does not say. */
  readonly lifetimeMsMax: number
}

/** When no new mailbox is made: those that are there must go on working. */
export interface Thresholds {
  /** Share of `capBytes` that may be used. */
  readonly capShare: number
  /** What must be left in the file system. */
  readonly availableBytesMin: number
  /** Resident memory of the process. */
  readonly residentBytesMax: number
  /** How far the loop may run behind, as a mean of some seconds. */
  readonly loopDelayMsMax: number
}

export interface Rates {
  /** New deposits by one peer. */
  readonly depositsPerPeer: Rate
  /** New deposits into one alias: one contact that writes to one device. */
  readonly depositsPerAlias: Rate
  /** Refusals that one peer may cause at full speed; beyond it nothing is read from it for a while. */
  readonly refusalsPerPeer: Rate
  /** Everything else that one peer may ask: openings, audits, bundles, records. */
  readonly requestsPerPeer: Rate
  /** Bundles with one-time keys through one alias. */
  readonly bundlesPerAlias: Rate
  /** Blobs that one peer brings, gives back or asks for. */
  readonly blobsPerPeer: Rate
}

/** Files of users, encrypted, for those who are away. */
export interface MediaConfig {
  readonly isOn: boolean
  /** Of all blobs together, with what they take besides their bytes. */
  readonly capBytes: number
  readonly mailboxBytesMax: number
  readonly blobBytesMax: number
  readonly keepMsMax: number
  /** Streams at once. */
  readonly streamsMax: number
}

export interface RelayConfig {
  /** What owners are shown: a host name, as a rule. */
  readonly name: string
  /** Who operates it and how to reach them; empty when that is not told. */
  readonly operator: string
  readonly admission: MailboxAdmission
  readonly quotas: Quotas
  readonly rates: Rates
  readonly thresholds: Thresholds
  readonly media: MediaConfig
  readonly mailboxesMax: number
  /** Of the database with its write-ahead log and free pages. */
  readonly capBytes: number
  /** A mailbox that nobody has opened for this long is counted as stuck. */
  readonly stuckAfterMs: number
}

export const RELAY_DEFAULTS: RelayConfig = {
  name: '',
  operator: '',
  admission: { type: 'open' },
  quotas: {
    aliasItemsMax: ALIAS_ITEMS_MAX,
    aliasBytesMax: ALIAS_WAITING_BYTES_MAX,
    mailboxItemsMax: MAILBOX_ITEMS_MAX,
    mailboxBytesMax: MAILBOX_WAITING_BYTES_MAX,
    aliasesMax: ALIASES_MAX,
    lifetimeMsMax: DELIVERY_LIFETIME_MS
  },
  rates: {
    // What one fast client can make of both cores of a small machine: only madness is above it.
    depositsPerPeer: { burst: 20_000, perSecond: 10_000 },
    // 64 messages travel in one envelope: nobody writes that fast, but a backlog comes at once.
    depositsPerAlias: { burst: 1_024, perSecond: 100 },
    refusalsPerPeer: { burst: 256, perSecond: 20 },
    requestsPerPeer: { burst: 100, perSecond: 5 },
    bundlesPerAlias: { burst: 4, perSecond: 4 / 3600 },
    // An album for several people at once; then as fast as somebody picks photos.
    blobsPerPeer: { burst: 256, perSecond: 4 }
  },
  thresholds: { capShare: 0.95, availableBytesMin: 256 * MIB, residentBytesMax: GIB, loopDelayMsMax: 200 },
  // Of the files of a month some are large and most are photos: a thousand of these, or a film, for each of the first few users who do that.
  media: { isOn: true, capBytes: 20 * GIB, mailboxBytesMax: 4 * GIB, blobBytesMax: 2 * GIB, keepMsMax: DELIVERY_LIFETIME_MS, streamsMax: 32 },
  mailboxesMax: 100_000,
  capBytes: 10 * GIB,
  stuckAfterMs: 14 * DAY_MS
}

/** What owners and depositors are told of the quotas. */
export function mailboxLimits ({ lifetimeMsMax, ...limits }: Quotas): MailboxLimits {
  return { ...limits, lifetimeSMax: Math.floor(lifetimeMsMax / 1000) }
}

export function relayDescription ({ name, operator }: RelayConfig, software: string): RelayDescription {
  return { name, operator, software }
}
