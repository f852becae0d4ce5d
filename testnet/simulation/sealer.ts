/**
 * The sealer port without cryptography, and with the same rules: a session per device pair, a fresh key for every message, each
 * key good for one decryption, everything durable only with the transaction. What it encrypts can be read, so the simulator
 * can check that no key was ever used for two different texts.
 */
import { createHash } from 'node:crypto'
import { deviceIdOf } from '../../protocols/account/identity.ts'
import { idKey, type AccountId, type DeviceId } from '../../protocols/core/ids.ts'
import { UntrustedError } from '../../protocols/core/errors.ts'
import { IDENTITY_KEY_BYTES } from '../../protocols/core/limits.ts'
import type { Bundle } from '../../protocols/prekeys/prekeys_pb.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { Own } from '../../store/types.ts'
import type { Decrypted, OwnIdentity, Sealed, Sealer } from '../../node/ports.ts'
import type { SeededRandom } from './random.ts'

/** One ratchet: messages to the device under `id` with counter `next`, messages from it by session and counter. */
interface Session {
  /** Of the session that we encrypt under; undefined: given up. */
  readonly id: string | undefined
  readonly next: number
  /** They have answered under this session: it needs no PreKey header any more. */
  readonly isAnswered: boolean
  /** What was decrypted, by session. */
  readonly taken: Readonly<Record<string, Taken>>
}

/** Counters: every one below `before` from where their side began, and those apart, which came out of turn. */
interface Taken { readonly before: number, readonly apart: readonly number[] }

/** Where the side that was called begins to count, so that no counter of a session is used by both. */
const ANSWERING_FROM = 1_000_000
const NONE: Session = { id: undefined, next: 0, isAnswered: false, taken: {} }

interface Header { readonly session: string, readonly counter: number, readonly from: string, readonly identity: string, readonly prekey: number | undefined }

export class SimSealer implements Sealer {
  readonly #own: Own
  readonly #reader: Reader
  readonly #random: SeededRandom
  readonly #now: () => number
  readonly #work = new Map<string, { device: DeviceId, session: Session }>()
  readonly #vouched = new Map<string, Uint8Array>()
  #spentPrekeys: number[] = []
  #newPrekeys = 0

  constructor ({ own, reader, random, now }: { readonly own: Own, readonly reader: Reader, readonly random: SeededRandom, readonly now: () => number }) {
    this.#own = own
    this.#reader = reader
    this.#random = random
    this.#now = now
  }

