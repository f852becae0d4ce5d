/**
 * One owner's stream: what waits goes out in the order of its positions, as far as the owner's credit reaches, and only what is on
 * the disk. Nothing is deleted before the owner has acknowledged it. Law: docs/protocols/mailbox.md, "Collecting".
 *
 *   open ──► opened ──► items … (credit, acknowledgements) ──► goodbye
 */
import { MalformedError, StorageError } from '../../protocols/core/errors.ts'
import { decodeOwnerFrame, encodeRelayFrame, type AliasOutcome, type Credit, type MailboxGoodbyeReason, type OwnerFrame, type RelayFrame } from '../../protocols/mailbox/wire.ts'
import type { Channel } from '../ports.ts'
import type { MailboxParts } from './mailbox-parts.ts'
import type { Owner } from './streams.ts'

type Frame<Type extends OwnerFrame['type']> = Extract<OwnerFrame, { readonly type: Type }>

/** One frame of items: a fetch of them takes less than a millisecond, and everybody else waits so long. */
const BATCH_BYTES_MAX = 256 * 1024
const BATCH_ITEMS_MAX = 256
/** What an owner may have outstanding at most, whatever credit it gives. */
const CREDIT_ITEMS_MAX = 8_192
const CREDIT_BYTES_MAX = 64 * 1024 * 1024

export class OwnerStream implements Owner {
  readonly channel: Channel
  readonly openedAtMs: number
  readonly #parts: MailboxParts
  #mailbox: number | undefined
  #isOver = false
  #isPumping = false
  #creditItems = 0
  #creditBytes = 0
  /** Everything up to here has been sent on this stream. */
  #sentTo = 0
  /** Everything up to here is on the disk. */
  #durableTo = 0

  constructor (channel: Channel, parts: MailboxParts) {
    this.channel = channel
    this.openedAtMs = parts.clock.monotonic()
    this.#parts = parts
  }

