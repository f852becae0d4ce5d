/**
 * Takes deposits into the mailboxes of others: one long-lived stream for each depositor, batches both ways. What is refused is
 * refused before anything is written; what is taken is answered when the disk has it. Law: docs/protocols/deposit.md, "At a relay".
 */
import { HELLO, negotiate } from '../../protocols/deposit/hello.ts'
import { decodeDepositFrame, encodeResultFrame, type Deposit, type GoodbyeReason, type RefusalReason } from '../../protocols/deposit/wire.ts'
import { MalformedError, StorageError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { ALIAS_EPOCH_BYTES, INBOUND_WAITING_PER_PEER_MAX, RELAY_NONCE_BYTES } from '../../protocols/core/limits.ts'
import type { DepositOutcome, MailboxQuotas, NewDeposit } from '../../store/relay/types.ts'
import type { Channel, Clock, Network, Random, Signer } from '../ports.ts'
import { DEPOSIT_PROTOCOL } from '../protocols.ts'
import { encodeAnswers, type Answer } from './answers.ts'
import type { Doorkeeper, Refusal } from './doorkeeper.ts'
import type { Flow } from './flow.ts'
import type { Rates } from '../rates.ts'
import type { Scribe } from './scribe.ts'
import type { Streams } from './streams.ts'
import type { Tally } from './tally.ts'

export interface DepositParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly signer: Signer
  readonly scribe: Scribe
  readonly doorkeeper: Doorkeeper
  readonly streams: Streams
  readonly flow: Flow
  readonly tally: Tally
  readonly refusalRates: Rates
  readonly quotas: () => MailboxQuotas
}

const STORAGE_RETRY_MS = 30_000
const BUSY_RETRY_MS = 5_000
/** Somebody may write to others, too, on the stream on which one of them has no room: after this the next batch is read. */
const PENANCE_MS_MAX = 5_000

export function serveRelayDeposits (parts: DepositParts): void {
  parts.network.serveChannel(DEPOSIT_PROTOCOL, channel => {
    const stream = new DepositorStream(channel, parts)
    parts.streams.addDepositor(stream)
    return frames => stream.takeFrames(frames)
  })
}

/** A deposit that the doorkeeper let in, on its way to the disk. */
interface Admitted { readonly entry: NewDeposit, readonly deposit: Deposit, outcome: DepositOutcome | undefined }

/** One depositor's stream. */
class DepositorStream {
  readonly channel: Channel
  readonly openedAtMs: number
  isGreeted = false
  readonly #parts: DepositParts
  readonly #nonce: Uint8Array
  #waiting = 0
  #resume: (() => void) | undefined
  /** How long this peer has to wait for what it was refused: each refusal beyond its rate adds to it, or a whole batch would count as one. */
  #penaltyMs = 0

  constructor (channel: Channel, parts: DepositParts) {
    this.channel = channel
    this.openedAtMs = parts.clock.monotonic()
    this.#parts = parts
    this.#nonce = parts.random.bytes(RELAY_NONCE_BYTES)
  }

  /** Returns a promise while nothing more is read from this peer. */
  takeFrames (frames: readonly Uint8Array[]): Promise<void> | undefined {
    for (const [index, frame] of frames.entries()) {
      const reason = this.#takeFrame(frame)
      if (reason !== undefined) {
        this.#parts.tally.traffic.malformed += reason === 'malformed' ? 1 : 0
        this.goodbye(reason)
        break
      }
      // What has come already waits as well: nobody else's turn is behind it.
      if (this.#penaltyMs > 0 && index + 1 < frames.length) return this.#afterPenance(frames.slice(index + 1))
    }
    return this.#hold()
  }

  /** Ends the stream and says why. */
  goodbye (reason: GoodbyeReason): void {
    void this.#send([encodeResultFrame({ type: 'goodbye', reason })])
    this.channel.close()
  }

  /** Each batch is written and answered by itself: however many came at once, a transaction has its limits. Returns why the stream ends. */
  #takeFrame (bytes: Uint8Array): GoodbyeReason | undefined {
    try {
      const frame = decodeDepositFrame(bytes)
      if ((frame.type === 'hello') === this.isGreeted) return 'malformed'
      if (frame.type === 'batch') {
        this.#takeDeposits(frame.deposits)
        return undefined
      }
      if (negotiate(HELLO, frame.hello) === undefined) return 'version'
      this.isGreeted = true
      void this.#send([encodeResultFrame({ type: 'hello', hello: { ...HELLO, nonce: this.#nonce, timeMs: this.#parts.clock.now() } })])
      return undefined
    } catch (error) {
      if (error instanceof MalformedError) return 'malformed'
      throw error
    }
  }

