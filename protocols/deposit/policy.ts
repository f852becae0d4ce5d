/**
 * Whether an envelope comes in, and as what: decided before anything is decrypted or stored, from what the connection
 * proves and what is full. Law: docs/protocols/deposit.md, "Admission".
 */
import type { TokenState } from '../account/invite.ts'
import { ENVELOPE_BYTES_MAX, INBOUND_WAITING_MAX, INBOUND_WAITING_PER_PEER_MAX, REQUEST_ENVELOPE_BYTES_MAX, REQUESTS_PENDING_MAX } from '../core/limits.ts'
import type { RefusalReason } from './wire.ts'

/**
 * What the peer behind the connection is to us: the standing of the contact whose listed device it is, one of our own
 * devices, or nobody we know. `requested`: we asked them; `pending`: they asked us and wait for our answer.
 */
export type SenderStanding = 'own' | 'accepted' | 'requested' | 'pending' | 'blocked' | 'removed' | 'stranger'

export interface DepositOffer {
  /** Of the body. */
  readonly sizeBytes: number
  readonly sender: SenderStanding
  /** Whether the deposit says that it is a contact request. */
  readonly hasGateToken: boolean
  /** What that token is worth; 'none' without one. */
  readonly token: TokenState
  /** Contact requests that wait for an answer. */
  readonly requestsPending: number
  /** Deposits that wait for their commit: of all peers, and of this one. */
  readonly waiting: number
  readonly waitingOfPeer: number
  readonly isWithinRate: boolean
  /** Whether the last write to the disk worked. */
  readonly isStorageWell: boolean
}

export type Admission =
  /** `mail`: from somebody we talk to. `request`: from a stranger, held apart. */
  | { readonly type: 'accept', readonly as: 'mail' | 'request' }
  /** `retryAfterMs` 0: not as it is. */
  | { readonly type: 'refuse', readonly reason: RefusalReason, readonly retryAfterMs: number }

/** A turn takes milliseconds; by then there is room. */
const BUSY_RETRY_MS = 1_000
const RATE_RETRY_MS = 5_000
/** A full or failing disk wants a person. */
const STORAGE_RETRY_MS = 60_000
/** People answer requests in hours. */
const FULL_RETRY_MS = 3_600_000
const ACCEPTANCE_RETRY_AFTER_MS = 3_600_000

/** Decides about one deposit that has not been seen before. */
export function admit (offer: DepositOffer): Admission {
  if (offer.sizeBytes > ENVELOPE_BYTES_MAX) return refuse('tooLarge')
  if (offer.sizeBytes === 0) return refuse('malformed')
  if (!offer.isStorageWell) return refuse('storage', STORAGE_RETRY_MS)
  if (!offer.isWithinRate) return refuse('rate', RATE_RETRY_MS)
  if (offer.waiting >= INBOUND_WAITING_MAX || offer.waitingOfPeer >= INBOUND_WAITING_PER_PEER_MAX) return refuse('busy', BUSY_RETRY_MS)
  switch (offer.sender) {
    // We asked them, so whatever they say is welcome; an invite token of theirs changes nothing.
    case 'own': case 'accepted': case 'requested': return { type: 'accept', as: 'mail' }
    case 'pending': case 'removed': case 'stranger': return admitStranger(offer)
    // With a token or without: a block is not told, so the answer is the one that a stranger without an invite gets.
    case 'blocked': return refuse(offer.hasGateToken ? 'badToken' : 'unknownSender')
  }
}

function admitStranger ({ sizeBytes, sender, hasGateToken, token, requestsPending }: DepositOffer): Admission {
  if (token !== 'valid') {
    // Who waits for our answer may show a one-time token that its own request has used up: that is no reason to fail.
    if (sender === 'pending') return refuse('notAccepted', ACCEPTANCE_RETRY_AFTER_MS)
    return refuse(hasGateToken ? 'badToken' : 'unknownSender')
  }
  if (sizeBytes > REQUEST_ENVELOPE_BYTES_MAX) return refuse('tooLarge')
  if (requestsPending >= REQUESTS_PENDING_MAX) return refuse('full', FULL_RETRY_MS)
  return { type: 'accept', as: 'request' }
}

function refuse (reason: RefusalReason, retryAfterMs = 0): Admission {
  return { type: 'refuse', reason, retryAfterMs }
}
