/**
 * A relay hands its users' records on to the DHT: at once when one is new, and each again every half a day, since keepers there forget
 * it and its owner may be away for a week. Law: docs/protocols/directory.md, "In the DHT".
 */
import { RECORD_PUBLISH_JITTER_MS, RECORD_PUBLISH_MS } from '../../protocols/core/limits.ts'
import { toString } from 'uint8arrays'
import type { NamedRecord, RelayReader } from '../../store/relay/types.ts'
import type { Clock, Random, RecordNetwork, Timer } from '../ports.ts'

export interface RepublisherParts {
  readonly reader: Pick<RelayReader, 'recordsAfter' | 'totals'>
  readonly records: RecordNetwork
  readonly clock: Clock
  readonly random: Random
}

/** One step of the walk through all records, so that half a day's work is spread over half a day. */
const STEP_MS = 60_000
/** Publications under way: each takes some twenty peers. */
const RUNNING_MAX = 4
/** New records that wait; a relay that gets more at once leaves the rest to the walk. */
const WAITING_MAX = 4_096
const NAME_BYTES = 32

export class Republisher {
  readonly #parts: RepublisherParts
  /** By name: a record that changes while it waits goes once, in its last version. */
  readonly #waiting = new Map<string, NamedRecord>()
  #after: Uint8Array
  #running = 0
  #timer: Timer | undefined
  #isStopped = true

  constructor (parts: RepublisherParts) {
    this.#parts = parts
    // Names are hashes: a walk that begins anywhere meets all alike, and relays that restart often do not favour the first ones.
    this.#after = parts.random.bytes(NAME_BYTES)
  }

  start (): void {
    this.#isStopped = false
    this.#arm()
  }

  stop (): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#waiting.clear()
  }

  /** An owner has put a record here. */
  take (name: Uint8Array, record: Uint8Array): void {
    if (this.#isStopped || this.#waiting.size >= WAITING_MAX) return
    this.#waiting.set(toString(name, 'base32'), { name, record })
    this.#drain()
  }

  #arm (): void {
    this.#timer = this.#parts.clock.timer(STEP_MS, () => {
      this.#step()
      this.#arm()
    })
  }

  /** As many as the walk needs to be round in half a day, more or less by chance. */
  #step (): void {
    const { reader, random, clock } = this.#parts
    const roundMs = RECORD_PUBLISH_MS + RECORD_PUBLISH_JITTER_MS * (2 * random.fraction() - 1)
    const share = reader.totals().records * STEP_MS / roundMs
    // A share of 0.2 is one record in every fifth step.
    const count = Math.floor(share) + (random.fraction() < share % 1 ? 1 : 0)
    for (const { name, record, expiresAtMs } of this.#next(count)) if (expiresAtMs > clock.now()) this.take(name, record)
  }

  #next (count: number): ReturnType<RelayReader['recordsAfter']> {
    if (count === 0) return []
    const { reader } = this.#parts
    const ahead = reader.recordsAfter(this.#after, count)
    // Round the end, to the first ones.
    const records = ahead.length === count ? ahead : [...ahead, ...reader.recordsAfter(new Uint8Array(), count - ahead.length)]
    this.#after = records.at(-1)?.name ?? this.#after
    return records
  }

  #drain (): void {
    while (this.#running < RUNNING_MAX) {
      const [first] = this.#waiting
      if (first === undefined) return
      this.#waiting.delete(first[0])
      void this.#publish(first[1])
    }
  }

  async #publish ({ name, record }: NamedRecord): Promise<void> {
    this.#running += 1
    await this.#parts.records.put(name, record)
    this.#running -= 1
    this.#drain()
  }
}