  #takeDeposits (deposits: readonly Deposit[]): void {
    const { doorkeeper, clock } = this.#parts
    const nowMs = clock.now()
    const admitted: Admitted[] = []
    const refused: Answer[] = []
    const verdicts = doorkeeper.judge(deposits, { nonce: this.#nonce, peerId: this.channel.peerId, nowMs })
    for (const [index, deposit] of deposits.entries()) {
      const verdict = verdicts[index]
      invariant(verdict !== undefined, 'each deposit has a verdict')
      if (verdict.type === 'admit') admitted.push({ entry: verdict.deposit, deposit, outcome: undefined })
      else refused.push(this.#refusal(deposit, verdict))
    }
    if (refused.length > 0) this.#answer(refused, nowMs)
    if (admitted.length > 0) this.#submit(admitted)
  }

  #submit (admitted: Admitted[]): void {
    const { scribe, flow, clock, tally, quotas } = this.#parts
    const arrivedAtMs = clock.monotonic()
    const bytes = admitted.reduce((sum, { deposit }) => sum + deposit.body.byteLength, 0)
    this.#waiting += admitted.length
    flow.add(bytes)
    scribe.add({
      weight: admitted.length,
      bytes,
      write: writer => {
        const outcomes = writer.deposit(admitted.map(({ entry }) => entry), quotas())
        admitted.forEach((item, index) => { item.outcome = outcomes[index] })
      },
      onDone: committedAtMs => {
        this.#answer(admitted.map(item => this.#answerOf(item)), committedAtMs)
        this.#announce(admitted)
        this.#settled(admitted.length, bytes)
        for (let count = admitted.length; count > 0; count--) tally.answeredMs.add(clock.monotonic() - arrivedAtMs)
      },
      onFailed: fault => {
        const verdict = fault instanceof StorageError ? STORAGE : BUSY
        this.#answer(admitted.map(({ deposit }) => this.#refusal(deposit, verdict)), clock.now())
        this.#settled(admitted.length, bytes)
      }
    })
  }

  #answerOf ({ deposit, outcome }: Admitted): Answer {
    invariant(outcome !== undefined, 'each deposit has an outcome')
    if (outcome.type === 'refused') return this.#refusal(deposit, this.#parts.doorkeeper.refusalOf(outcome, deposit.alias))
    if (outcome.type === 'stored') this.#parts.tally.stored(deposit.body.byteLength)
    else this.#parts.tally.known()
    const { expiresAtMs, aliasEpoch = NO_EPOCH } = outcome
    return { result: { type: 'stored', depositId: deposit.depositId, expiresAtMs, aliasEpoch }, alias: deposit.alias ?? NOTHING, body: deposit.body }
  }

  #refusal (deposit: Deposit, { reason, retryAfterMs, workBits }: Refusal): Answer {
    const { tally, refusalRates } = this.#parts
    tally.refused(reason)
    this.#penaltyMs = Math.min(PENANCE_MS_MAX, this.#penaltyMs + refusalRates.draw(this.channel.peerId))
    return { result: { type: 'refused', depositId: deposit.depositId, reason, retryAfterMs, ...workBits !== undefined && { workBits } }, alias: NOTHING, body: NOTHING }
  }

  /** Owners who are there get it at once. */
  #announce (admitted: readonly Admitted[]): void {
    for (const { outcome } of admitted) {
      if (outcome?.type === 'stored') this.#parts.streams.arrived(outcome.mailbox, outcome.position)
    }
  }

  #answer (answers: readonly Answer[], atMs: number): void {
    void this.#send(encodeAnswers(answers, { signer: this.#parts.signer, atMs }))
  }

  /** A channel that is gone takes no answers: the depositor comes again and is told then. */
  async #send (frames: readonly Uint8Array[]): Promise<void> {
    try {
      await this.channel.send(frames)
    } catch {
      this.#resumeReading()
    }
  }

  #settled (count: number, bytes: number): void {
    this.#waiting -= count
    this.#parts.flow.release(bytes)
    if (this.#waiting <= INBOUND_WAITING_PER_PEER_MAX / 2) this.#resumeReading()
  }

  #hold (): Promise<void> | undefined {
    const reasons: Array<Promise<void>> = []
    if (this.#waiting >= INBOUND_WAITING_PER_PEER_MAX) reasons.push(new Promise(resolve => { this.#resume = resolve }))
    const room = this.#parts.flow.room()
    if (room !== undefined) reasons.push(room)
    if (this.#penaltyMs > 0) reasons.push(this.#penance())
    return reasons.length === 0 ? undefined : allOf(reasons)
  }

  async #afterPenance (frames: readonly Uint8Array[]): Promise<void> {
    await this.#penance()
    await this.takeFrames(frames)
  }

  /** Whoever is refused all the time is read slowly: it costs us nothing, and its own memory is what fills. */
  #penance (): Promise<void> {
    const delayMs = this.#penaltyMs
    this.#penaltyMs = 0
    return new Promise(resolve => { this.#parts.clock.timer(delayMs, resolve) })
  }

  #resumeReading (): void {
    this.#resume?.()
    this.#resume = undefined
  }
}

const NOTHING = new Uint8Array(0)
/** Of an owner who has not said any yet. */
const NO_EPOCH = new Uint8Array(ALIAS_EPOCH_BYTES)
const STORAGE: Refusal = { type: 'refuse', reason: 'storage' satisfies RefusalReason, retryAfterMs: STORAGE_RETRY_MS }
const BUSY: Refusal = { type: 'refuse', reason: 'busy' satisfies RefusalReason, retryAfterMs: BUSY_RETRY_MS }

async function allOf (reasons: ReadonlyArray<Promise<void>>): Promise<void> { await Promise.all(reasons) }
