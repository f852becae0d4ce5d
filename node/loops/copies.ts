/**
 * Copies at relays: what does not reach a device in time is left, sealed, at each relay of its account, until a receipt says that the device
 * has it. Which copy is due when stands in protocols/deposit/copies.ts; nothing here is the only copy of anything: what is lost with
 * this process is found again in the database. Law: docs/protocols/deposit.md, "Copies".
 */
import { afterFailure, headStartMs, isCopyDue, NO_COPY, type CopyState } from '../../protocols/deposit/copies.ts'
import { encodeEvidence, type Evidence } from '../../protocols/deposit/custody.ts'
import { workChallenge } from '../../protocols/deposit/work.ts'
import { decodeSignedStatement, type ListedRelay } from '../../protocols/account/wire.ts'
import { relayDepositId } from '../../protocols/mailbox/alias.ts'
import { idKey, type DeviceId } from '../../protocols/core/ids.ts'
import { ALIAS_EPOCH_BYTES, ALIAS_ITEMS_MAX, COPY_RENEW_MS, DELIVERY_LIFETIME_MS, GATE_LIFETIME_MS } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import { copyStateOf, relayLabel, type Destinations } from '../contacts/copies.ts'
import type { Directory } from '../directory.ts'
import type { Reach } from '../failpoints.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network, Random, Sealer, Timer } from '../ports.ts'
import type { SealedEnvelope } from '../turn/sealed-envelope.ts'
import { isUnaddressed } from '../turn/seal.ts'
import type { Turn } from '../turn/turn.ts'
import { copyRefusalWords } from './copy-words.ts'
import { GateWork } from './gate-work.ts'
import type { LetterRefusal } from './lane.ts'
import { RelayLane, sealedSizeBytes, type RelayLetter, type VerifySignature } from './relay-lane.ts'
import type { Sessions } from './sessions.ts'

export interface CopiesParts {
  readonly reader: Reader
  readonly network: Network
  readonly sealer: Sealer
  readonly clock: Clock
  readonly random: Random
  readonly directory: Directory
  readonly destinations: Destinations
  readonly account: OwnAccount
  readonly turn: Turn
  readonly sessions: Sessions
  readonly reach: Reach
  readonly verify: VerifySignature
  /** Of a device on a direct connection; undefined: not known. */
  readonly roundTripMs: (device: DeviceId) => number | undefined
}

/** How often copies that run out are looked for. */
const RENEW_EVERY_MS = 3_600_000
const RENEWED_AT_ONCE = 256
const RENEW_MORE_MS = 60_000
/** A promise for less is none: it would be over before it could be renewed. */
const KEPT_MS_MIN = RENEW_EVERY_MS
/** How long a relay that cannot be believed is left alone with an envelope. */
const DISTRUST_MS = 3_600_000
/** Rows that an attempt without any answer is written to: more would tell the same. */
const TRACED_ROWS_MAX = 16
/** What a contact brings in a row is one sign of life. */
const HEARD_MS = 1_000
/** Rows whose contacts are looked for elsewhere when a relay does not answer. */
const LOST_ROWS_MAX = 64
/** Open rows read at a time. */
const PLAN_ROWS = 128

/** A copy that waits to be tried again. */
interface Failing {
  readonly row: number
  readonly contact: number
  readonly relay: ListedRelay
  readonly state: CopyState
  /** The mailbox has no room until its owner collects. */
  readonly isFull: boolean
}

export class Copies {
  readonly #parts: CopiesParts
  readonly #lanes = new Map<string, RelayLane>()
  /** Rows whose direct connection has its head start. */
  readonly #ahead = new Set<number>()
  readonly #timers = new Set<Timer>()
  /** Failures in a row, by row and relay, of copies that wait to be tried again. */
  readonly #failing = new Map<string, Failing>()
  /** Contacts who have shown a sign of life, and whose mailboxes will be looked at again. */
  readonly #heard = new Set<number>()
  readonly #work: GateWork
  #isStarted = false

  constructor (parts: CopiesParts) {
    this.#parts = parts
    this.#work = new GateWork(parts.clock)
  }

  /** Takes up what waits from before. */
  start (): void {
    this.#isStarted = true
    for (const { deviceId, sealedCount } of this.#parts.reader.outbox.openDevices()) {
      if (sealedCount > 0) this.#planDevice(deviceId)
    }
    this.#after(RENEW_EVERY_MS, () => { this.#renew() })
  }

