/** What a relay's database has to say. */
import type { CustodyState } from '../../protocols/mailbox/questions.ts'
import type { Item, ListedItem } from '../../protocols/mailbox/wire.ts'
import type { EnvelopeId } from '../../protocols/core/ids.ts'
import type { Database, Statement } from '../database.ts'
import { bytes } from '../tables/columns.ts'
import { SqlBlobReader } from './blob-reader.ts'
import type { BlobReader } from './blob-types.ts'
import {
  aliasOf, HELD, COLLECTED, itemOf, lastItemOf, listedItem, mailboxOf, msOf, storedItem, type AliasRow, type ItemRow, type ListedRow, type MailboxRow
} from './rows.ts'
import type { DiskSpace } from './space.ts'
import type { RunningTotals } from './totals.ts'
import type { Mailbox, NamedRecord, RelayReader, Space, StoredAlias, StoredDay, StoredRecord, Totals, WaitingMailbox } from './types.ts'

interface RecordRow { readonly name: Uint8Array, readonly record: Uint8Array, readonly sealed_statement: Uint8Array, readonly seq: number, readonly expires_at: number }
interface DayRow { readonly day: number, readonly stored: number, readonly acknowledged: number, readonly expired: number, readonly used_bytes: number, readonly mailboxes: number, readonly media_bytes: number }

const ITEM_COLUMNS = 'items.item, aliases.alias, items.deposit_id, items.stored_minute, items.body'

export class SqlRelayReader implements RelayReader {
  readonly blobs: BlobReader
  readonly #space: DiskSpace
  readonly #totals: RunningTotals
  readonly #byPeer: Statement<[string], MailboxRow>
  readonly #byNumber: Statement<[number], MailboxRow>
  readonly #alias: Statement<[Uint8Array], AliasRow>
  readonly #items: Statement<[number, number, number], ItemRow>
  readonly #listed: Statement<[number, number, number], ListedRow>
  readonly #deposit: Statement<[number, Uint8Array], { readonly state: number }>
  readonly #oneTimeLeft: Statement<[number], { readonly count: number }>
  readonly #record: Statement<[Uint8Array], RecordRow>
  readonly #recordsAfter: Statement<[Uint8Array, number], RecordRow>
  readonly #soonest: Statement<[], { readonly door: number, readonly position: number }>
  readonly #mailboxOfDoor: Statement<[number], { readonly mailbox: number }>
  readonly #first: Statement<[number, number], { readonly stored_minute: number, readonly expires_minute: number }>
  readonly #stuck: Statement<[number, number], MailboxRow>
  readonly #stuckCount: Statement<[number], { readonly count: number }>
  readonly #biggest: Statement<[number], MailboxRow>
  readonly #days: Statement<[number], DayRow>
  readonly #refusals: Statement<[number], { readonly reason: string, readonly count: number }>
  readonly #fact: Statement<[string], { readonly value: string }>

