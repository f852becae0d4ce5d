/** What a relay remembers, as the node above it reads and writes it. No account, name, sender or content in clear exists here. */
import type { Alias, AliasKind, DepositRef, Item, ListedItem, Usage } from '../../protocols/mailbox/wire.ts'
import type { CustodyState } from '../../protocols/mailbox/questions.ts'
import type { ShardUpload } from '../../protocols/prekeys/shard.ts'
import type { DeviceId, EnvelopeId } from '../../protocols/core/ids.ts'
import type { BlobReader, BlobTotals, BlobWriter } from './blob-types.ts'

export interface Mailbox {
  readonly mailbox: number
  /** Of its owner's device, text form. */
  readonly peerId: string
  /** undefined: the owner has not said one. */
  readonly aliasEpoch: Uint8Array | undefined
  readonly aliasCount: number
  readonly usage: Usage
  /** Requests that wait behind its gates. */
  readonly gatePending: number
  readonly isBlocked: boolean
  /** The next item gets it. */
  readonly nextPosition: number
  /** Days since 1970 (UTC). */
  readonly createdDay: number
  readonly lastSeenDay: number
}

export interface StoredAlias {
  readonly alias: Uint8Array
  readonly mailbox: number
  readonly macKey: Uint8Array
  readonly kind: AliasKind
  readonly expiresAtMs: number | undefined
  readonly usage: Usage
}

/** What may wait; the writer enforces it, whatever was read before. */
export interface MailboxQuotas {
  readonly aliasItemsMax: number
  readonly aliasBytesMax: number
  readonly mailboxItemsMax: number
  readonly mailboxBytesMax: number
  readonly aliasesMax: number
}

export interface NewDeposit {
  readonly alias: Uint8Array
  readonly depositId: EnvelopeId
  readonly body: Uint8Array
  readonly storedAtMs: number
  readonly expiresAtMs: number
  /** Small, and wakes nobody: may use the reserve. */
  readonly isControl: boolean
}

export type DepositOutcome =
  | { readonly type: 'stored', readonly mailbox: number, readonly position: number, readonly expiresAtMs: number, readonly aliasEpoch: Uint8Array | undefined }
  /** The same id was deposited before: it waits, or was collected. */
  | { readonly type: 'known', readonly mailbox: number, readonly expiresAtMs: number, readonly aliasEpoch: Uint8Array | undefined }
  | { readonly type: 'refused', readonly reason: 'unknownAlias' | 'mailboxFull' | 'full' | 'capacity' }

export interface Totals extends BlobTotals {
  readonly mailboxes: number
  readonly mailboxesBlocked: number
  readonly aliases: number
  readonly items: number
  readonly bytes: number
  readonly prekeys: number
  readonly shards: number
  readonly records: number
  /** Ids of items that have gone. */
  readonly remembered: number
  readonly oldestAtMs: number | undefined
}

export interface Space {
  /** Database and log, free pages included. */
  readonly usedBytes: number
  readonly capBytes: number
  readonly freeBytes: number
  readonly room: Room
}

/** Bytes of bodies that can still be written; below zero: a cap that was made smaller is exceeded. */
export interface Room {
  /** Less by what is kept back for receipts and other small things that wake nobody. */
  readonly forText: number
  readonly forControl: number
}

export interface WaitingMailbox {
  readonly mailbox: number
  readonly peerId: string
  readonly usage: Usage
  /** undefined: nothing waits. */
  readonly oldestAtMs: number | undefined
  readonly nextExpiryAtMs: number | undefined
  readonly lastSeenDay: number
  readonly isBlocked: boolean
}

export interface StoredDay {
  readonly day: number
  readonly stored: number
  readonly refused: Readonly<Record<string, number>>
  readonly acknowledged: number
  readonly expired: number
  readonly usedBytes: number
  readonly mailboxes: number
  /** What blobs take, on top of `usedBytes`. */
  readonly mediaBytes: number
}

export interface StoredRecord {
  /** An encoded Record of protocols/directory. */
  readonly record: Uint8Array
  readonly sealedStatement: Uint8Array
  readonly seq: number
  readonly expiresAtMs: number
}

export interface NamedRecord {
  /** SHA-256 of its record key. */
  readonly name: Uint8Array
  readonly record: Uint8Array
}

