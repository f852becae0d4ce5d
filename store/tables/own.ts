/** Our own account and device: one row. */
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, Statement } from '../database.ts'
import type { AcceptPolicy, Own, TrustPolicy } from '../types.ts'
import { accountIdOf, bytes, deviceIdOf, flag } from './columns.ts'

interface OwnRow {
  readonly account_id: Uint8Array
  readonly device_id: Uint8Array
  readonly name: string
  readonly name_changed_at: number
  readonly statement: Uint8Array
  readonly signing_key: Uint8Array
  readonly identity_key: Uint8Array
  readonly registration_id: number
  readonly network_key: Uint8Array
  readonly accept_policy: AcceptPolicy
  readonly trust_policy: TrustPolicy
  readonly read_receipts: number
  readonly created_at: number
}

export class OwnReader {
  readonly #get: Statement<[], OwnRow>

  constructor (database: Database) {
    this.#get = database.prepare('SELECT * FROM own')
  }

  /** `undefined` until the account is made. */
  get (): Own | undefined {
    const row = this.#get.get()
    return row === undefined ? undefined : ownOf(row)
  }
}

export class OwnWriter {
  readonly #reader: OwnReader
  readonly #create: Statement<[Uint8Array, Uint8Array, string, number, Uint8Array, Uint8Array, Uint8Array, number, Uint8Array, string, string, number, number], never>
  readonly #update: Statement<[string, number, Uint8Array, Uint8Array, Uint8Array, number, Uint8Array, string, string, number, number], never>

  constructor (database: Database, reader: OwnReader) {
    this.#reader = reader
    this.#create = database.prepare(`INSERT INTO own (only, account_id, device_id, name, name_changed_at, statement, signing_key, identity_key,
      registration_id, network_key, accept_policy, trust_policy, read_receipts, created_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#update = database.prepare(`UPDATE own SET name = ?, name_changed_at = ?, statement = ?, signing_key = ?, identity_key = ?,
      registration_id = ?, network_key = ?, accept_policy = ?, trust_policy = ?, read_receipts = ?, created_at = ?`)
  }

  /** Once in the life of a home folder. */
  create (own: Own): void {
    invariant(this.#reader.get() === undefined, 'a home folder holds one account')
    this.#create.run(own.accountId, own.deviceId, ...changeable(own))
  }

  update (change: Partial<Omit<Own, 'accountId' | 'deviceId'>>): void {
    const own = this.#reader.get()
    invariant(own !== undefined, 'the account is made before it is changed')
    this.#update.run(...changeable({ ...own, ...change }))
  }
}

function changeable (own: Own): [string, number, Uint8Array, Uint8Array, Uint8Array, number, Uint8Array, string, string, number, number] {
  return [own.name, own.nameChangedAtMs, own.statement, own.signingKey, own.identityKey, own.registrationId, own.networkKey,
    own.acceptPolicy, own.trustPolicy, flag(own.sendsReadReceipts), own.createdAtMs]
}

function ownOf (row: OwnRow): Own {
  return {
    accountId: accountIdOf(row.account_id),
    deviceId: deviceIdOf(row.device_id),
    name: row.name,
    nameChangedAtMs: row.name_changed_at,
    statement: bytes(row.statement),
    signingKey: bytes(row.signing_key),
    identityKey: bytes(row.identity_key),
    registrationId: row.registration_id,
    networkKey: bytes(row.network_key),
    acceptPolicy: row.accept_policy,
    trustPolicy: row.trust_policy,
    sendsReadReceipts: row.read_receipts === 1,
    createdAtMs: row.created_at
  }
}
