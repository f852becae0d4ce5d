/**
 * What the DHT said a moment ago: a lookup takes 20 kB, and whoever waits for a contact that is gone would ask again and again. The
 * contact's relays are asked anew every time.
 */
import { idKey } from '../../protocols/core/ids.ts'
import { RECORD_ANSWER_KEEP_MS } from '../../protocols/core/limits.ts'
import type { Clock, RecordNetwork, RecordPut } from '../ports.ts'

interface Answer { readonly records: Promise<readonly Uint8Array[]>, readonly untilMs: number }

/** Names remembered: more contacts than these are hardly looked for at a time. */
const NAMES_MAX = 256

export class RecentRecords implements RecordNetwork {
  readonly #records: RecordNetwork
  readonly #clock: Clock
  readonly #answers = new Map<string, Answer>()

  constructor (records: RecordNetwork, clock: Clock) {
    this.#records = records
    this.#clock = clock
  }

  async get (name: Uint8Array): Promise<readonly Uint8Array[]> {
    const key = idKey(name)
    const nowMs = this.#clock.monotonic()
    const known = this.#answers.get(key)
    if (known !== undefined && known.untilMs > nowMs) return await known.records
    if (this.#answers.size >= NAMES_MAX) this.#answers.clear()
    const records = this.#records.get(name)
    this.#answers.set(key, { records, untilMs: nowMs + RECORD_ANSWER_KEEP_MS })
    return await records
  }

  async put (name: Uint8Array, record: Uint8Array): Promise<RecordPut> { return await this.#records.put(name, record) }
}
