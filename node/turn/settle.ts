/** How a deposit ended, written into the transaction: what the outbox and the messages in it say from now on. */
import { contentId } from '../../protocols/core/ids.ts'
import type { Writer } from '../../store/writer.ts'
import type { Ref } from '../../store/types.ts'
import type { Round } from './round.ts'

export type Settlement =
  /** The recipient's own device has it: it acknowledged, after its commit, on a connection that proves its key. */
  | { readonly type: 'delivered', readonly row: number, readonly contact: number, readonly refs: readonly Ref[], readonly atMs: number, readonly sentAtMs: number }
  /** It will not be taken as it is, ever. */
  | { readonly type: 'refused', readonly row: number, readonly contact: number, readonly refs: readonly Ref[], readonly atMs: number, readonly reason: string }
  /** It was under way and nobody knows whether it arrived: it goes out again, with the same bytes. */
  | { readonly type: 'attempted', readonly rows: readonly number[], readonly atMs: number, readonly step: string, readonly detail: string }

export interface SettleParts { readonly writer: Writer, readonly round: Round }

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
