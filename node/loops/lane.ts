/**
 * One device's lane: carries what the outbox holds for it over one long-lived stream. When to dial and how long to wait is
 * decided by protocols/deposit/delivery.ts; here it is done. Envelopes leave in the order of their rows; those without an
 * answer when the stream ends leave again, with the same bytes.
 */
import { HELLO, negotiate } from '../../protocols/deposit/hello.ts'
import { afterRefusal } from '../../protocols/deposit/refusal.ts'
import { IDLE_LANE, stepLane, type Lane as LaneState, type LaneEvent } from '../../protocols/deposit/delivery.ts'
import { decodeResultFrame, encodeDepositFrame, type Deposit, type Result } from '../../protocols/deposit/wire.ts'
import { asError, MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { unreachable } from '../../protocols/core/invariant.ts'
import { ACKNOWLEDGE_TIMEOUT_MS, BATCH_DEPOSITS_MAX, BATCH_FRAME_BYTES_MAX, HANDSHAKE_TIMEOUT_MS, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_DEPOSITS_MAX } from '../../protocols/core/limits.ts'
import type { Ref } from '../../store/types.ts'
import type { Channel, Clock, Network, PeerTarget, Random, Timer } from '../ports.ts'
import type { Reach } from '../failpoints.ts'
import { DEPOSIT_PROTOCOL } from '../protocols.ts'

/** An envelope on its way. */
export interface Letter {
  readonly row: number
  readonly contact: number
  readonly envelopeId: EnvelopeId
  readonly refs: readonly Ref[]
  readonly gateToken: Uint8Array | undefined
  /** The envelope's bytes, the same at every attempt. */
  readonly body: Uint8Array
}

interface InFlight { readonly letter: Letter, readonly sentAtMs: number, readonly sentAtMonotonicMs: number }

export interface LaneParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly reach: Reach
  readonly target: () => PeerTarget
  /** The next letters after a row, in order; none: the lane is up to date. */
  readonly load: (afterRow: number, limit: number) => readonly Letter[]
  readonly onStored: (letter: Letter, sentAtMs: number) => void
  /** An answer other than "stored". Returns whether the letter is out of the lane now. */
  readonly onRefused: (letter: Letter, result: Extract<Result, { type: 'refused' }>) => boolean
  /** An attempt came to nothing, for these letters (none: the device could not be reached at all). */
  readonly onAttemptFailed: (letters: readonly Letter[], step: 'unreachable' | 'unanswered', error: Error) => void
}

/** Read from the database at a time: at most 4 MiB. */
const LOAD_ROWS = 64
/** A fresh message cuts a pause short once this much of it is over. */
const IMPATIENCE_MS = 5_000

export class Lane {
  readonly device: DeviceId
  readonly #parts: LaneParts
  #state: LaneState = IDLE_LANE
  #channel: Channel | undefined
  readonly #inFlight = new Map<string, InFlight>()
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

  constructor (device: DeviceId, parts: LaneParts) {
    this.device = device
    this.#parts = parts
  }

  /** When the next attempt is due; undefined while one is under way or nothing waits. */
  get retryAtMs (): number | undefined {
    return this.#state.at === 'backoff' || this.#state.at === 'paused' ? this.#state.retryAtMs : undefined
  }

  /** Letters fresh from the commit: they go out from memory when the stream is open and up to date, else from the database. */
  offer (letters: readonly Letter[]): void {
    const isNext = this.#state.at === 'open' && !this.#hasBacklog && !this.#isBlocked && this.#hasRoom(letters)
    if (isNext) return this.#transmit(letters)
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
  forget (envelopeId: EnvelopeId): void {
    this.#land(envelopeId)
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
      this.#open(await this.#greet())
    } catch (thrown) {
      const error = asError(thrown)
      this.#parts.onAttemptFailed([], 'unreachable', error)
      this.#step({ type: 'failed', isWorkLeft: this.#isWorkLeft(), ...this.#moment() })
      // What is no fault of the network is a bug, and must not look like one.
      if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
    }
  }

  /** A channel on which both sides have said hello. */
  async #greet (): Promise<Channel> {
    const { network, clock, target } = this.#parts
    const greeting = new Greeting(clock)
    const channel = await network.openChannel(target(), DEPOSIT_PROTOCOL, frames => this.#takeFrames(frames, greeting))
    try {
      await channel.send([encodeDepositFrame({ type: 'hello', hello: HELLO })])
      await greeting.met(channel)
      return channel
    } catch (error) {
      // A peer that speaks another version would keep it open, and one more at each attempt.
      channel.close()
      throw error
    }
  }

