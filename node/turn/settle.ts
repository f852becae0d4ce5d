/** How a deposit ended, written into the transaction: what the outbox and the messages in it say from now on. */
import { isStored, type Copies } from '../../protocols/deposit/copies.ts'
import { contentId, type ContentId, type EnvelopeId } from '../../protocols/core/ids.ts'
import type { Writer } from '../../store/writer.ts'
import type { Outgoing, Ref } from '../../store/types.ts'
import type { Round } from './round.ts'

export type Settlement =
  /** The recipient's own device has it: it acknowledged, after its commit, on a connection that proves its key. */
  | { readonly type: 'delivered', readonly row: number, readonly contact: number, readonly refs: readonly Ref[], readonly atMs: number, readonly sentAtMs: number }
  /** It will not be taken as it is, ever. */
  | { readonly type: 'refused', readonly row: number, readonly contact: number, readonly refs: readonly Ref[], readonly atMs: number, readonly reason: string }
  /** It was under way and nobody knows whether it arrived: it goes out again, with the same bytes. */
  | { readonly type: 'attempted', readonly rows: readonly number[], readonly atMs: number, readonly step: string, readonly detail: string }
  /** A relay has signed that it keeps a copy. */
  | {
    readonly type: 'copied'
    readonly row: number
    readonly contact: number
    readonly refs: readonly Ref[]
    readonly relay: string
    readonly depositId: EnvelopeId
    /** By our clock. */
    readonly expiresAtMs: number
    readonly evidence: Uint8Array
    readonly atMs: number
  }
  /** A relay does not keep a copy: for now, or for good. */
  | { readonly type: 'notCopied', readonly row: number, readonly contact: number, readonly relay: string, readonly depositId: EnvelopeId, readonly isFinal: boolean, readonly atMs: number, readonly detail: string }
  /** A relay did not answer, or asks us to wait: it says nothing about one envelope. */
  | { readonly type: 'relayAttempted', readonly rows: readonly number[], readonly atMs: number, readonly step: string, readonly detail: string }

export interface SettleParts {
  readonly writer: Writer
  readonly round: Round
  /** Copies of a message, as this transaction sees them. */
  readonly count: (message: ContentId) => Copies | undefined
  /** Copies of an envelope. */
  readonly countRow: (outgoing: Outgoing) => Copies | undefined
}

export function writeSettlements (settlements: readonly Settlement[], parts: SettleParts): void {
  for (const settlement of settlements) {
    switch (settlement.type) {
      case 'delivered':
        writeDelivered(settlement, parts)
        break
      case 'refused':
        writeRefused(settlement, parts)
        break
      case 'attempted':
        writeAttempted(settlement, parts)
        break
      case 'copied':
        writeCopied(settlement, parts)
        break
      case 'notCopied':
        writeNotCopied(settlement, parts)
        break
      case 'relayAttempted':
        for (const row of settlement.rows) parts.writer.traces.add({ outbox: row, atMs: settlement.atMs, step: settlement.step, detail: settlement.detail })
        break
    }
  }
}

function writeDelivered ({ row, contact, refs, atMs, sentAtMs }: Extract<Settlement, { type: 'delivered' }>, { writer, round }: SettleParts): void {
  writer.outbox.settle(row, 'delivered', atMs, sentAtMs)
  for (const ref of refs) {
    if (ref.kind !== 'text') continue
    const id = contentId(ref.id)
    if (!writer.messages.advance(id, 'delivered', atMs)) continue
    round.tellMessage('message.state', contact, id)
    // Announced when the acknowledgement came, too; but who began to wait since then has seen neither that nor this row.
    round.states.push({ id, state: 'delivered', reason: undefined })
  }
}

/** A message fails when no device can get it any more; as long as one may, it has not failed. */
function writeRefused ({ row, contact, refs, atMs, reason }: Extract<Settlement, { type: 'refused' }>, { writer, round }: SettleParts): void {
  writer.outbox.settle(row, 'refused', atMs)
  writer.traces.add({ outbox: row, atMs, step: 'refused', detail: reason })
  for (const ref of refs) {
    // It is no message that somebody could look at: without a word they would wait for ever.
    if (ref.kind === 'request') round.tell('node.trouble', contact, `The contact request was refused: ${reason}.`)
    if (ref.kind !== 'text') continue
    const id = contentId(ref.id)
    const hasHope = writer.read.outbox.ofMessage(id).some(outgoing => outgoing.state === 'waiting' || outgoing.state === 'sealed' || outgoing.state === 'delivered')
    if (hasHope || !writer.messages.advance(id, 'failed', atMs, reason)) continue
    round.tellMessage('message.state', contact, id)
    round.states.push({ id, state: 'failed', reason })
  }
}

function writeAttempted ({ rows, atMs, step, detail }: Extract<Settlement, { type: 'attempted' }>, { writer }: SettleParts): void {
  writer.outbox.markSent(rows, atMs)
  for (const row of rows) writer.traces.add({ outbox: row, atMs, step, detail })
}

function writeCopied ({ row, contact, refs, relay, depositId, expiresAtMs, evidence, atMs }: Extract<Settlement, { type: 'copied' }>, { writer, round, count, countRow }: SettleParts): void {
  // A row that was reopened or is gone has no copies: its envelope is of no use.
  const outgoing = writer.read.outbox.byRow(row)
  if (outgoing === undefined) return
  const attempts = (writer.read.copies.one(row, relay)?.attempts ?? 0) + 1
  writer.copies.put({ outbox: row, relay, depositId, state: 'stored', attempts, storedAtMs: atMs, expiresAtMs, detail: undefined, evidence })
  for (const ref of refs) {
    if (ref.kind !== 'text') continue
    const id = contentId(ref.id)
    const copies = count(id)
    if (copies === undefined) continue
    const isNew = isStored(copies) && writer.messages.advance(id, 'stored', atMs)
    // One copy more is worth telling, also before there are enough.
    round.tellMessage('message.state', contact, id)
    round.states.push({ id, state: isNew || isStored(copies) ? 'stored' : 'queued', reason: undefined })
  }
  if (outgoing.refs.every(isAnswer) && isStoredAt(countRow(outgoing))) writer.outbox.settle(row, 'delivered', atMs)
}

/** Nobody answers an answer: enough copies of a receipt are all the proof that there will be. */
function isAnswer ({ kind }: Ref): boolean {
  return kind === 'delivered' || kind === 'read' || kind === 'retry'
}

function isStoredAt (copies: Copies | undefined): boolean { return copies !== undefined && isStored(copies) }

function writeNotCopied ({ row, relay, depositId, isFinal, atMs, detail }: Extract<Settlement, { type: 'notCopied' }>, { writer }: SettleParts): void {
  const known = writer.read.copies.one(row, relay)
  if (writer.read.outbox.byRow(row) === undefined) return
  const attempts = (known?.attempts ?? 0) + 1
  // What it has signed for stands, until it has run out, whatever it says to another attempt.
  if (known?.state === 'stored' && (known.expiresAtMs ?? 0) > atMs) return
  writer.copies.put({ outbox: row, relay, depositId, state: isFinal ? 'refused' : 'waiting', attempts, storedAtMs: undefined, expiresAtMs: undefined, detail, evidence: undefined })
  writer.traces.add({ outbox: row, atMs, step: isFinal ? 'relay.refused' : 'relay.postponed', detail })
}
