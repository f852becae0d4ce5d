/**
 * Finding a contact whose devices do not answer: the relays that we know of and the DHT are asked at once, and the newest entry that
 * proves itself counts. Each of them may be gone, lag behind or lie; one that does not is enough. What was believed once is pinned:
 * nobody can take us back. Law: docs/protocols/directory.md, "Looking up".
 */
import { decodeDirectoryAnswer, DIRECTORY_VERSION, encodeDirectoryRequest, type Entry } from '../../protocols/directory/wire.ts'
import { recordName, selectRecord } from '../../protocols/directory/record.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import { MalformedError, UnreachableError } from '../../protocols/core/errors.ts'
import { DIRECTORY_RELAYS_MAX, LOCATE_GRACE_MS } from '../../protocols/core/limits.ts'
import type { Reader } from '../../store/reader.ts'
import type { Contact } from '../../store/types.ts'
import type { Directory } from '../directory.ts'
import type { Clock, Network, PeerTarget, RecordNetwork, Sealer } from '../ports.ts'
import { DIRECTORY_PROTOCOL } from '../protocols.ts'
import type { Turn } from '../turn/turn.ts'
import { readEntry, type Found, type SecretBox, type Sought } from './entries.ts'
import type { OfferedStatement } from './statements.ts'

export interface LocateParts {
  readonly reader: Reader
  readonly directory: Directory
  readonly network: Network
  /** undefined: without a DHT. */
  readonly records: RecordNetwork | undefined
  readonly sealer: Pick<Sealer, 'verifyConsent'>
  readonly clock: Clock
  readonly turn: Turn
  readonly box: SecretBox
}

/** How somebody who was asked fared. `older`: behind what we have seen, or restored from a copy. `forged`: shows what proves nothing. */
export interface Testimony {
  /** A relay's PeerId; undefined: the DHT. */
  readonly relay: string | undefined
  readonly says: 'found' | 'older' | 'forged' | 'unknown' | 'silent'
}

export interface Located {
  /** Where the contact has mailboxes, as its newest entry says, or as we knew before. */
  readonly relays: readonly ListedRelay[]
  /** Its device list, verified; whether it is newer than the one we hold is for `adoptStatement`. undefined: nobody has shown one. */
  readonly statement: OfferedStatement | undefined
  readonly testimonies: readonly Testimony[]
}

/** Looks for a contact. Rejects only with StorageError: finding nothing is an answer. */
export async function locate (contact: Contact, parts: LocateParts): Promise<Located> {
  const known = knownRelays(contact, parts)
  const { recordKey, readKey, accountId } = contact
  if (recordKey === undefined || readKey === undefined) return { relays: known, statement: undefined, testimonies: [] }
  const pinnedSeq = parts.reader.facts.number(pinOf(contact)) ?? 0
  const search = new Search({ accountId, recordKey, readKey, pinnedSeq }, parts)
  await search.first(known)
  const newest = search.newest()
  // The DHT has records alone: the list that a record names is at the relays that it names.
  if (newest !== undefined && newest.statement === undefined) await search.then(newest.relays)
  const seq = search.newest()?.seq ?? 0
  if (seq > pinnedSeq) await parts.turn.write(writer => { writer.facts.set(pinOf(contact), Math.max(seq, writer.read.facts.number(pinOf(contact)) ?? 0)) })
  return { relays: search.newest()?.relays ?? known, statement: search.statement(), testimonies: search.testimonies }
}

/** The seq of the newest entry that we have ever believed of a contact. */
function pinOf ({ contact }: Contact): string { return `record.pin:${contact}` }

