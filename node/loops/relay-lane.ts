/**
 * One relay's lane: copies for all mailboxes there of people we write to, over one stream. A lane (lane.ts) carries them; here is what a
 * copy is made of and what the relay's answer proves.
 */
import { merkleTree, storedLeaf, storedSigningInput, type Evidence, type StoredFacts } from '../../protocols/deposit/custody.ts'
import type { Hello } from '../../protocols/deposit/hello.ts'
import type { Deposit, ResultBatch } from '../../protocols/deposit/wire.ts'
import { sha256 } from '@noble/hashes/sha2.js'
import { padBucket } from '../../protocols/envelope/padding.ts'
import { encodeCiphertext, encodeEnvelope, type Ciphertext } from '../../protocols/envelope/wire.ts'
import { depositMac, type DerivedAlias } from '../../protocols/mailbox/alias.ts'
import type { ListedRelay } from '../../protocols/account/wire.ts'
import { idKey, type DeviceId, type EnvelopeId } from '../../protocols/core/ids.ts'
import { ENVELOPE_BUCKETS_BYTES, ENVELOPE_BYTES_MAX } from '../../protocols/core/limits.ts'
import { networkKeyOf } from '../../protocols/core/peer-id.ts'
import type { Ref } from '../../store/types.ts'
import type { Clock, Network, PeerTarget, Random, Sealer } from '../ports.ts'
import type { Reach } from '../failpoints.ts'
import { Lane, type Letter, type LetterRefusal } from './lane.ts'

/** A copy on its way to a relay. */
export interface RelayLetter extends Letter {
  readonly contact: number
  readonly deviceId: DeviceId
  readonly identityKey: Uint8Array
  readonly refs: readonly Ref[]
  /** As the recipient's list of today says where it is. */
  readonly relay: ListedRelay
  readonly door: DerivedAlias
  readonly ciphertext: Ciphertext
  readonly expiresAtMs: number
  /** For a gate that asked for it, on this stream. */
  readonly work: Uint8Array | undefined
}

/** Whether a signature is this key's over exactly these bytes. */
export type VerifySignature = (publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array) => boolean

export interface RelayLaneParts {
  readonly relay: ListedRelay
  readonly network: Network
  readonly sealer: Sealer
  readonly clock: Clock
  readonly random: Random
  readonly reach: Reach
  readonly verify: VerifySignature
  /** The letter of an outbox row for this relay; undefined: it needs no copy there any more. */
  readonly letterOf: (row: number) => RelayLetter | undefined
  readonly onStored: (letter: RelayLetter, evidence: Evidence | undefined) => void
  /** Returns whether the letter is out of the lane. */
  readonly onRefused: (letter: RelayLetter, refusal: LetterRefusal) => boolean
  readonly onAttemptFailed: (rows: readonly number[], step: 'unreachable' | 'unanswered', error: Error) => void
}

/** The longest that a deposit may ask for: 32 bits. */
const LIFETIME_S_MAX = 0xffffffff
const NO_NONCE = new Uint8Array(0)

export class RelayLane {
  readonly #parts: RelayLaneParts
  readonly #lane: Lane<RelayLetter, Evidence>
  /** Rows that a copy is due of, rising. */
  readonly #rows: number[] = []
  readonly #publicKey: Uint8Array | undefined
  /** Of the stream that is open: work is done for it. */
  nonce: Uint8Array = NO_NONCE

