/**
 * What is sealed leaves: one lane per device, and the consequences of every answer. Nothing here is the only copy of anything:
 * a lane that dies is filled again from the database.
 */
import { afterRefusal } from '../../protocols/deposit/refusal.ts'
import { encodeCiphertext, encodeEnvelope } from '../../protocols/envelope/wire.ts'
import { padBucket } from '../../protocols/envelope/padding.ts'
import { decodeSignedStatement } from '../../protocols/account/wire.ts'
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { RETRY_REQUESTS_PER_HOUR } from '../../protocols/core/limits.ts'
import { StorageError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Reader } from '../../store/reader.ts'
import type { Outgoing, OutboxCipherKind, Ref } from '../../store/types.ts'
import type { Arrivals } from '../arrivals.ts'
import type { Directory } from '../directory.ts'
import type { Reach } from '../failpoints.ts'
import type { OwnAccount } from '../own-account.ts'
import type { Clock, Network, Random, Sealer } from '../ports.ts'
import { Rates } from '../rates.ts'
import type { SealedEnvelope } from '../turn/sealed-envelope.ts'
import type { Turn } from '../turn/turn.ts'
import { Lane, type Letter, type LetterRefusal } from './lane.ts'
import { RoundTrips } from './round-trips.ts'
import { targetOf, type Sessions } from './sessions.ts'

export interface OutboxParts {
  readonly reader: Reader
  readonly network: Network
  readonly sealer: Sealer
  readonly clock: Clock
  readonly random: Random
  readonly directory: Directory
  readonly account: OwnAccount
  readonly arrivals: Arrivals
  readonly turn: Turn
  readonly sessions: Sessions
  readonly reach: Reach
  /** A device has it, or has not got it by its connection: what relays need not, or should, keep. */
  readonly onSettled: (row: number) => void
  readonly onMissed: (rows: readonly number[]) => void
}

/** Rows that an attempt without any answer is written to: more would tell the same. */
const TRACED_ROWS_MAX = 16

/** A full disk is looked at again after this long. */
const STORAGE_RETRY_MS = 5_000

/** An envelope on its way to a device. */
interface DirectLetter extends Letter {
  readonly contact: number
  readonly refs: readonly Ref[]
  readonly gateToken: Uint8Array | undefined
  /** The envelope's bytes, the same at every attempt. */
  readonly body: Uint8Array
}

export class Outbox {
  readonly #parts: OutboxParts
  readonly #lanes = new Map<string, Lane<DirectLetter>>()
  readonly #retryRates: Rates
  readonly #roundTrips = new RoundTrips()
  #isStarted = false

  constructor (parts: OutboxParts) {
    this.#parts = parts
    this.#retryRates = new Rates(parts.clock, () => ({ burst: RETRY_REQUESTS_PER_HOUR, perSecond: RETRY_REQUESTS_PER_HOUR / 3600 }))
  }

