/** A message's way: its trace, trying again, taking it back. */
import { RefusedError } from '../../protocols/core/errors.ts'
import type { Reader } from '../../store/reader.ts'
import type { Message, Outgoing } from '../../store/types.ts'
import type { Directory } from '../directory.ts'
import type { Copies } from '../loops/copies.ts'
import type { Outbox } from '../loops/outbox.ts'
import type { Clock } from '../ports.ts'
import type { Sessions } from '../loops/sessions.ts'
import { addressWaiting } from '../contacts/waiting.ts'
import { offerAgain, withdrawAttachments } from '../turn/media.ts'
import type { Turn } from '../turn/turn.ts'
import { isUnaddressed } from '../turn/seal.ts'
import type { OwnAccount } from '../own-account.ts'
import { findMessage } from './find.ts'
import type { Handlers } from './handlers.ts'
import { mayWriteTo } from './send.ts'
import { traceMessage } from './trace.ts'
import type { Views } from './views.ts'

export interface DeliveryParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly account: OwnAccount
  readonly clock: Clock
  readonly directory: Directory
  readonly outbox: Outbox
  readonly copies: Copies
  readonly sessions: Sessions
  readonly views: Views
}

export function deliveryOperations (parts: DeliveryParts): Handlers<'message.trace' | 'message.retry' | 'message.cancel'> {
  const { reader, turn, views, outbox, copies, clock, directory } = parts
  const nextTryAtMs = ({ deviceId }: Outgoing): number | undefined => outbox.nextTryAtMs(deviceId)
  return {
    'message.trace': async ({ id }) => {
      await turn.settled()
      return traceMessage(findMessage(id, reader), { reader, views, directory, nowMs: clock.now(), nextTryAtMs, nextCopyAtMs: (row, relay) => copies.nextTryAtMs(row, relay) })
    },
    'message.retry': async ({ id }) => {
      const message = ownMessage(id, reader)
      await retry(message, parts)
      return { message: views.message(reader.messages.byId(message.id) ?? message) }
    },
    'message.cancel': async ({ id }) => {
      const message = ownMessage(id, reader)
      await cancel(message, parts)
      return { message: views.message(reader.messages.byId(message.id) ?? message) }
    }
  }
}

function ownMessage (id: string, reader: Reader): Message {
  const message = findMessage(id, reader)
  if (!message.isOwn) throw new RefusedError('only own messages are on their way to somebody')
  return message
}

async function retry (message: Message, { reader, turn, account, outbox, copies, sessions }: DeliveryParts): Promise<void> {
  if (message.state === 'delivered' || message.state === 'read') throw new RefusedError('the message has been delivered already')
  const contact = reader.contacts.byNumber(message.contact)
  if (contact !== undefined) mayWriteTo(contact, { account })
  const rows = reader.outbox.ofMessage(message.id)
  const ended = rows.filter(({ state }) => state === 'refused' || state === 'expired' || state === 'cancelled')
  await turn.write((writer, round) => {
    for (const { row } of ended) writer.outbox.reopen(row, round.nowMs)
    for (const { row } of rows) writer.traces.add({ outbox: row, atMs: round.nowMs, step: 'retry', detail: 'asked for' })
    if (ended.length > 0 && writer.messages.requeue(message.id, round.nowMs)) offerAgain(message.id, { contact: message.contact, writer, round })
    for (const { deviceId } of ended) if (!isUnaddressed(deviceId)) round.seal(deviceId)
    // They may have accepted us since.
    if (contact?.standing === 'accepted') addressWaiting(message.contact, { writer, round })
  })
  for (const { row, deviceId } of rows) {
    if (isUnaddressed(deviceId)) continue
    outbox.retry(deviceId)
    copies.retry(row)
  }
  sessions.hint(message.contact)
}

/** What is under way may arrive all the same, and then the state says so: nothing is claimed that is not known. */
async function cancel (message: Message, { reader, turn, outbox }: DeliveryParts): Promise<void> {
  if (message.state === 'delivered' || message.state === 'read') throw new RefusedError('the message has been delivered already', 'Delete it for everyone instead: skein delete ID')
  const isKept = reader.outbox.ofMessage(message.id).some(({ row }) => reader.copies.ofOutbox(row).some(({ state }) => state === 'stored'))
  if (isKept) throw new RefusedError('relays keep copies of the message, and it may be fetched at any moment', 'Nothing was changed. Delete it for everyone instead: skein delete ID')
  const cancelled = await turn.write((writer, round) => {
    // An envelope may hold other messages as well: these stay, sealed anew without this one.
    const open = writer.read.outbox.ofMessage(message.id).filter(({ state }) => state === 'waiting' || state === 'sealed')
    for (const outgoing of open) {
      writer.outbox.withdraw(outgoing.row, message.id, round.nowMs)
      if (!isUnaddressed(outgoing.deviceId)) round.seal(outgoing.deviceId)
    }
    if (writer.messages.advance(message.id, 'cancelled', round.nowMs)) {
      withdrawAttachments(message.id, { contact: message.contact, writer, round })
      round.tellMessage('message.state', message.contact, message.id)
      round.states.push({ id: message.id, state: 'cancelled', reason: undefined })
    }
    return open
  })
  for (const { deviceId, envelopeId } of cancelled) {
    if (envelopeId !== undefined) outbox.forget(deviceId, envelopeId)
  }
}
