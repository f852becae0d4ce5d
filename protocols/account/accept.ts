/**
 * Which of two verified device lists of one account counts. Higher epoch wins, then higher sequence; two lists in one place
 * are a lie told by whoever holds the signing key, and nothing is decided silently then. Law: docs/protocols/account.md,
 * "Accepting".
 */
import { equals } from 'uint8arrays'
import type { VerifiedStatement } from './statement.ts'
import type { StatementRef } from './wire.ts'

export type Judgement =
  | { readonly type: 'accept', readonly change: 'first' | 'same' }
  /** `isGap`: lists in between were never seen, so that a fork there would go unnoticed; ask for them. */
  | { readonly type: 'accept', readonly change: 'newer', readonly isGap: boolean }
  /** The signing key changed: the safety number did as well, which people are told. */
  | { readonly type: 'accept', readonly change: 'rotated' }
  /** Older than what we hold. */
  | { readonly type: 'ignore' }
  /** Two lists where there can be one: keep what we hold, stop, warn. */
  | { readonly type: 'equivocation' }

type Offered = Pick<VerifiedStatement, 'epoch' | 'seq' | 'hash' | 'previousHash'>

/** Judges a verified list against the one we hold of the same account. Never accepts a lower one, nor another in its place. */
export function judge (held: StatementRef | undefined, offered: Offered): Judgement {
  if (held === undefined) return { type: 'accept', change: 'first' }
  if (offered.epoch > held.epoch) return { type: 'accept', change: 'rotated' }
  if (offered.epoch < held.epoch || offered.seq < held.seq) return { type: 'ignore' }
  if (offered.seq === held.seq) return equals(offered.hash, held.hash) ? { type: 'accept', change: 'same' } : { type: 'equivocation' }
  if (offered.seq > held.seq + 1) return { type: 'accept', change: 'newer', isGap: true }
  return follows(held, offered) ? { type: 'accept', change: 'newer', isGap: false } : { type: 'equivocation' }
}

/** Whether `told` (what a message says about its sender's list) is newer than what we hold: then fetch before sending. */
export function isBehind (told: StatementRef, held: StatementRef | undefined): boolean {
  if (held === undefined || told.epoch > held.epoch) return true
  return told.epoch === held.epoch && told.seq > held.seq
}

/** Whether `told` and what we hold cannot both be true: somebody shows different lists to different people. */
export function isContradiction (told: StatementRef, held: StatementRef): boolean {
  return told.epoch === held.epoch && told.seq === held.seq && !equals(told.hash, held.hash)
}

function follows (held: StatementRef, { previousHash }: Offered): boolean {
  return previousHash !== undefined && equals(previousHash, held.hash)
}
