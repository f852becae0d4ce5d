/** Mailboxes and their doors. */
import type { Alias } from '../../protocols/mailbox/wire.ts'
import { idKey } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { SqlValue, Statement } from '../database.ts'
import { flag } from '../tables/columns.ts'
import type { WriterParts } from './parts.ts'
import { KINDS, MAILBOX_NUMBER_MAX, type AliasRow } from './rows.ts'
import type { Sweeper } from './sweeper.ts'

export interface AliasChange { readonly add: readonly Alias[], readonly remove: readonly Uint8Array[], readonly epoch: Uint8Array | undefined }

export class MailboxWriter {
  readonly #parts: WriterParts
  readonly #create: Statement<[number | undefined, string, number, number], never>
  readonly #newest: Statement<[], { readonly seq: number }>
  readonly #gap: Statement<[], { readonly mailbox: number }>
  readonly #seen: Statement<[number, number], never>
  readonly #block: Statement<[number, number], never>
  readonly #alias: Statement<[Uint8Array], AliasRow>
  readonly #addAlias: Statement<SqlValue[], never>
  readonly #count: Statement<[number, number], never>
  readonly #epoch: Statement<[Uint8Array, number], never>
  readonly #remembered: Statement<[number], { readonly remembered: number }>
  readonly #removals: ReadonlyArray<Statement<[number], never>>
  readonly #leaveBlobs: Statement<[number], never>
  readonly #sweeper: Sweeper

  constructor (parts: WriterParts, sweeper: Sweeper) {
    const { database } = parts
    this.#parts = parts
    this.#sweeper = sweeper
    this.#create = database.prepare('INSERT INTO mailboxes (mailbox, peer_id, created_day, last_seen_day) VALUES (?, ?, ?, ?)')
    this.#newest = database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'mailboxes'")
    this.#gap = database.prepare(`SELECT mailbox + 1 AS mailbox FROM (SELECT 0 AS mailbox UNION SELECT mailbox FROM mailboxes UNION SELECT mailbox FROM removals UNION SELECT mailbox FROM blob_removals) AS before
      WHERE NOT EXISTS (SELECT 1 FROM mailboxes WHERE mailbox = before.mailbox + 1)
      AND NOT EXISTS (SELECT 1 FROM blob_removals WHERE mailbox = before.mailbox + 1)
      AND NOT EXISTS (SELECT 1 FROM removals WHERE mailbox = before.mailbox + 1) ORDER BY mailbox LIMIT 1`)
    this.#seen = database.prepare('UPDATE mailboxes SET last_seen_day = ? WHERE mailbox = ?')
    this.#block = database.prepare('UPDATE mailboxes SET is_blocked = ? WHERE mailbox = ?')
    this.#alias = database.prepare('SELECT * FROM aliases WHERE alias = ?')
    // A number that is free again only when all that was behind that door is gone.
    this.#addAlias = database.prepare(`INSERT INTO aliases (door, alias, mailbox, mac_key, kind, expires_at)
      VALUES (max(ifnull((SELECT max(door) FROM aliases), 0), ifnull((SELECT max(door) FROM removals), 0)) + 1, ?, ?, ?, ?, ?)`)
    this.#count = database.prepare('UPDATE mailboxes SET alias_count = alias_count + ? WHERE mailbox = ?')
    this.#epoch = database.prepare('UPDATE mailboxes SET alias_epoch = ? WHERE mailbox = ?')
    this.#remembered = database.prepare('SELECT total(remembered) AS remembered FROM aliases WHERE mailbox = ?')
    // Of references to blobs there may be many: they go in slices (blob-writer.ts).
    this.#leaveBlobs = database.prepare('INSERT OR IGNORE INTO blob_removals SELECT mailbox FROM blob_refs WHERE mailbox = ? LIMIT 1')
    this.#removals = ['aliases', 'shards', 'prekeys', 'records', 'mailboxes'].map(table => database.prepare(`DELETE FROM ${table} WHERE mailbox = ?`))
  }

  create (peerId: string, day: number): number {
    const mailbox = this.#create.insert(this.#freeNumber(), peerId, day, day)
    invariant(mailbox !== undefined, 'a new row has a number')
    this.#parts.totals.pending.mailboxes += 1
    return mailbox
  }

  seen (mailbox: number, day: number): void { this.#seen.run(day, mailbox) }

  block (mailbox: number, isBlocked: boolean): void {
    const before = this.#parts.read.mailbox(mailbox)
    if (before === undefined || before.isBlocked === isBlocked) return
    this.#block.run(flag(isBlocked), mailbox)
    this.#parts.totals.pending.mailboxesBlocked += isBlocked ? 1 : -1
  }

  /** At once for everybody who looks; its envelopes go in slices (sweeper.ts). */
  delete (mailbox: number): void {
    const { read, totals: { pending } } = this.#parts
    const before = read.mailbox(mailbox)
    if (before === undefined) return
    pending.mailboxes -= 1
    pending.mailboxesBlocked -= flag(before.isBlocked)
    pending.aliases -= before.aliasCount
    pending.items -= before.usage.items
    pending.bytes -= before.usage.bytes
    pending.prekeys -= read.oneTimeLeft(mailbox)
    pending.remembered -= this.#remembered.get(mailbox)?.remembered ?? 0
    this.#sweeper.closeAll(mailbox)
    this.#leaveBlobs.run(mailbox)
    const [, shards = 0, , records = 0] = this.#removals.map(removal => removal.run(mailbox))
    pending.shards -= shards
    pending.records -= records
  }

  changeAliases (mailbox: number, { add, remove, epoch }: AliasChange, aliasesMax: number): 'done' | 'tooMany' | 'taken' | 'capacity' {
    const { read, space, totals } = this.#parts
    const before = read.mailbox(mailbox)
    invariant(before !== undefined, 'an open mailbox is there')
    // What is named twice is one.
    const wanted = [...new Map(add.map(alias => [idKey(alias.alias), alias])).values()]
    const known = wanted.map(({ alias }) => this.#alias.get(alias))
    if (known.some(row => row !== undefined && row.mailbox !== mailbox)) return 'taken'
    const unwanted = new Map(remove.map(alias => [idKey(alias), alias])).values()
    const doomed = [...unwanted].map(alias => this.#alias.get(alias)).filter(row => row !== undefined).filter(row => row.mailbox === mailbox)
    const added = wanted.filter((_alias, index) => known[index] === undefined)
    if (before.aliasCount + added.length - doomed.length > aliasesMax) return 'tooMany'
    if (added.length > 0 && space.room().forControl < 0) return 'capacity'
    for (const row of doomed) this.#sweeper.close(row)
    for (const { alias, macKey, kind, expiresAtMs } of added) this.#addAlias.run(alias, mailbox, macKey, KINDS[kind], expiresAtMs)
    this.#count.run(added.length, mailbox)
    if (epoch !== undefined) this.#epoch.run(epoch, mailbox)
    totals.pending.aliases += added.length
    return 'done'
  }

  /** undefined: the next one. Whoever makes and leaves mailboxes without end must not use up the numbers: those that are free come again then. */
  #freeNumber (): number | undefined {
    if ((this.#newest.get()?.seq ?? 0) < MAILBOX_NUMBER_MAX) return undefined
    const mailbox = this.#gap.get()?.mailbox
    invariant(mailbox !== undefined && mailbox <= MAILBOX_NUMBER_MAX, 'fewer mailboxes than numbers')
    return mailbox
  }
}