  stop (): void {
    this.#isStarted = false
    for (const timer of this.#timers) timer.cancel()
    for (const lane of this.#lanes.values()) lane.stop()
    this.#lanes.clear()
  }

  /** Envelopes fresh from a commit. A device that is connected gets a head start. */
  offer (envelopes: readonly SealedEnvelope[]): void {
    if (!this.#isStarted) return
    const { network, directory, destinations, roundTripMs } = this.#parts
    const ahead = new Map<string, { readonly rows: number[], readonly deviceId: DeviceId }>()
    for (const envelope of envelopes) {
      if (!destinations.isAny(envelope)) continue
      const device = directory.device(envelope.deviceId)
      if (device === undefined || !network.isConnected(device.peerId)) {
        // Whatever was known of the row was of an envelope before this one.
        this.#plan(envelope.row, true)
        continue
      }
      const group = ahead.get(device.peerId) ?? { rows: [], deviceId: device.deviceId }
      group.rows.push(envelope.row)
      this.#ahead.add(envelope.row)
      ahead.set(device.peerId, group)
    }
    for (const { rows, deviceId } of ahead.values()) this.#after(headStartMs(roundTripMs(deviceId)), () => { this.#catchUp(rows) })
  }

  /** A device has it: no copy is needed any more. */
  settled (row: number): void { this.#ahead.delete(row) }

  /** The direct connection has not brought it there. */
  missed (rows: readonly number[]): void { this.#catchUp(rows.filter(row => this.#ahead.has(row))) }

  /** A contact's relays, or what we know of them, may be others now. */
  replan (contact: number): void {
    if (!this.#isStarted) return
    for (const device of this.#parts.reader.devices.ofContact(contact)) this.#planDevice(device.deviceId)
  }

  /** These contacts are about: they collect, so there is room in their mailboxes again. */
  heard (contacts: ReadonlySet<number>): void {
    if (this.#failing.size === 0) return
    for (const contact of contacts) {
      if (this.#heard.has(contact)) continue
      this.#heard.add(contact)
      this.#after(HEARD_MS, () => {
        this.#heard.delete(contact)
        this.#fill(contact)
      })
    }
  }

  /** As much as a mailbox may have room for, the oldest first: whatever is refused again costs both sides something. */
  #fill (contact: number): void {
    const counts = new Map<string, number>()
    for (const [key, { row, relay, ...failing }] of this.#failing) {
      const count = counts.get(relay.peerId) ?? 0
      if (!failing.isFull || failing.contact !== contact || count >= ALIAS_ITEMS_MAX) continue
      counts.set(relay.peerId, count + 1)
      this.#failing.delete(key)
      this.#lane(relay).add(row)
    }
  }

  /** A person asks: try everything of this row now. */
  retry (row: number): void {
    this.#plan(row, true)
    for (const lane of this.#lanes.values()) if (lane.has(row)) lane.hint()
  }

  hintAll (): void {
    for (const lane of this.#lanes.values()) if (!lane.isEmpty) lane.hint()
  }

  /** When a relay is tried again for a row; undefined: now, or it has its copy. */
  nextTryAtMs (row: number, relay: string): number | undefined {
    const lane = this.#lanes.get(relay)
    if (lane?.has(row) === true) return lane.retryAtMs
    const state = this.#failing.get(keyOf(row, relay))?.state
    return state?.at === 'none' ? state.retryAtMs : undefined
  }

  #after (delayMs: number, run: () => void): void {
    const timer = this.#parts.clock.timer(delayMs, () => {
      this.#timers.delete(timer)
      if (this.#isStarted) run()
    })
    this.#timers.add(timer)
  }

  #catchUp (rows: readonly number[]): void {
    for (const row of rows) if (this.#ahead.delete(row)) this.#plan(row, true)
  }

  #planDevice (device: DeviceId): void {
    const { reader, destinations } = this.#parts
    for (let afterRow = 0; ;) {
      const rows = reader.outbox.sealed(device, { afterRow, limit: PLAN_ROWS })
      if (!rows.some(outgoing => destinations.isAny(outgoing))) return
      for (const { row } of rows) if (!this.#ahead.has(row)) this.#plan(row)
      const last = rows.at(-1)
      if (last === undefined || rows.length < PLAN_ROWS) return
      afterRow = last.row
    }
  }

  /** Gives a row to the lane of each relay that should have it and has not. */
  #plan (row: number, isForced = false): void {
    const { reader, destinations, clock } = this.#parts
    const outgoing = reader.outbox.byRow(row)
    if (outgoing?.state !== 'sealed') return
    const copies = new Map(reader.copies.ofOutbox(row).map(copy => [copy.relay, copy]))
    for (const { relay } of destinations.of(outgoing)) {
      const key = keyOf(row, relay.peerId)
      if (isForced) this.#failing.delete(key)
      // What has failed comes back by its own timer.
      if (this.#failing.has(key) || this.#work.isUnderWay(key)) continue
      const state = copyStateOf(copies.get(relay.peerId))
      if (isCopyDue(state, clock.now()) || (isForced && state.at === 'refused')) this.#lane(relay).add(row)
    }
  }

  #lane (relay: ListedRelay): RelayLane {
    const known = this.#lanes.get(relay.peerId)
    if (known !== undefined) return known
    const { network, sealer, clock, random, reach, verify } = this.#parts
    const lane = new RelayLane({
      relay,
      network,
      sealer,
      clock,
      random,
      reach,
      verify,
      letterOf: row => this.#letterOf(row, relay.peerId),
      onStored: (letter, evidence) => { this.#stored(letter, evidence) },
      onRefused: (letter, refusal) => this.#refused(letter, refusal),
      onAttemptFailed: (rows, step, error) => {
        this.#attempted(rows.slice(0, TRACED_ROWS_MAX), { relay, step, detail: error.message })
        this.#miss(rows)
      }
    })
    this.#lanes.set(relay.peerId, lane)
    return lane
  }

  /** A relay that is gone may have been replaced by its users. */
  #miss (rows: readonly number[]): void {
    const { reader, sessions } = this.#parts
    const contacts = new Set(rows.slice(0, LOST_ROWS_MAX).map(row => reader.outbox.byRow(row)?.contact))
    for (const contact of contacts) if (contact !== undefined) sessions.lost(contact)
  }

  #letterOf (row: number, peerId: string): RelayLetter | undefined {
    const { reader, directory, destinations, account, clock } = this.#parts
    const outgoing = reader.outbox.byRow(row)
    if (outgoing?.state !== 'sealed' || outgoing.envelopeId === undefined || outgoing.ciphertext === undefined || outgoing.cipherKind === undefined) return undefined
    const { contact, deviceId, envelopeId, refs, gateToken, ciphertext, cipherKind: kind } = outgoing
    const destination = destinations.of(outgoing).find(({ relay }) => relay.peerId === peerId)
    const device = isUnaddressed(deviceId) ? undefined : directory.device(deviceId)
    if (destination === undefined || device === undefined) return undefined
    const { relay, door } = destination
    const statement = gateToken === undefined ? undefined : decodeSignedStatement(account.own.statement)
    const lifetimeMs = gateToken === undefined ? DELIVERY_LIFETIME_MS : GATE_LIFETIME_MS
    return {
      row,
      depositId: relayDepositId(door.depositKey, envelopeId),
      sizeBytes: sealedSizeBytes(ciphertext.byteLength + (statement?.payload.byteLength ?? 0)),
      contact,
      deviceId,
      identityKey: device.identityKey,
      refs,
      relay,
      door,
      ciphertext: { senderDevice: account.own.deviceId, kind, body: ciphertext, statement, envelopeId },
      expiresAtMs: Math.min(outgoing.expiresAtMs, clock.now() + lifetimeMs),
      work: this.#work.valueOf(keyOf(row, peerId), this.#nonceOf(peerId))
    }
  }

  /** Of the stream that is open. */
  #nonceOf (relay: string): Uint8Array { return this.#lanes.get(relay)?.nonce ?? NO_NONCE }

  #stored (letter: RelayLetter, evidence: Evidence | undefined): void {
    const { turn, sessions, directory, destinations, clock } = this.#parts
    const { relay } = letter
    if (evidence === undefined) {
      destinations.demote(relay.peerId)
      this.#failed(letter, { detail: 'its signature does not fit what it says, so it does not count', retryAfterMs: DISTRUST_MS })
      return
    }
    const nowMs = clock.now()
    // Both by its own clock, which may be wrong.
    const keptMs = evidence.expiresAtMs - evidence.relayTimeMs
    if (keptMs <= 0 || keptMs < Math.min(KEPT_MS_MIN, (letter.expiresAtMs - nowMs) / 2)) {
      this.#failed(letter, { detail: 'it would not keep it long enough, so it does not count', retryAfterMs: Math.max(0, keptMs) })
      return
    }
    this.#failing.delete(keyOf(letter.row, relay.peerId))
    this.#work.forget(keyOf(letter.row, relay.peerId))
    const { row, contact, refs, depositId } = letter
    turn.settle([{ type: 'copied', row, contact, refs, relay: relay.peerId, depositId, expiresAtMs: nowMs + keptMs, evidence: encodeEvidence(evidence), atMs: nowMs }])
    const held = directory.contact(contact)?.contact.statementHash
    // All zeros: the owner has not said yet which list is its newest.
    const isKnown = held === undefined || evidence.aliasEpoch.every(byte => byte === 0) || idKey(evidence.aliasEpoch) === idKey(held.subarray(0, ALIAS_EPOCH_BYTES))
    if (!isKnown) sessions.refresh(contact)
  }

  /** Returns whether the letter is out of the lane: it is about this mailbox only, and must not hold up the others there. */
  #refused (letter: RelayLetter, { reason, retryAfterMs, workBits }: LetterRefusal): boolean {
    const { sessions } = this.#parts
    const detail = copyRefusalWords(reason)
    switch (reason) {
      case 'rate': case 'busy': case 'storage': case 'capacity': case 'other':
        this.#attempted([letter.row], { relay: letter.relay, step: 'postponed', detail })
        return false
      case 'work':
        void this.#doWork(letter, workBits ?? 0)
        return true
      case 'tooLarge': case 'malformed': case 'badToken':
        this.#note(letter, { detail, isFinal: true })
        return true
      case 'unknownAlias': case 'badMac': case 'unknownSender':
        sessions.refresh(letter.contact)
        break
      case 'full': case 'mailboxFull': case 'undecryptable': case 'notAccepted':
        break
    }
    this.#failed(letter, { detail, retryAfterMs, isFull: reason === 'mailboxFull' || reason === 'full' })
    return true
  }

  #failed (letter: RelayLetter, { detail, retryAfterMs = 0, isFull = false }: { readonly detail: string, readonly retryAfterMs?: number, readonly isFull?: boolean }): void {
    const { clock, random } = this.#parts
    const { row, contact, relay } = letter
    const key = keyOf(row, relay.peerId)
    const state = afterFailure(this.#failing.get(key)?.state ?? NO_COPY, { nowMs: clock.now(), fraction: random.fraction(), retryAfterMs })
    const failing = { row, contact, relay, state, isFull }
    this.#failing.set(key, failing)
    this.#note(letter, { detail, isFinal: false })
    if (state.at !== 'none') return
    this.#after(Math.max(0, state.retryAtMs - clock.now()), () => {
      if (this.#failing.get(key) !== failing) return
      // The count goes on should it fail again.
      if (this.#letterOf(row, relay.peerId) === undefined) this.#failing.delete(key)
      else this.#lane(relay).add(row)
    })
  }

  #note ({ row, contact, relay, depositId }: RelayLetter, { detail, isFinal }: { readonly detail: string, readonly isFinal: boolean }): void {
    this.#parts.turn.settle([{ type: 'notCopied', row, contact, relay: relay.peerId, depositId, isFinal, atMs: this.#parts.clock.now(), detail: `${this.#labelOf(relay)}: ${detail}` }])
  }

  #attempted (rows: readonly number[], { relay, step, detail }: { readonly relay: ListedRelay, readonly step: string, readonly detail: string }): void {
    if (rows.length > 0) this.#parts.turn.settle([{ type: 'relayAttempted', rows, atMs: this.#parts.clock.now(), step: `relay.${step}`, detail: `${this.#labelOf(relay)}: ${detail}` }])
  }

