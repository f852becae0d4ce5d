/** The invites that we gave out. */
import type { Database, Statement } from '../database.ts'
import type { Invite } from '../types.ts'
import { bytes, flag } from './columns.ts'

interface InviteRow {
  readonly token: Uint8Array
  readonly kind: Invite['kind']
  readonly created_at: number
  readonly expires_at: number | null
  readonly used_at: number | null
  readonly is_revoked: number
}

export class InviteReader {
  readonly #byToken: Statement<[Uint8Array], InviteRow>
  readonly #list: Statement<[], InviteRow>

  constructor (database: Database) {
    this.#byToken = database.prepare('SELECT * FROM invites WHERE token = ?')
    this.#list = database.prepare('SELECT * FROM invites ORDER BY created_at, token')
  }

  byToken (token: Uint8Array): Invite | undefined {
    const row = this.#byToken.get(token)
    return row === undefined ? undefined : inviteOf(row)
  }

  /** Oldest first; also those that are used, revoked or expired. */
  list (): Invite[] { return this.#list.all().map(inviteOf) }
}

export class InviteWriter {
  readonly #create: Statement<[Uint8Array, string, number, number | undefined, number | undefined, number], never>
  readonly #markUsed: Statement<[number, Uint8Array], never>
  readonly #revokeAllLongTerm: Statement<[], never>

  constructor (database: Database) {
    this.#create = database.prepare('INSERT INTO invites (token, kind, created_at, expires_at, used_at, is_revoked) VALUES (?, ?, ?, ?, ?, ?)')
    this.#markUsed = database.prepare('UPDATE invites SET used_at = ? WHERE token = ? AND used_at IS NULL')
    this.#revokeAllLongTerm = database.prepare("UPDATE invites SET is_revoked = 1 WHERE kind = 'long-term'")
  }

  create (invite: Invite): void {
    this.#create.run(invite.token, invite.kind, invite.createdAtMs, invite.expiresAtMs, invite.usedAtMs, flag(invite.isRevoked))
  }

  /** The first use stays the one on record. */
  markUsed (token: Uint8Array, atMs: number): void { this.#markUsed.run(atMs, token) }

  revokeAllLongTerm (): void { this.#revokeAllLongTerm.run() }
}

function inviteOf (row: InviteRow): Invite {
  return {
    token: bytes(row.token),
    kind: row.kind,
    createdAtMs: row.created_at,
    expiresAtMs: row.expires_at ?? undefined,
    usedAtMs: row.used_at ?? undefined,
    isRevoked: row.is_revoked === 1
  }
}