  #open (channel: Channel): void {
    if (this.#isStopped) {
      channel.close()
      return
    }
    this.#channel = channel
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
    const letters: Letter[] = []
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
        if (this.#inFlight.has(idKey(letter.envelopeId))) continue
        letters.push(letter)
        bytes += letter.body.byteLength
      }
    }
    if (letters.length > 0) this.#transmit(letters)
  }

  #hasRoom (letters: readonly Letter[]): boolean {
    const bytes = letters.reduce((sum, letter) => sum + letter.body.byteLength, this.#inFlightBytes)
    return this.#inFlight.size + letters.length <= IN_FLIGHT_DEPOSITS_MAX && bytes <= IN_FLIGHT_BYTES_MAX
  }

  #transmit (letters: readonly Letter[]): void {
    const { clock, reach } = this.#parts
    const channel = this.#channel
    if (channel === undefined) return
    const sentAtMs = clock.now()
    const sentAtMonotonicMs = clock.monotonic()
    for (const letter of letters) {
      this.#inFlight.set(idKey(letter.envelopeId), { letter, sentAtMs, sentAtMonotonicMs })
      this.#inFlightBytes += letter.body.byteLength
      this.#sentRow = Math.max(this.#sentRow, letter.row)
    }
    reach('deposit.beforeWrite')
    void this.#write(channel, framesOf(letters))
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
      if (frame.type === 'hello') greeting.take(negotiate(HELLO, frame.hello))
      else if (frame.type === 'batch') this.#takeResults(frame.results)
      else greeting.fail(`the other side ended the stream (${frame.reason})`)
    }
  }

  #takeResults (results: readonly Result[]): void {
    this.#parts.reach('result.arrived')
    for (const result of results) {
      const flight = this.#land(result.depositId)
      if (flight === undefined) continue
      if (result.type === 'stored') this.#parts.onStored(flight.letter, flight.sentAtMs)
      else this.#refused(flight.letter, result)
    }
    if (results.some(result => result.type === 'stored')) this.#step({ type: 'stored' })
    this.#pump()
  }

  #refused (letter: Letter, result: Extract<Result, { type: 'refused' }>): void {
    const isOut = this.#parts.onRefused(letter, result)
    if (!isOut) {
      // It waits its turn again: everything after it is sent again as well, and known there.
      this.#sentRow = Math.min(this.#sentRow, letter.row - 1)
      this.#hasBacklog = true
    }
    // What stays although its refusal pauses nothing would go out again at once, and be refused again at once.
    const reason = !isOut && afterRefusal(result.reason) === 'awaitRetryRequest' ? 'rate' : result.reason
    this.#step({ type: 'refused', reason, retryAfterMs: result.retryAfterMs, ...this.#moment() })
  }

  #land (envelopeId: EnvelopeId): InFlight | undefined {
    const key = idKey(envelopeId)
    const flight = this.#inFlight.get(key)
    if (flight === undefined) return undefined
    this.#inFlight.delete(key)
    this.#inFlightBytes -= flight.letter.body.byteLength
    return flight
  }
}

/** Letters as frames, each within the protocol's limits. */
function framesOf (letters: readonly Letter[]): Uint8Array[] {
  const frames: Uint8Array[] = []
  let deposits: Deposit[] = []
  let bytes = 0
  for (const { envelopeId, body, gateToken } of letters) {
    if (deposits.length === BATCH_DEPOSITS_MAX || bytes + body.byteLength > BATCH_FRAME_BYTES_MAX / 2) {
      frames.push(encodeDepositFrame({ type: 'batch', deposits }))
      deposits = []
      bytes = 0
    }
    deposits.push({ depositId: envelopeId, body, gateToken, lifetimeS: 0, isWake: false })
    bytes += body.byteLength
  }
  frames.push(encodeDepositFrame({ type: 'batch', deposits }))
  return frames
}

/** Waits for the other side's hello. */
class Greeting {
  readonly #clock: Clock
  #settle: ((error: Error | undefined) => void) | undefined
  #early: Error | 'met' | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  take (version: number | undefined): void {
    if (version === undefined) this.fail('the other side speaks no version that we do')
    else this.#finish(undefined)
  }

  fail (reason: string): void {
    this.#finish(new UnreachableError(reason))
  }

  async met (channel: Channel): Promise<void> {
    if (this.#early === 'met') return
    if (this.#early !== undefined) throw this.#early
    await new Promise<void>((resolve, reject) => {
      const timer = this.#clock.timer(HANDSHAKE_TIMEOUT_MS, () => this.fail('no hello came in time'))
      this.#settle = error => {
        timer.cancel()
        if (error === undefined) resolve()
        else reject(error)
      }
      void this.#failWhenClosed(channel)
    })
  }

  async #failWhenClosed (channel: Channel): Promise<void> {
    this.fail(`the other side closed the stream (${await channel.closed})`)
  }

  #finish (error: Error | undefined): void {
    if (this.#settle !== undefined) this.#settle(error)
    else this.#early ??= error ?? 'met'
  }
}
