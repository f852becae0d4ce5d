/**
 * Takes deposits into our own mailbox: one long-lived stream per peer, batches both ways. What may come in is decided by
 * protocols/deposit/policy.ts; it is acknowledged when the turn has committed it, never before. Law: docs/protocols/deposit.md.
 */
import { admit, type SenderStanding } from '../../protocols/deposit/policy.ts'
import { HELLO, negotiate } from '../../protocols/deposit/hello.ts'
import { decodeDepositFrame, encodeResultFrame, type Deposit, type GoodbyeReason, type RefusalReason, type Result } from '../../protocols/deposit/wire.ts'
import { MalformedError } from '../../protocols/core/errors.ts'
import { BATCH_DEPOSITS_MAX, INBOUND_WAITING_PER_PEER_MAX } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import type { Channel, Clock, Network } from '../ports.ts'
import { tokenState } from '../contacts/invites.ts'
import type { Directory } from '../directory.ts'
import type { Reach } from '../failpoints.ts'
import { DEPOSIT_PROTOCOL } from '../protocols.ts'
import type { Outcome } from '../turn/open.ts'
import type { Turn } from '../turn/turn.ts'
import type { Rates } from '../rates.ts'

export interface DepositHandlerParts {
  readonly network: Network
  readonly reader: Reader
  readonly directory: Directory
  readonly clock: Clock
  readonly turn: Turn
  /** Of strangers; contacts are slowed by back-pressure alone. */
  readonly rates: Rates
  readonly reach: Reach
}

/** Reading from a peer goes on when so few of its deposits wait: half of what stops it, so that it does not stutter. */
const RESUME_WAITING = INBOUND_WAITING_PER_PEER_MAX / 2

export function serveDeposits (parts: DepositHandlerParts): void {
  parts.network.serveChannel(DEPOSIT_PROTOCOL, channel => {
    const intake = new PeerIntake(channel, parts)
    return frames => intake.takeFrames(frames)
  })
}

/** One peer's stream. */
class PeerIntake {
  readonly #channel: Channel
  readonly #parts: DepositHandlerParts
  #isGreeted = false
  #waiting = 0
  readonly #results: Array<Result<RefusalReason>> = []
  #resume: (() => void) | undefined

  constructor (channel: Channel, parts: DepositHandlerParts) {
    this.#channel = channel
    this.#parts = parts
  }

  /** Returns a promise while too much of this peer waits for its commit: nothing more is read from it then. */
  takeFrames (frames: readonly Uint8Array[]): Promise<void> | undefined {
    this.#parts.reach('receive.arrived')
    for (const frame of frames) {
      const reason = this.#takeFrame(frame)
      if (reason !== undefined) {
        this.#goodbye(reason)
        return undefined
      }
    }
    if (this.#waiting < INBOUND_WAITING_PER_PEER_MAX) return undefined
    return new Promise(resolve => { this.#resume = resolve })
  }

  #takeFrame (bytes: Uint8Array): GoodbyeReason | undefined {
    try {
      const frame = decodeDepositFrame(bytes)
      // The hello comes first and once; anything else is another protocol than ours.
      if ((frame.type === 'hello') === this.#isGreeted) return 'malformed'
      if (frame.type === 'batch') {
        this.#takeDeposits(frame.deposits)
        return undefined
      }
      if (negotiate(HELLO, frame.hello) === undefined) return 'version'
      this.#isGreeted = true
      void this.#send([encodeResultFrame({ type: 'hello', hello: HELLO })])
      return undefined
    } catch (error) {
      if (error instanceof MalformedError) return 'malformed'
      throw error
    }
  }

  #takeDeposits (deposits: readonly Deposit[]): void {
    const { peerId } = this.#channel
    const accepted = []
    for (const { depositId, body, gateToken } of deposits) {
      const admission = this.#admit(body, gateToken)
      if (admission.type === 'refuse') {
        this.#queue({ type: 'refused', depositId, reason: admission.reason, retryAfterMs: admission.retryAfterMs })
        continue
      }
      this.#waiting += 1
      accepted.push({
        via: 'direct' as const,
        peerId,
        envelopeId: depositId,
        body,
        gateToken: admission.as === 'request' ? gateToken : undefined,
        onOutcome: (outcome: Outcome) => {
          this.#waiting -= 1
          this.#queue(outcome.type === 'stored' ? { type: 'stored', depositId } : { depositId, ...outcome })
          if (this.#waiting <= RESUME_WAITING) this.#resumeReading()
        }
      })
    }
    if (accepted.length > 0) this.#parts.turn.take(accepted)
  }

  #admit (body: Uint8Array, gateToken: Uint8Array | undefined): ReturnType<typeof admit> {
    const { reader, clock, turn, rates } = this.#parts
    const sender = this.#standing()
    const isKnown = sender === 'accepted' || sender === 'requested' || sender === 'own'
    return admit({
      sizeBytes: body.byteLength,
      sender,
      hasGateToken: gateToken !== undefined,
      token: gateToken === undefined ? 'none' : tokenState(gateToken, reader, clock.now()),
      requestsPending: isKnown ? 0 : reader.requests.count(),
      waiting: turn.waitingArrivals,
      // Back-pressure is what bounds a contact: refusing what is on its way would only make it come again.
      waitingOfPeer: 0,
      isWithinRate: isKnown || rates.isAllowed(this.#channel.peerId),
      // The turn tries again by itself; refusing at the door as well would keep it from finding out that there is room.
      isStorageWell: true
    })
  }

  #standing (): SenderStanding {
    const { directory } = this.#parts
    const device = directory.peer(this.#channel.peerId)
    return device === undefined ? 'stranger' : directory.contact(device.contact)?.contact.standing ?? 'stranger'
  }

  /** All results of a turn leave together. */
  #queue (result: Result<RefusalReason>): void {
    this.#results.push(result)
    if (this.#results.length === 1) queueMicrotask(() => { void this.#flush() })
  }

  async #flush (): Promise<void> {
    const frames = []
    // Of deposits that were refused at once more may have gathered than a frame takes.
    while (this.#results.length > 0) frames.push(encodeResultFrame({ type: 'batch', results: this.#results.splice(0, BATCH_DEPOSITS_MAX) }))
    await this.#send(frames)
    this.#parts.reach('receive.acknowledged')
  }

  /** A channel that is gone takes no answers: the sender comes again and is told then. */
  async #send (frames: readonly Uint8Array[]): Promise<void> {
    try {
      await this.#channel.send(frames)
    } catch {
      this.#resumeReading()
    }
  }

  #goodbye (reason: GoodbyeReason): void {
    void this.#send([encodeResultFrame({ type: 'goodbye', reason })])
    this.#channel.close()
  }

  #resumeReading (): void {
    this.#resume?.()
    this.#resume = undefined
  }
}
