/**
 * Looks at each deposit before it goes to the disk: is there such a door, does the depositor know its key, is there room. What is there
 * already passes, so that asking again is always answered alike. The rules: protocols/mailbox/admission.ts.
 */
import { idKey, type EnvelopeId } from '../../protocols/core/ids.ts'
import { INBOUND_WAITING_MAX } from '../../protocols/core/limits.ts'
import { hasWork, workChallenge } from '../../protocols/deposit/work.ts'
import type { Deposit, RefusalReason } from '../../protocols/deposit/wire.ts'
import { admitDeposit, isControl, keptMs } from '../../protocols/mailbox/admission.ts'
import { depositMacInput } from '../../protocols/mailbox/alias.ts'
import type { Usage } from '../../protocols/mailbox/wire.ts'
import type { DepositOutcome, Mailbox, NewDeposit, RelayReader, Room, StoredAlias } from '../../store/relay/types.ts'
import { isMacOf } from '../crypto/mac.ts'
import { mailboxLimits, type Quotas } from './config.ts'
import type { Rates } from '../rates.ts'

export interface Refusal {
  readonly type: 'refuse'
  readonly reason: RefusalReason
  /** 0: not as it is. */
  readonly retryAfterMs: number
  readonly workBits?: number
}

export type Verdict = { readonly type: 'admit', readonly deposit: NewDeposit } | Refusal

export interface DoorkeeperParts {
  readonly reader: RelayReader
  readonly quotas: () => Quotas
  readonly peerRates: Rates
  readonly aliasRates: Rates
  /** Deposits that wait for their commit. */
  readonly backlog: () => number
  readonly isStorageWell: () => boolean
  readonly isDraining: () => boolean
  /** What the disk cap leaves, not older than a moment; the writer has the last word. */
  readonly room: () => Room
  /** A mailbox has no room for somebody. */
  readonly onCrowded: (mailbox: number) => void
}

/** Who knocks: the nonce of the stream, the peer, and the time. */
export interface Knock {
  readonly nonce: Uint8Array
  readonly peerId: string
  readonly nowMs: number
}

const FULL_RETRY_MS = 15 * 60_000
/** A relay that closes for good takes nothing more: the sender has other relays, or waits for the new ones. */
const DRAINING_RETRY_MS = 3_600_000
const MINUTE_MS = 60_000
const NO_USAGE: Usage = { items: 0, bytes: 0 }

/** A door and the mailbox behind it, looked up when somebody asks. */
class Entrance {
  readonly #reader: RelayReader
  readonly #alias: Uint8Array
  #found: { readonly door: StoredAlias | undefined, readonly mailbox: Mailbox | undefined } | undefined

  constructor (reader: RelayReader, alias: Uint8Array) {
    this.#reader = reader
    this.#alias = alias
  }

