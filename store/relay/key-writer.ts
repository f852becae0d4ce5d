/** Prekeys and directory records that a relay keeps for the owners of mailboxes. */
import type { DeviceId } from '../../protocols/core/ids.ts'
import type { ShardUpload } from '../../protocols/prekeys/shard.ts'
import type { SqlValue, Statement } from '../database.ts'
import { bytes, deviceIdOf } from '../tables/columns.ts'
import type { WriterParts } from './parts.ts'
import type { StoredRecord, TakenBundle } from './types.ts'

interface ShardRow {
  readonly mailbox: number
  readonly device_id: Uint8Array
  readonly registration_id: number
  readonly identity_key: Uint8Array
  readonly signed_id: number
  readonly signed_key: Uint8Array
  readonly signed_signature: Uint8Array
  readonly last_id: number
  readonly last_key: Uint8Array
  readonly last_signature: Uint8Array
}
interface PairRow { readonly id: number, readonly key: Uint8Array, readonly kem_id: number, readonly kem_key: Uint8Array, readonly kem_signature: Uint8Array }

/** Unused pairs of one device: two uploads in full. */
const PAIRS_MAX = 200
/** Numbers of pairs that were given out are remembered for so many behind the newest: an upload is repeated within days. */
const GIVEN_KEPT = 1_000
/** Records of one mailbox: the account's own, and the one before when its key changed. */
const RECORDS_MAX = 4

export class KeyWriter {
  readonly #parts: WriterParts
  readonly #putShard: Statement<SqlValue[], never>
  readonly #putPair: Statement<SqlValue[], never>
  readonly #known: Statement<[number, number], { readonly id: number }>
  readonly #forgetGiven: Statement<[number, number], never>
  readonly #shardOfMailbox: Statement<[number], ShardRow>
  readonly #shardOfDevice: Statement<[Uint8Array], ShardRow>
  readonly #pair: Statement<[number], PairRow>
  readonly #give: Statement<[number, number], never>
  readonly #putRecord: Statement<SqlValue[], never>
  readonly #recordCount: Statement<[number, Uint8Array], { readonly count: number }>
  readonly #forgetRecords: Statement<[number, number], never>

  constructor (parts: WriterParts) {
    const { database } = parts
    this.#parts = parts
    this.#putShard = database.prepare('INSERT OR REPLACE INTO shards VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)')
    this.#putPair = database.prepare('INSERT INTO prekeys (mailbox, id, key, kem_id, kem_key, kem_signature) VALUES (?, ?, ?, ?, ?, ?)')
    this.#known = database.prepare('SELECT id FROM prekeys WHERE mailbox = ? AND id = ?')
    this.#forgetGiven = database.prepare('DELETE FROM prekeys WHERE mailbox = ? AND key IS NULL AND id < ?')
    this.#shardOfMailbox = database.prepare('SELECT * FROM shards WHERE mailbox = ?')
    this.#shardOfDevice = database.prepare('SELECT * FROM shards WHERE device_id = ? ORDER BY mailbox LIMIT 1')
    this.#pair = database.prepare('SELECT id, key, kem_id, kem_key, kem_signature FROM prekeys WHERE mailbox = ? AND key IS NOT NULL ORDER BY id LIMIT 1')
    this.#give = database.prepare('UPDATE prekeys SET key = NULL, kem_key = NULL, kem_signature = NULL WHERE mailbox = ? AND id = ?')
    this.#putRecord = database.prepare(`INSERT INTO records (name, record, sealed_statement, seq, expires_at, mailbox) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (name) DO UPDATE SET record = excluded.record, sealed_statement = excluded.sealed_statement, seq = excluded.seq, expires_at = excluded.expires_at`)
    this.#recordCount = database.prepare('SELECT count(*) AS count FROM records WHERE mailbox = ? AND name <> ?')
    this.#forgetRecords = database.prepare('DELETE FROM records WHERE name IN (SELECT name FROM records WHERE expires_at <= ? LIMIT ?)')
  }

  putShard (mailbox: number, { deviceId, registrationId, identityKey, signedPrekey, lastResort, oneTime }: ShardUpload): number | 'capacity' {
    const { read, space, totals } = this.#parts
    const fresh = oneTime.filter(({ id }) => this.#known.get(mailbox, id) === undefined)
    const left = read.oneTimeLeft(mailbox)
    if (left + fresh.length > PAIRS_MAX || space.room().forText < 0) return 'capacity'
    if (this.#shardOfMailbox.get(mailbox) === undefined) totals.pending.shards += 1
    this.#putShard.run(mailbox, deviceId, registrationId, identityKey, signedPrekey.id, signedPrekey.key, signedPrekey.signature, lastResort.id, lastResort.key, lastResort.signature)
    for (const { id, key, kem } of fresh) this.#putPair.run(mailbox, id, key, kem.id, kem.key, kem.signature)
    if (fresh.length > 0) this.#forgetGiven.run(mailbox, Math.max(...fresh.map(({ id }) => id)) - GIVEN_KEPT)
    totals.pending.prekeys += fresh.length
    return left + fresh.length
  }

  takeBundle (deviceId: DeviceId, { mailbox, withOneTime }: { readonly mailbox: number | undefined, readonly withOneTime: boolean }): TakenBundle | undefined {
    const row = mailbox === undefined ? this.#shardOfDevice.get(deviceId) : this.#shardOfMailbox.get(mailbox)
    if (row === undefined || !isSame(row.device_id, deviceId)) return undefined
    return { shard: shardOf(row), oneTime: withOneTime ? this.#takePair(row.mailbox) : undefined }
  }

  putRecord (name: Uint8Array, { record, sealedStatement, seq, expiresAtMs }: StoredRecord, mailbox: number): 'stored' | 'capacity' {
    const { read, space, totals } = this.#parts
    if ((this.#recordCount.get(mailbox, name)?.count ?? 0) >= RECORDS_MAX || space.room().forText < 0) return 'capacity'
    if (read.record(name) === undefined) totals.pending.records += 1
    this.#putRecord.run(name, record, sealedStatement, seq, expiresAtMs, mailbox)
    return 'stored'
  }

  /** Returns how many went. */
  expireRecords (nowMs: number, limit: number): number {
    const count = this.#forgetRecords.run(nowMs, limit)
    this.#parts.totals.pending.records -= count
    return count
  }

  #takePair (mailbox: number): TakenBundle['oneTime'] {
    const row = this.#pair.get(mailbox)
    if (row === undefined) return undefined
    this.#give.run(mailbox, row.id)
    this.#parts.totals.pending.prekeys -= 1
    return { id: row.id, key: bytes(row.key), kem: { id: row.kem_id, key: bytes(row.kem_key), signature: bytes(row.kem_signature) } }
  }
}

function shardOf (row: ShardRow): TakenBundle['shard'] {
  return {
    deviceId: deviceIdOf(row.device_id),
    registrationId: row.registration_id,
    identityKey: bytes(row.identity_key),
    signedPrekey: { id: row.signed_id, key: bytes(row.signed_key), signature: bytes(row.signed_signature) },
    lastResort: { id: row.last_id, key: bytes(row.last_key), signature: bytes(row.last_signature) }
  }
}

function isSame (left: Uint8Array, right: Uint8Array): boolean { return Buffer.compare(left, right) === 0 }
