/**
 * What a relay says about itself: everything that its operator's dashboard and metrics show. Only figures and the relay's own
 * short names of mailboxes: nothing here could name anybody. docs/operating.md
 */

/** How many fell between each bound and the one before, as Prometheus counts: the last count is what was above all bounds. */
export interface HistogramView {
  /** Upper bounds, rising. */
  readonly bounds: readonly number[]
  /** One more than bounds; not cumulative. */
  readonly counts: readonly number[]
  readonly sum: number
  readonly count: number
}

/** Why no new mailbox is made at the moment; mailboxes that are there go on. `full`: as many as the operator wants. */
export type Closed = 'draining' | 'load' | 'memory' | 'disk' | 'cap' | 'storage' | 'full'

/** What waits and is kept, as the database counts it. */
export interface HeldView {
  readonly mailboxes: number
  readonly mailboxesBlocked: number
  readonly aliases: number
  readonly items: number
  /** Of the bodies of items. */
  readonly bytes: number
  /** One-time prekeys in all shards, and how many shards there are. */
  readonly prekeys: number
  readonly shards: number
  readonly records: number
  /** Ids of envelopes that were collected or have expired, for whoever asks or deposits again. */
  readonly remembered: number
  /** When the item that has waited longest was stored, to the minute; undefined when nothing waits. */
  readonly oldestAtMs: number | undefined
}

export interface DiskView {
  /** Of the database and its write-ahead log. */
  readonly usedBytes: number
  readonly capBytes: number
  /** Pages of the database that are free: within `usedBytes`, and the next to be used or given back. */
  readonly freeBytes: number
  /** What the file system has left. */
  readonly availableBytes: number | undefined
}

/** Since the start of the process; they only rise. */
export interface DepositCounts {
  /** New items. */
  readonly stored: number
  readonly storedBytes: number
  /** Deposited again, and answered as the first time. */
  readonly known: number
  /** By the reason that the depositor was told (RefusalReason of protocols/deposit/wire.ts). */
  readonly refused: Readonly<Record<string, number>>
}

export interface CommitCounts {
  readonly count: number
  /** Commits that the disk refused. */
  readonly failed: number
  /** What was written together: deposits, acknowledgements and everything else. */
  readonly groupSizes: HistogramView
  /** The transaction, begin to commit. */
  readonly transactionMs: HistogramView
  /** From the commit until the disk had it. */
  readonly flushMs: HistogramView
}

export interface TrafficCounts {
  /** Items handed to their owners. */
  readonly collected: number
  readonly collectedBytes: number
  /** Items deleted because their owner has them. */
  readonly acknowledged: number
  readonly expired: number
  readonly aliasChanges: number
  /** Prekey bundles given out, with one-time keys and without. */
  readonly bundlesOneTime: number
  readonly bundlesLastResort: number
  readonly bundlesRefused: number
  readonly shardUploads: number
  readonly recordsPut: number
  readonly recordsGot: number
  /** Ids asked for in custody audits, and how many of them we held or had handed over. */
  readonly auditsAsked: number
  readonly auditsAffirmed: number
  /** Streams and requests that ended because something in them was malformed. */
  readonly malformed: number
  readonly mailboxesMade: number
  readonly mailboxesRefused: number
  readonly mailboxesClosed: number
}

/** Of blobs, since the start of the process; they only rise. */
export interface MediaCounts {
  /** Blobs that became whole. */
  readonly stored: number
  readonly receivedBytes: number
  /** Blobs that somebody opened with their key, and bytes of leaves that left, whichever way. */
  readonly opened: number
  readonly servedBytes: number
  /** References that their owners gave back, and that expired. */
  readonly released: number
  readonly expired: number
  /** Blobs that were promised and whose file is not there: somebody has touched the disk. */
  readonly lost: number
}

export interface MediaView extends MediaCounts {
  readonly isOn: boolean
  readonly blobs: number
  readonly unfinished: number
  /** For how many mailboxes altogether: one blob may be kept for several. */
  readonly references: number
  /** What all of them may take, unfinished ones in full, and the cap on that. */
  readonly usedBytes: number
  readonly capBytes: number
  readonly refused: Readonly<Record<string, number>>
}

export interface PeersView {
  readonly connections: number
  /** Open streams that deposit. */
  readonly depositing: number
  /** Owners whose stream collects: users who are online. */
  readonly collecting: number
  /** Places for others to reach our users through us, and how many there may be; undefined where circuits are off. */
  readonly reservations: number | undefined
  readonly reservationsMax: number | undefined
  /** Other relays in the routing table of the DHT; undefined where it is off. */
  readonly dht: number | undefined
}

/** A mailbox whose owner has not come for a long time. */
export interface StuckMailbox {
  /** The relay's own name of it, `m-3f9c…`: stable, and derived so that it names nobody. */
  readonly name: string
  readonly items: number
  readonly bytes: number
  readonly oldestAtMs: number
  /** When its first item expires. */
  readonly nextExpiryAtMs: number
}

/** One day (UTC) as the database keeps it. */
export interface DayView {
  /** Days since 1970. */
  readonly day: number
  readonly stored: number
  readonly refused: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly expired: number
  /** At the end of the day, or now. */
  readonly usedBytes: number
  readonly mailboxes: number
  /** What blobs took, on top of `usedBytes`. */
  readonly mediaBytes: number
}

/** A quarter of an hour of this process. */
export interface QuarterView {
  readonly fromMs: number
  readonly stored: number
  readonly refused: number
  readonly usedBytes: number
}

export interface RelayStats {
  readonly version: string
  readonly peerId: string
  readonly startedAtMs: number
  readonly nowMs: number
  /** `starting` until others can reach it; `draining`: closes for good, what is there can still be collected. */
  readonly state: 'starting' | 'open' | 'draining' | 'stopping'
  /** Empty: new mailboxes are made. */
  readonly closed: readonly Closed[]
  /** What the operator should know, in words; empty when all is well. */
  readonly trouble: readonly string[]
  readonly held: HeldView
  readonly disk: DiskView
  readonly memory: { readonly residentBytes: number, readonly heapBytes: number }
  /** How far the loop runs behind, a mean of the last seconds: what a full processor feels like from inside. */
  readonly loopDelayMs: number
  readonly deposits: DepositCounts
  /** From a deposit's arrival until its answer left: durable, signed. */
  readonly answeredMs: HistogramView
  readonly commits: CommitCounts
  readonly traffic: TrafficCounts
  readonly media: MediaView
  readonly peers: PeersView
  readonly stuck: { readonly count: number, readonly mailboxes: readonly StuckMailbox[] }
  /** Oldest first; today last. */
  readonly days: readonly DayView[]
  /** The last 24 hours of this process, oldest first. */
  readonly quarters: readonly QuarterView[]
}
