/**
 * The records that a relay keeps for the DHT, and what it refuses to keep: an older one than it has, and more than it has room
 * for. In memory: after a restart the other keepers have them, and whoever published them does so again within half a day.
 */
import { decodeRecord, selectRecord } from '../../../protocols/directory/record.ts'
import { DHT_BYTES_MAX, DHT_OWN_SHARE, DHT_RECORDS_MAX } from '../../../protocols/core/limits.ts'
import { equals } from 'uint8arrays'

export interface ShelfLimits {
  readonly recordsMax: number
  /** Of the records alone. */
  readonly bytesMax: number
}

export const SHELF_LIMITS: ShelfLimits = { recordsMax: DHT_RECORDS_MAX, bytesMax: DHT_BYTES_MAX }

interface Shelved { readonly record: Uint8Array, readonly notAfterMs: number }

export type Outcome = 'stored' | 'same' | 'older' | 'full'

export class Shelf {
  readonly #limits: ShelfLimits
  readonly #records = new Map<string, Shelved>()
  #bytes = 0

  constructor (limits: ShelfLimits) { this.#limits = limits }

  get count (): number { return this.#records.size }

  get bytes (): number { return this.#bytes }

  has (name: string): boolean { return this.#records.has(name) }

  get (name: string, nowMs: number): Uint8Array | undefined {
    const held = this.#records.get(name)
    return held === undefined || held.notAfterMs <= nowMs ? undefined : held.record
  }

  /**
   * Takes a valid record in, unless a better one is there. An expired one still counts: otherwise its time would open the door to
   * an older one. `isOwn`: of one of the relay's own users.
   */
  offer (name: string, record: Uint8Array, isOwn: boolean): Outcome {
    const held = this.#records.get(name)
    if (held !== undefined && equals(held.record, record)) return 'same'
    if (held !== undefined && selectRecord(held.record, record) === held.record) return 'older'
    if (held === undefined && this.#isFull(record.byteLength, isOwn)) return 'full'
    // It may be a view into a much larger buffer.
    this.#records.set(name, { record: Uint8Array.from(record), notAfterMs: decodeRecord(record).notAfterMs })
    this.#bytes += record.byteLength - (held?.record.byteLength ?? 0)
    return 'stored'
  }

  /** Drops what has expired. Returns how many. */
  sweep (nowMs: number): number {
    let swept = 0
    for (const [name, { record, notAfterMs }] of this.#records) {
      if (notAfterMs > nowMs) continue
      this.#records.delete(name)
      this.#bytes -= record.byteLength
      swept += 1
    }
    return swept
  }

  #isFull (addedBytes: number, isOwn: boolean): boolean {
    const share = isOwn ? 1 : 1 - DHT_OWN_SHARE
    return this.#records.size + 1 > this.#limits.recordsMax * share || this.#bytes + addedBytes > this.#limits.bytesMax * share
  }
}
