/**
 * One of our relays: keeps its mailbox open, puts our aliases and prekeys there, collects what waits and acknowledges it when it is
 * durable here. A relay that is gone is tried again for ever and holds nobody else up. Law: docs/protocols/mailbox.md.
 */
import { retryDelayMs } from '../../protocols/deposit/delivery.ts'
import type { Item, Opened } from '../../protocols/mailbox/wire.ts'
import { asError, MalformedError, StorageError, UnreachableError } from '../../protocols/core/errors.ts'
import { COLLECT_BYTES_MAX, COLLECT_ITEMS_MAX, MAILBOX_RETRY_MS_MAX, REFUSED_RETRY_MS_MAX } from '../../protocols/core/limits.ts'
import type { Doors } from '../contacts/doors.ts'
import type { Clock, Network, PeerTarget, Random, Sealer, Timer } from '../ports.ts'
import type { Turn } from '../turn/turn.ts'
import type { Taken } from '../turn/consequences.ts'
import { Collector } from './collector.ts'
import { MailboxRefusal, MailboxStream, type StreamEnd } from './mailbox-stream.ts'
import { AliasKeeper } from './alias-keeper.ts'

export interface MailboxLaneParts {
  readonly network: Network
  readonly clock: Clock
  readonly random: Random
  readonly turn: Turn
  readonly sealer: Pick<Sealer, 'openManySealed'>
  readonly doors: Doors
  readonly target: () => PeerTarget
  readonly admissionCode: string | undefined
  readonly epoch: () => Uint8Array
  /** The mailbox is open; rejects when it could not be furnished, which is tried again with the next opening. */
  readonly onOpened: (opened: Opened, measured: { readonly skewMs: number }) => Promise<void>
}

/** How the relay fares, for people. */
export interface MailboxStanding {
  readonly at: 'open' | 'opening' | 'waiting' | 'stopped'
  /** What the relay or the network said when it was last not open. */
  readonly trouble: string | undefined
  /** The reason that the relay gave, when it ended the stream itself. */
  readonly goodbye: StreamEnd['reason'] | undefined
  /** Envelopes that wait for us there, as far as it has told. */
  readonly waitingCount: number | undefined
  /** When it last answered, by the wall clock. */
  readonly answeredAtMs: number | undefined
  /** How far its clock is ahead of ours. */
  readonly skewMs: number | undefined
  readonly opened: Opened | undefined
}

/** Goodbyes after which it makes no sense to come back soon. */
const LASTING: ReadonlySet<string> = new Set(['admission', 'blocked', 'version'])
/** The same device has another stream open: two processes of one account, or our own old one that is not dead yet. */
const REPLACED_RETRY_MS = 60_000

export class MailboxLane {
  readonly #parts: MailboxLaneParts
  readonly #collector: Collector
  readonly #aliases: AliasKeeper
  readonly #first = Promise.withResolvers<Opened>()
  #stream: MailboxStream | undefined
  #at: MailboxStanding['at'] = 'stopped'
  #attempts = 0
  #timer: Timer | undefined
  #trouble: string | undefined
  #goodbye: StreamEnd['reason'] | undefined
  /** Items that the relay has told of on this stream, and those that have come: they may come before it has told. */
  #toldCount: number | undefined
  #cameCount = 0
  #answeredAtMs: number | undefined
  #skewMs: number | undefined
  #opened: Opened | undefined

  constructor (parts: MailboxLaneParts) {
    this.#parts = parts
    const { turn, clock, doors, sealer, target } = parts
    this.#collector = new Collector({ turn, sealer, clock, doors, relay: target().peerId, onStray: alias => this.#aliases.remove(alias), onReopen: () => this.#stream?.close() })
    this.#aliases = new AliasKeeper({ doors, clock, epoch: parts.epoch })
    this.#first.promise.catch(() => {})
  }