  get door (): StoredAlias | undefined { return this.#find().door }
  get mailbox (): Mailbox | undefined { return this.#find().mailbox }

  #find (): { readonly door: StoredAlias | undefined, readonly mailbox: Mailbox | undefined } {
    if (this.#found !== undefined) return this.#found
    const door = this.#reader.aliasOf(this.#alias)
    this.#found = { door, mailbox: door === undefined ? undefined : this.#reader.mailbox(door.mailbox) }
    return this.#found
  }
}

export class Doorkeeper {
  readonly #parts: DoorkeeperParts

  constructor (parts: DoorkeeperParts) {
    this.#parts = parts
  }

  /** In their order. Each door is looked up once: nothing is written meanwhile. */
  judge (deposits: readonly Deposit[], knock: Knock): Verdict[] {
    const entrances = new Map<string, Entrance>()
    return deposits.map(deposit => this.#judgeOne(deposit, knock, entrances))
  }

  #judgeOne (deposit: Deposit, knock: Knock, entrances: Map<string, Entrance>): Verdict {
    const { lifetimeMsMax } = this.#parts.quotas()
    const { alias, mac, depositId, body, lifetimeS } = deposit
    if (alias === undefined || mac === undefined) return { type: 'refuse', reason: 'malformed', retryAfterMs: 0 }
    const key = idKey(alias)
    const entrance = entrances.get(key) ?? new Entrance(this.#parts.reader, alias)
    entrances.set(key, entrance)
    const verdict = this.#admit(deposit, knock, entrance)
    if (verdict !== undefined && !this.#isKnown(verdict, alias, depositId)) {
      if (verdict.reason === 'mailboxFull' && entrance.mailbox !== undefined) this.#parts.onCrowded(entrance.mailbox.mailbox)
      return verdict
    }
    const { door } = entrance
    // To the minute: a relay knows times no better than it must.
    const expiresAtMs = Math.ceil((knock.nowMs + keptMs({ lifetimeS, kind: door?.kind ?? 'contact', lifetimeMsMax })) / MINUTE_MS) * MINUTE_MS
    return { type: 'admit', deposit: { alias, depositId, body, storedAtMs: knock.nowMs, expiresAtMs, isControl: isControl({ sizeBytes: body.byteLength, isWake: deposit.isWake }) } }
  }

  /** What the writer found when it came to it: somebody else was faster. */
  refusalOf (outcome: Extract<DepositOutcome, { readonly type: 'refused' }>, alias: Uint8Array | undefined): Refusal {
    const { reader, onCrowded } = this.#parts
    const mailbox = alias === undefined || outcome.reason !== 'mailboxFull' ? undefined : reader.aliasOf(alias)?.mailbox
    if (mailbox !== undefined) onCrowded(mailbox)
    return { type: 'refuse', reason: outcome.reason, retryAfterMs: outcome.reason === 'unknownAlias' ? 0 : FULL_RETRY_MS }
  }

  /** What costs something is looked up or computed only when nothing cheaper has refused: a flood is refused for next to nothing. */
  #admit (deposit: Deposit, { nonce, peerId, nowMs }: Knock, entrance: Entrance): Refusal | undefined {
    const { quotas, backlog, isStorageWell, isDraining, room } = this.#parts
    const { alias = NOTHING, mac = NOTHING, work = NOTHING, depositId, lifetimeS, isWake, body } = deposit
    const { forText, forControl } = room()
    const admission = admitDeposit({
      get alias () {
        const { door, mailbox } = entrance
        return door === undefined || mailbox === undefined || mailbox.isBlocked ? undefined : { kind: door.kind, usage: door.usage, isExpired: (door.expiresAtMs ?? Infinity) <= nowMs }
      },
      get isMacRight () {
        const { door } = entrance
        return door !== undefined && isMacOf(mac, door.macKey, depositMacInput({ nonce, depositId, lifetimeS, isWake, body }))
      },
      sizeBytes: body.byteLength,
      isWake,
      get mailbox () { return entrance.mailbox?.usage ?? NO_USAGE },
      get gatePending () { return entrance.mailbox?.gatePending ?? 0 },
      hasWork: bits => hasWork(workChallenge({ nonce, alias, depositId }), work, bits),
      limits: mailboxLimits(quotas()),
      isWithinRate: this.#isWithinRate(peerId, alias),
      isBusy: backlog() >= INBOUND_WAITING_MAX,
      isStorageWell: isStorageWell(),
      isNearCap: forText < body.byteLength,
      isAtCap: forControl < body.byteLength
    })
    if (admission.type === 'refuse') return admission
    return isDraining() ? { type: 'refuse', reason: 'capacity', retryAfterMs: DRAINING_RETRY_MS } : undefined
  }

  /** For want of room nobody is refused what is there already: the answer to the first attempt may have been lost. */
  #isKnown ({ reason }: Refusal, alias: Uint8Array, depositId: EnvelopeId): boolean {
    if (!ROOM_REASONS.has(reason)) return false
    return this.#parts.reader.custody(alias, [depositId])[0] !== 'unknown'
  }

  #isWithinRate (peerId: string, alias: Uint8Array): boolean {
    const { peerRates, aliasRates } = this.#parts
    return peerRates.draw(peerId) === 0 && aliasRates.draw(idKey(alias)) === 0
  }
}

const NOTHING = new Uint8Array(0)
/** Reasons that come behind the proof of the MAC. */
const ROOM_REASONS: ReadonlySet<RefusalReason> = new Set(['full', 'mailboxFull', 'capacity', 'work'])