  #labelOf (relay: ListedRelay): string { return relayLabel(relay.peerId, [relay]) }

  async #doWork (letter: RelayLetter, bits: number): Promise<void> {
    const { row, relay, door, depositId } = letter
    const nonce = this.#nonceOf(relay.peerId)
    const isReasonable = await this.#work.do(keyOf(row, relay.peerId), {
      nonce,
      challenge: workChallenge({ nonce, alias: door.alias, depositId }),
      bits,
      // For another stream it would be in vain, and for what has arrived by itself, too.
      isWanted: () => this.#isStarted && this.#nonceOf(relay.peerId) === nonce && this.#letterOf(row, relay.peerId) !== undefined
    })
    if (!this.#isStarted) return
    if (isReasonable) this.#lane(relay).add(row)
    else this.#failed(letter, { detail: 'it asks for more work than is reasonable' })
  }

  /** Copies that run out are deposited again, for as long as nobody has proven to have the message. */
  #renew (): void {
    const { reader, clock } = this.#parts
    const expiring = reader.copies.expiring(clock.now() + COPY_RENEW_MS, RENEWED_AT_ONCE)
    for (const { outbox } of expiring) this.#plan(outbox)
    this.#after(expiring.length === RENEWED_AT_ONCE ? RENEW_MORE_MS : RENEW_EVERY_MS, () => { this.#renew() })
  }
}

const NO_NONCE = new Uint8Array(0)

function keyOf (row: number, relay: string): string { return `${row}:${relay}` }
