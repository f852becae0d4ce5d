/** Our own relays, and the prekeys that were brought to them. */
import type { Database, SqlValue, Statement } from '../database.ts'
import type { OwnRelay, RelayStanding, Shard } from '../types.ts'
import { bytesOrNothing } from './columns.ts'

interface RelayRow {
  readonly peer_id: string
  readonly standing: RelayStanding
  readonly name: string
  readonly code: string | null
  readonly added_at: number
  readonly opened_at: number | null
  readonly addresses: string
}

export class RelayReader {
  readonly #byPeer: Statement<[string], RelayRow>
  readonly #list: Statement<[], RelayRow>

  constructor (database: Database) {
    this.#byPeer = database.prepare('SELECT * FROM relays WHERE peer_id = ?')
    this.#list = database.prepare('SELECT * FROM relays ORDER BY added_at, peer_id')
  }

  byPeer (peerId: string): OwnRelay | undefined {
    const row = this.#byPeer.get(peerId)
    return row === undefined ? undefined : relayOf(row)
  }

  /** In the order in which they were added: the owner's. Also those that are being left. */
  list (): OwnRelay[] { return this.#list.all().map(relayOf) }
}

export class RelayWriter {
  readonly #put: Statement<SqlValue[], never>
  readonly #leave: Statement<[string], never>
  readonly #remove: Statement<[string], never>
  readonly #markOpened: Statement<[number, string, string], never>

  constructor (database: Database) {
    this.#put = database.prepare(`INSERT INTO relays (peer_id, standing, name, code, added_at, opened_at, addresses) VALUES (?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (peer_id) DO UPDATE SET standing = excluded.standing, name = excluded.name, code = excluded.code,
      added_at = excluded.added_at, opened_at = excluded.opened_at, addresses = excluded.addresses`)
    this.#leave = database.prepare("UPDATE relays SET standing = 'leaving' WHERE peer_id = ?")
    this.#remove = database.prepare('DELETE FROM relays WHERE peer_id = ?')
    this.#markOpened = database.prepare('UPDATE relays SET opened_at = ?, name = ? WHERE peer_id = ?')
  }

  /** Inserts or replaces. */
  put ({ peerId, standing, name, code, addedAtMs, openedAtMs, addresses }: OwnRelay): void {
    this.#put.run(peerId, standing, name, code, addedAtMs, openedAtMs, JSON.stringify(addresses))
  }

  leave (peerId: string): void { this.#leave.run(peerId) }

  remove (peerId: string): void { this.#remove.run(peerId) }

  /** It answered, and calls itself so. */
  markOpened (peerId: string, { atMs, name }: { readonly atMs: number, readonly name: string }): void { this.#markOpened.run(atMs, name, peerId) }
}

interface ShardRow {
  readonly relay: string
  readonly upload: number
  readonly signed_prekey: number
  readonly last_resort: number
  readonly first_one_time: number
  readonly first_kem: number
  readonly count: number
  readonly bytes: Uint8Array | null
}

export class ShardReader {
  readonly #ofRelay: Statement<[string], ShardRow>
  readonly #newest: Statement<[string], ShardRow>

  constructor (database: Database) {
    this.#ofRelay = database.prepare('SELECT * FROM shards WHERE relay = ? ORDER BY upload')
    this.#newest = database.prepare('SELECT * FROM shards WHERE relay = ? ORDER BY upload DESC LIMIT 1')
  }

  /** In the order in which they were made. */
  ofRelay (relay: string): Shard[] { return this.#ofRelay.all(relay).map(shardOf) }

  newest (relay: string): Shard | undefined {
    const row = this.#newest.get(relay)
    return row === undefined ? undefined : shardOf(row)
  }
}

export class ShardWriter {
  readonly #add: Statement<SqlValue[], never>
  readonly #confirm: Statement<[string, number], never>
  readonly #remove: Statement<[string, number], never>
  readonly #forget: Statement<[string], never>

  constructor (database: Database) {
    this.#add = database.prepare(`INSERT INTO shards (relay, upload, signed_prekey, last_resort, first_one_time, first_kem, count, bytes)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#confirm = database.prepare('UPDATE shards SET bytes = NULL WHERE relay = ? AND upload = ?')
    this.#remove = database.prepare('DELETE FROM shards WHERE relay = ? AND upload = ?')
    this.#forget = database.prepare('DELETE FROM shards WHERE relay = ?')
  }

  add ({ relay, upload, signedPrekey, lastResort, firstOneTime, firstKem, count, bytes }: Shard): void {
    this.#add.run(relay, upload, signedPrekey, lastResort, firstOneTime, firstKem, count, bytes)
  }

  /** The relay has it. */
  confirm (relay: string, upload: number): void { this.#confirm.run(relay, upload) }

  remove (relay: string, upload: number): void { this.#remove.run(relay, upload) }

  /** The mailbox there is given up, or the relay has lost what it had. */
  forget (relay: string): void { this.#forget.run(relay) }
}

function relayOf (row: RelayRow): OwnRelay {
  return {
    peerId: row.peer_id,
    standing: row.standing,
    name: row.name,
    code: row.code ?? undefined,
    addedAtMs: row.added_at,
    openedAtMs: row.opened_at ?? undefined,
    addresses: JSON.parse(row.addresses) as string[]
  }
}

function shardOf (row: ShardRow): Shard {
  return {
    relay: row.relay,
    upload: row.upload,
    signedPrekey: row.signed_prekey,
    lastResort: row.last_resort,
    firstOneTime: row.first_one_time,
    firstKem: row.first_kem,
    count: row.count,
    bytes: bytesOrNothing(row.bytes)
  }
}
