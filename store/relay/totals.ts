/** How much a relay holds, counted once at its opening and kept up with every commit: counting again takes long on a full disk. */
import type { Database } from '../database.ts'

export interface Counts {
  mailboxes: number
  mailboxesBlocked: number
  aliases: number
  items: number
  bytes: number
  prekeys: number
  shards: number
  records: number
  /** Ids of items that have gone. */
  remembered: number
}

function noCounts (): Counts {
  return { mailboxes: 0, mailboxesBlocked: 0, aliases: 0, items: 0, bytes: 0, prekeys: 0, shards: 0, records: 0, remembered: 0 }
}

export class RunningTotals {
  readonly counts: Counts
  /** Of the transaction that is open: nothing of it counts before its commit. */
  pending = noCounts()

  constructor (database: Database) {
    const mailboxes = database.prepare<[], Omit<Counts, 'prekeys' | 'shards' | 'records' | 'remembered'>>(`SELECT count(*) AS mailboxes, total(is_blocked) AS mailboxesBlocked,
      total(alias_count) AS aliases, total(items) AS items, total(bytes) AS bytes FROM mailboxes`).get()
    const rest = database.prepare<[], Pick<Counts, 'prekeys' | 'shards' | 'records' | 'remembered'>>(`SELECT (SELECT count(*) FROM prekeys WHERE key IS NOT NULL) AS prekeys,
      (SELECT count(*) FROM shards) AS shards, (SELECT count(*) FROM records) AS records, (SELECT total(remembered) FROM aliases) AS remembered`).get()
    this.counts = { ...noCounts(), ...mailboxes, ...rest }
  }

  begin (): void { this.pending = noCounts() }

  settle (): void {
    for (const name of Object.keys(this.pending) as ReadonlyArray<keyof Counts>) this.counts[name] += this.pending[name]
    this.pending = noCounts()
  }
}
