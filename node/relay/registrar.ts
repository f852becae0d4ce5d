/**
 * The book of mailboxes: who gets one, what an owner finds at its opening, and what it changes in it. Everything is answered when
 * it is on the disk. Law: docs/protocols/mailbox.md.
 */
import { equals } from 'uint8arrays'
import { invariant } from '../../protocols/core/invariant.ts'
import { admitMailbox } from '../../protocols/mailbox/admission.ts'
import { MAILBOX_VERSION } from '../../protocols/mailbox/wire.ts'
import type { Alias, AliasOutcome, DepositRef, MailboxGoodbyeReason, Open, Opened, Usage } from '../../protocols/mailbox/wire.ts'
import type { Mailbox, RelayStore, RelayWriter } from '../../store/relay/types.ts'
import { isSameSecret } from '../crypto/mac.ts'
import type { Clock } from '../ports.ts'
import { mailboxLimits, relayDescription, type MailboxAdmission, type RelayConfig } from './config.ts'
import type { Rates } from '../rates.ts'
import type { Scribe } from './scribe.ts'
import type { Closed } from './stats.ts'
import type { Tally } from './tally.ts'

export interface RegistrarParts {
  readonly store: RelayStore
  readonly scribe: Scribe
  readonly clock: Clock
  readonly tally: Tally
  readonly rates: Rates
  readonly config: () => RelayConfig
  readonly software: string
  /** Of this run of the relay, 8 bytes. */
  readonly incarnation: Uint8Array
  /** What is short now; empty: newcomers are welcome. */
  readonly closed: () => readonly Closed[]
}

export interface Entry {
  readonly type: 'open'
  readonly mailbox: number
  /** Everything up to here is on the disk. */
  readonly durableTo: number
  /** The owner has everything up to here. */
  readonly startAfter: number
  readonly opened: Opened
}

export type Opening = Entry | { readonly type: 'refuse', readonly reason: MailboxGoodbyeReason, readonly retryAfterMs: number }

const DAY_MS = 24 * 3_600_000
const RATE_RETRY_MS = 10_000
/** Of a relay that is full or closes: by then an operator may have done something. */
const CLOSED_RETRY_MS = 3_600_000
const STORAGE_RETRY_MS = 60_000

export class Registrar {
  readonly #parts: RegistrarParts
  /** Mailboxes that have refused somebody for want of room since their owner last made some. */
  readonly #crowded = new Set<number>()

  constructor (parts: RegistrarParts) {
    this.#parts = parts
  }

