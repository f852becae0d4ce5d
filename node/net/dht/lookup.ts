/**
 * What the events of a lookup and of a publication say. kad-dht's own conclusions are not used: its `get` throws a good value away
 * when one peer that had an older one refuses to be corrected, and its `put` succeeds when nobody has taken anything.
 */
import type { QueryEvent } from '@libp2p/kad-dht'
import { equals, toString } from 'uint8arrays'
import { DHT_ANSWERS_ENOUGH } from '../../../protocols/core/limits.ts'
import type { RecordPut } from '../../ports.ts'

/** Gathers the different records that peers have shown; kad-dht has had each validated. */
export class Findings {
  readonly #records = new Map<string, Uint8Array>()
  readonly #answered = new Set<string>()
  readonly #done = Promise.withResolvers<undefined>()

  get records (): Uint8Array[] { return [...this.#records.values()] }

  /** When waiting longer would hardly tell more. */
  get done (): Promise<undefined> { return this.#done.promise }

  /** Rejects as kad-dht does; what came before counts all the same. */
  async gather (events: AsyncIterable<QueryEvent>): Promise<void> {
    try {
      for await (const event of events) this.#take(event)
    } finally {
      this.#done.resolve(undefined)
    }
  }

  #take (event: QueryEvent): void {
    // Everybody has answered: from here on, those who have an older record are told.
    if (event.name === 'SEND_QUERY' && event.messageName === 'PUT_VALUE') this.#done.resolve(undefined)
    // Our own, when we keep records.
    if (event.name === 'VALUE') this.#add(event.value)
    if (event.name !== 'PEER_RESPONSE' || event.messageName !== 'GET_VALUE') return
    this.#answered.add(event.from.toString())
    if (event.record !== undefined) this.#add(event.record.value)
    if (this.#answered.size >= DHT_ANSWERS_ENOUGH && this.#records.size > 0) this.#done.resolve(undefined)
  }

  #add (record: Uint8Array): void {
    const key = toString(record, 'latin1')
    if (!this.#records.has(key)) this.#records.set(key, Uint8Array.from(record))
  }
}

/** Counts who has shown the very same bytes back. */
export class Echoes {
  readonly #record: Uint8Array
  readonly #asked = new Set<string>()
  readonly #echoed = new Set<string>()

  constructor (record: Uint8Array) { this.#record = record }

  get result (): RecordPut { return { echoes: this.#echoed.size, asked: this.#asked.size } }

  async count (events: AsyncIterable<QueryEvent>): Promise<void> {
    for await (const event of events) {
      if (event.name === 'SEND_QUERY' && event.messageName === 'PUT_VALUE') this.#asked.add(event.to.toString())
      if (event.name !== 'PEER_RESPONSE' || event.messageName !== 'PUT_VALUE') continue
      if (event.record !== undefined && equals(event.record.value, this.#record)) this.#echoed.add(event.from.toString())
    }
  }
}