  hasSession (device: DeviceId): boolean { return this.#session(device).id !== undefined }

  vouch (device: DeviceId, identityKey: Uint8Array): void { this.#vouched.set(idKey(device), identityKey) }

  startSession (device: DeviceId, bundle: Bundle): Promise<void> {
    const trusted = this.#trustedKey(device)
    if (trusted === undefined || !sameBytes(trusted, bundle.identityKey)) return Promise.reject(new UntrustedError('another key'))
    const id = hex(this.#random.bytes(8))
    this.#put(device, { ...this.#session(device), id: bundle.oneTimePrekeyId === undefined ? `${id}~` : `${id}~${bundle.oneTimePrekeyId}`, next: 0, isAnswered: false })
    return Promise.resolve()
  }

  dropSession (device: DeviceId, complaint?: Uint8Array): void {
    const session = this.#session(device)
    if (complaint !== undefined && session.id !== Buffer.from(complaint).toString()) return
    this.#put(device, { ...session, id: undefined, next: 0, isAnswered: false })
  }

  encrypt (device: DeviceId, plaintext: Uint8Array): Promise<Sealed> {
    const session = this.#session(device)
    if (session.id === undefined || this.#trustedKey(device) === undefined) return Promise.reject(new UntrustedError('not listed'))
    const [, prekey] = session.id.split('~')
    const header: Header = { session: session.id, counter: session.next, from: hex(this.#own.deviceId), identity: hex(publicOf(this.#own.identityKey)), prekey: prekey === undefined || prekey === '' ? undefined : Number(prekey) }
    this.#put(device, { ...session, next: session.next + 1 })
    return Promise.resolve({ kind: session.isAnswered ? 'whisper' : 'prekey', body: join(header, plaintext) })
  }

  decrypt (device: DeviceId, sealed: Sealed): Promise<Decrypted> {
    const { header, plaintext } = split(sealed.body)
    const failed = (reason: 'duplicate' | 'noSession' | 'untrusted' | 'unknownPrekey'): Promise<Decrypted> => Promise.resolve({ type: 'failed', reason, decryptionError: Buffer.from(header.session) })
    const trusted = this.#trustedKey(device)
    if (trusted === undefined || hex(trusted) !== header.identity) return failed('untrusted')
    const session = this.#session(device)
    const known = session.taken[header.session]
    if (known !== undefined && isTaken(known, header.counter)) return failed('duplicate')
    const isKnown = session.id === header.session || known !== undefined
    if (!isKnown) {
      if (sealed.kind === 'whisper') return failed('noSession')
      if (header.prekey !== undefined && !this.#spend(header.prekey)) return failed('unknownPrekey')
    }
    // Whoever starts last wins on both sides, as in libsignal: the newest session that arrived is answered under.
    const taken = { ...session.taken, [header.session]: withTaken(known, header.counter) }
    this.#put(device, isKnown
      ? { ...session, isAnswered: session.isAnswered || session.id === header.session, taken }
      : { id: header.session, next: ANSWERING_FROM, isAnswered: true, taken })
    return Promise.resolve({ type: 'plaintext', bytes: plaintext })
  }

  write (writer: Writer): void {
    for (const { device, session } of this.#work.values()) writer.keys.saveSession(device, Buffer.from(JSON.stringify(session)), this.#now())
    for (const id of this.#spentPrekeys) {
      writer.keys.removeOneTime(id)
      writer.keys.removeOneTimeKem(id)
    }
    if (this.#newPrekeys > 0) {
      if (writer.read.keys.newestSigned() === undefined) {
        writer.keys.addSigned(1, Buffer.from([1]), this.#now())
        writer.keys.addLastResort(1, Buffer.from([1]), this.#now())
      }
      const first = writer.keys.nextId('oneTime', this.#newPrekeys)
      for (let id = first; id < first + this.#newPrekeys; id++) {
        writer.keys.addOneTime(id, Buffer.from([id]))
        writer.keys.addOneTimeKem(id, Buffer.from([id]))
      }
    }
  }

  settle (): void {
    this.#work.clear()
    this.#vouched.clear()
    this.#spentPrekeys = []
    this.#newPrekeys = 0
  }

  discard (): void { this.settle() }

  sealTo (identityKey: Uint8Array, device: DeviceId, plaintext: Uint8Array): Uint8Array {
    return Buffer.concat([Buffer.from(device), plaintext])
  }

  openSealed (sealed: Uint8Array): Uint8Array | undefined {
    return sameBytes(sealed.subarray(0, 16), this.#own.deviceId) ? sealed.subarray(16) : undefined
  }

  openManySealed (sealed: readonly Uint8Array[]): Promise<Array<Uint8Array | undefined>> { return Promise.resolve(sealed.map(one => this.openSealed(one))) }

  signConsent (account: AccountId): Uint8Array { return consentOf(publicOf(this.#own.identityKey), account) }
  verifyConsent (identityKey: Uint8Array, account: AccountId, consent: Uint8Array): boolean { return sameBytes(consentOf(identityKey, account), consent) }

  refillPrekeys (reader: Reader): boolean {
    const { oneTime } = reader.keys.stock()
    this.#newPrekeys = oneTime < 5 ? 10 : 0
    return this.#newPrekeys > 0
  }

  issueBundle (writer: Writer, { nowMs, withOneTime }: { readonly nowMs: number, readonly withOneTime: boolean }): Bundle {
    const issued = withOneTime ? writer.keys.issueOneTime(nowMs) : undefined
    const filler = new Uint8Array(1)
    return {
      $typeName: 'skein.prekeys.v1.Bundle',
      deviceId: this.#own.deviceId,
      registrationId: this.#own.registrationId,
      identityKey: publicOf(this.#own.identityKey),
      signedPrekeyId: 1,
      signedPrekey: new Uint8Array(33),
      signedPrekeySignature: new Uint8Array(64),
      kemPrekeyId: issued?.kem.id ?? 1,
      kemPrekey: new Uint8Array(1569),
      kemPrekeySignature: new Uint8Array(64),
      isLastResort: issued === undefined,
      ...issued === undefined ? {} : { oneTimePrekeyId: issued.oneTime.id },
      oneTimePrekey: issued === undefined ? filler.subarray(1) : new Uint8Array(33)
    }
  }

  issueShard (writer: Writer, { nowMs, count }: { readonly nowMs: number, readonly count: number }): ReturnType<Sealer['issueShard']> {
    const first = count === 0 ? 0 : writer.keys.nextId('oneTime', count)
    const signature = new Uint8Array(64)
    return {
      deviceId: this.#own.deviceId,
      registrationId: this.#own.registrationId,
      identityKey: publicOf(this.#own.identityKey),
      signedPrekey: { id: 1, key: new Uint8Array(33), signature },
      lastResort: { id: 1, key: new Uint8Array(1569), signature },
      oneTime: Array.from({ length: count }, (_, index) => {
        const id = first + index
        writer.keys.addShardPair({ oneTime: { id, record: Buffer.from([1]) }, kem: { id, record: Buffer.from([1]) } }, nowMs)
        return { id, key: new Uint8Array(33), kem: { id, key: new Uint8Array(1569), signature } }
      })
    }
  }

  #spend (id: number): boolean {
    if (this.#spentPrekeys.includes(id) || this.#reader.keys.oneTime(id) === undefined) return false
    this.#spentPrekeys.push(id)
    return true
  }

  #session (device: DeviceId): Session {
    const worked = this.#work.get(idKey(device))
    if (worked !== undefined) return worked.session
    const record = this.#reader.keys.session(device)
    return record === undefined ? NONE : JSON.parse(Buffer.from(record).toString()) as Session
  }

  #put (device: DeviceId, session: Session): void { this.#work.set(idKey(device), { device, session }) }

  #trustedKey (device: DeviceId): Uint8Array | undefined {
    const row = this.#reader.devices.byId(device)
    return this.#vouched.get(idKey(device)) ?? (row?.isListed === true ? row.identityKey : undefined)
  }
}

function isTaken ({ before, apart }: Taken, counter: number): boolean { return (counter >= firstOf(counter) && counter < before) || apart.includes(counter) }

function withTaken (taken: Taken | undefined, counter: number): Taken {
  const apart = new Set(taken?.apart).add(counter)
  let before = taken?.before ?? firstOf(counter)
  while (apart.delete(before)) before += 1
  return { before, apart: [...apart] }
}

function firstOf (counter: number): number { return counter < ANSWERING_FROM ? 0 : ANSWERING_FROM }

/** The keys of a simulated device. */
export function simIdentity (random: SeededRandom, peerId: string): OwnIdentity {
  const publicIdentityKey = Uint8Array.from([5, ...random.bytes(IDENTITY_KEY_BYTES - 1)])
  return {
    deviceId: deviceIdOf(publicIdentityKey),
    identityKey: publicIdentityKey,
    publicIdentityKey,
    registrationId: 1 + random.below(16_000),
    networkKey: random.bytes(36),
    peerId,
    signConsent: account => consentOf(publicIdentityKey, account)
  }
}

/** Session, counter and plaintext of a simulated ciphertext: what the invariants look at. */
export function keyUse (body: Uint8Array): { readonly key: string, readonly content: string } {
  const { header, plaintext } = split(body)
  return { key: `${header.from}/${header.session}/${header.counter}`, content: createHash('sha256').update(plaintext).digest('hex') }
}

function publicOf (identityKey: Uint8Array): Uint8Array { return identityKey }

function consentOf (identityKey: Uint8Array, account: AccountId): Uint8Array {
  return createHash('sha512').update(identityKey).update(account).digest()
}

function join (header: Header, plaintext: Uint8Array): Uint8Array {
  const head = Buffer.from(JSON.stringify(header))
  const length = Buffer.alloc(2)
  length.writeUInt16BE(head.length)
  return Buffer.concat([length, head, plaintext])
}

function split (body: Uint8Array): { readonly header: Header, readonly plaintext: Uint8Array } {
  const buffer = Buffer.from(body)
  const length = buffer.readUInt16BE()
  return { header: JSON.parse(buffer.subarray(2, 2 + length).toString()) as Header, plaintext: Uint8Array.from(buffer.subarray(2 + length)) }
}

function hex (bytes: Uint8Array): string { return Buffer.from(bytes).toString('hex') }
function sameBytes (left: Uint8Array, right: Uint8Array): boolean { return Buffer.compare(left, right) === 0 }
