/** What was opened is taken in, inside the transaction, and gets its answer. */
import { isBehind, isContradiction } from '../../protocols/account/accept.ts'
import { encodeRetryRequest } from '../../protocols/envelope/wire.ts'
import type { Content } from '../../protocols/message/content.ts'
import { contentId, envelopeId as envelopeIdOf, type ContentId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { RETRY_KEEP_MS, RETRY_REQUESTS_PER_HOUR } from '../../protocols/core/limits.ts'
import type { Contact } from '../../store/types.ts'
import { heldRef } from '../contacts/statements.ts'
import { takeRequest } from '../contacts/introductions.ts'
import { tokenState } from '../contacts/invites.ts'
import type { Ids } from './compose.ts'
import { takeContents, type IntakeParts } from './intake.ts'
import { refused, type Arrival, type Opened, type OpenedArrival, type Outcome } from './open.ts'
import type { Replies } from './replies.ts'

export interface TakeParts extends IntakeParts {
  readonly ids: Ids
  readonly replies: Replies
  /** Copies of what comes directly may come through relays. */
  readonly hasMailboxes: boolean
}

export interface TakenOutcome extends OpenedArrival { readonly outcome: Outcome }

/** The event that says so begins like this. */
export const UNDECRYPTABLE = 'An envelope could not be decrypted'

const HOUR_MS = 3_600_000
/** When an unknown key or device may become known: their device list is being fetched. */
const LOOKUP_RETRY_MS = 3_000
/** Copies of one envelope wait at several relays: they are answered once in this time, whatever their number. */
const ANSWERED_AGAIN_MS = 10 * 60_000

export function takeOpened (item: OpenedArrival, parts: TakeParts): TakenOutcome {
  const { arrival, opened, envelopeId } = item
  if (opened.type === 'answered') return { ...item, outcome: opened.outcome }
  invariant(envelopeId !== undefined, 'what was opened has an id')
  return { ...item, outcome: take({ arrival, opened, envelopeId }, parts) }
}

interface Item<Type extends Opened['type']> {
  readonly arrival: Arrival
  readonly envelopeId: EnvelopeId
  readonly opened: Extract<Opened, { type: Type }>
}

function take ({ arrival, opened, envelopeId }: Item<Exclude<Opened['type'], 'answered'>>, parts: TakeParts): Outcome {
  const { writer, round } = parts
  switch (opened.type) {
    case 'useless':
      writer.received.add(envelopeId, round.nowMs, 'done')
      return opened.outcome
    case 'copy':
      answerCopy(opened, envelopeId, parts)
      return { type: 'stored' }
    case 'contents':
      takeContents(opened.contents, opened.from, parts)
      writer.received.add(envelopeId, round.nowMs, 'done')
      noteSender({ arrival, opened, envelopeId }, parts)
      return { type: 'stored' }
    case 'request':
      return takeStranger({ arrival, opened, envelopeId }, parts)
    case 'retryRequest':
      takeRetryRequest(opened, parts)
      writer.received.add(envelopeId, round.nowMs, 'done')
      return { type: 'stored' }
    case 'undecryptable':
      return takeUndecryptable({ arrival, opened, envelopeId }, parts)
    case 'unlisted':
      round.toLookUp.add(opened.contact)
      return refused('busy', LOOKUP_RETRY_MS)
  }
}

/** Whoever asks by an invite. The door has looked at its token; another request of this turn may have used it up since. */
function takeStranger ({ arrival, envelopeId, opened: { from, contents } }: Item<'request'>, parts: TakeParts): Outcome {
  const { writer, round } = parts
  const token = gateTokenOf(arrival)
  const standing = writer.read.contacts.byAccount(from.verified.accountId)?.standing
  const isKnown = standing === 'pending' || standing === 'requested' || standing === 'accepted'
  if (token === undefined || (!isKnown && tokenState(token, writer.read, round.nowMs) !== 'valid')) return refused('badToken')
  for (const content of contents) {
    if (content.type === 'request') takeRequest(from, content, { ...parts, token })
  }
  writer.received.add(envelopeId, round.nowMs, 'done')
  return { type: 'stored' }
}

function gateTokenOf (arrival: Arrival): Uint8Array | undefined {
  if (arrival.via === 'direct') return arrival.gateToken
  return arrival.door.type === 'gate' ? arrival.door.token : undefined
}

/** What the sender says of its device list, and whether it is time to answer it. */
function noteSender ({ arrival, envelopeId, opened }: Item<'contents'>, parts: TakeParts): void {
  const { writer, round, replies } = parts
  const { from, contents, senderStatement, isFirstFlight } = opened
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
  if (first === undefined || !mayHaveReceipts(contact)) return
  const isCollected = arrival.via === 'relay'
  const receiptable = isCollected || parts.hasMailboxes ? receiptableIn(contents, envelopeId) : []
  if (receiptable.length > 0) writer.received.keepContents(envelopeId, { contents: receiptable, receiptedAtMs: isCollected ? round.nowMs : undefined })
  // Of what came through a relay a receipt is the only proof that they get, and it moves the ratchet on as well.
  if (isCollected && receiptable.length > 0) return round.owe(from, receiptable)
  if (contact.standing !== 'accepted' || !replies.isDue(from.deviceId, isFirstFlight, round.nowMs)) return
  writer.outbox.waiting({ deviceId: from.deviceId, contact: from.contact, refs: [{ kind: 'delivered', id: first.id }], queuedAtMs: round.nowMs, expiresAtMs: round.nowMs + 24 * HOUR_MS })
  round.seal(from.deviceId)
}

/**
 * Whoever leaves a copy has had no proof: our answer to a direct deposit was lost, or our receipt. Copies wait at several relays, so one
 * receipt answers all that come for a while.
 */
function answerCopy ({ contact, senderDevice }: Extract<Opened, { type: 'copy' }>, envelopeId: EnvelopeId, { writer, round }: TakeParts): void {
  const from = writer.read.devices.byId(senderDevice)
  const receiptable = writer.read.received.receiptable(envelopeId)
  if (from?.isListed !== true || from.contact !== contact || receiptable === undefined) return
  const { contents, receiptedAtMs } = receiptable
  if (receiptedAtMs !== undefined && Math.abs(round.nowMs - receiptedAtMs) < ANSWERED_AGAIN_MS) return
  const row = writer.read.contacts.byNumber(contact)
  if (row === undefined || !mayHaveReceipts(row)) return
  writer.received.markReceipted(envelopeId, round.nowMs)
  round.owe(from, contents)
}

/** Strangers learn nothing. Whom we have asked is none: they write as a contact does, and their acceptance may only come later. */
function mayHaveReceipts ({ standing }: Contact): boolean {
  return standing === 'accepted' || standing === 'requested'
}

/**
 * What a receipt names: messages and changes; and the envelope itself when something else is in it that its author keeps until we have
 * it, an acceptance or a profile. Of receipts there are no receipts.
 */
function receiptableIn (contents: readonly Content[], envelope: EnvelopeId): ContentId[] {
  const ids = contents.filter(isOfConversation).map(({ id }) => id)
  const isMoreKept = contents.some(content => !isOfConversation(content) && content.type !== 'receipt')
  return isMoreKept ? [...ids, contentId(envelope)] : ids
}

/** Messages and what changes them. */
function isOfConversation ({ type }: Content): boolean {
  return type === 'text' || type === 'unsupported' || type === 'edit' || type === 'deletion' || type === 'reaction'
}

/** The same contents again, in a new envelope under a session that both sides share. */
function takeRetryRequest ({ row, from }: Extract<Opened, { type: 'retryRequest' }>, { writer, round }: TakeParts): void {
  writer.outbox.reopen(row, round.nowMs)
  writer.traces.add({ outbox: row, atMs: round.nowMs, step: 'undecryptable', detail: 'the session is out of step' })
  round.seal(from.deviceId)
}

/**
 * It cannot be read, for now: it is asked for again, under a new session. The rate is capped, since a broken peer must not keep us
 * both busy; beyond it the sender waits and tries later, or the relay keeps it.
 */
function takeUndecryptable ({ arrival, envelopeId, opened }: Item<'undecryptable'>, parts: TakeParts): Outcome {
  const { writer, round } = parts
  const { from, reason, decryptionError } = opened
  if (reason === 'untrusted') {
    round.toLookUp.add(from.contact)
    return refused('busy', LOOKUP_RETRY_MS)
  }
  const askedAtMs = writer.read.received.undecryptableAtMs(envelopeId)
  if (arrival.via === 'relay' && askedAtMs !== undefined && Math.abs(round.nowMs - askedAtMs) < ANSWERED_AGAIN_MS) return { type: 'stored' }
  if (writer.read.received.undecryptableSince(round.nowMs - HOUR_MS) >= RETRY_REQUESTS_PER_HOUR) return refused('busy', HOUR_MS / RETRY_REQUESTS_PER_HOUR)
  writer.received.add(envelopeId, round.nowMs, 'undecryptable')
  round.tell('node.trouble', from.contact, `${UNDECRYPTABLE} (${reason}); it is being asked for again.`)
  if (arrival.via === 'direct') return { type: 'refused', reason: 'undecryptable', retryAfterMs: 0, decryptionError }
  // Bytes that are no message of libsignal's were not made by their device: nothing is asked for.
  if (decryptionError !== undefined) askAgain({ envelopeId, from, decryptionError }, parts)
  return { type: 'stored' }
}

/** At a relay nobody hears our answer: the retry request is an envelope of its own, and the only one that is not encrypted. */
function askAgain ({ envelopeId, from, decryptionError }: { readonly envelopeId: EnvelopeId, readonly from: Extract<Opened, { type: 'undecryptable' }>['from'], readonly decryptionError: Uint8Array }, { writer, round, ids }: TakeParts): void {
  const id = envelopeIdOf(ids.next(round.nowMs))
  const { deviceId, contact } = from
  const refs = [{ kind: 'retry' as const, id: envelopeId }]
  const sealed = { kind: 'plaintext' as const, body: encodeRetryRequest({ envelopeId, decryptionError }) }
  const row = writer.outbox.sealed({ deviceId, contact, refs, envelopeId: id, cipherKind: sealed.kind, ciphertext: sealed.body, queuedAtMs: round.nowMs, sealedAtMs: round.nowMs, expiresAtMs: round.nowMs + RETRY_KEEP_MS })
  round.leaving.push({ row, deviceId, contact, envelopeId: id, sealed, gateToken: undefined, refs })
}
