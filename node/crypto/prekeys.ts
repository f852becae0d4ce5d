/**
 * Our prekeys within a unit of work: which ones a first flight has used up, which last-resort uses it made, and which new
 * ones wait to be stored. The database changes in write() alone. Law: docs/protocols/session.md, "Prekeys".
 */
import { KyberPreKeyRecord, LibSignalErrorBase, PreKeyRecord, PrivateKey, SignedPreKeyRecord } from '@signalapp/libsignal-client'
import type { IdentityKeyPair, KEMKeyPair } from '@signalapp/libsignal-client'
import { toString } from 'uint8arrays'
import { SIGNED_PREKEY_KEEP_MS } from '../../protocols/core/limits.ts'
import { isRefillNeeded, refillOf } from '../../protocols/prekeys/stock.ts'
import type { Stock } from '../../protocols/prekeys/stock.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import { owned } from './boundary.ts'
import { kemRecord, makeKemPrekey, makeSignedPrekey, oneTimeRecord, signedRecord } from './keys.ts'
import type { SignedPair } from './keys.ts'

/** Why a first flight cannot be taken: libsignal's stores can say no only by throwing. */
export class PrekeyRefusal extends Error {
  override name = 'PrekeyRefusal'
  readonly reason: 'unknownPrekey' | 'replayed'
  constructor (reason: 'unknownPrekey' | 'replayed') {
    super(reason)
    this.reason = reason
  }
}

/** A first flight's use of an ML-KEM key. */
export interface KemUse { readonly kemId: number, readonly signedId: number, readonly baseKey: Uint8Array }

export class Prekeys {
  readonly #reader: Reader
  readonly #usedOneTime = new Set<number>()
  readonly #usedOneTimeKem = new Set<number>()
  readonly #lastResortUses = new Map<string, KemUse>()
  #newOneTime: PrivateKey[] = []
  #newOneTimeKem: Array<SignedPair<KEMKeyPair>> = []
  #newSigned: SignedPair<PrivateKey> | undefined
  #newLastResort: SignedPair<KEMKeyPair> | undefined

  constructor (reader: Reader) { this.#reader = reader }

  get isChanged (): boolean {
    return this.#usedOneTime.size + this.#usedOneTimeKem.size + this.#lastResortUses.size > 0 || this.#hasNew
  }

  get #hasNew (): boolean {
    return this.#newOneTime.length + this.#newOneTimeKem.length > 0 || this.#newSigned !== undefined || this.#newLastResort !== undefined
  }