/** Where the contact's last device list puts its mailboxes, and where its invite did. */
function knownRelays ({ contact }: Contact, { reader, directory }: LocateParts): ListedRelay[] {
  const relays = new Map<string, ListedRelay>()
  for (const relay of directory.contact(contact)?.list?.relays ?? []) relays.set(relay.peerId, relay)
  for (const { peerId, address, isRelay } of reader.hints.ofContact(contact)) {
    if (isRelay) relays.set(peerId, { peerId, addresses: [...relays.get(peerId)?.addresses ?? [], address] })
  }
  return [...relays.values()].slice(0, DIRECTORY_RELAYS_MAX)
}

class Search {
  readonly testimonies: Testimony[] = []
  readonly #sought: Sought
  readonly #parts: LocateParts
  readonly #name: Uint8Array
  readonly #asked = new Set<string>()
  #found: Found[] = []

  constructor (sought: Sought, parts: LocateParts) {
    this.#sought = sought
    this.#parts = parts
    this.#name = recordName(sought.recordKey)
  }

  /** Asks everybody at once. */
  async first (relays: readonly ListedRelay[]): Promise<void> {
    await this.#untilEnough([this.#askDht(), ...relays.map(relay => this.#askRelay(relay))], () => this.#found.length > 0)
  }

  /** Asks those that were not asked yet. */
  async then (relays: readonly ListedRelay[]): Promise<void> {
    const others = relays.filter(({ peerId }) => !this.#asked.has(peerId))
    await this.#untilEnough(others.map(relay => this.#askRelay(relay)), () => this.statement() !== undefined)
  }

  newest (): Found | undefined {
    const [first, ...others] = this.#found
    return others.reduce((best, other) => best !== undefined && selectRecord(best.record, other.record) === best.record ? best : other, first)
  }

  /** The newest of the lists that came with an entry; one that came with an older entry is as true, and may be the same. */
  statement (): OfferedStatement | undefined {
    return [...this.#found].sort((left, right) => right.seq - left.seq).find(({ statement }) => statement !== undefined)?.statement
  }

  /** Once somebody has told enough, the others have a moment to tell something newer. */
  async #untilEnough (questions: ReadonlyArray<Promise<void>>, isEnough: () => boolean): Promise<void> {
    const { clock } = this.#parts
    const { promise, resolve } = Promise.withResolvers<undefined>()
    let timer: { readonly cancel: () => void } | undefined
    const watched = questions.map(async question => {
      await question
      if (isEnough()) timer ??= clock.timer(LOCATE_GRACE_MS, () => { resolve(undefined) })
    })
    await Promise.race([Promise.all(watched), promise])
    timer?.cancel()
  }

  async #askDht (): Promise<void> {
    const records = await this.#parts.records?.get(this.#name) ?? []
    if (records.length === 0 && this.#parts.records !== undefined) this.testimonies.push({ relay: undefined, says: 'unknown' })
    for (const record of records) this.#hear({ record }, undefined)
  }

  async #askRelay (relay: PeerTarget): Promise<void> {
    this.#asked.add(relay.peerId)
    try {
      const bytes = await this.#parts.network.request(relay, DIRECTORY_PROTOCOL, encodeDirectoryRequest({ type: 'get', version: DIRECTORY_VERSION, name: this.#name }))
      const answer = decodeDirectoryAnswer(bytes)
      if (answer.type === 'entry') this.#hear(answer.entry, relay.peerId)
      else this.testimonies.push({ relay: relay.peerId, says: 'unknown' })
    } catch (error) {
      if (!(error instanceof UnreachableError || error instanceof MalformedError)) throw error
      this.testimonies.push({ relay: relay.peerId, says: error instanceof MalformedError ? 'forged' : 'silent' })
    }
  }

  #hear (entry: Pick<Entry, 'record'> & Partial<Entry>, relay: string | undefined): void {
    const { box, sealer, clock } = this.#parts
    const found = readEntry(entry, this.#sought, { box, sealer, nowMs: clock.now() })
    if (typeof found !== 'string') this.#found = [...this.#found, found]
    this.testimonies.push({ relay, says: typeof found === 'string' ? found : 'found' })
  }
}
