/** Why deposits are refused, in the operator's words: what it is called, where it comes from, whether there is anything to do. */
import type { RefusalReason } from '../deposit/wire.ts'

export interface RefusalWords { readonly name: string, readonly cause: string }

const WORDS: Readonly<Record<RefusalReason, RefusalWords>> = {
  mailboxFull: { name: 'Mailbox full', cause: 'Its owner is away. Nothing to do' },
  full: { name: 'Door full', cause: 'One contact writes more than is collected' },
  work: { name: 'Proof of work too small', cause: 'Strangers at a gate' },
  rate: { name: 'Rate of one peer', cause: 'It was told to come back later' },
  malformed: { name: 'Malformed', cause: 'Another program, or an attack' },
  unknownAlias: { name: 'Unknown door', cause: 'Old contact cards, or a mailbox that moved' },
  badMac: { name: 'Wrong key for a door', cause: 'A contact out of date, or a stranger who guesses' },
  tooLarge: { name: 'Too large', cause: 'Above the limit of an envelope or of a gate' },
  capacity: { name: 'Relay full', cause: 'The cap is reached: raise it, or wait for mail to expire' },
  storage: { name: 'The disk failed', cause: 'Look at the log and at the disk now' },
  busy: { name: 'Busy', cause: 'Too much at once, or the relay is closing' },
  badToken: { name: 'Invite used or ended', cause: 'A gate of an invite that is no longer open' },
  unknownSender: { name: 'Sender not known', cause: 'Meant for a device, not for a relay' },
  notAccepted: { name: 'Not accepted', cause: 'Meant for a device, not for a relay' },
  undecryptable: { name: 'Not decryptable', cause: 'Meant for a device, not for a relay' }
}

export function refusalWords (reason: string): RefusalWords {
  return Object.hasOwn(WORDS, reason) ? WORDS[reason as RefusalReason] : { name: reason, cause: 'Of a version that this page does not know' }
}