  /** Makes what the stock lacks: about 10 ms for a full set of both kinds. Returns whether it lacked anything. */
  refill (keys: Reader['keys'], identity: IdentityKeyPair, nowMs: number): boolean {
    const { privateKey } = identity
    const lacking = refillOf(this.#stockOf(keys), nowMs)
    for (let count = 0; count < lacking.oneTime; count++) this.#newOneTime.push(PrivateKey.generate())
    for (let count = 0; count < lacking.oneTimeKem; count++) this.#newOneTimeKem.push(makeKemPrekey(privateKey))
    if (lacking.isSignedDue) this.#newSigned ??= makeSignedPrekey(privateKey)
    if (lacking.isLastResortDue) this.#newLastResort ??= makeKemPrekey(privateKey)
    return isRefillNeeded(lacking)
  }

  write (writer: Writer, nowMs: number): void {
    for (const id of this.#usedOneTime) writer.keys.removeOneTime(id)
    for (const id of this.#usedOneTimeKem) writer.keys.removeOneTimeKem(id)
    for (const use of this.#lastResortUses.values()) writer.keys.markLastResortUsed(use.kemId, use.signedId, use.baseKey)
    this.#writeOneTime(writer, nowMs)
    this.#writeRotated(writer, nowMs)
  }

  /** After settle() the database has it all, after discard() nobody has: either way nothing is held any longer. */
  clear (): void {
    this.#usedOneTime.clear()
    this.#usedOneTimeKem.clear()
    this.#lastResortUses.clear()
    this.#newOneTime = []
    this.#newOneTimeKem = []
    this.#newSigned = undefined
    this.#newLastResort = undefined
  }

  /** @throws PrekeyRefusal when it is not ours, or used already; so do the other two */
  oneTime (id: number): PreKeyRecord {
    return open(PreKeyRecord, this.#usedOneTime.has(id) ? undefined : this.#reader.keys.oneTime(id))
  }

  signed (id: number): SignedPreKeyRecord { return open(SignedPreKeyRecord, this.#reader.keys.signed(id)) }

  kem (id: number): KyberPreKeyRecord {
    return open(KyberPreKeyRecord, this.#oneTimeKem(id) ?? this.#reader.keys.lastResort(id))
  }

  useOneTime (id: number): void { this.#usedOneTime.add(id) }

  /**
   * A replayed first flight to the last-resort key would decrypt again and again: that key does not wear out (PQXDH, 4.2).
   * @throws PrekeyRefusal when the same first flight has been here
   */
  useKem (use: KemUse): void {
    if (this.#oneTimeKem(use.kemId) !== undefined) {
      this.#usedOneTimeKem.add(use.kemId)
      return
    }
    const key = `${use.kemId}:${use.signedId}:${toString(use.baseKey, 'hex')}`
    const isReplayed = this.#lastResortUses.has(key) || this.#reader.keys.isLastResortUsed(use.kemId, use.signedId, use.baseKey)
    if (isReplayed) throw new PrekeyRefusal('replayed')
    this.#lastResortUses.set(key, use)
  }

  /** With what is made but not stored yet. */
  #stockOf (keys: Reader['keys']): Stock {
    const { oneTime, oneTimeKem } = keys.stock()
    return {
      oneTime: oneTime + this.#newOneTime.length,
      oneTimeKem: oneTimeKem + this.#newOneTimeKem.length,
      signedAtMs: keys.newestSigned()?.createdAtMs,
      lastResortAtMs: keys.newestLastResort()?.createdAtMs
    }
  }

  #oneTimeKem (id: number): Uint8Array | undefined {
    return this.#usedOneTimeKem.has(id) ? undefined : this.#reader.keys.oneTimeKem(id)
  }

  /**
   * Both ML-KEM kinds take their ids from one counter: a first flight names its ML-KEM key by number alone, and the number
   * must say whether the key is the repeat-use one.
   */
  #writeOneTime (writer: Writer, nowMs: number): void {
    if (this.#newOneTime.length > 0) {
      const firstId = writer.keys.nextId('oneTime', this.#newOneTime.length)
      this.#newOneTime.forEach((key, index) => writer.keys.addOneTime(firstId + index, oneTimeRecord(firstId + index, key)))
    }
    if (this.#newOneTimeKem.length > 0) {
      const firstId = writer.keys.nextId('oneTimeKem', this.#newOneTimeKem.length)
      this.#newOneTimeKem.forEach((key, index) => writer.keys.addOneTimeKem(firstId + index, kemRecord(firstId + index, key, nowMs)))
    }
  }

  #writeRotated (writer: Writer, nowMs: number): void {
    if (this.#newSigned !== undefined) {
      const id = writer.keys.nextId('signed', 1)
      writer.keys.addSigned(id, signedRecord(id, this.#newSigned, nowMs), nowMs)
    }
    if (this.#newLastResort !== undefined) {
      const id = writer.keys.nextId('oneTimeKem', 1)
      writer.keys.addLastResort(id, kemRecord(id, this.#newLastResort, nowMs), nowMs)
    }
    if (this.#newSigned !== undefined || this.#newLastResort !== undefined) pruneOld(writer, nowMs)
  }
}

/** A first flight names its signed prekey, too: once that is gone, the one-time keys given away with it serve nobody. */
function pruneOld (writer: Writer, nowMs: number): void {
  writer.keys.pruneSigned(nowMs - SIGNED_PREKEY_KEEP_MS)
  writer.keys.pruneOneTime(nowMs - SIGNED_PREKEY_KEEP_MS)
}

/** A record that libsignal cannot read any more is as good as none: the other side starts afresh from a new bundle. */
function open<Prekey> (kind: { readonly deserialize: (record: Uint8Array<ArrayBuffer>) => Prekey }, record: Uint8Array | undefined): Prekey {
  if (record === undefined) throw new PrekeyRefusal('unknownPrekey')
  try {
    return kind.deserialize(owned(record))
  } catch (thrown) {
    throw thrown instanceof LibSignalErrorBase ? new PrekeyRefusal('unknownPrekey') : thrown
  }
}
