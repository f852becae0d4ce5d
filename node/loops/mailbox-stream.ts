/**
 * One stream to our mailbox at a relay: the frames of docs/protocols/mailbox.md as questions, answers and what comes by itself. It
 * knows nothing of what the items are; mailbox-lane.ts does. A question that is not answered in time means a broken stream.
 */
import {
  decodeRelayFrame, encodeOwnerFrame, MAILBOX_VERSION, type Alias, type AliasResult, type Credit, type DepositRef, type Item, type Listing,
  type MailboxGoodbyeReason, type Opened, type OwnerFrame, type Usage
} from '../../protocols/mailbox/wire.ts'
import { UnreachableError } from '../../protocols/core/errors.ts'
import { ACKNOWLEDGE_TIMEOUT_MS, HANDSHAKE_TIMEOUT_MS } from '../../protocols/core/limits.ts'
import { unreachable } from '../../protocols/core/invariant.ts'
import type { Channel, Clock, Network, PeerTarget, Timer } from '../ports.ts'
import { MAILBOX_PROTOCOL } from '../protocols.ts'

export interface StreamParts {
  readonly network: Network
  readonly clock: Clock
  readonly target: PeerTarget
  readonly admissionCode: string | undefined
  readonly credit: Credit
  /** Returns a promise while nothing more may come: this is the back-pressure, should a relay ignore our credit. */
  readonly onItems: (items: readonly Item[]) => Promise<void> | undefined
  readonly onUsage: (usage: Usage) => void
}

/** Why a stream is over: what the relay said last, or that it was lost. */
export interface StreamEnd {
  readonly reason: MailboxGoodbyeReason | 'other' | 'lost'
  /** What the relay asked us to wait; 0: nothing. */
  readonly retryAfterMs: number
}

/** A relay that says no: there is a reason, and trying again at once would not help. */
export class MailboxRefusal extends UnreachableError {
  readonly end: StreamEnd
  constructor (end: StreamEnd) {
    super(`the relay does not open a mailbox (${end.reason})`)
    this.end = end
  }
}

interface Question {
  readonly answer: (frame: AliasResult | Listing) => void
  readonly fail: (error: Error) => void
  readonly timer: Timer
}

export class MailboxStream {
  readonly #parts: StreamParts
  readonly #questions = new Map<number, Question>()
  readonly #opened = Promise.withResolvers<Opened>()
  readonly #closed = Promise.withResolvers<StreamEnd>()
  #channel: Channel | undefined
  #goodbye: StreamEnd | undefined
  #lastRequest = 0

  constructor (parts: StreamParts) {
    this.#parts = parts
  }

  /** Settles when the stream is over. Never rejects. */
  get closed (): Promise<StreamEnd> { return this.#closed.promise }

  /**
   * Opens our mailbox; once, first. Items may come in the same breath as the answer.
   * @throws MailboxRefusal when the relay says no, UnreachableError when it does not answer
   */
  async open (): Promise<Opened> {
    const { network, clock, target, admissionCode, credit } = this.#parts
    const channel = await network.openChannel(target, MAILBOX_PROTOCOL, frames => this.#takeFrames(frames))
    this.#channel = channel
    void this.#watch(channel)
    const timer = clock.timer(HANDSHAKE_TIMEOUT_MS, () => {
      this.#opened.reject(new UnreachableError('the relay did not open the mailbox in time'))
      channel.close()
    })
    try {
      // From the beginning, always: what is acknowledged is gone there, and a relay that was restored from an old copy counts its
      // positions anew from an old number. A position that we remembered would hide from us what it stores then.
      await channel.send([encodeOwnerFrame({ type: 'open', versionMin: MAILBOX_VERSION, versionMax: MAILBOX_VERSION, features: [], admissionCode, isCollecting: true, after: 0, credit })])
      return await this.#opened.promise
    } catch (error) {
      channel.close()
      throw error
    } finally {
      timer.cancel()
    }
  }

  /** Puts aliases there and takes others away. Resolves when it is durable there, or refused. @throws UnreachableError */
  async changeAliases (change: { readonly add: readonly Alias[], readonly remove: readonly Uint8Array[], readonly epoch: Uint8Array | undefined }): Promise<AliasResult> {
    return await this.#ask(request => ({ type: 'aliasChange', request, ...change })) as AliasResult
  }

  /** What waits there, without its bodies. @throws UnreachableError */
  async list (after: number, limit: number): Promise<Listing> {
    return await this.#ask(request => ({ type: 'list', request, after, limit })) as Listing
  }

  /** We have these durably, and the relay may send as much again. */
  acknowledge (deposits: readonly DepositRef[], credit: Credit): void {
    if (deposits.length > 0) this.#send({ type: 'acknowledgement', deposits })
    if (credit.items > 0) this.#send({ type: 'credit', ...credit })
  }

  /** Gives the mailbox up, with what is in it. The relay says goodbye. */
  farewell (): void { this.#send({ type: 'farewell' }) }

  close (): void { this.#channel?.close() }

  async #ask (frameOf: (request: number) => OwnerFrame): Promise<AliasResult | Listing> {
    const request = ++this.#lastRequest
    return await new Promise((resolve, reject) => {
      const timer = this.#parts.clock.timer(ACKNOWLEDGE_TIMEOUT_MS, () => {
        reject(new UnreachableError('the relay does not answer'))
        this.close()
      })
      this.#questions.set(request, { answer: resolve, fail: reject, timer })
      this.#send(frameOf(request))
    })
  }

  /** A channel that is gone says so by itself. */
  #send (frame: OwnerFrame): void {
    void this.#write(encodeOwnerFrame(frame))
  }

  async #write (bytes: Uint8Array): Promise<void> {
    try {
      await this.#channel?.send([bytes])
    } catch { /* #watch hears of it */ }
  }

  #takeFrames (frames: readonly Uint8Array[]): Promise<void> | undefined {
    let pause: Promise<void> | undefined
    for (const bytes of frames) pause = this.#takeFrame(bytes) ?? pause
    return pause
  }

  #takeFrame (bytes: Uint8Array): Promise<void> | undefined {
    const frame = decodeRelayFrame(bytes)
    switch (frame.type) {
      case 'opened':
        this.#opened.resolve(frame)
        return undefined
      case 'items':
        return this.#parts.onItems(frame.items)
      case 'usage':
        this.#parts.onUsage(frame)
        return undefined
      case 'aliasResult':
      case 'listing':
        this.#answer(frame.request, frame)
        return undefined
      case 'goodbye':
        this.#goodbye = { reason: frame.reason, retryAfterMs: frame.retryAfterMs }
        this.close()
        return undefined
      default:
        return unreachable(frame)
    }
  }

  #answer (request: number, frame: AliasResult | Listing): void {
    const question = this.#questions.get(request)
    this.#questions.delete(request)
    question?.timer.cancel()
    question?.answer(frame)
  }

  async #watch (channel: Channel): Promise<void> {
    await channel.closed
    const end = this.#goodbye ?? { reason: 'lost', retryAfterMs: 0 }
    this.#opened.reject(end.reason === 'lost' ? new UnreachableError('the relay closed the stream') : new MailboxRefusal(end))
    // Whoever opened it has looked at this already, or has its answer.
    this.#opened.promise.catch(() => {})
    for (const { fail, timer } of this.#questions.values()) {
      timer.cancel()
      fail(new UnreachableError('the relay closed the stream'))
    }
    this.#questions.clear()
    this.#closed.resolve(end)
  }
}
