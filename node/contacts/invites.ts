/** Invites: tokens that admit contact requests, and the links that carry them. Law: docs/protocols/account.md, "Invites". */
import { encodeInvite, type InviteHint, type TokenState } from '../../protocols/account/invite.ts'
import { INVITE_HINTS_MAX, INVITE_LIFETIME_MS, INVITE_TOKEN_BYTES } from '../../protocols/core/limits.ts'
import type { AccountId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { Invite } from '../../store/types.ts'
import type { RecordKeys } from '../own-account.ts'
import type { Random } from '../ports.ts'

/** What an invite token is worth to us now. */
export function tokenState (token: Uint8Array, reader: Reader, nowMs: number): TokenState {
  if (token.byteLength !== INVITE_TOKEN_BYTES) return 'invalid'
  const invite = reader.invites.byToken(token)
  return invite !== undefined && isOpen(invite, nowMs) ? 'valid' : 'invalid'
}

export function isOpen ({ isRevoked, usedAtMs, expiresAtMs }: Invite, nowMs: number): boolean {
  return !isRevoked && usedAtMs === undefined && (expiresAtMs === undefined || nowMs < expiresAtMs)
}

/** A fresh invite that works once. */
export function createOneTimeInvite (writer: Writer, { random, nowMs }: { readonly random: Random, readonly nowMs: number }): Invite {
  const invite: Invite = { token: random.bytes(INVITE_TOKEN_BYTES), kind: 'once', createdAtMs: nowMs, expiresAtMs: nowMs + INVITE_LIFETIME_MS, usedAtMs: undefined, isRevoked: false }
  writer.invites.create(invite)
  return invite
}

/** The long-term invite: the one that is open, or a new one. `rotate` retires the old one first. */
export function longTermInvite (writer: Writer, { random, nowMs, rotate }: { readonly random: Random, readonly nowMs: number, readonly rotate: boolean }): Invite {
  if (rotate) writer.invites.revokeAllLongTerm()
  const open = writer.read.invites.list().find(invite => invite.kind === 'long-term' && isOpen(invite, nowMs))
  if (open !== undefined) return open
  const invite: Invite = { token: random.bytes(INVITE_TOKEN_BYTES), kind: 'long-term', createdAtMs: nowMs, expiresAtMs: undefined, usedAtMs: undefined, isRevoked: false }
  writer.invites.create(invite)
  return invite
}

export interface LinkParts {
  readonly accountId: AccountId
  /** Best first. */
  readonly hints: readonly InviteHint[]
  /** Where our directory record is, and what opens it: found there, we may be anywhere. */
  readonly record: Pick<RecordKeys, 'publicKey' | 'readKey'> | undefined
}

export function linkOf (invite: Invite, { accountId, hints, record }: LinkParts): string {
  return encodeInvite({ accountId, token: invite.token, hints: hints.slice(0, INVITE_HINTS_MAX), expiresAtMs: invite.expiresAtMs, recordKey: record?.publicKey, readKey: record?.readKey })
}
