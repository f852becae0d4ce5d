/** libsignal's records: sessions, our prekeys, and which of them are used up. */
import type { DeviceId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, Statement } from '../database.ts'
import { bytes } from './columns.ts'
import type { FactReader, FactWriter } from './facts.ts'

interface RecordRow { readonly record: Uint8Array }
interface CountRow { readonly count: number }
interface KeyRow extends RecordRow { readonly id: number }
interface DatedRow extends KeyRow { readonly created_at: number }

export interface PrekeyRecord { readonly id: number, readonly record: Uint8Array }
export interface DatedRecord extends PrekeyRecord { readonly createdAtMs: number }

export type KeyKind = 'oneTime' | 'oneTimeKem' | 'signed' | 'lastResort'

/** libsignal's prekey ids are 24 bits; 0 means "none" in its messages. */
const KEY_ID_MAX = 2 ** 24 - 1

export class KeyReader {
  readonly #session: Statement<[DeviceId], RecordRow>
  readonly #hasSession: Statement<[DeviceId], { readonly row: number }>
  readonly #oneTime: Statement<[number], RecordRow>
  readonly #oneTimeKem: Statement<[number], RecordRow>
  readonly #signed: Statement<[number], RecordRow>
  readonly #lastResort: Statement<[number], RecordRow>
  readonly #newestSigned: Statement<[], DatedRow>
  readonly #newestLastResort: Statement<[], DatedRow>
  readonly #oneTimeStock: Statement<[], CountRow>
  readonly #oneTimeKemStock: Statement<[], CountRow>
  readonly #oneTimeIn: Statement<[number, number], CountRow>
  readonly #lastResortUsed: Statement<[number, number, Uint8Array], CountRow>

  constructor (database: Database) {
    this.#session = database.prepare('SELECT record FROM sessions WHERE device_id = ?')
    this.#hasSession = database.prepare('SELECT rowid AS row FROM sessions WHERE device_id = ?')
    this.#oneTime = database.prepare('SELECT record FROM one_time_prekeys WHERE id = ?')
    this.#oneTimeKem = database.prepare('SELECT record FROM one_time_kem_prekeys WHERE id = ?')
    this.#signed = database.prepare('SELECT record FROM signed_prekeys WHERE id = ?')
    this.#lastResort = database.prepare('SELECT record FROM last_resort_kem_prekeys WHERE id = ?')
    this.#newestSigned = database.prepare('SELECT id, record, created_at FROM signed_prekeys ORDER BY created_at DESC, id DESC LIMIT 1')
    this.#newestLastResort = database.prepare('SELECT id, record, created_at FROM last_resort_kem_prekeys ORDER BY created_at DESC, id DESC LIMIT 1')
    this.#oneTimeStock = database.prepare('SELECT count(*) AS count FROM one_time_prekeys WHERE issued_at IS NULL')
    this.#oneTimeKemStock = database.prepare('SELECT count(*) AS count FROM one_time_kem_prekeys WHERE issued_at IS NULL')
    this.#oneTimeIn = database.prepare('SELECT count(*) AS count FROM one_time_prekeys WHERE id >= ? AND id < ?')
    this.#lastResortUsed = database.prepare('SELECT count(*) AS count FROM last_resort_used WHERE kem_id = ? AND signed_id = ? AND base_key = ?')
  }

