import { decodeEvidence, encodeEvidence } from '../../../protocols/deposit/custody.ts'
import {
  decodeCustodyAnswer, decodeCustodyRequest, decodeRelayCard, decodeRelayQuery, encodeCustodyAnswer, encodeCustodyRequest, encodeRelayCard, encodeRelayQuery,
  type AdmissionPolicy, type CustodyAnswer, type CustodyRefusal, type RelayCard
} from '../../../protocols/mailbox/questions.ts'
import { decodeOwnerFrame, decodeRelayFrame, encodeOwnerFrame, encodeRelayFrame, type AliasOutcome, type MailboxGoodbyeReason, type RelayFrame } from '../../../protocols/mailbox/wire.ts'
import { describeVectors } from '../core/vectors.ts'

describeVectors('mailbox', {
  OwnerFrame: { decode: decodeOwnerFrame, recode: bytes => encodeOwnerFrame(decodeOwnerFrame(bytes)) },
  RelayFrame: { decode: decodeRelayFrame, recode: bytes => encodeRelayFrame(decodeRelayFrame(bytes) as RelayFrame<AliasOutcome, MailboxGoodbyeReason>) },
  CustodyRequest: { decode: decodeCustodyRequest, recode: bytes => encodeCustodyRequest(decodeCustodyRequest(bytes)) },
  CustodyAnswer: { decode: decodeCustodyAnswer, recode: bytes => encodeCustodyAnswer(decodeCustodyAnswer(bytes) as CustodyAnswer<CustodyRefusal>) },
  RelayQuery: { decode: decodeRelayQuery, recode: bytes => encodeRelayQuery(decodeRelayQuery(bytes)) },
  RelayCard: { decode: decodeRelayCard, recode: bytes => encodeRelayCard(decodeRelayCard(bytes) as RelayCard & { readonly admission: AdmissionPolicy }) },
  evidence: { decode: decodeEvidence, recode: bytes => encodeEvidence(decodeEvidence(bytes)) }
})