  get isOpened (): boolean { return this.#mailbox !== undefined }

  /** Nothing more is read while a frame is worked on: what an owner asks is answered in order. */
  async takeFrames (frames: readonly Uint8Array[]): Promise<void> {
    for (const bytes of frames) {
      if (this.#isOver) return
      try {
        await this.#take(decodeOwnerFrame(bytes))
      } catch (error) {
        this.#endBy(error)
      }
    }
  }

  arrived (position: number): void {
    this.#durableTo = Math.max(this.#durableTo, position)
    void this.#pump()
  }

  goodbye (reason: MailboxGoodbyeReason, retryAfterMs = 0): void {
    if (this.#isOver) return
    this.#isOver = true
    void this.#send({ type: 'goodbye', reason, retryAfterMs })
    this.channel.close()
  }

  async #take (frame: OwnerFrame): Promise<void> {
    if ((frame.type === 'open') === this.isOpened) throw new MalformedError('owner frame', 'must begin with one opening')
    switch (frame.type) {
      case 'open': { await this.#open(frame); return }
      case 'aliasChange': { await this.#changeAliases(frame); return }
      case 'credit': { this.#addCredit(frame); return }
      case 'acknowledgement': { this.#acknowledge(frame); return }
      case 'list': { await this.#list(frame); return }
      case 'farewell': { await this.#farewell() }
    }
  }

  async #open (open: Frame<'open'>): Promise<void> {
    const { peerId } = this.channel
    const opening = await this.#parts.registrar.open(peerId, open, ({ mailbox, durableTo, startAfter }) => {
      this.#mailbox = mailbox
      this.#durableTo = durableTo
      this.#sentTo = startAfter
      if (open.isCollecting) this.#parts.streams.collect(mailbox, this)
    })
    if (opening.type === 'refuse') {
      this.goodbye(opening.reason, opening.retryAfterMs)
      return
    }
    const { opened } = opening
    await this.#send(opened)
    this.#addCredit(open.credit)
    if (opened.usage.items === 0) this.#endIfDraining()
  }

  #addCredit ({ items, bytes }: Credit): void {
    this.#creditItems = Math.min(CREDIT_ITEMS_MAX, this.#creditItems + items)
    this.#creditBytes = Math.min(CREDIT_BYTES_MAX, this.#creditBytes + bytes)
    void this.#pump()
  }

  /** Sends what may be sent. One at a time; whoever calls meanwhile finds that it goes on by itself. */
  async #pump (): Promise<void> {
    if (this.#isPumping) return
    this.#isPumping = true
    try {
      while (this.#mayCollect() && await this.#sendItems()) await this.#breath()
    } catch (error) {
      this.#endBy(error)
    }
    this.#isPumping = false
  }

  #mayCollect (): boolean {
    const mailbox = this.#mailbox
    if (mailbox === undefined || this.#isOver || this.#sentTo >= this.#durableTo) return false
    return this.#creditItems > 0 && this.#creditBytes > 0 && this.#parts.streams.isCollector(mailbox, this)
  }

  /** Everybody else's turn, between two batches of a long backlog. */
  async #breath (): Promise<void> {
    if (this.#sentTo < this.#durableTo) await new Promise<void>(resolve => { this.#parts.clock.soon(resolve) })
  }

  /** One batch. Returns whether there was anything. */
  async #sendItems (): Promise<boolean> {
    const { store, tally } = this.#parts
    const mailbox = this.#mailbox
    if (mailbox === undefined) return false
    const wanted = { items: Math.min(BATCH_ITEMS_MAX, this.#creditItems), bytes: Math.min(BATCH_BYTES_MAX, this.#creditBytes) }
    // A read sees what is written and not yet on the disk: nobody may learn of that.
    const items = store.read.items(mailbox, this.#sentTo, wanted).filter(({ position }) => position <= this.#durableTo)
    const last = items.at(-1)
    if (last === undefined) {
      this.#sentTo = this.#durableTo
      return false
    }
    const bytes = items.reduce((sum, { body }) => sum + body.byteLength, 0)
    this.#sentTo = last.position
    this.#creditItems -= items.length
    this.#creditBytes -= bytes
    tally.traffic.collected += items.length
    tally.traffic.collectedBytes += bytes
    await this.#send({ type: 'items', items })
    return true
  }

  async #changeAliases (change: Frame<'aliasChange'>): Promise<void> {
    const { request, add, remove, epoch } = change
    const { outcome, aliasCount } = await this.#parts.registrar.changeAliases(this.#mustMailbox(), { add, remove, epoch })
    await this.#send({ type: 'aliasResult', request, outcome, aliasCount })
  }

  /** Not waited for: an acknowledgement that is lost makes us send again what its owner then knows. */
  #acknowledge ({ deposits }: Frame<'acknowledgement'>): void {
    void this.#settle(deposits)
  }

  async #settle (deposits: Frame<'acknowledgement'>['deposits']): Promise<void> {
    try {
      const { usage, isAwaited } = await this.#parts.registrar.acknowledge(this.#mustMailbox(), deposits)
      if (isAwaited && !this.#isOver) await this.#send({ type: 'usage', ...usage })
      if (usage.items === 0) this.#endIfDraining()
    } catch (error) {
      this.#endBy(error)
    }
  }

  /** Of a relay that closes for good: who has everything moves on. */
  #endIfDraining (): void {
    if (this.#parts.isDraining()) this.goodbye('draining', DRAIN_RETRY_MS)
  }

  async #list ({ request, after, limit }: Frame<'list'>): Promise<void> {
    const { items, hasMore } = this.#parts.store.read.list(this.#mustMailbox(), after, limit)
    await this.#send({ type: 'listing', request, items: items.filter(({ position }) => position <= this.#durableTo), hasMore })
  }

  async #farewell (): Promise<void> {
    await this.#parts.registrar.close(this.#mustMailbox())
    this.goodbye('closed')
  }

  #mustMailbox (): number {
    const mailbox = this.#mailbox
    if (mailbox === undefined) throw new MalformedError('owner frame', 'must begin with one opening')
    return mailbox
  }

  /** A channel that is gone takes nothing: its owner comes again. Else waits until there is room. */
  async #send (frame: RelayFrame<AliasOutcome, MailboxGoodbyeReason>): Promise<void> {
    try {
      await this.channel.send([encodeRelayFrame(frame)])
    } catch {
      this.#isOver = true
    }
  }

  #endBy (error: unknown): void {
    if (error instanceof StorageError) return this.goodbye('storage', STORAGE_RETRY_MS)
    if (!(error instanceof MalformedError)) throw error
    this.#parts.tally.traffic.malformed += 1
    this.goodbye('malformed')
  }
}

const STORAGE_RETRY_MS = 30_000
const DRAIN_RETRY_MS = 3_600_000
