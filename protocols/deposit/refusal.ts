/** What the sender of a refused envelope does next. Law: docs/protocols/deposit.md, "Refusals". */
import { unreachable } from '../core/invariant.ts'
import type { RefusalReason } from './wire.ts'

export type AfterRefusal =
  /** The same bytes again, later. */
  | 'retryLater'
  /** Never again as it is: the message has failed. */
  | 'giveUp'
  /** The recipient does not know this device: fetch its account's list, it may have other devices now; then later again. */
  | 'fetchDevices'
  /** Kept until the contact request is answered. */
  | 'awaitAcceptance'
  /** These bytes are of no use to them: what was in them goes out anew when their complaint, with the refusal or in a retry request, says so. */
  | 'awaitRetryRequest'

/** 'other' is a reason of a newer version: patience is the one answer that loses nothing. */
export function afterRefusal (reason: RefusalReason | 'other'): AfterRefusal {
  switch (reason) {
    case 'tooLarge': case 'badToken': case 'malformed': return 'giveUp'
    case 'full': case 'rate': case 'busy': case 'storage': case 'work': case 'mailboxFull': case 'capacity': case 'other': return 'retryLater'
    // At a relay: the door is closed, or its key is another one now; their newest list says where they are.
    case 'unknownSender': case 'unknownAlias': case 'badMac': return 'fetchDevices'
    case 'notAccepted': return 'awaitAcceptance'
    case 'undecryptable': return 'awaitRetryRequest'
    default: return unreachable(reason)
  }
}