  constructor (database: Database, { space, totals }: { readonly space: DiskSpace, readonly totals: RunningTotals }) {
    this.blobs = new SqlBlobReader(database)
    this.#space = space
    this.#totals = totals
    this.#byPeer = database.prepare('SELECT * FROM mailboxes WHERE peer_id = ?')
    this.#byNumber = database.prepare('SELECT * FROM mailboxes WHERE mailbox = ?')
    this.#alias = database.prepare('SELECT * FROM aliases WHERE alias = ?')
    this.#items = database.prepare(`SELECT ${ITEM_COLUMNS} FROM items JOIN aliases USING (door) WHERE item > ? AND item <= ? ORDER BY item LIMIT ?`)
    this.#listed = database.prepare(`SELECT items.item, aliases.alias, items.deposit_id, length(items.body) AS size, items.expires_minute
      FROM items JOIN aliases USING (door) WHERE item > ? AND item <= ? ORDER BY item LIMIT ?`)
    this.#deposit = database.prepare('SELECT state FROM deposits WHERE door = ? AND deposit_id = ?')
    this.#oneTimeLeft = database.prepare('SELECT count(*) AS count FROM prekeys WHERE mailbox = ? AND key IS NOT NULL')
    this.#record = database.prepare('SELECT * FROM records WHERE name = ?')
    this.#recordsAfter = database.prepare('SELECT * FROM records WHERE name > ? ORDER BY name LIMIT ?')
    this.#soonest = database.prepare('SELECT door, position FROM deposits WHERE state = 0 ORDER BY expires_minute LIMIT 1')
    this.#mailboxOfDoor = database.prepare('SELECT mailbox FROM aliases WHERE door = ?')
    this.#first = database.prepare('SELECT stored_minute, expires_minute FROM items WHERE item > ? AND item <= ? ORDER BY item LIMIT 1')
    this.#stuck = database.prepare('SELECT * FROM mailboxes WHERE items > 0 AND last_seen_day <= ? ORDER BY items DESC LIMIT ?')
    this.#stuckCount = database.prepare('SELECT count(*) AS count FROM mailboxes WHERE items > 0 AND last_seen_day <= ?')
    this.#biggest = database.prepare('SELECT * FROM mailboxes ORDER BY bytes DESC, mailbox LIMIT ?')
    this.#days = database.prepare('SELECT * FROM days ORDER BY day DESC LIMIT ?')
    this.#refusals = database.prepare('SELECT reason, count FROM day_refusals WHERE day = ?')
    this.#fact = database.prepare('SELECT value FROM facts WHERE name = ?')
  }

  mailboxOf (peerId: string): Mailbox | undefined {
    const row = this.#byPeer.get(peerId)
    return row === undefined ? undefined : mailboxOf(row)
  }

  mailbox (mailbox: number): Mailbox | undefined {
    const row = this.#byNumber.get(mailbox)
    return row === undefined ? undefined : mailboxOf(row)
  }

  aliasOf (alias: Uint8Array): StoredAlias | undefined {
    const row = this.#alias.get(alias)
    return row === undefined ? undefined : aliasOf(row)
  }

  items (mailbox: number, after: number, limit: { readonly items: number, readonly bytes: number }): readonly Item[] {
    const items: Item[] = []
    let sizeBytes = 0
    let from = itemOf(mailbox, after)
    // Bodies differ by a factor of 64: few at a time, so that little is read that does not fit.
    while (items.length < limit.items) {
      const rows = this.#items.all(from, lastItemOf(mailbox), Math.min(ITEMS_AT_ONCE, limit.items - items.length))
      for (const row of rows) {
        sizeBytes += row.body.byteLength
        if (items.length > 0 && sizeBytes > limit.bytes) return items
        items.push(storedItem(row))
        from = row.item
      }
      if (rows.length < ITEMS_AT_ONCE) return items
    }
    return items
  }

  list (mailbox: number, after: number, limit: number): { readonly items: readonly ListedItem[], readonly hasMore: boolean } {
    const rows = this.#listed.all(itemOf(mailbox, after), lastItemOf(mailbox), limit + 1)
    return { items: rows.slice(0, limit).map(listedItem), hasMore: rows.length > limit }
  }

  custody (alias: Uint8Array, depositIds: readonly EnvelopeId[]): readonly CustodyState[] {
    const door = this.#alias.get(alias)?.door
    return depositIds.map(id => door === undefined ? 'unknown' : stateOf(this.#deposit.get(door, id)?.state))
  }

  oneTimeLeft (mailbox: number): number { return this.#oneTimeLeft.get(mailbox)?.count ?? 0 }

  record (key: Uint8Array): StoredRecord | undefined {
    const row = this.#record.get(key)
    return row === undefined ? undefined : { record: bytes(row.record), sealedStatement: bytes(row.sealed_statement), seq: row.seq, expiresAtMs: row.expires_at }
  }

  recordsAfter (after: Uint8Array, limit: number): ReadonlyArray<NamedRecord & { readonly expiresAtMs: number }> {
    return this.#recordsAfter.all(after, limit).map(row => ({ name: bytes(row.name), record: bytes(row.record), expiresAtMs: row.expires_at }))
  }

  totals (): Totals { return { ...this.#totals.counts, oldestAtMs: this.#oldestAtMs() } }

  space (): Space { return this.#space.view() }

  stuck (untilDay: number, limit: number): { readonly count: number, readonly mailboxes: readonly WaitingMailbox[] } {
    return { count: this.#stuckCount.get(untilDay)?.count ?? 0, mailboxes: this.#stuck.all(untilDay, limit).map(row => this.#waiting(row)) }
  }

  biggest (limit: number): readonly WaitingMailbox[] { return this.#biggest.all(limit).map(row => this.#waiting(row)) }

  days (limit: number): readonly StoredDay[] {
    return this.#days.all(limit).reverse().map(({ day, used_bytes: usedBytes, media_bytes: mediaBytes, ...counts }) => ({
      day, ...counts, usedBytes, mediaBytes, refused: Object.fromEntries(this.#refusals.all(day).map(({ reason, count }) => [reason, count]))
    }))
  }

  fact (name: string): string | undefined { return this.#fact.get(name)?.value }

  #waiting (row: MailboxRow): WaitingMailbox {
    const { mailbox, peerId, usage, lastSeenDay, isBlocked } = mailboxOf(row)
    const first = this.#first.get(itemOf(mailbox, 0), lastItemOf(mailbox))
    return {
      mailbox, peerId, usage, lastSeenDay, isBlocked, oldestAtMs: first === undefined ? undefined : msOf(first.stored_minute), nextExpiryAtMs: first === undefined ? undefined : msOf(first.expires_minute)
    }
  }

  /** Of the item that expires first: all live equally long unless their senders say otherwise. */
  #oldestAtMs (): number | undefined {
    const soonest = this.#soonest.get()
    const mailbox = soonest === undefined ? undefined : this.#mailboxOfDoor.get(soonest.door)?.mailbox
    if (soonest === undefined || mailbox === undefined) return undefined
    const item = itemOf(mailbox, soonest.position)
    const row = this.#first.get(item - 1, item)
    return row === undefined ? undefined : msOf(row.stored_minute)
  }
}

const ITEMS_AT_ONCE = 64

function stateOf (state: number | undefined): CustodyState {
  if (state === undefined) return 'unknown'
  if (state === HELD) return 'held'
  return state === COLLECTED ? 'collected' : 'expired'
}
