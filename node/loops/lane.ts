/**
 * One mailbox's lane: carries what the outbox holds for a device, or for a relay, over one long-lived stream. When to dial and how
 * long to wait is decided by protocols/deposit/delivery.ts; here it is done. Letters leave in the order of their rows; those without
 * an answer when the stream ends leave again.
 */
import { HELLO, type Hello } from '../../protocols/deposit/hello.ts'
import { afterRefusal } from '../../protocols/deposit/refusal.ts'
import { IDLE_LANE, stepLane, type Lane as LaneState, type LaneEvent } from '../../protocols/deposit/delivery.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit, type Refused, type RefusalReason, type ResultBatch } from '../../protocols/deposit/wire.ts'
import { asError, MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { idKey, type EnvelopeId } from '../../protocols/core/ids.ts'
import { unreachable } from '../../protocols/core/invariant.ts'
import { ACKNOWLEDGE_TIMEOUT_MS, BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_DEPOSITS_MAX } from '../../protocols/core/limits.ts'
import type { Channel, Clock, Network, PeerTarget, Random, Timer } from '../ports.ts'
import type { Reach } from '../failpoints.ts'
import { DEPOSIT_PROTOCOL } from '../protocols.ts'
import { Greeting } from './greeting.ts'

/** An envelope on its way, under the name that the mailbox knows it by. */
export interface Letter {
  readonly row: number
  readonly depositId: EnvelopeId
  /** Of its body. */
  readonly sizeBytes: number
}

/** The answer to a deposit that says no. */
export type LetterRefusal = Refused<RefusalReason | 'other'>

interface InFlight<Sent> { readonly letter: Sent, readonly deposit: Deposit, readonly sentAtMs: number, readonly sentAtMonotonicMs: number }

export interface LaneParts<Sent extends Letter, Proof = undefined> {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly reach: Reach
  readonly target: () => PeerTarget
  /** The next letters after a row, in order; none: the lane is up to date. */
  readonly load: (afterRow: number, limit: number) => readonly Sent[]
  /** A letter as the mailbox takes it that said this hello. */
  readonly deposit: (letter: Sent, hello: Hello) => Deposit
  /** What a batch of results proves, by the key of a deposit's id; mailboxes of devices prove nothing, their connection does. */
  readonly prove?: (batch: ResultBatch, depositOf: (depositId: EnvelopeId) => Deposit | undefined) => ReadonlyMap<string, Proof>
  readonly onStored: (letter: Sent, sentAtMs: number, proof: Proof | undefined) => void
  /** An answer other than "stored". Returns whether the letter is out of the lane now. */
  readonly onRefused: (letter: Sent, result: LetterRefusal) => boolean
  /** An attempt came to nothing, for these letters (none: the device could not be reached at all). */
  readonly onAttemptFailed: (letters: readonly Sent[], step: 'unreachable' | 'unanswered', error: Error) => void
}

/** Read from the database at a time: at most 4 MiB. */
const LOAD_ROWS = 64
/** A fresh message cuts a pause short once this much of it is over. */
const IMPATIENCE_MS = 5_000

export class Lane<Sent extends Letter, Proof = undefined> {
  readonly #parts: LaneParts<Sent, Proof>
  #state: LaneState = IDLE_LANE
  #channel: Channel | undefined
  #hello: Hello = HELLO
  readonly #inFlight = new Map<string, InFlight<Sent>>()
  #inFlightBytes = 0
  /** The last row that has been sent on this stream. */
  #sentRow = 0
  /** Rows after `#sentRow` may wait in the database. */
  #hasBacklog = false
  /** The peer's window is full. */
  #isBlocked = false
  #retryTimer: Timer | undefined
  #acknowledgeTimer: Timer | undefined
  #failedAtMonotonicMs = 0
  #isStopped = false

  constructor (parts: LaneParts<Sent, Proof>) {
    this.#parts = parts
  }

  /** When the next attempt is due; undefined while one is under way or nothing waits. */
  get retryAtMs (): number | undefined {
    return this.#state.at === 'backoff' || this.#state.at === 'paused' ? this.#state.retryAtMs : undefined
  }

  /** Letters fresh from the commit: they go out from memory when the stream is open and up to date, else from the database. */
  offer (letters: readonly Sent[]): void {
    const isNext = this.#state.at === 'open' && !this.#hasBacklog && !this.#isBlocked && this.#hasRoom(letters)
    if (isNext) return this.#transmit(letters)
    this.wake()
  }

  /** Something waits to be loaded, from this row on or anywhere. */
  wake (fromRow = Number.MAX_SAFE_INTEGER): void {
    this.#sentRow = Math.min(this.#sentRow, fromRow - 1)
    this.#hasBacklog = true
    // Somebody has just written to them and looks at it: that is worth an attempt before the pause is over.
    if (this.#state.at === 'backoff' && this.#parts.clock.monotonic() - this.#failedAtMonotonicMs >= IMPATIENCE_MS) this.hint()
    else this.#step({ type: 'work' })
  }

  /** Things have changed for the better: try now. */
  hint (): void {
    this.#step({ type: 'hint', isWorkLeft: this.#isWorkLeft() })
  }

  /** A letter is settled by other means, or taken back. */
  forget (depositId: EnvelopeId): void {
    this.#land(depositId)
  }

  stop (): void {
    this.#isStopped = true
    this.#retryTimer?.cancel()
    this.#acknowledgeTimer?.cancel()
    this.#channel?.close()
  }

  #step (event: LaneEvent): void {
    if (this.#isStopped) return
    if (event.type === 'failed' || event.type === 'closed') this.#failedAtMonotonicMs = this.#parts.clock.monotonic()
    const { next, effects } = stepLane(this.#state, event)
    this.#state = next
    for (const effect of effects) {
      switch (effect.type) {
        case 'dial':
          void this.#dial()
          break
        case 'send':
          this.#pump()
          break
        case 'timerAt':
          this.#retryAt(effect.atMs)
          break
        default:
          unreachable(effect)
      }
    }
  }

  #moment (): { readonly nowMs: number, readonly fraction: number } {
    return { nowMs: this.#parts.clock.now(), fraction: this.#parts.random.fraction() }
  }

  #retryAt (atMs: number): void {
    const { clock } = this.#parts
    this.#retryTimer?.cancel()
    this.#retryTimer = clock.timer(Math.max(0, atMs - clock.now()), () => {
      // By the timer and not by the wall clock, which may have been set back meanwhile.
      this.#step({ type: 'retryDue', nowMs: Math.max(atMs, clock.now()), isWorkLeft: this.#isWorkLeft() })
    })
  }

  #isWorkLeft (): boolean {
    return this.#inFlight.size > 0 || this.#parts.load(0, 1).length > 0
  }

  async #dial (): Promise<void> {
    try {
      const { channel, hello } = await this.#greet()
      this.#open(channel, hello)
    } catch (thrown) {
      const error = asError(thrown)
      this.#parts.onAttemptFailed([], 'unreachable', error)
      this.#step({ type: 'failed', isWorkLeft: this.#isWorkLeft(), ...this.#moment() })
      // What is no fault of the network is a bug, and must not look like one.
      if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
    }
  }

  /** A channel on which both sides have said hello. */
  async #greet (): Promise<{ readonly channel: Channel, readonly hello: Hello }> {
    const { network, clock, target } = this.#parts
    const greeting = new Greeting(clock)
    const channel = await network.openChannel(target(), DEPOSIT_PROTOCOL, frames => this.#takeFrames(frames, greeting))
    try {
      await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
      return { channel, hello: await greeting.met(channel) }
    } catch (error) {
      // A peer that speaks another version would keep it open, and one more at each attempt.
      channel.close()
      throw error
    }
  }

  #open (channel: Channel, hello: Hello): void {
    if (this.#isStopped) {
      channel.close()
      return
    }
    this.#channel = channel
    this.#hello = hello
    this.#sentRow = 0
    this.#isBlocked = false
    this.#hasBacklog = true
    void this.#untilClosed(channel)
    this.#step({ type: 'opened' })
  }

  async #untilClosed (channel: Channel): Promise<void> {
    const end = await channel.closed
    if (this.#channel !== channel) return
    this.#channel = undefined
    this.#acknowledgeTimer?.cancel()
    this.#acknowledgeTimer = undefined
    const unanswered = [...this.#inFlight.values()].map(({ letter }) => letter)
    this.#inFlight.clear()
    this.#inFlightBytes = 0
    if (this.#isStopped) return
    if (unanswered.length > 0) this.#parts.onAttemptFailed(unanswered, 'unanswered', new UnreachableError(`the connection ended (${end})`))
    this.#hasBacklog = true
    this.#step({ type: 'closed', isWorkLeft: this.#isWorkLeft(), ...this.#moment() })
  }

  /** Sends what waits in the database, until the window is full or nothing waits. */
  #pump (): void {
    if (this.#state.at !== 'open' || this.#isBlocked || !this.#hasBacklog) return
    const letters: Sent[] = []
    const countMax = Math.min(BATCH_DEPOSITS_MAX, IN_FLIGHT_DEPOSITS_MAX - this.#inFlight.size)
    let bytes = this.#inFlightBytes
    while (this.#hasBacklog && letters.length < countMax && bytes < IN_FLIGHT_BYTES_MAX) {
      const loaded = this.#parts.load(this.#sentRow, LOAD_ROWS)
      if (loaded.length < LOAD_ROWS) this.#hasBacklog = false
      for (const letter of loaded) {
        // More than this at once would not fit the stream's buffer, and cut it each time.
        if (letters.length === countMax || bytes >= IN_FLIGHT_BYTES_MAX) {
          this.#hasBacklog = true
          break
        }
        this.#sentRow = Math.max(this.#sentRow, letter.row)
        if (this.#inFlight.has(idKey(letter.depositId))) continue
        letters.push(letter)
        bytes += letter.sizeBytes
      }
    }
    if (letters.length > 0) this.#transmit(letters)
  }

  #hasRoom (letters: readonly Sent[]): boolean {
    const bytes = letters.reduce((sum, letter) => sum + letter.sizeBytes, this.#inFlightBytes)
    return this.#inFlight.size + letters.length <= IN_FLIGHT_DEPOSITS_MAX && bytes <= IN_FLIGHT_BYTES_MAX
  }

  #transmit (letters: readonly Sent[]): void {
    const { clock, reach, deposit: depositFor } = this.#parts
    const channel = this.#channel
    if (channel === undefined) return
    const sentAtMs = clock.now()
    const sentAtMonotonicMs = clock.monotonic()
    const deposits: Deposit[] = []
    for (const letter of letters) {
      const deposit = depositFor(letter, this.#hello)
      deposits.push(deposit)
      this.#inFlight.set(idKey(letter.depositId), { letter, deposit, sentAtMs, sentAtMonotonicMs })
      this.#inFlightBytes += letter.sizeBytes
      this.#sentRow = Math.max(this.#sentRow, letter.row)
    }
    reach('deposit.beforeWrite')
    void this.#write(channel, framesOf(deposits))
    reach('deposit.afterWrite')
    this.#watchAcknowledgements()
  }

  async #write (channel: Channel, frames: readonly Uint8Array[]): Promise<void> {
    this.#isBlocked = true
    try {
      await channel.send(frames)
    } catch {
      // The channel says by itself that it is over.
      return
    }
    if (this.#channel !== channel) return
    this.#isBlocked = false
    this.#pump()
  }

  /** A deposit without an answer means a broken stream, whatever TCP says. */
  #watchAcknowledgements (): void {
    this.#acknowledgeTimer ??= this.#parts.clock.timer(ACKNOWLEDGE_TIMEOUT_MS, () => {
      this.#acknowledgeTimer = undefined
      const oldest = this.#inFlight.values().next().value
      if (oldest === undefined) return
      const waitedMs = this.#parts.clock.monotonic() - oldest.sentAtMonotonicMs
      if (waitedMs >= ACKNOWLEDGE_TIMEOUT_MS) this.#channel?.close()
      else this.#watchAcknowledgements()
    })
  }

  #takeFrames (frames: readonly Uint8Array[], greeting: Greeting): void {
    for (const bytes of frames) {
      const frame = decodeResultFrame(bytes)
      if (frame.type === 'hello') greeting.take(frame.hello)
      else if (frame.type === 'batch') this.#takeResults(frame)
      else greeting.fail(`the other side ended the stream (${frame.reason})`)
    }
  }

  #takeResults (batch: ResultBatch): void {
    const { results } = batch
    this.#parts.reach('result.arrived')
    const proofs = this.#parts.prove?.(batch, depositId => this.#inFlight.get(idKey(depositId))?.deposit)
    for (const result of results) {
      const flight = this.#land(result.depositId)
      if (flight === undefined) continue
      if (result.type === 'stored') this.#parts.onStored(flight.letter, flight.sentAtMs, proofs?.get(idKey(result.depositId)))
      else this.#refused(flight.letter, result)
    }
    if (results.some(result => result.type === 'stored')) this.#step({ type: 'stored' })
    this.#pump()
  }

  #refused (letter: Sent, result: LetterRefusal): void {
    // What is out of the lane says nothing about what is behind it.
    if (this.#parts.onRefused(letter, result)) return
    // It waits its turn again: everything after it is sent again as well, and known there.
    this.#sentRow = Math.min(this.#sentRow, letter.row - 1)
    this.#hasBacklog = true
    // What stays although its refusal pauses nothing would go out again at once, and be refused again at once.
    const reason = afterRefusal(result.reason) === 'awaitRetryRequest' ? 'rate' : result.reason
    this.#step({ type: 'refused', reason, retryAfterMs: result.retryAfterMs, ...this.#moment() })
  }

  #land (depositId: EnvelopeId): InFlight<Sent> | undefined {
    const key = idKey(depositId)
    const flight = this.#inFlight.get(key)
    if (flight === undefined) return undefined
    this.#inFlight.delete(key)
    this.#inFlightBytes -= flight.letter.sizeBytes
    return flight
  }
}

/** Deposits as frames, each within the protocol's limits. */
function framesOf (deposits: readonly Deposit[]): Uint8Array[] {
  const frames: Uint8Array[] = []
  let batch: Deposit[] = []
  let bytes = 0
  for (const deposit of deposits) {
    if (batch.length === BATCH_DEPOSITS_MAX || bytes + deposit.body.byteLength > BATCH_FRAME_BYTES_MAX / 2) {
      frames.push(encodeDepositFrame({ type: 'batch', deposits: batch }))
      batch = []
      bytes = 0
    }
    batch.push(deposit)
    bytes += deposit.body.byteLength
  }
  frames.push(encodeDepositFrame({ type: 'batch', deposits: batch }))
  return frames
}
