/**
 * Who is connected: the depositors, and the owners whose mailbox is open. Tells an owner who is there what has just arrived, ends
 * the stream before when the same device opens another one, and ends everybody's with a reason when the relay stops.
 */
import type { MailboxGoodbyeReason } from '../../protocols/mailbox/wire.ts'
import type { Channel, Clock, Timer } from '../ports.ts'

export interface Depositor {
  readonly channel: Channel
  readonly openedAtMs: number
  readonly isGreeted: boolean
  readonly goodbye: (reason: 'shutdown' | 'idle') => void
}

export interface Owner {
  readonly channel: Channel
  readonly openedAtMs: number
  readonly isOpened: boolean
  /** There is something up to this position, on the disk. */
  readonly arrived: (position: number) => void
  readonly goodbye: (reason: MailboxGoodbyeReason, retryAfterMs?: number) => void
}

/** A stream that has not said hello by then never will. */
const SILENT_MS_MAX = 30_000

export class Streams {
  readonly #clock: Clock
  readonly #depositors = new Set<Depositor>()
  readonly #owners = new Set<Owner>()
  readonly #collecting = new Map<number, Owner>()
  #timer: Timer | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  get depositing (): number { return this.#depositors.size }
  get collecting (): number { return this.#collecting.size }

  start (): void {
    this.#timer = this.#clock.timer(SILENT_MS_MAX / 2, () => {
      this.#endSilent()
      this.start()
    })
  }

  addDepositor (depositor: Depositor): void {
    this.#depositors.add(depositor)
    void this.#whenClosed(depositor.channel, () => { this.#depositors.delete(depositor) })
  }

  addOwner (owner: Owner): void {
    this.#owners.add(owner)
    void this.#whenClosed(owner.channel, () => { this.#owners.delete(owner) })
  }

  /** From now on this is the stream that gets the mailbox's items; the one before ends. */
  collect (mailbox: number, owner: Owner): void {
    const before = this.#collecting.get(mailbox)
    this.#collecting.set(mailbox, owner)
    if (before !== owner) before?.goodbye('replaced')
    void this.#whenClosed(owner.channel, () => {
      if (this.#collecting.get(mailbox) === owner) this.#collecting.delete(mailbox)
    })
  }

  /** Whether this stream still is the one that gets the mailbox's items. */
  isCollector (mailbox: number, owner: Owner): boolean { return this.#collecting.get(mailbox) === owner }

  arrived (mailbox: number, position: number): void { this.#collecting.get(mailbox)?.arrived(position) }

  /** Ends the streams of one device. */
  endOwner (peerId: string, reason: MailboxGoodbyeReason): void {
    for (const owner of this.#owners) if (owner.channel.peerId === peerId) owner.goodbye(reason)
  }

  /** Tells every owner that the relay closes for good. Returns how many there are. */
  drain (retryAfterMs: number): number {
    const opened = [...this.#owners].filter(owner => owner.isOpened)
    for (const owner of opened) owner.goodbye('draining', retryAfterMs)
    return opened.length
  }

  stop (): void {
    this.#timer?.cancel()
    for (const depositor of this.#depositors) depositor.goodbye('shutdown')
    for (const owner of this.#owners) owner.goodbye('shutdown')
  }

  #endSilent (): void {
    const untilMs = this.#clock.monotonic() - SILENT_MS_MAX
    for (const depositor of this.#depositors) if (!depositor.isGreeted && depositor.openedAtMs < untilMs) depositor.goodbye('idle')
    for (const owner of this.#owners) if (!owner.isOpened && owner.openedAtMs < untilMs) owner.goodbye('idle')
  }

  async #whenClosed (channel: Channel, forget: () => void): Promise<void> {
    await channel.closed
    forget()
  }
}