  /** Settles with the first opening, furnished, or the first failure. */
  get first (): Promise<Opened> { return this.#first.promise }

  get standing (): MailboxStanding {
    return { at: this.#at, trouble: this.#trouble, goodbye: this.#goodbye, waitingCount: this.#waitingCount, answeredAtMs: this.#answeredAtMs, skewMs: this.#skewMs, opened: this.#opened }
  }

  get #waitingCount (): number | undefined {
    return this.#toldCount === undefined ? undefined : Math.max(0, this.#toldCount - this.#cameCount) + this.#collector.waiting
  }

  start (): void {
    if (this.#at === 'stopped') void this.#run()
  }

  stop (): void {
    this.#at = 'stopped'
    this.#timer?.cancel()
    this.#collector.stop()
    this.#stream?.close()
    this.#first.reject(new UnreachableError('the node is stopping'))
  }

  /** There is reason to believe that it answers now. */
  hint (): void {
    // That it can be connected to is no news of a relay that has said no.
    if (this.#at !== 'waiting' || LASTING.has(this.#goodbye ?? '')) return
    this.#attempts = 0
    this.#timer?.cancel()
    void this.#run()
  }

  /** Contacts, invites or our device list have changed. */
  async sync (): Promise<void> {
    await this.#aliases.sync()
  }

  /** Envelopes that came another way: copies of them may wait here. */
  taken (envelopes: readonly Taken[]): void { this.#collector.taken(envelopes) }

  /** Gives the mailbox up once nothing waits in it. Returns whether that is done. @throws UnreachableError */
  async leave (): Promise<boolean> {
    const stream = this.#stream
    if (stream === undefined || this.#at !== 'open' || this.#collector.isBusy) return false
    if ((await stream.list(0, 1)).items.length > 0) return false
    stream.farewell()
    return (await stream.closed).reason === 'closed'
  }

  async #run (): Promise<void> {
    this.#at = 'opening'
    try {
      const end = await this.#openAndCollect()
      this.#pause(end)
    } catch (thrown) {
      const error = asError(thrown)
      this.#pause(error instanceof MailboxRefusal ? error.end : { reason: 'lost', retryAfterMs: 0 }, error)
      // What is no fault of the relay, the network or the disk is a bug, and must not look like one.
      if (!(error instanceof UnreachableError || error instanceof MalformedError || error instanceof StorageError)) throw error
    }
  }

  async #openAndCollect (): Promise<StreamEnd> {
    const { network, clock, doors, target, admissionCode, onOpened } = this.#parts
    const stream = new MailboxStream({
      network,
      clock,
      target: target(),
      admissionCode,
      credit: { items: COLLECT_ITEMS_MAX, bytes: COLLECT_BYTES_MAX },
      onItems: items => this.#takeItems(items),
      onUsage: ({ items }) => { this.#toldCount = this.#cameCount + Math.max(0, items - this.#collector.waiting) }
    })
    // Before anything can come: what has no door is taken for a stray, and what has no collector would be lost until the next opening.
    doors.refresh(clock.now())
    this.#cameCount = 0
    this.#collector.open(stream)
    const askedAtMs = clock.now()
    const opened = await stream.open()
    if (this.#isStopped()) {
      stream.close()
      return await stream.closed
    }
    const skewMs = opened.timeMs - (askedAtMs + clock.now()) / 2
    this.#open(stream, opened, skewMs)
    try {
      await this.#aliases.furnish(stream, opened)
      await onOpened(opened, { skewMs })
      this.#first.resolve(opened)
    } catch (thrown) {
      stream.close()
      throw thrown
    }
    return await this.#untilClosed(stream)
  }

  #open (stream: MailboxStream, opened: Opened, skewMs: number): void {
    this.#stream = stream
    this.#opened = opened
    this.#at = 'open'
    this.#trouble = undefined
    this.#goodbye = undefined
    this.#skewMs = skewMs
    this.#answeredAtMs = this.#parts.clock.now()
    this.#toldCount = opened.usage.items
    this.#attempts = 0
    this.#collector.opened()
  }

  #takeItems (items: readonly Item[]): Promise<void> | undefined {
    this.#answeredAtMs = this.#parts.clock.now()
    this.#cameCount += items.length
    return this.#collector.takeItems(items)
  }

  async #untilClosed (stream: MailboxStream): Promise<StreamEnd> {
    const end = await stream.closed
    this.#stream = undefined
    this.#collector.close()
    this.#aliases.close()
    return end
  }

  #pause (end: StreamEnd, error?: Error): void {
    this.#stream?.close()
    this.#stream = undefined
    this.#collector.close()
    this.#aliases.close()
    this.#goodbye = end.reason
    this.#trouble = end.reason === 'lost' ? error?.message ?? 'the connection ended' : GOODBYE_WORDS[end.reason] ?? end.reason
    this.#first.reject(error ?? new UnreachableError('the relay closed the stream'))
    if (this.#isStopped()) return
    this.#at = 'waiting'
    this.#attempts += 1
    this.#timer = this.#parts.clock.timer(this.#delayMs(end), () => { void this.#run() })
  }

  #delayMs ({ reason, retryAfterMs }: StreamEnd): number {
    const growingMs = Math.min(MAILBOX_RETRY_MS_MAX, retryDelayMs(this.#attempts, this.#parts.random.fraction()))
    const askedMs = Math.min(REFUSED_RETRY_MS_MAX, Math.max(retryAfterMs, LASTING.has(reason) ? REFUSED_RETRY_MS_MAX : 0))
    return Math.max(growingMs, askedMs, reason === 'replaced' ? REPLACED_RETRY_MS : 0)
  }

  /** As a function: the compiler does not know that it changes while we wait. */
  #isStopped (): boolean { return this.#at === 'stopped' }
}

/** In words, for people. */
const GOODBYE_WORDS: Readonly<Record<string, string>> = {
  version: 'it speaks another version of this protocol',
  malformed: 'it could not make sense of what we said',
  shutdown: 'it was stopped',
  replaced: 'this device has another stream open there: is its account open twice?',
  idle: 'it closed an idle stream',
  admission: 'it takes nobody without a code, or not this one',
  capacity: 'it has no room for another mailbox now',
  blocked: 'it has blocked this mailbox',
  draining: 'it closes for good: choose another relay',
  storage: 'its disk is in trouble',
  closed: 'the mailbox is given up'
}
