import type { FuzzTarget } from './targets.ts'
import { decodeEvidence } from '../../protocols/deposit/custody.ts'
import { decodeCustodyAnswer, decodeCustodyRequest, decodeRelayCard, decodeRelayQuery } from '../../protocols/mailbox/questions.ts'
import { decodeOwnerFrame, decodeRelayFrame } from '../../protocols/mailbox/wire.ts'
import { validBytes } from '../protocols/core/vectors.ts'

export const mailboxTargets: readonly FuzzTarget[] = [
  { name: 'mailbox/OwnerFrame', decode: decodeOwnerFrame, seeds: validBytes('mailbox', 'OwnerFrame') },
  { name: 'mailbox/RelayFrame', decode: decodeRelayFrame, seeds: validBytes('mailbox', 'RelayFrame') },
  { name: 'mailbox/CustodyRequest', decode: decodeCustodyRequest, seeds: validBytes('mailbox', 'CustodyRequest') },
  { name: 'mailbox/CustodyAnswer', decode: decodeCustodyAnswer, seeds: validBytes('mailbox', 'CustodyAnswer') },
  { name: 'mailbox/RelayQuery', decode: decodeRelayQuery, seeds: validBytes('mailbox', 'RelayQuery') },
  { name: 'mailbox/RelayCard', decode: decodeRelayCard, seeds: validBytes('mailbox', 'RelayCard') },
  { name: 'deposit/evidence', decode: decodeEvidence, seeds: validBytes('mailbox', 'evidence') }
]
