/**
 * What kad-dht takes for its database. It would write whatever passes its validator over whatever is there, as much of it as
 * anybody sends (js-libp2p #3377): so the rules are here, where every write comes by.
 */
import { BaseDatastore } from 'datastore-core/base'
import type { Key, Pair } from 'interface-datastore'
import { NotFoundError } from '@libp2p/interface'
import { equals, fromString, toString } from 'uint8arrays'
import { RefusedError } from '../../../protocols/core/errors.ts'
import { DHT_NEW_NAMES_PER_HOUR } from '../../../protocols/core/limits.ts'
import { dhtKey, nameOfDhtKey, selectRecord } from '../../../protocols/directory/record.ts'
import { Rates } from '../../rates.ts'
import type { Clock } from '../../ports.ts'
import type { Shelf } from './shelf.ts'
import { unwrap, wrap } from './wrapping.ts'

export interface GuardParts {
  readonly clock: Clock
  readonly shelf: Shelf
  /** What is kept elsewhere here, of our own users. */
  readonly own: (name: Uint8Array) => Uint8Array | undefined
  /** Whose message is being dealt with; undefined: we write for ourselves. */
  readonly writer: () => string | undefined
}

/** kad-dht keeps the record of a key under this and the key's bytes in base32. */
const RECORD = /^\/dht\/record\/(?<key>[a-z2-7]+)$/

export class GuardedDatastore extends BaseDatastore {
  readonly #parts: GuardParts
  readonly #newNames: Rates

  constructor (parts: GuardParts) {
    super()
    this.#parts = parts
    this.#newNames = new Rates(parts.clock, () => ({ burst: DHT_NEW_NAMES_PER_HOUR, perSecond: DHT_NEW_NAMES_PER_HOUR / 3600 }))
  }

  /**
   * Of a value that kad-dht has had validated.
   * @throws RefusedError when it is refused: the peer then gets no echo, and so knows
   * @throws MalformedError when it is no record
   */
  override put (key: Key, bytes: Uint8Array): Key {
    const name = nameIn(key)
    // Providers of content, which kad-dht serves as well: nobody needs them here.
    if (name === undefined) throw refused('only directory records are kept')
    const { shelf, own, writer } = this.#parts
    const peerId = writer()
    const { value } = unwrap(bytes)
    const ours = own(fromString(name, 'base32'))
    if (ours !== undefined && !equals(ours, value) && selectRecord(ours, value) === ours) throw refused('a newer record is here')
    if (peerId !== undefined && ours === undefined && !shelf.has(name) && !this.#newNames.isAllowed(peerId)) throw refused('too many new names')
    const outcome = shelf.offer(name, value, peerId === undefined || ours !== undefined)
    if (outcome === 'older') throw refused('a newer record is here')
    if (outcome === 'full') throw refused('no room')
    return key
  }

  /** Shown as if it had come this moment: until when it counts is what its owner has signed. */
  override get (key: Key): Uint8Array {
    const { clock, shelf, own } = this.#parts
    const name = nameIn(key)
    if (name === undefined) throw new NotFoundError()
    const bytes = fromString(name, 'base32')
    const [kept, ours] = [shelf.get(name, clock.now()), own(bytes)]
    const value = kept !== undefined && ours !== undefined ? selectRecord(kept, ours) : kept ?? ours
    if (value === undefined) throw new NotFoundError()
    return wrap({ key: dhtKey(bytes), value }, clock.now())
  }

  /** kad-dht drops by age what the sweeper drops by expiry. */
  override delete (): void { /* stays */ }

  override async * _all (): AsyncGenerator<Pair> { /* no providers */ }
}

/** The record's name in base32, or undefined. */
function nameIn (key: Key): string | undefined {
  const encoded = RECORD.exec(key.toString())?.groups?.['key']
  return encoded === undefined ? undefined : toString(nameOfDhtKey(fromString(encoded, 'base32')), 'base32')
}

function refused (reason: string): RefusedError { return new RefusedError(`the record is refused: ${reason}`) }
