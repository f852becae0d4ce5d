/**
 * What comes out of our mailbox at one relay goes through the turn, and is acknowledged when it is durable here, never before. What
 * cannot be taken yet is tried again from memory, and in the end left where it is: a relay keeps it, and we come back for it. Memory is
 * bounded by the credit that we give: an item counts until it is acknowledged or left.
 */
import { MalformedError } from '../../protocols/core/errors.ts'
import type { RefusalReason } from '../../protocols/deposit/wire.ts'
import type { Credit, DepositRef, Item } from '../../protocols/mailbox/wire.ts'
import { decodeEnvelope } from '../../protocols/envelope/wire.ts'
import { ACKNOWLEDGED_AT_ONCE_MAX, INBOUND_WAITING_PER_PEER_MAX } from '../../protocols/core/limits.ts'
import { refKey, type Doors } from '../contacts/doors.ts'
import type { Clock, Sealer, Timer } from '../ports.ts'
import type { Taken } from '../turn/consequences.ts'
import type { CollectedArrival, Door, Outcome } from '../turn/open.ts'
import type { Turn } from '../turn/turn.ts'
import type { MailboxStream } from './mailbox-stream.ts'

export interface CollectorParts {
  readonly sealer: Pick<Sealer, 'openManySealed'>
  readonly relay: string
  readonly turn: Turn
  readonly clock: Clock
  readonly doors: Doors
  /** Something lies at an alias that we do not have: an old copy of the relay's disk has brought it back. */
  readonly onStray: (alias: Uint8Array) => void
  /** Some items were left there: it is time to collect from the beginning. */
  readonly onReopen: () => void
}

interface Held { readonly item: Item, readonly door: Door, readonly letter: Uint8Array | undefined, readonly attempts: number }

/** Seals that are opened together: the turn begins with the first ones while the next are opened. */
const OPENED_TOGETHER = 64
/** Refusals of the envelope itself: it will never be of use. All others are about the moment. */
const FINAL: ReadonlySet<string> = new Set<RefusalReason>(['malformed', 'badToken', 'unknownSender', 'tooLarge', 'undecryptable'])
const RETRY_MS_MIN = 1_000
/** After so many attempts an item is left at the relay. */
const ATTEMPTS_MAX = 4
/** When what was left is collected again; each time later, to at most six hours. */
const REOPEN_MS_MIN = 10 * 60_000
const REOPEN_MS_MAX = 6 * 3_600_000
/** What came another way is told to the relay a little later, together. */
const TAKEN_DELAY_MS = 1_000
/** Copies that are known to be superfluous, remembered until they come. */
const SUPERFLUOUS_MAX = 16_384

export class Collector {
  readonly #parts: CollectorParts
  #stream: MailboxStream | undefined
  #isOpened = false
  #waiting = 0
  #held = new Set<Timer>()
  #resume: (() => void) | undefined
  #acknowledged: DepositRef[] = []
  #credit: Credit = { items: 0, bytes: 0 }
  /** What came another way and is not told yet. */
  #taken: DepositRef[] = []
  #takenTimer: Timer | undefined
  readonly #superfluous = new Set<string>()
  #reopenTimer: Timer | undefined
  #reopenMs = REOPEN_MS_MIN

  constructor (parts: CollectorParts) {
    this.#parts = parts
  }