  /** Takes up what waits from before. */
  start (): void {
    this.#isStarted = true
    for (const { deviceId, sealedCount } of this.#parts.reader.outbox.openDevices()) {
      if (sealedCount > 0) this.#lane(deviceId).hint()
    }
    this.#parts.network.onConnect((peerId, openedBy) => {
      // Our own dial is no news: a peer that takes connections and then fails would have us dial without pause.
      if (openedBy === 'us') return
      const device = this.#parts.directory.peer(peerId)
      if (device !== undefined) this.#lanes.get(idKey(device.deviceId))?.hint()
    })
  }

  stop (): void {
    this.#isStarted = false
    for (const lane of this.#lanes.values()) lane.stop()
    this.#lanes.clear()
  }

  /** Envelopes fresh from a commit. */
  offer (envelopes: readonly SealedEnvelope[]): void {
    if (!this.#isStarted) return
    const byDevice = new Map<string, SealedEnvelope[]>()
    for (const envelope of envelopes) {
      const key = idKey(envelope.deviceId)
      const known = byDevice.get(key)
      if (known === undefined) byDevice.set(key, [envelope])
      else known.push(envelope)
    }
    for (const group of byDevice.values()) {
      const [first] = group
      if (first !== undefined) this.#lane(first.deviceId).offer(group.flatMap(envelope => this.#letter({ ...envelope, kind: envelope.sealed.kind, ciphertext: envelope.sealed.body })))
    }
  }

  /** A contact may be reachable now: try all its devices. */
  hint (contact: number): void {
    for (const device of this.#parts.reader.devices.ofContact(contact)) this.#lanes.get(idKey(device.deviceId))?.hint()
  }

  /** How long a device takes to acknowledge, all but a twentieth of the time; undefined: not known. */
  roundTripMs (device: DeviceId): number | undefined { return this.#roundTrips.p95Ms(device) }

  hintAll (): void {
    for (const lane of this.#lanes.values()) lane.hint()
  }

  /** Tries the device of an outbox row now. */
  retry (device: DeviceId): void {
    if (this.#isStarted) this.#lane(device).hint()
  }

  /** When a device is tried again; undefined while an attempt is under way or nothing waits for a time. */
  nextTryAtMs (device: DeviceId): number | undefined {
    return this.#lanes.get(idKey(device))?.retryAtMs
  }

  /** An envelope is settled by other means. */
  forget (device: DeviceId, envelopeId: EnvelopeId): void {
    this.#lanes.get(idKey(device))?.forget(envelopeId)
  }

  #lane (device: DeviceId): Lane<DirectLetter> {
    const key = idKey(device)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    const { network, clock, random, reach, reader, directory } = this.#parts
    const lane = new Lane<DirectLetter>({
      network,
      clock,
      random,
      reach,
      target: () => {
        const row = directory.device(device)
        invariant(row !== undefined, 'an outbox row names a known device')
        return targetOf(row)
      },
      load: (afterRow, limit) => reader.outbox.sealed(device, { afterRow, limit }).filter(({ row }) => this.#parts.turn.mayLeave(row)).flatMap(outgoing => this.#letterOf(outgoing)),
      deposit: ({ depositId, body, gateToken: token }) => ({ depositId, body, gateToken: token, lifetimeS: 0, isWake: false }),
      onStored: (letter, sentAtMs) => {
        this.#roundTrips.note(device, clock.now() - sentAtMs)
        this.#stored(letter, sentAtMs)
      },
      onRefused: (letter, refusal) => this.#refused(device, letter, refusal),
      onAttemptFailed: (letters, step, error) => {
        const rows = letters.length > 0 ? letters.map(letter => letter.row) : reader.outbox.sealed(device, { afterRow: 0, limit: TRACED_ROWS_MAX }).map(outgoing => outgoing.row)
        this.#attempted(rows, step, error.message)
        this.#parts.onMissed(rows)
        this.#miss(device)
      }
    })
    this.#lanes.set(key, lane)
    return lane
  }

  /** Of one that has relays, those are tried first. */
  #miss (device: DeviceId): void {
    const { directory, sessions } = this.#parts
    const contact = directory.device(device)?.contact
    if (contact !== undefined && (directory.contact(contact)?.list?.relays.length ?? 0) === 0) sessions.lost(contact)
  }

  #letterOf ({ ciphertext, cipherKind, envelopeId, ...outgoing }: Outgoing): DirectLetter[] {
    if (ciphertext === undefined || cipherKind === undefined || envelopeId === undefined) return []
    return this.#letter({ ...outgoing, kind: cipherKind, ciphertext, envelopeId })
  }

  /**
   * The envelope of a ciphertext. On a connection that proves who we are it travels in the clear form; a contact request goes
   * to somebody who does not know us, so it is sealed, padded, and says itself who asks.
   */
  #letter ({ row, contact, deviceId, envelopeId, refs, gateToken, kind, ciphertext }: Pick<Outgoing, 'row' | 'contact' | 'deviceId' | 'refs' | 'gateToken'> & { readonly envelopeId: EnvelopeId, readonly kind: OutboxCipherKind, readonly ciphertext: Uint8Array }): DirectLetter[] {
    const { account, sealer, directory } = this.#parts
    const inner = { senderDevice: account.own.deviceId, kind, body: ciphertext }
    if (gateToken === undefined) return [letterOf({ row, contact, envelopeId, refs, gateToken, body: encodeEnvelope({ form: 'clear', ciphertext: inner }) })]
    const recipient = directory.device(deviceId)
    if (recipient === undefined) return []
    const padded = padBucket(encodeCiphertext({ ...inner, statement: decodeSignedStatement(account.own.statement) }))
    return [letterOf({ row, contact, envelopeId, refs, gateToken, body: encodeEnvelope({ form: 'sealed', sealed: sealer.sealTo(recipient.identityKey, deviceId, padded) }) })]
  }

  #stored ({ row, contact, refs }: DirectLetter, sentAtMs: number): void {
    const { turn, arrivals, clock } = this.#parts
    if (arrivals.isAnybodyWaiting) {
      for (const ref of refs) {
        if (ref.kind === 'text') arrivals.announce(idKey(ref.id), 'delivered')
      }
    }
    this.#parts.onSettled(row)
    turn.settle([{ type: 'delivered', row, contact, refs, atMs: clock.now(), sentAtMs }])
  }

  /** Returns whether the letter is out of the lane: settled, or to be sealed anew. */
  #refused (device: DeviceId, letter: DirectLetter, { reason, decryptionError }: LetterRefusal): boolean {
    const { turn, sessions, clock } = this.#parts
    switch (afterRefusal(reason)) {
      case 'giveUp':
        turn.settle([{ type: 'refused', row: letter.row, contact: letter.contact, refs: letter.refs, atMs: clock.now(), reason: REFUSAL_WORDS[reason] ?? reason }])
        return true
      case 'awaitRetryRequest':
        if (!this.#retryRates.isAllowed(idKey(device))) break
        void this.#reseal(device, letter, decryptionError)
        return true
      case 'fetchDevices':
        sessions.refresh(letter.contact)
        break
      case 'retryLater':
      case 'awaitAcceptance':
        break
    }
    this.#attempted([letter.row], 'postponed', REFUSAL_WORDS[reason] ?? reason)
    this.#parts.onMissed([letter.row])
    return false
  }

  /** They could not read it: the same contents again, in a new envelope under a session that both sides share. */
  async #reseal (device: DeviceId, letter: DirectLetter, complaint: Uint8Array | undefined): Promise<void> {
    const { turn, sealer, sessions, clock } = this.#parts
    if (!this.#isStarted) return
    try {
      await turn.write((writer, round) => {
        // Taken back or dropped meanwhile: it must not come back to life.
        if (writer.read.outbox.byRow(letter.row)?.state !== 'sealed') return
        writer.outbox.reopen(letter.row, round.nowMs)
        writer.traces.add({ outbox: letter.row, atMs: round.nowMs, step: 'undecryptable', detail: 'the session is out of step' })
      }, () => { sealer.dropSession(device, complaint) })
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      // The row is still there as it was: once the disk has room, it is looked at again.
      clock.timer(STORAGE_RETRY_MS, () => { void this.#reseal(device, letter, complaint) })
      return
    }
    if (sealer.hasSession(device)) turn.seal(device)
    else sessions.obtain(device)
  }

  #attempted (rows: readonly number[], step: string, detail: string): void {
    if (rows.length > 0) this.#parts.turn.settle([{ type: 'attempted', rows, atMs: this.#parts.clock.now(), step, detail }])
  }
}

function letterOf ({ envelopeId, ...letter }: Omit<DirectLetter, 'depositId' | 'sizeBytes'> & { readonly envelopeId: EnvelopeId }): DirectLetter {
  return { ...letter, depositId: envelopeId, sizeBytes: letter.body.byteLength }
}

/** In words, for the trace. */
const REFUSAL_WORDS: Readonly<Record<string, string>> = {
  tooLarge: 'it is too large for them',
  unknownSender: 'they do not know this device',
  badToken: 'the invite is not valid any more',
  full: 'their mailbox is full',
  rate: 'too much at once',
  malformed: 'they could not make sense of it',
  busy: 'they are busy',
  storage: 'their disk is in trouble',
  undecryptable: 'they could not decrypt it',
  notAccepted: 'they have not accepted the contact request yet'
}