  /**
   * `onEntered` is told before any deposit that comes after it: none of them must be missed.
   * @throws StorageError when the disk takes nothing
   */
  async open (peerId: string, open: Open, onEntered: (entry: Entry) => void): Promise<Opening> {
    const { store, scribe, clock, rates } = this.#parts
    if (open.versionMin > MAILBOX_VERSION || open.versionMax < MAILBOX_VERSION) return refuse('version')
    if (rates.draw(peerId) > 0) return refuse('capacity', RATE_RETRY_MS)
    const reason = this.#admit(peerId, open, store.read.mailboxOf(peerId))
    if (reason !== undefined) return refuse(reason, RETRY_MS[reason] ?? 0)
    const day = Math.floor(clock.now() / DAY_MS)
    return await scribe.write(writer => this.#enter(writer, { peerId, open, day }), onEntered)
  }

  /** @throws StorageError when the disk takes nothing */
  async changeAliases (mailbox: number, change: { readonly add: readonly Alias[], readonly remove: readonly Uint8Array[], readonly epoch: Uint8Array | undefined }): Promise<{ readonly outcome: AliasOutcome, readonly aliasCount: number }> {
    const { scribe, config, tally } = this.#parts
    const { aliasesMax } = config().quotas
    const result = await scribe.write(writer => {
      const outcome = writer.changeAliases(mailbox, change, aliasesMax)
      return { outcome, aliasCount: writer.read.mailbox(mailbox)?.aliasCount ?? 0 }
    })
    tally.traffic.aliasChanges += 1
    return result
  }

  /** `isAwaited`: somebody was refused for want of the room that there is now. @throws StorageError */
  async acknowledge (mailbox: number, deposits: readonly DepositRef[]): Promise<{ readonly usage: Usage, readonly isAwaited: boolean }> {
    const { store, scribe, tally } = this.#parts
    tally.traffic.acknowledged += await scribe.write(writer => writer.acknowledge(mailbox, deposits), undefined, deposits.length)
    return { usage: store.read.mailbox(mailbox)?.usage ?? NO_USAGE, isAwaited: this.#crowded.delete(mailbox) }
  }

  /** Somebody was refused for want of room. */
  crowd (mailbox: number): void { this.#crowded.add(mailbox) }

  /** Gives a mailbox up, with everything in it. @throws StorageError */
  async close (mailbox: number): Promise<void> {
    const { scribe, tally } = this.#parts
    await scribe.write(writer => { writer.deleteMailbox(mailbox) })
    this.#crowded.delete(mailbox)
    tally.traffic.mailboxesClosed += 1
  }

  /** @throws StorageError */
  async block (mailbox: number, isBlocked: boolean): Promise<void> {
    await this.#parts.scribe.write(writer => { writer.block(mailbox, isBlocked) })
  }

  #admit (peerId: string, { admissionCode }: Open, mailbox: Mailbox | undefined): MailboxGoodbyeReason | undefined {
    const closed = this.#parts.closed()
    const reason = admitMailbox({
      isKnown: mailbox !== undefined,
      isBlocked: mailbox?.isBlocked ?? false,
      isAdmitted: isAdmitted(this.#parts.config().admission, peerId, admissionCode),
      isDraining: closed.includes('draining'),
      isUnderPressure: closed.length > 0,
      isStorageWell: !closed.includes('storage')
    })
    if (reason !== undefined && mailbox === undefined) this.#parts.tally.traffic.mailboxesRefused += 1
    return reason
  }

  /** Inside the transaction: once it is on the disk, so is everything that was written before it. */
  #enter (writer: RelayWriter, { peerId, open, day }: { readonly peerId: string, readonly open: Open, readonly day: number }): Entry {
    const before = writer.read.mailboxOf(peerId)
    const number = before?.mailbox ?? writer.createMailbox(peerId, day)
    if (before === undefined) this.#parts.tally.traffic.mailboxesMade += 1
    else if (before.lastSeenDay !== day) writer.seen(number, day)
    const mailbox = writer.read.mailbox(number)
    invariant(mailbox !== undefined, 'a mailbox that was entered is there')
    const isSameRun = open.incarnation !== undefined && equals(open.incarnation, this.#parts.incarnation)
    return {
      type: 'open',
      mailbox: number,
      durableTo: mailbox.nextPosition - 1,
      startAfter: isSameRun ? open.after : 0,
      opened: this.#opened(mailbox, { isNew: before === undefined, oneTimeLeft: writer.read.oneTimeLeft(number) })
    }
  }

  #opened ({ aliasEpoch, aliasCount, usage }: Mailbox, { isNew, oneTimeLeft }: { readonly isNew: boolean, readonly oneTimeLeft: number }): Opened {
    const { clock, config, software, incarnation } = this.#parts
    const limits = mailboxLimits(config().quotas)
    const description = relayDescription(config(), software)
    return { type: 'opened', version: MAILBOX_VERSION, timeMs: clock.now(), isNew, aliasEpoch, aliasCount, usage, limits, oneTimeLeft, description, incarnation }
  }
}

const NO_USAGE: Usage = { items: 0, bytes: 0 }
const RETRY_MS: Partial<Record<MailboxGoodbyeReason, number>> = { capacity: CLOSED_RETRY_MS, draining: CLOSED_RETRY_MS, storage: STORAGE_RETRY_MS }

function refuse (reason: MailboxGoodbyeReason, retryAfterMs = 0): Opening {
  return { type: 'refuse', reason, retryAfterMs }
}

function isAdmitted (admission: MailboxAdmission, peerId: string, code: string | undefined): boolean {
  switch (admission.type) {
    case 'open': return true
    case 'list': return admission.peerIds.has(peerId)
    // Every code is compared: how long it takes tells nothing about them.
    case 'code': return code !== undefined && [...admission.codes].filter(right => isSameSecret(right, code)).length > 0
  }
}
