/**
 * What one turn collects while it works: events to append before the commit, and consequences in memory to carry out after it.
 * A turn that fails drops its round, and nothing of it has happened.
 */
import { idKey, type ContentId, type DeviceId } from '../../protocols/core/ids.ts'
import { DELIVERY_LIFETIME_MS, RECEIPT_IDS_MAX } from '../../protocols/core/limits.ts'
import type { EVENT_TYPES } from '../../protocols/local/schema.ts'
import type { Writer } from '../../store/writer.ts'
import type { Device, OwnState } from '../../store/types.ts'
import type { BlobsTold } from './blobs-told.ts'
import type { SealedEnvelope } from './sealed-envelope.ts'

export type EventType = typeof EVENT_TYPES[number]

interface PendingEvent { readonly type: EventType, readonly contact: number, readonly detail: string, readonly refs: ContentId[] }

interface Owed { readonly device: Device, readonly ids: ContentId[] }

interface Incoming { count: number, lastRow: number }

export class Round {
  readonly nowMs: number
  readonly #events: PendingEvent[] = []
  readonly #incoming = new Map<number, Incoming>()
  /** Devices with contents that wait to be sealed. */
  readonly toSeal = new Map<string, DeviceId>()
  /** Contacts whose rows changed: the directory reads them again. */
  readonly toForget = new Set<number>()
  /** Contacts whose device list is behind what they told us. */
  readonly toLookUp = new Set<number>()
  /** Contacts that somebody may be able to reach now: new addresses, new devices, an acceptance. */
  readonly toHint = new Set<number>()
  /** Envelopes that were written beside those that the turn seals: retry requests. */
  readonly leaving: SealedEnvelope[] = []
  /** What came through a relay, by device: a receipt is the only proof that its author gets. */
  readonly owed = new Map<string, Owed>()
  readonly blobs: BlobsTold = { offered: [], arrived: [], noticed: [], dropped: [] }
  readonly states: Array<{ readonly id: ContentId, readonly state: OwnState, readonly reason: string | undefined }> = []

  constructor (nowMs: number) {
    this.nowMs = nowMs
  }

  /** An event about messages: those of one kind and contact become one row. */
  tellMessage (type: EventType, contact: number, id: ContentId): void {
    const known = this.#events.find(event => event.type === type && event.contact === contact && event.detail === '')
    if (known === undefined) this.#events.push({ type, contact, detail: '', refs: [id] })
    else known.refs.push(id)
  }

  /** An event about a contact or ourselves. `text` says in words what the type leaves open. */
  tell (type: EventType, contact: number, text = ''): void {
    this.#events.push({ type, contact, detail: text === '' ? '' : JSON.stringify({ text }), refs: [] })
  }

  countIncoming (contact: number, row: number): void {
    const known = this.#incoming.get(contact)
    if (known === undefined) this.#incoming.set(contact, { count: 1, lastRow: row })
    else {
      known.count += 1
      known.lastRow = row
    }
  }

  /** An own message is the newest of its conversation. */
  noteOwn (contact: number, row: number): void {
    const known = this.#incoming.get(contact)
    if (known === undefined) this.#incoming.set(contact, { count: 0, lastRow: row })
    else known.lastRow = row
  }

  seal (device: DeviceId): void {
    this.toSeal.set(idKey(device), device)
  }

  owe (device: Device, ids: readonly ContentId[]): void {
    const key = idKey(device.deviceId)
    const known = this.owed.get(key)
    if (known === undefined) this.owed.set(key, { device, ids: [...ids] })
    else known.ids.push(...ids)
  }

  get hasEvents (): boolean { return this.#events.length > 0 }

  write (writer: Writer): void {
    for (const owed of this.owed.values()) writeReceipts(owed, writer, this.nowMs)
    for (const [contact, { count, lastRow }] of this.#incoming) writer.conversations.addUnread(contact, count, lastRow)
    for (const { type, contact, detail, refs } of this.#events) writer.events.append({ atMs: this.nowMs, type, contact, refs, detail })
  }
}

/** As many as one content takes share a row. */
function writeReceipts ({ device: { deviceId, contact }, ids }: Owed, writer: Writer, nowMs: number): void {
  for (let start = 0; start < ids.length; start += RECEIPT_IDS_MAX) {
    const refs = ids.slice(start, start + RECEIPT_IDS_MAX).map(id => ({ kind: 'delivered' as const, id }))
    writer.outbox.waiting({ deviceId, contact, refs, queuedAtMs: nowMs, expiresAtMs: nowMs + DELIVERY_LIFETIME_MS })
  }
}
