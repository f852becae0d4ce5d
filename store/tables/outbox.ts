/** Envelopes on their way out, one row for one device: from waiting for a session to settled. */
import { idKey, type ContentId, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import type { Database, SqlValue, Statement } from '../database.ts'
import { decodeRefs, encodeRefs } from '../refs.ts'
import { CIPHER_KIND, OUTBOX_STATE, UNADDRESSED, type OutboxCipherKind, type Outgoing, type OutboxState, type Ref } from '../types.ts'
import { bytesOrNothing, deviceIdOf, envelopeIdOf, namesOf } from './columns.ts'

interface OutboxRow {
  readonly row: number
  readonly device_id: Uint8Array
  readonly contact: number
  readonly envelope_id: Uint8Array | null
  readonly cipher_kind: number | null
  readonly state: number
  readonly attempts: number
  readonly queued_at: number
  readonly sealed_at: number | null
  readonly sent_at: number | null
  readonly settled_at: number | null
  readonly expires_at: number
  readonly gate_token: Uint8Array | null
  readonly refs: Uint8Array
  readonly ciphertext: Uint8Array | null
}

/** A device with open rows. */
export interface OpenDevice {
  readonly deviceId: DeviceId
  readonly contact: number
  readonly waitingCount: number
  readonly sealedCount: number
  readonly oldestQueuedAtMs: number
}

interface OpenDeviceRow {
  readonly device_id: Uint8Array
  readonly contact: number
  readonly waiting: number
  readonly sealed: number
  readonly oldest: number
}

const STATE_NAME = namesOf(OUTBOX_STATE)
const CIPHER_NAME = namesOf(CIPHER_KIND)

/** Waiting or sealed. Written out in every statement, because SQLite must see it to use the partial indexes. */
const OPEN = `state <= ${OUTBOX_STATE.sealed}`

export class OutboxReader {
  readonly #byRow: Statement<[number], OutboxRow>
  readonly #byEnvelope: Statement<[EnvelopeId], OutboxRow>
  readonly #ofMessage: Statement<[ContentId], OutboxRow>
  readonly #ofDevice: Statement<[DeviceId], OutboxRow>
  readonly #sealed: Statement<[DeviceId, number, number], OutboxRow>
  readonly #waiting: Statement<[DeviceId, number], OutboxRow>
  readonly #unaddressed: Statement<[DeviceId, number], OutboxRow>
  readonly #openDevices: Statement<[], OpenDeviceRow>
  readonly #expired: Statement<[number, number], OutboxRow>
  readonly #openCount: Statement<[], { readonly count: number }>

  constructor (database: Database) {
    this.#byRow = database.prepare('SELECT * FROM outbox WHERE row = ?')
    this.#byEnvelope = database.prepare('SELECT * FROM outbox WHERE envelope_id = ?')
    this.#ofMessage = database.prepare('SELECT outbox.* FROM outbox_messages CROSS JOIN outbox ON outbox.row = outbox_messages.outbox WHERE message = ? ORDER BY outbox.row')
    this.#ofDevice = database.prepare(`SELECT * FROM outbox WHERE device_id = ? AND ${OPEN} ORDER BY row`)
    this.#sealed = database.prepare(`SELECT * FROM outbox WHERE device_id = ? AND state = ${OUTBOX_STATE.sealed} AND ${OPEN} AND row > ? ORDER BY row LIMIT ?`)
    this.#waiting = database.prepare(`SELECT * FROM outbox WHERE device_id = ? AND state = ${OUTBOX_STATE.waiting} AND ${OPEN} ORDER BY row LIMIT ?`)
    this.#unaddressed = database.prepare(`SELECT * FROM outbox WHERE device_id = ? AND state = ${OUTBOX_STATE.waiting} AND ${OPEN} AND contact = ? ORDER BY row`)
    this.#openDevices = database.prepare(`SELECT open.device_id, outbox.contact, waiting, sealed, oldest FROM
      (SELECT device_id, sum(state = ${OUTBOX_STATE.waiting}) AS waiting, sum(state = ${OUTBOX_STATE.sealed}) AS sealed, min(queued_at) AS oldest, min(row) AS first
        FROM outbox INDEXED BY outbox_open WHERE ${OPEN} GROUP BY device_id) AS open CROSS JOIN outbox ON outbox.row = first`)
    this.#expired = database.prepare(`SELECT * FROM outbox WHERE ${OPEN} AND expires_at <= ? ORDER BY expires_at LIMIT ?`)
    this.#openCount = database.prepare(`SELECT count(*) AS count FROM outbox WHERE ${OPEN}`)
  }

  byRow (row: number): Outgoing | undefined { return outgoingOrNothing(this.#byRow.get(row)) }

  byEnvelope (envelope: EnvelopeId): Outgoing | undefined { return outgoingOrNothing(this.#byEnvelope.get(envelope)) }

  /** Every envelope that the message or change is in, also settled ones until they are pruned. */
  ofMessage (message: ContentId): Outgoing[] { return this.#ofMessage.all(message).map(outgoingOf) }

  /** Its open rows, in order. */
  ofDevice (device: DeviceId): Outgoing[] { return this.#ofDevice.all(device).map(outgoingOf) }

  /** In order, after a row: rows get ever higher numbers. */
  sealed (device: DeviceId, { afterRow, limit }: { readonly afterRow: number, readonly limit: number }): Outgoing[] {
    return this.#sealed.all(device, afterRow, limit).map(outgoingOf)
  }

  /** Those that wait for a session, in order. */
  waiting (device: DeviceId, limit: number): Outgoing[] { return this.#waiting.all(device, limit).map(outgoingOf) }

  /** Those that wait until this contact has devices, in order. */
  unaddressed (contact: number): Outgoing[] { return this.#unaddressed.all(UNADDRESSED, contact).map(outgoingOf) }

  /** Every device with open rows; UNADDRESSED among them. */
  openDevices (): OpenDevice[] {
    return this.#openDevices.all().map(row => ({
      deviceId: deviceIdOf(row.device_id), contact: row.contact, waitingCount: row.waiting, sealedCount: row.sealed, oldestQueuedAtMs: row.oldest
    }))
  }

  /** Open and past their time, the longest first. */
  expired (nowMs: number, limit: number): Outgoing[] { return this.#expired.all(nowMs, limit).map(outgoingOf) }

  openCount (): number { return this.#openCount.get()?.count ?? 0 }
}

/** What shall go into an envelope once there is a session. */
export interface NewWaiting {
  readonly deviceId: DeviceId
  readonly contact: number
  readonly refs: readonly Ref[]
  readonly gateToken?: Uint8Array
  readonly queuedAtMs: number
  readonly expiresAtMs: number
}

export interface NewSealed extends NewWaiting {
  readonly envelopeId: EnvelopeId
  readonly cipherKind: OutboxCipherKind
  readonly ciphertext: Uint8Array
  readonly sealedAtMs: number
}

export class OutboxWriter {
  readonly #create: Statement<SqlValue[], never>
  readonly #link: Statement<[Uint8Array, number], never>
  readonly #unlink: Statement<[number], never>
  readonly #relink: Statement<[number, number], never>
  readonly #retrace: Statement<[number, number], never>
  readonly #untrace: Statement<[number], never>
  readonly #uncopy: Statement<[number], never>
  readonly #remove: Statement<[number], never>
  readonly #markSent: Statement<[number, number], never>
  readonly #settle: Statement<[number, number, number], never>
  readonly #settleSent: Statement<[number, number, number, number], never>
  readonly #reopen: Statement<[number, number], never>
  readonly #refs: Statement<[number], { readonly refs: Uint8Array }>
  readonly #unlinkOne: Statement<[ContentId, number], never>
  readonly #setRefs: Statement<[Uint8Array, number], never>
  readonly #keepRefs: Statement<[Uint8Array, number], never>
  readonly #dropDevice: Statement<[number, DeviceId], never>
  readonly #settled: Statement<[number, number], { readonly row: number }>

  constructor (database: Database) {
    this.#create = database.prepare(`INSERT INTO outbox (device_id, contact, refs, gate_token, queued_at, expires_at, state, attempts, envelope_id, cipher_kind, sealed_at, ciphertext)
      VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)`)
    this.#link = database.prepare('INSERT INTO outbox_messages (message, outbox) VALUES (?, ?) ON CONFLICT DO NOTHING')
    this.#unlink = database.prepare('DELETE FROM outbox_messages WHERE outbox = ?')
    this.#relink = database.prepare('UPDATE OR IGNORE outbox_messages SET outbox = ? WHERE outbox = ?')
    this.#retrace = database.prepare('UPDATE traces SET outbox = ? WHERE outbox = ?')
    this.#untrace = database.prepare('DELETE FROM traces WHERE outbox = ?')
    this.#uncopy = database.prepare('DELETE FROM copies WHERE outbox = ?')
    this.#remove = database.prepare('DELETE FROM outbox WHERE row = ?')
    this.#markSent = database.prepare('UPDATE outbox SET attempts = attempts + 1, sent_at = ? WHERE row = ?')
    this.#settle = database.prepare(`UPDATE outbox SET state = ?, settled_at = ?, ciphertext = NULL WHERE row = ? AND ${OPEN}`)
    this.#settleSent = database.prepare(`UPDATE outbox SET state = ?, settled_at = ?, ciphertext = NULL, sent_at = ?, attempts = attempts + 1 WHERE row = ? AND ${OPEN}`)
    this.#reopen = database.prepare(`UPDATE outbox SET state = ${OUTBOX_STATE.waiting}, attempts = 0, queued_at = ?, envelope_id = NULL, cipher_kind = NULL,
      ciphertext = NULL, sealed_at = NULL, sent_at = NULL, settled_at = NULL WHERE row = ?`)
    this.#refs = database.prepare(`SELECT refs FROM outbox WHERE row = ? AND ${OPEN}`)
    this.#unlinkOne = database.prepare('DELETE FROM outbox_messages WHERE message = ? AND outbox = ?')
    this.#setRefs = database.prepare(`UPDATE outbox SET state = ${OUTBOX_STATE.waiting}, refs = ?, envelope_id = NULL, cipher_kind = NULL, ciphertext = NULL, sealed_at = NULL WHERE row = ?`)
    this.#keepRefs = database.prepare('UPDATE outbox SET refs = ? WHERE row = ?')
    this.#dropDevice = database.prepare(`UPDATE outbox SET state = ${OUTBOX_STATE.cancelled}, settled_at = ?, ciphertext = NULL WHERE device_id = ? AND ${OPEN}`)
    this.#settled = database.prepare(`SELECT row FROM outbox WHERE state > ${OUTBOX_STATE.sealed} AND settled_at < ? ORDER BY settled_at LIMIT ?`)
  }

  /** An envelope ready to leave. Returns its row. */
  sealed (row: NewSealed): number {
    return this.#add(row, this.#create.insert(row.deviceId, row.contact, encodeRefs(row.refs), row.gateToken, row.queuedAtMs, row.expiresAtMs,
      OUTBOX_STATE.sealed, row.envelopeId, CIPHER_KIND[row.cipherKind], row.sealedAtMs, row.ciphertext))
  }

  /** Contents that wait for a session. Returns their row. */
  waiting (row: NewWaiting): number {
    return this.#add(row, this.#create.insert(row.deviceId, row.contact, encodeRefs(row.refs), row.gateToken, row.queuedAtMs, row.expiresAtMs,
      OUTBOX_STATE.waiting, undefined, undefined, undefined, undefined))
  }

  /** A waiting row whose contents are in a sealed one now, with its links and what is left of its trace. */
  remove (row: number): void {
    this.#unlink.run(row)
    this.#untrace.run(row)
    this.#uncopy.run(row)
    this.#remove.run(row)
  }

  /** The messages and the trace of a row become another's. */
  relink (fromRow: number, toRow: number): void {
    this.#relink.run(toRow, fromRow)
    this.#unlink.run(fromRow)
    this.#retrace.run(toRow, fromRow)
  }

  /** One more attempt each. */
  markSent (rows: readonly number[], atMs: number): void {
    for (const row of rows) this.#markSent.run(atMs, row)
  }

  /**
   * Ends an open row and forgets its ciphertext; a settled row never changes again. `sentAtMs`: the attempt that got it there,
   * for those that were not marked as sent before.
   */
  // eslint-disable-next-line max-params -- runs for every envelope: no object for each call
  settle (row: number, state: Exclude<OutboxState, 'waiting' | 'sealed'>, atMs: number, sentAtMs?: number): void {
    if (sentAtMs === undefined) this.#settle.run(OUTBOX_STATE[state], atMs, row)
    else this.#settleSent.run(OUTBOX_STATE[state], atMs, sentAtMs, row)
  }

  /** The other side could not decrypt it: it waits again, for another envelope. Its lifetime stays. */
  reopen (row: number, atMs: number): void {
    // They are copies of an envelope that is of no use any more.
    this.#uncopy.run(row)
    this.#reopen.run(atMs, row)
  }

  /** Takes a message out of an open row. What else is in it waits to be sealed anew; a row that is empty then is cancelled. */
  withdraw (row: number, message: ContentId, atMs: number): void {
    const found = this.#refs.get(row)
    if (found === undefined) return
    const key = idKey(message)
    const rest = decodeRefs(found.refs).filter(ref => ref.kind !== 'text' || idKey(ref.id) !== key)
    if (rest.length === 0) {
      this.#settle.run(OUTBOX_STATE.cancelled, atMs, row)
      return
    }
    this.#unlinkOne.run(message, row)
    this.#uncopy.run(row)
    this.#setRefs.run(encodeRefs(rest), row)
  }

  /**
   * The device has these contents, whose keys are given: an open row is delivered when none of its messages and changes is missing any
   * more. What else is in it (receipts, a profile) came with them.
   */
  prove (row: number, proven: ReadonlySet<string>, atMs: number): void {
    const found = this.#refs.get(row)
    if (found === undefined) return
    const refs = decodeRefs(found.refs)
    const left = refs.filter(ref => !isOfConversation(ref) || !proven.has(idKey(ref.id)))
    if (!left.some(isOfConversation)) this.#settle.run(OUTBOX_STATE.delivered, atMs, row)
    else if (left.length < refs.length) this.#keepRefs.run(encodeRefs(left), row)
  }

  /** A revoked device gets nothing more. */
  dropDevice (device: DeviceId, atMs: number): void { this.#dropDevice.run(atMs, device) }

  /** Forgets settled rows, the oldest first, with their links and traces. Returns how many. */
  prune (settledBeforeMs: number, limit: number): number {
    const settled = this.#settled.all(settledBeforeMs, limit)
    for (const { row } of settled) this.remove(row)
    return settled.length
  }

  #add ({ refs }: NewWaiting, row: number | undefined): number {
    invariant(row !== undefined, 'a new envelope has a row')
    for (const ref of refs) {
      if (isOfConversation(ref)) this.#link.run(ref.id, row)
    }
    return row
  }
}

/** Messages and what changes them: their rows are found by their ids, and a receipt may name them. */
function isOfConversation ({ kind }: Ref): boolean { return kind === 'text' || kind === 'change' }

function outgoingOrNothing (row: OutboxRow | undefined): Outgoing | undefined { return row === undefined ? undefined : outgoingOf(row) }

function outgoingOf (row: OutboxRow): Outgoing {
  const state = STATE_NAME.get(row.state)
  invariant(state !== undefined, 'an envelope is in a state that has a name')
  return {
    row: row.row,
    deviceId: deviceIdOf(row.device_id),
    contact: row.contact,
    refs: decodeRefs(row.refs),
    envelopeId: row.envelope_id === null ? undefined : envelopeIdOf(row.envelope_id),
    cipherKind: row.cipher_kind === null ? undefined : CIPHER_NAME.get(row.cipher_kind),
    ciphertext: bytesOrNothing(row.ciphertext),
    gateToken: bytesOrNothing(row.gate_token),
    state,
    attempts: row.attempts,
    queuedAtMs: row.queued_at,
    sealedAtMs: row.sealed_at ?? undefined,
    sentAtMs: row.sent_at ?? undefined,
    settledAtMs: row.settled_at ?? undefined,
    expiresAtMs: row.expires_at
  }
}
