/**
 * Who gets which bundle. One-time keys are scarce and anybody could drain them, after which every new session would lose
 * the forward secrecy of its first flight: so they go to contacts and to holders of an invite, a few per peer, and
 * everybody else starts with the last-resort key, which does not run out. Law: docs/protocols/prekeys.md, "Who gets what".
 */
import type { TokenState } from '../account/invite.ts'
import type { BundleRefusal } from './wire.ts'

export interface BundleAsk {
  /** Whether the asker speaks our version of the protocol. */
  readonly isVersionKnown: boolean
  /** Whether the device asked for is ours. */
  readonly isOurDevice: boolean
  /** Whether the connection is that of a device of an accepted contact, or of one that we asked ourselves. */
  readonly isContact: boolean
  readonly token: TokenState
  /** Of the peer's lookups (LOOKUP_BURST, LOOKUP_PER_SECOND). */
  readonly isWithinRate: boolean
  /** Of the peer's one-time bundles (ONE_TIME_BUNDLE_BURST); drawn only when the answer would be 'oneTime'. */
  readonly isWithinOneTimeRate: boolean
}

export type BundleAdmission =
  | { readonly type: 'issue', readonly kind: 'oneTime' | 'lastResort' }
  | { readonly type: 'refuse', readonly reason: BundleRefusal }

/**
 * Decides about one request. A blocked peer is answered like any stranger: a refusal of its own would tell it that it is
 * blocked, and the last-resort key costs us nothing.
 */
export function admitBundle (ask: BundleAsk): BundleAdmission {
  if (!ask.isWithinRate) return { type: 'refuse', reason: 'rate' }
  if (!ask.isVersionKnown) return { type: 'refuse', reason: 'version' }
  if (!ask.isOurDevice) return { type: 'refuse', reason: 'unknownDevice' }
  const isEntitled = ask.isContact || ask.token === 'valid'
  return { type: 'issue', kind: isEntitled && ask.isWithinOneTimeRate ? 'oneTime' : 'lastResort' }
}
