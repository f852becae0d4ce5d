/** The accounts we know, and those who asked to be known. */
import { UsageError } from '../../protocols/core/errors.ts'
import type { AccountId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, SqlValue, Statement } from '../database.ts'
import type { Contact, Standing } from '../types.ts'
import { accountIdOf, bytesOrNothing, flag, fold } from './columns.ts'

interface ContactRow {
  readonly contact: number
  readonly account_id: Uint8Array
  readonly alias: string | null
  readonly name: string | null
  readonly profile_version: number
  readonly standing: Standing
  readonly statement: Uint8Array | null
  readonly epoch: number
  readonly seq: number
  readonly statement_hash: Uint8Array | null
  readonly is_key_changed: number
  readonly verified_epoch: number | null
  readonly invite_token: Uint8Array | null
  readonly told_profile: number
  readonly created_at: number
  readonly alias_secret: Uint8Array | null
  readonly their_alias_secret: Uint8Array | null
  readonly record_key: Uint8Array | null
  readonly read_key: Uint8Array | null
}

export class ContactReader {
  readonly #byNumber: Statement<[number], ContactRow>
  readonly #byAccount: Statement<[AccountId], ContactRow>
  readonly #byAlias: Statement<[SqlValue], ContactRow>
  readonly #byName: Statement<[SqlValue], ContactRow>
  readonly #list: Statement<[], ContactRow>

  constructor (database: Database) {
    this.#byNumber = database.prepare('SELECT * FROM contacts WHERE contact = ?')
    this.#byAccount = database.prepare('SELECT * FROM contacts WHERE account_id = ?')
    this.#byAlias = database.prepare('SELECT * FROM contacts WHERE alias_folded = ?')
    this.#byName = database.prepare('SELECT * FROM contacts WHERE name_folded = ? ORDER BY contact')
    this.#list = database.prepare('SELECT * FROM contacts ORDER BY coalesce(alias_folded, name_folded) NULLS LAST, contact')
  }

  byNumber (contact: number): Contact | undefined { return contactOrNothing(this.#byNumber.get(contact)) }

  byAccount (account: AccountId): Contact | undefined { return contactOrNothing(this.#byAccount.get(account)) }

  /** Without regard to case. */
  byAlias (alias: string): Contact | undefined { return contactOrNothing(this.#byAlias.get(fold(alias))) }

  /** Everybody who calls themselves so, without regard to case. */
  byName (name: string): Contact[] { return this.#byName.all(fold(name)).map(contactOf) }

  /** By alias, or name where there is none. */
  list (): Contact[] { return this.#list.all().map(contactOf) }
}

export class ContactWriter {
  readonly #reader: ContactReader
  readonly #create: Statement<SqlValue[], never>
  readonly #update: Statement<SqlValue[], never>

  constructor (database: Database, reader: ContactReader) {
    this.#reader = reader
    this.#create = database.prepare(`INSERT INTO contacts (alias, alias_folded, name, name_folded, profile_version, standing, statement, epoch, seq,
      statement_hash, is_key_changed, verified_epoch, invite_token, told_profile, alias_secret, their_alias_secret, record_key, read_key, account_id, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
    this.#update = database.prepare(`UPDATE contacts SET alias = ?, alias_folded = ?, name = ?, name_folded = ?, profile_version = ?, standing = ?,
      statement = ?, epoch = ?, seq = ?, statement_hash = ?, is_key_changed = ?, verified_epoch = ?, invite_token = ?, told_profile = ?,
      alias_secret = ?, their_alias_secret = ?, record_key = ?, read_key = ? WHERE contact = ?`)
  }

  /**
   * The new contact's number.
   * @throws UsageError when another contact has the alias
   */
  create (contact: Omit<Contact, 'contact'>): number {
    this.#requireFreeAlias(contact.alias, undefined)
    const number = this.#create.insert(...changeable(contact), contact.accountId, contact.createdAtMs)
    invariant(number !== undefined, 'a new contact has a row')
    return number
  }

  /**
   * A field that is present and `undefined` is emptied.
   * @throws UsageError when another contact has the alias
   */
  update (contact: number, change: Partial<Omit<Contact, 'contact' | 'accountId' | 'createdAtMs'>>): void {
    const before = this.#reader.byNumber(contact)
    invariant(before !== undefined, 'a contact is made before it is changed')
    const after = { ...before, ...change }
    this.#requireFreeAlias(after.alias, contact)
    this.#update.run(...changeable(after), contact)
  }

  #requireFreeAlias (alias: string | undefined, contact: number | undefined): void {
    if (alias === undefined) return
    const holder = this.#reader.byAlias(alias)
    if (holder === undefined || holder.contact === contact) return
    throw new UsageError('another contact has this alias already', 'Nothing was changed. Choose another alias, or rename the other contact first.')
  }
}

function changeable (contact: Omit<Contact, 'contact'>): SqlValue[] {
  return [contact.alias, fold(contact.alias), contact.name, fold(contact.name), contact.profileVersion, contact.standing, contact.statement,
    contact.epoch, contact.seq, contact.statementHash, flag(contact.isKeyChanged), contact.verifiedEpoch, contact.inviteToken, contact.toldProfile,
    contact.aliasSecret, contact.theirAliasSecret, contact.recordKey, contact.readKey]
}

function contactOrNothing (row: ContactRow | undefined): Contact | undefined { return row === undefined ? undefined : contactOf(row) }

function contactOf (row: ContactRow): Contact {
  return {
    contact: row.contact,
    accountId: accountIdOf(row.account_id),
    alias: row.alias ?? undefined,
    name: row.name ?? undefined,
    profileVersion: row.profile_version,
    standing: row.standing,
    statement: bytesOrNothing(row.statement),
    epoch: row.epoch,
    seq: row.seq,
    statementHash: bytesOrNothing(row.statement_hash),
    isKeyChanged: row.is_key_changed === 1,
    verifiedEpoch: row.verified_epoch ?? undefined,
    inviteToken: bytesOrNothing(row.invite_token),
    toldProfile: row.told_profile,
    createdAtMs: row.created_at,
    aliasSecret: bytesOrNothing(row.alias_secret),
    theirAliasSecret: bytesOrNothing(row.their_alias_secret),
    recordKey: bytesOrNothing(row.record_key),
    readKey: bytesOrNothing(row.read_key)
  }
}
