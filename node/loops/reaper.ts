/** Ends what has outlived its time, in small steps: deliveries that nobody collected, dedup ids, traces, old events. */
import { StorageError } from '../../protocols/core/errors.ts'
import { RECEIVED_KEEP_MS, RETRY_KEEP_MS } from '../../protocols/core/limits.ts'
import { contentId } from '../../protocols/core/ids.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Sealer, Timer } from '../ports.ts'
import type { Round } from '../turn/round.ts'
import type { Turn } from '../turn/turn.ts'

const EVERY_MS = 10 * 60_000
/** After the start, so that it does not compete with what people wait for. */
const FIRST_MS = 30_000
/** Rows of a kind in one transaction. */
const ROWS = 512
/** Events kept for cursors that come back. */
const EVENTS_KEEP_MS = 30 * 24 * 3_600_000
const EVENTS_KEEP_COUNT = 1_000_000
const IDEMPOTENCY_KEEP_MS = 7 * 24 * 3_600_000

export interface ReaperParts {
  readonly reader: Reader
  readonly turn: Turn
  readonly clock: Clock
  readonly sealer: Sealer
  readonly account: OwnAccount
}

export class Reaper {
  readonly #parts: ReaperParts
  #timer: Timer | undefined
  #isStopped = false

  constructor (parts: ReaperParts) {
    this.#parts = parts
  }

  start (): void {
    this.#arm(FIRST_MS)
  }

  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #arm (delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = this.#parts.clock.timer(delayMs, () => { void this.#round() })
  }

  async #round (): Promise<void> {
    try {
      const isMore = await this.reap()
      this.#arm(isMore ? 0 : EVERY_MS)
    } catch (error) {
      // The disk says no: the turn reports it.
      if (!(error instanceof StorageError)) throw error
      this.#arm(EVERY_MS)
    }
  }

  /** One step. Returns whether there is more to do. */
  async reap (): Promise<boolean> {
    const { turn, clock, sealer, reader, account } = this.#parts
    return await turn.write((writer, round) => {
      const { nowMs } = round
      account.refreshStatement(writer, nowMs)
      const expired = expire(writer, round)
      const pruned = [
        writer.outbox.prune(nowMs - RETRY_KEEP_MS, ROWS),
        writer.received.prune(nowMs - RECEIVED_KEEP_MS, ROWS),
        writer.events.prune(nowMs - EVENTS_KEEP_MS, EVENTS_KEEP_COUNT, ROWS)
      ]
      writer.idempotency.prune(nowMs - IDEMPOTENCY_KEEP_MS)
      return expired === ROWS || pruned.some(count => count === ROWS)
    }, () => { sealer.refillPrekeys(reader, clock.now()) })
  }
}

function expire (writer: Writer, round: Round): number {
  const expired = writer.read.outbox.expired(round.nowMs, ROWS)
  for (const { row, refs, contact } of expired) {
    writer.outbox.settle(row, 'expired', round.nowMs)
    for (const ref of refs) {
      if (ref.kind !== 'text') continue
      const id = contentId(ref.id)
      const hasHope = writer.read.outbox.ofMessage(id).some(({ state }) => state === 'waiting' || state === 'sealed')
      if (hasHope || !writer.messages.advance(id, 'expired', round.nowMs)) continue
      round.tellMessage('message.state', contact, id)
      round.states.push({ id, state: 'expired', reason: undefined })
    }
  }
  return expired.length
}
