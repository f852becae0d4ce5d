/** What was opened is taken in, inside the transaction, and gets its answer. */
import { isBehind, isContradiction } from '../../protocols/account/accept.ts'
import { RETRY_REQUESTS_PER_HOUR } from '../../protocols/core/limits.ts'
import type { Sealer } from '../ports.ts'
import { heldRef } from '../contacts/statements.ts'
import { takeRequest } from '../contacts/introductions.ts'
import { tokenState } from '../contacts/invites.ts'
import type { Ids } from './compose.ts'
import { takeContents, type IntakeParts } from './intake.ts'
import { refused, type Arrival, type Opened, type Outcome } from './open.ts'
import type { Replies } from './replies.ts'

export interface TakeParts extends IntakeParts {
  readonly sealer: Sealer
  readonly ids: Ids
  readonly replies: Replies
}

export interface TakenOutcome { readonly arrival: Arrival, readonly outcome: Outcome }

const HOUR_MS = 3_600_000
/** When an unknown key may become known: their device list is being fetched. */
const LOOKUP_RETRY_MS = 3_000

export function takeOpened ({ arrival, opened }: { readonly arrival: Arrival, readonly opened: Opened }, parts: TakeParts): TakenOutcome {
  return { arrival, outcome: take(arrival, opened, parts) }
}

function take (arrival: Arrival, opened: Opened, parts: TakeParts): Outcome {
  const { writer, round } = parts
  switch (opened.type) {
    case 'answered':
      return opened.outcome
    case 'useless':
      writer.received.add(arrival.envelopeId, round.nowMs, 'done')
      return opened.outcome
    case 'contents':
      takeContents(opened.contents, opened.from, parts)
      noteSender(opened, parts)
      writer.received.add(arrival.envelopeId, round.nowMs, 'done')
      return { type: 'stored' }
    case 'request':
      return takeStranger(arrival, opened, parts)
    case 'undecryptable':
      return takeUndecryptable(arrival, opened, parts)
  }
}

/** Whoever asks by an invite. The door has looked at its token; another request of this turn may have used it up since. */
function takeStranger ({ envelopeId, gateToken: token }: Arrival, { from, contents }: Extract<Opened, { type: 'request' }>, parts: TakeParts): Outcome {
  const { writer, round } = parts
  const standing = writer.read.contacts.byAccount(from.verified.accountId)?.standing
  const isKnown = standing === 'pending' || standing === 'requested' || standing === 'accepted'
  if (token === undefined || (!isKnown && tokenState(token, writer.read, round.nowMs) !== 'valid')) return refused('badToken')
  for (const content of contents) {
    if (content.type === 'request') takeRequest(from, content, { ...parts, token })
  }
  writer.received.add(envelopeId, round.nowMs, 'done')
  return { type: 'stored' }
}

/** What the sender says of its device list, and whether it is time to answer it. */
function noteSender ({ from, contents, senderStatement, isFirstFlight }: Extract<Opened, { type: 'contents' }>, { writer, round, replies }: TakeParts): void {
  const contact = writer.read.contacts.byNumber(from.contact)
  if (contact === undefined) return
  const held = heldRef(contact)
  if (senderStatement !== undefined && isBehind(senderStatement, held)) round.toLookUp.add(from.contact)
  if (senderStatement !== undefined && held !== undefined && isContradiction(senderStatement, held) && !contact.isKeyChanged) {
    writer.contacts.update(contact.contact, { isKeyChanged: true })
    round.toForget.add(contact.contact)
    round.tell('contact.key_changed', contact.contact, 'They name another device list than the one we were shown under the same number.')
  }
  const first = contents[0]
  if (first === undefined || contact.standing !== 'accepted' || !replies.isDue(from.deviceId, isFirstFlight, round.nowMs)) return
  writer.outbox.waiting({ deviceId: from.deviceId, contact: from.contact, refs: [{ kind: 'delivered', id: first.id }], queuedAtMs: round.nowMs, expiresAtMs: round.nowMs + 24 * HOUR_MS })
  round.seal(from.deviceId)
}

/**
 * It cannot be read, for now: the answer asks for it again, under a new session. The rate is capped, since a broken peer must
 * not keep us both busy; beyond it the sender waits and tries later.
 */
function takeUndecryptable (arrival: Arrival, { from, reason, decryptionError }: Extract<Opened, { type: 'undecryptable' }>, { writer, round }: TakeParts): Outcome {
  if (reason === 'untrusted') {
    round.toLookUp.add(from.contact)
    return refused('busy', LOOKUP_RETRY_MS)
  }
  if (writer.read.received.undecryptableSince(round.nowMs - HOUR_MS) >= RETRY_REQUESTS_PER_HOUR) return refused('busy', HOUR_MS / RETRY_REQUESTS_PER_HOUR)
  writer.received.add(arrival.envelopeId, round.nowMs, 'undecryptable')
  round.tell('node.trouble', from.contact, `An envelope could not be decrypted (${reason}); it is being asked for again.`)
  return { type: 'refused', reason: 'undecryptable', retryAfterMs: 0, decryptionError }
}