export interface TakenBundle {
  readonly shard: Omit<ShardUpload, 'version' | 'oneTime'>
  /** undefined: none is left, or none was wanted. */
  readonly oneTime: ShardUpload['oneTime'][number] | undefined
}

export interface RelayReader {
  readonly blobs: BlobReader
  readonly mailboxOf: (peerId: string) => Mailbox | undefined
  readonly mailbox: (mailbox: number) => Mailbox | undefined
  readonly aliasOf: (alias: Uint8Array) => StoredAlias | undefined
  /** In the order of positions, behind `after`; at least one when there is any, else within both limits. */
  readonly items: (mailbox: number, after: number, limit: { readonly items: number, readonly bytes: number }) => readonly Item[]
  readonly list: (mailbox: number, after: number, limit: number) => { readonly items: readonly ListedItem[], readonly hasMore: boolean }
  readonly custody: (alias: Uint8Array, depositIds: readonly EnvelopeId[]) => readonly CustodyState[]
  readonly oneTimeLeft: (mailbox: number) => number
  readonly record: (key: Uint8Array) => StoredRecord | undefined
  /** In the order of names, behind `after` (empty: from the first): for a walk through all of them. */
  readonly recordsAfter: (after: Uint8Array, limit: number) => ReadonlyArray<NamedRecord & { readonly expiresAtMs: number }>
  readonly totals: () => Totals
  readonly space: () => Space
  /** With items, not seen since this day. */
  readonly stuck: (untilDay: number, limit: number) => { readonly count: number, readonly mailboxes: readonly WaitingMailbox[] }
  readonly biggest: (limit: number) => readonly WaitingMailbox[]
  readonly days: (limit: number) => readonly StoredDay[]
  readonly fact: (name: string) => string | undefined
}

export interface RelayWriter {
  readonly read: RelayReader
  readonly blobs: BlobWriter
  readonly createMailbox: (peerId: string, day: number) => number
  /** At once for everybody who looks; what was in it goes in slices, with `expire`. */
  readonly deleteMailbox: (mailbox: number) => void
  readonly seen: (mailbox: number, day: number) => void
  readonly block: (mailbox: number, isBlocked: boolean) => void
  /** 'taken': another mailbox has one of them; nothing of the change was made then. */
  readonly changeAliases: (mailbox: number, change: { readonly add: readonly Alias[], readonly remove: readonly Uint8Array[], readonly epoch: Uint8Array | undefined }, aliasesMax: number) => 'done' | 'tooMany' | 'taken' | 'capacity'
  /** One outcome for each, in order. */
  readonly deposit: (deposits: readonly NewDeposit[], quotas: MailboxQuotas) => readonly DepositOutcome[]
  /** Returns how many were there. */
  readonly acknowledge: (mailbox: number, refs: readonly DepositRef[]) => number
  /**
   * Removes what has to go: what closed doors have left, what has expired, ids that take room, doors whose time is over. At most `limit`
   * rows: how many items expired, and how many rows were worked on. Fewer than `limit`: that was all.
   */
  readonly expire: (nowMs: number, limit: number) => { readonly items: number, readonly rows: number }
  /** Gives free pages back; returns how many are left. */
  readonly vacuum: (pages: number) => number
  /** Returns how many one-time pairs the shard has then; 'capacity': nothing was written. */
  readonly putShard: (mailbox: number, shard: ShardUpload) => number | 'capacity'
  /** undefined: no such device has a shard here. Takes a one-time pair only with `withOneTime`. */
  readonly takeBundle: (deviceId: DeviceId, options: { readonly mailbox: number | undefined, readonly withOneTime: boolean }) => TakenBundle | undefined
  readonly putRecord: (key: Uint8Array, record: StoredRecord, mailbox: number) => 'stored' | 'capacity'
  readonly countDay: (day: number, counts: Omit<StoredDay, 'day'>) => void
  readonly setFact: (name: string, value: string) => void
}

export interface RelayStore {
  readonly read: RelayReader
  /**
   * Runs `work` in one transaction. Returns before the disk has confirmed: nothing of it may leave before `durable()` has resolved.
   * @throws StorageError
   */
  readonly commit: <T>(work: (writer: RelayWriter) => T) => T
  /** Resolves when every commit so far is on the disk. Rejects with StorageError. */
  readonly durable: () => Promise<void>
  /** How much the file may take from now on. */
  readonly setCap: (capBytes: number) => void
  readonly close: () => void
}