  session (device: DeviceId): Uint8Array | undefined { return recordOf(this.#session.get(device)) }

  hasSession (device: DeviceId): boolean { return this.#hasSession.get(device) !== undefined }

  oneTime (key: number): Uint8Array | undefined { return recordOf(this.#oneTime.get(key)) }

  oneTimeKem (key: number): Uint8Array | undefined { return recordOf(this.#oneTimeKem.get(key)) }

  signed (key: number): Uint8Array | undefined { return recordOf(this.#signed.get(key)) }

  newestSigned (): DatedRecord | undefined { return datedOf(this.#newestSigned.get()) }

  lastResort (key: number): Uint8Array | undefined { return recordOf(this.#lastResort.get(key)) }

  newestLastResort (): DatedRecord | undefined { return datedOf(this.#newestLastResort.get()) }

  /** One-time keys that nobody was given yet. */
  stock (): { readonly oneTime: number, readonly oneTimeKem: number } {
    return { oneTime: this.#oneTimeStock.get()?.count ?? 0, oneTimeKem: this.#oneTimeKemStock.get()?.count ?? 0 }
  }

  /** Of a range of one-time keys, how many nobody has used yet. */
  unusedIn ({ firstOneTime, count }: { readonly firstOneTime: number, readonly count: number }): number {
    return this.#oneTimeIn.get(firstOneTime, firstOneTime + count)?.count ?? 0
  }

  isLastResortUsed (kemId: number, signedId: number, baseKey: Uint8Array): boolean {
    return (this.#lastResortUsed.get(kemId, signedId, baseKey)?.count ?? 0) > 0
  }
}

/** The two tables of one-time keys are alike. */
class OneTimeTable {
  readonly #add: Statement<[number, Uint8Array], never>
  readonly #remove: Statement<[number], never>
  readonly #next: Statement<[], KeyRow>
  readonly #issue: Statement<[number, number], never>
  readonly #prune: Statement<[number], never>
  readonly #keep: Statement<[number, number, number], never>

  constructor (database: Database, table: 'one_time_prekeys' | 'one_time_kem_prekeys') {
    this.#add = database.prepare(`INSERT INTO ${table} (id, record) VALUES (?, ?)`)
    this.#remove = database.prepare(`DELETE FROM ${table} WHERE id = ?`)
    this.#next = database.prepare(`SELECT id, record FROM ${table} WHERE issued_at IS NULL ORDER BY id LIMIT 1`)
    this.#issue = database.prepare(`UPDATE ${table} SET issued_at = ? WHERE id = ?`)
    this.#prune = database.prepare(`DELETE FROM ${table} WHERE issued_at < ?`)
    this.#keep = database.prepare(`UPDATE ${table} SET issued_at = ? WHERE id >= ? AND id < ? AND issued_at IS NOT NULL`)
  }

  add (key: number, record: Uint8Array): void { this.#add.run(key, record) }

  remove (key: number): void { this.#remove.run(key) }

  next (): PrekeyRecord | undefined {
    const row = this.#next.get()
    return row === undefined ? undefined : { id: row.id, record: bytes(row.record) }
  }

  issue (key: number, atMs: number): void { this.#issue.run(atMs, key) }

  prune (issuedBeforeMs: number): void { this.#prune.run(issuedBeforeMs) }

  keep (first: number, count: number, atMs: number): void { this.#keep.run(atMs, first, first + count) }
}

export interface KeyWriterParts { readonly database: Database, readonly known: FactReader, readonly facts: FactWriter }

export class KeyWriter {
  readonly #known: FactReader
  readonly #facts: FactWriter
  readonly #oneTime: OneTimeTable
  readonly #oneTimeKem: OneTimeTable
  readonly #saveSession: Statement<[DeviceId, number, Uint8Array], never>
  readonly #removeSession: Statement<[DeviceId], never>
  readonly #addSigned: Statement<[number, number, Uint8Array], never>
  readonly #addLastResort: Statement<[number, number, Uint8Array], never>
  readonly #pruneSigned: Statement<[number], never>
  readonly #pruneLastResort: Statement<[number], never>
  readonly #pruneUsed: Statement<[], never>
  readonly #markLastResortUsed: Statement<[number, number, Uint8Array], never>

  constructor ({ database, known, facts }: KeyWriterParts) {
    this.#known = known
    this.#facts = facts
    this.#oneTime = new OneTimeTable(database, 'one_time_prekeys')
    this.#oneTimeKem = new OneTimeTable(database, 'one_time_kem_prekeys')
    this.#saveSession = database.prepare(`INSERT INTO sessions (device_id, changed_at, record) VALUES (?, ?, ?)
      ON CONFLICT (device_id) DO UPDATE SET changed_at = excluded.changed_at, record = excluded.record`)
    this.#removeSession = database.prepare('DELETE FROM sessions WHERE device_id = ?')
    this.#addSigned = database.prepare('INSERT INTO signed_prekeys (id, created_at, record) VALUES (?, ?, ?)')
    this.#addLastResort = database.prepare('INSERT INTO last_resort_kem_prekeys (id, created_at, record) VALUES (?, ?, ?)')
    this.#pruneSigned = database.prepare(pruneOldSql('signed_prekeys'))
    this.#pruneLastResort = database.prepare(pruneOldSql('last_resort_kem_prekeys'))
    this.#pruneUsed = database.prepare('DELETE FROM last_resort_used WHERE kem_id NOT IN (SELECT id FROM last_resort_kem_prekeys)')
    this.#markLastResortUsed = database.prepare('INSERT INTO last_resort_used (kem_id, signed_id, base_key) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
  }

  saveSession (device: DeviceId, record: Uint8Array, atMs: number): void { this.#saveSession.run(device, atMs, record) }

  removeSession (device: DeviceId): void { this.#removeSession.run(device) }

  addOneTime (key: number, record: Uint8Array): void { this.#oneTime.add(key, record) }

  addOneTimeKem (key: number, record: Uint8Array): void { this.#oneTimeKem.add(key, record) }

  /** Used: its private half is gone, and what it protected stays protected. */
  removeOneTime (key: number): void { this.#oneTime.remove(key) }

  removeOneTimeKem (key: number): void { this.#oneTimeKem.remove(key) }

  /** One key of each kind that nobody was given yet, given now; `undefined` when one kind is out, and then neither is taken. */
  issueOneTime (atMs: number): { readonly oneTime: PrekeyRecord, readonly kem: PrekeyRecord } | undefined {
    const oneTime = this.#oneTime.next()
    const kem = this.#oneTimeKem.next()
    if (oneTime === undefined || kem === undefined) return undefined
    this.#oneTime.issue(oneTime.id, atMs)
    this.#oneTimeKem.issue(kem.id, atMs)
    return { oneTime, kem }
  }

  /** Forgets one-time keys that were given away before then and never used: who took them will not come any more. */
  pruneOneTime (issuedBeforeMs: number): void {
    this.#oneTime.prune(issuedBeforeMs)
    this.#oneTimeKem.prune(issuedBeforeMs)
  }

  /** A pair that goes to a relay and nowhere else: given away from the beginning. */
  addShardPair (pair: { readonly oneTime: PrekeyRecord, readonly kem: PrekeyRecord }, atMs: number): void {
    this.#oneTime.add(pair.oneTime.id, pair.oneTime.record)
    this.#oneTime.issue(pair.oneTime.id, atMs)
    this.#oneTimeKem.add(pair.kem.id, pair.kem.record)
    this.#oneTimeKem.issue(pair.kem.id, atMs)
  }

  /** A relay may still hand these out, so that their time begins anew. */
  keepShard ({ firstOneTime, firstKem, count }: { readonly firstOneTime: number, readonly firstKem: number, readonly count: number }, atMs: number): void {
    this.#oneTime.keep(firstOneTime, count, atMs)
    this.#oneTimeKem.keep(firstKem, count, atMs)
  }

  addSigned (key: number, record: Uint8Array, atMs: number): void { this.#addSigned.run(key, atMs, record) }

  addLastResort (key: number, record: Uint8Array, atMs: number): void { this.#addLastResort.run(key, atMs, record) }

  /** Forgets signed and last-resort keys made before then, never the newest; and which flights to a forgotten key were seen. */
  pruneSigned (beforeMs: number): void {
    this.#pruneSigned.run(beforeMs)
    this.#pruneLastResort.run(beforeMs)
    this.#pruneUsed.run()
  }

  markLastResortUsed (kemId: number, signedId: number, baseKey: Uint8Array): void { this.#markLastResortUsed.run(kemId, signedId, baseKey) }

  /** The first of `count` ids in a row. After 16 million they begin again at 1: nobody holds the old ones any more. */
  nextId (kind: KeyKind, count: number): number {
    invariant(count >= 1 && count <= KEY_ID_MAX, 'prekey ids are taken one or more at a time')
    const fact = `prekeys.next.${kind}`
    const next = this.#known.number(fact) ?? 1
    const first = next + count - 1 > KEY_ID_MAX ? 1 : next
    this.#facts.set(fact, first + count)
    return first
  }
}

function pruneOldSql (table: 'signed_prekeys' | 'last_resort_kem_prekeys'): string {
  return `DELETE FROM ${table} WHERE created_at < ? AND id <> (SELECT id FROM ${table} ORDER BY created_at DESC, id DESC LIMIT 1)`
}

function recordOf (row: RecordRow | undefined): Uint8Array | undefined { return row === undefined ? undefined : bytes(row.record) }

function datedOf (row: DatedRow | undefined): DatedRecord | undefined {
  return row === undefined ? undefined : { id: row.id, record: bytes(row.record), createdAtMs: row.created_at }
}
