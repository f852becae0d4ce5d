/** Everything that can be written in a relay's database; it exists inside RelayStore.commit() alone. */
import type { DeviceId } from '../../protocols/core/ids.ts'
import type { DepositRef } from '../../protocols/mailbox/wire.ts'
import type { ShardUpload } from '../../protocols/prekeys/shard.ts'
import type { SqlValue, Statement } from '../database.ts'
import type { BlobWriter } from './blob-types.ts'
import { SqlBlobWriter } from './blob-writer.ts'
import { ItemWriter } from './item-writer.ts'
import { KeyWriter } from './key-writer.ts'
import { MailboxWriter, type AliasChange } from './mailbox-writer.ts'
import type { WriterParts } from './parts.ts'
import { Sweeper } from './sweeper.ts'
import type { DepositOutcome, MailboxQuotas, NewDeposit, RelayReader, RelayWriter, StoredDay, StoredRecord, TakenBundle } from './types.ts'

/** Free pages that stay: what comes next fills them, and giving them back first would cost twice. */
const FREE_PAGES_KEPT = 1_024

export class SqlRelayWriter implements RelayWriter {
  readonly read: RelayReader
  readonly blobs: BlobWriter
  readonly #database: WriterParts['database']
  readonly #space: WriterParts['space']
  readonly #mailboxes: MailboxWriter
  readonly #items: ItemWriter
  readonly #keys: KeyWriter
  readonly #sweeper: Sweeper
  readonly #countDay: Statement<SqlValue[], never>
  readonly #countRefusal: Statement<[number, string, number], never>
  readonly #setFact: Statement<[string, string], never>

  constructor (parts: WriterParts) {
    const { database, read, space } = parts
    this.read = read
    this.blobs = new SqlBlobWriter(parts)
    this.#database = database
    this.#space = space
    this.#sweeper = new Sweeper(parts)
    this.#mailboxes = new MailboxWriter(parts, this.#sweeper)
    this.#items = new ItemWriter(parts)
    this.#keys = new KeyWriter(parts)
    this.#countDay = database.prepare(`INSERT INTO days (day, stored, acknowledged, expired, used_bytes, mailboxes, media_bytes) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (day) DO UPDATE SET stored = stored + excluded.stored, acknowledged = acknowledged + excluded.acknowledged,
      expired = expired + excluded.expired, used_bytes = excluded.used_bytes, mailboxes = excluded.mailboxes, media_bytes = excluded.media_bytes`)
    this.#countRefusal = database.prepare('INSERT INTO day_refusals (day, reason, count) VALUES (?, ?, ?) ON CONFLICT (day, reason) DO UPDATE SET count = count + excluded.count')
    this.#setFact = database.prepare('INSERT INTO facts (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value')
  }

  createMailbox (peerId: string, day: number): number { return this.#mailboxes.create(peerId, day) }
  deleteMailbox (mailbox: number): void { this.#mailboxes.delete(mailbox) }
  seen (mailbox: number, day: number): void { this.#mailboxes.seen(mailbox, day) }
  block (mailbox: number, isBlocked: boolean): void { this.#mailboxes.block(mailbox, isBlocked) }
  changeAliases (mailbox: number, change: AliasChange, aliasesMax: number): 'done' | 'tooMany' | 'taken' | 'capacity' { return this.#mailboxes.changeAliases(mailbox, change, aliasesMax) }
  deposit (deposits: readonly NewDeposit[], quotas: MailboxQuotas): readonly DepositOutcome[] { return this.#items.deposit(deposits, quotas) }
  acknowledge (mailbox: number, refs: readonly DepositRef[]): number { return this.#items.acknowledge(mailbox, refs) }

  expire (nowMs: number, limit: number): { readonly items: number, readonly rows: number } {
    let items = 0
    let rows = 0
    // Each step finds the ones before it done, or is not reached in this slice.
    const steps = [
      (left: number) => this.#sweeper.sweep(left),
      (left: number) => {
        const expired = this.#items.expire(nowMs, left)
        items += expired.items
        return expired.rows
      },
      (left: number) => this.#items.forgetSurplus(left),
      (left: number) => this.#keys.expireRecords(nowMs, left),
      (left: number) => this.#sweeper.closeExpired(nowMs, left)
    ]
    for (const step of steps) if (rows < limit) rows += step(limit - rows)
    return { items, rows }
  }

  vacuum (pages: number): number {
    const surplus = this.#space.freePages() - FREE_PAGES_KEPT
    if (surplus <= 0) return 0
    this.#database.execute(`PRAGMA incremental_vacuum(${Math.min(pages, surplus)})`)
    return Math.max(0, this.#space.freePages() - FREE_PAGES_KEPT)
  }

  putShard (mailbox: number, shard: ShardUpload): number | 'capacity' { return this.#keys.putShard(mailbox, shard) }
  takeBundle (deviceId: DeviceId, options: { readonly mailbox: number | undefined, readonly withOneTime: boolean }): TakenBundle | undefined { return this.#keys.takeBundle(deviceId, options) }
  putRecord (key: Uint8Array, record: StoredRecord, mailbox: number): 'stored' | 'capacity' { return this.#keys.putRecord(key, record, mailbox) }

  countDay (day: number, { stored, acknowledged, expired, usedBytes, mailboxes, mediaBytes, refused }: Omit<StoredDay, 'day'>): void {
    this.#countDay.run(day, stored, acknowledged, expired, usedBytes, mailboxes, mediaBytes)
    for (const [reason, count] of Object.entries(refused)) this.#countRefusal.run(day, reason, count)
  }

  setFact (name: string, value: string): void { this.#setFact.run(name, value) }
}