  constructor (parts: RelayLaneParts) {
    this.#parts = parts
    this.#publicKey = networkKeyOf(parts.relay.peerId)
    const { network, clock, random, reach } = parts
    this.#lane = new Lane({
      network,
      clock,
      random,
      reach,
      target: () => this.#target(),
      load: (afterRow, limit) => this.#load(afterRow, limit),
      deposit: (letter, hello) => this.#deposit(letter, hello),
      prove: (batch, depositOf) => this.#prove(batch, depositOf),
      onStored: (letter, _sentAtMs, evidence) => {
        this.remove(letter.row)
        parts.onStored(letter, evidence)
      },
      onRefused: (letter, refusal) => {
        const isOut = parts.onRefused(letter, refusal)
        if (isOut) this.remove(letter.row)
        return isOut
      },
      onAttemptFailed: (letters, step, error) => parts.onAttemptFailed(letters.length > 0 ? letters.map(({ row }) => row) : this.#rows, step, error)
    })
  }

  get isEmpty (): boolean { return this.#rows.length === 0 }
  get retryAtMs (): number | undefined { return this.#lane.retryAtMs }

  has (row: number): boolean { return this.#rows[this.#place(row)] === row }

  /** A copy of this row is due. */
  add (row: number): void {
    const place = this.#place(row)
    if (this.#rows[place] === row) return
    this.#rows.splice(place, 0, row)
    this.#lane.wake(row)
  }

  remove (row: number): void {
    const place = this.#place(row)
    if (this.#rows[place] === row) this.#rows.splice(place, 1)
  }

  /** It may answer now. */
  hint (): void { this.#lane.hint() }
  stop (): void { this.#lane.stop() }

  /**
   * Where the list of somebody who waits says that the relay is: of anybody, so that a list that is old or wrong holds up the others
   * for one attempt and not for good.
   */
  #target (): PeerTarget {
    const { random, relay, letterOf } = this.#parts
    const row = this.#rows[Math.floor(random.fraction() * this.#rows.length)]
    return (row === undefined ? undefined : letterOf(row)?.relay) ?? relay
  }

  /** The first place whose row is not below. */
  #place (row: number): number {
    let [low, high] = [0, this.#rows.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#rows[middle] ?? 0) < row) low = middle + 1
      else high = middle
    }
    return low
  }

  #load (afterRow: number, limit: number): RelayLetter[] {
    const letters: RelayLetter[] = []
    let place = this.#place(afterRow + 1)
    while (place < this.#rows.length && letters.length < limit) {
      const row = this.#rows[place] ?? 0
      const letter = this.#parts.letterOf(row)
      if (letter === undefined) {
        this.#rows.splice(place, 1)
      } else {
        letters.push(letter)
        place += 1
      }
    }
    return letters
  }

  /** Sealed afresh each time: two relays, or one relay twice, cannot tell that it is the same letter. */
  #deposit ({ depositId, deviceId, identityKey, ciphertext, door, refs, expiresAtMs, work }: RelayLetter, hello: Hello): Deposit {
    const { sealer, clock } = this.#parts
    this.nonce = hello.nonce ?? NO_NONCE
    const body = encodeEnvelope({ form: 'sealed', sealed: sealer.sealTo(identityKey, deviceId, padBucket(encodeCiphertext(ciphertext))) })
    const lifetimeS = Math.min(LIFETIME_S_MAX, Math.max(1, Math.ceil((expiresAtMs - clock.now()) / 1000)))
    const isWake = refs.some(({ kind }) => kind === 'text' || kind === 'change' || kind === 'request')
    const mac = depositMac(door.macKey, { nonce: this.nonce, depositId, lifetimeS, isWake, body })
    return { depositId, body, lifetimeS, isWake, gateToken: undefined, alias: door.alias, mac, work }
  }

  /** What the batch proves: nothing, unless all of it was deposited here and the relay has signed for all of it. */
  #prove ({ results, relayTimeMs, signature }: ResultBatch, depositOf: (id: EnvelopeId) => Deposit | undefined): ReadonlyMap<string, Evidence> {
    const facts: StoredFacts[] = []
    for (const result of results) {
      if (result.type !== 'stored') continue
      const deposit = depositOf(result.depositId)
      const { expiresAtMs, aliasEpoch } = result
      if (deposit?.alias === undefined || relayTimeMs === undefined || expiresAtMs === undefined || aliasEpoch === undefined) return NOTHING_PROVEN
      facts.push({ alias: deposit.alias, depositId: result.depositId, bodyHash: sha256(deposit.body), relayTimeMs, expiresAtMs, aliasEpoch })
    }
    if (facts.length === 0 || signature === undefined || this.#publicKey === undefined) return NOTHING_PROVEN
    const { root, paths } = merkleTree(facts.map(storedLeaf))
    if (!this.#parts.verify(this.#publicKey, storedSigningInput(root), signature)) return NOTHING_PROVEN
    return new Map(facts.map((fact, index) => [idKey(fact.depositId), { ...fact, index, count: facts.length, path: paths[index] ?? [], signature }]))
  }
}

const NOTHING_PROVEN: ReadonlyMap<string, Evidence> = new Map()

/** What a sealed body of this content will have: the smallest bucket that it fits. */
export function sealedSizeBytes (ciphertextBytes: number): number {
  return ENVELOPE_BUCKETS_BYTES.find(bucket => ciphertextBytes + 512 <= bucket) ?? ENVELOPE_BYTES_MAX
}