  /** Whether something that came from there is not dealt with yet. */
  get isBusy (): boolean { return this.#waiting > 0 || this.#acknowledged.length > 0 }

  /** Items that came and are not acknowledged or left yet. */
  get waiting (): number { return this.#waiting }

  /** Items may come from this stream. */
  open (stream: MailboxStream): void { this.#stream = stream }

  /** The relay has answered: it can be told what came another way. */
  opened (): void {
    this.#isOpened = true
    this.#flushTaken()
  }

  /** The stream is over: what it brought and is not acknowledged comes again. */
  close (): void {
    this.#stream = undefined
    this.#isOpened = false
    for (const timer of this.#held) timer.cancel()
    this.#waiting -= this.#held.size
    this.#held.clear()
    this.#acknowledged = []
    this.#credit = { items: 0, bytes: 0 }
    this.#reopenTimer?.cancel()
    this.#reopenTimer = undefined
    this.#resumeReading()
  }

  stop (): void {
    this.close()
    this.#takenTimer?.cancel()
  }

  /** Returns a promise while too much waits for its commit. */
  takeItems (items: readonly Item[]): Promise<void> | undefined {
    const stream = this.#stream
    if (stream === undefined) return undefined
    const fresh = items.filter(item => this.#isFresh(item))
    this.#waiting += fresh.length
    for (let start = 0; start < fresh.length; start += OPENED_TOGETHER) void this.#take(fresh.slice(start, start + OPENED_TOGETHER), stream)
    if (this.#waiting < INBOUND_WAITING_PER_PEER_MAX) return undefined
    return new Promise(resolve => { this.#resume = resolve })
  }

  /** What another relay has given us and may wait there, too: named by what only its author and we can compute. */
  taken (envelopes: readonly Taken[]): void {
    const { relay, doors, clock } = this.#parts
    for (const { contact, envelopeId, relay: from } of envelopes) {
      // A copy of what came directly is taken when it comes: its author may not have heard our answer, and then gets a receipt.
      if (from === relay || from === undefined) continue
      const ref = doors.refOf(contact, envelopeId)
      if (ref === undefined) continue
      this.#remember(refKey(ref))
      this.#taken.push(ref)
    }
    if (this.#taken.length >= ACKNOWLEDGED_AT_ONCE_MAX) this.#flushTaken()
    else if (this.#taken.length > 0) this.#takenTimer ??= clock.timer(TAKEN_DELAY_MS, () => this.#flushTaken())
  }

  /** Whether it is worth opening; else it is acknowledged at once. */
  #isFresh (item: Item): boolean {
    const open = this.#parts.doors.byAlias(item.alias)
    if (open !== undefined && !this.#superfluous.delete(refKey(item))) return true
    if (open === undefined) this.#parts.onStray(item.alias)
    this.#acknowledge(item)
    return false
  }

  /** Seals are opened first, beside the turn, which works on the last ones meanwhile. */
  async #take (items: readonly Item[], stream: MailboxStream): Promise<void> {
    const { doors, turn, sealer } = this.#parts
    const letters = await openLetters(items.map(({ body }) => body), sealer)
    turn.take(items.flatMap((item, index) => {
      // Withdrawn meanwhile: the relay gives it up with its alias.
      const open = doors.byAlias(item.alias)
      if (open !== undefined) return [this.#arrival({ item, door: open.door, letter: letters[index], attempts: 1 }, stream)]
      this.#waiting -= 1
      return []
    }))
    this.#resumeReading()
  }

  #arrival (held: Held, stream: MailboxStream): CollectedArrival {
    return {
      via: 'relay',
      relay: this.#parts.relay,
      door: held.door,
      letter: held.letter,
      onOutcome: outcome => this.#settle(held, outcome, stream)
    }
  }

  #settle (held: Held, outcome: Outcome, stream: MailboxStream): void {
    if (this.#stream !== stream) {
      this.#waiting -= 1
      return
    }
    if (outcome.type === 'refused' && !FINAL.has(outcome.reason)) return this.#later(held, Math.max(outcome.retryAfterMs, RETRY_MS_MIN), stream)
    this.#waiting -= 1
    this.#acknowledge(held.item)
    this.#resumeReading()
  }

  /** Nothing was wrong with it, only the moment: a full disk, a device list that is being fetched. */
  #later (held: Held, retryAfterMs: number, stream: MailboxStream): void {
    if (held.attempts >= ATTEMPTS_MAX) return this.#leave(held.item)
    const timer = this.#parts.clock.timer(retryAfterMs, () => {
      this.#held.delete(timer)
      this.#parts.turn.take([this.#arrival({ ...held, attempts: held.attempts + 1 }, stream)])
    })
    this.#held.add(timer)
  }

  /** It stays there and is not acknowledged; its place in our credit is given to the next. */
  #leave (item: Item): void {
    this.#waiting -= 1
    this.#allow(item)
    this.#resumeReading()
    this.#reopenTimer ??= this.#parts.clock.timer(this.#reopenMs, () => {
      this.#reopenTimer = undefined
      this.#reopenMs = Math.min(REOPEN_MS_MAX, this.#reopenMs * 2)
      this.#parts.onReopen()
    })
  }

  #acknowledge ({ alias, depositId, body }: Item): void {
    this.#acknowledged.push({ alias, depositId })
    this.#allow({ body })
  }

  #allow ({ body }: Pick<Item, 'body'>): void {
    if (this.#credit.items === 0) queueMicrotask(() => this.#flush())
    this.#credit = { items: this.#credit.items + 1, bytes: this.#credit.bytes + body.byteLength }
  }

  /** All of a turn leave together. */
  #flush (): void {
    const credit = this.#credit
    const acknowledged = this.#acknowledged
    this.#credit = { items: 0, bytes: 0 }
    this.#acknowledged = []
    this.#tell(acknowledged, credit)
  }

  #flushTaken (): void {
    this.#takenTimer?.cancel()
    this.#takenTimer = undefined
    // A relay that is not there is not told: it gives us the copies when it is back, and each is known by its id.
    if (this.#isOpened && this.#taken.length > 0) this.#tell(this.#taken, { items: 0, bytes: 0 })
    this.#taken = []
  }

  #tell (refs: readonly DepositRef[], credit: Credit): void {
    for (let start = ACKNOWLEDGED_AT_ONCE_MAX; start < refs.length; start += ACKNOWLEDGED_AT_ONCE_MAX) {
      this.#stream?.acknowledge(refs.slice(start, start + ACKNOWLEDGED_AT_ONCE_MAX), { items: 0, bytes: 0 })
    }
    this.#stream?.acknowledge(refs.slice(0, ACKNOWLEDGED_AT_ONCE_MAX), credit)
  }

  #remember (key: string): void {
    this.#superfluous.add(key)
    const oldest = this.#superfluous.size > SUPERFLUOUS_MAX ? this.#superfluous.values().next().value : undefined
    if (oldest !== undefined) this.#superfluous.delete(oldest)
  }

  #resumeReading (): void {
    if (this.#waiting > INBOUND_WAITING_PER_PEER_MAX / 2) return
    this.#resume?.()
    this.#resume = undefined
  }
}

/** What is under each seal, in order. */
async function openLetters (bodies: readonly Uint8Array[], sealer: CollectorParts['sealer']): Promise<ReadonlyArray<Uint8Array | undefined>> {
  const seals = bodies.map(sealOf)
  const opened = await sealer.openManySealed(seals.filter(seal => seal !== undefined))
  let next = 0
  return seals.map(seal => seal === undefined ? undefined : opened[next++])
}

/** Only what is sealed has a place at a relay. */
function sealOf (body: Uint8Array): Uint8Array | undefined {
  try {
    const envelope = decodeEnvelope(body)
    return envelope.form === 'sealed' ? envelope.sealed : undefined
  } catch (error) {
    if (error instanceof MalformedError) return undefined
    throw error
  }
}
