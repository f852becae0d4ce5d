/**
 * The only door to libsignal's ratchet: PQXDH, the triple ratchet, HPKE and identity signatures behind the Sealer port.
 * What changes stays in a unit of work (work.ts) until it is written. Law: docs/protocols/session.md and envelope.md.
 */
import {
  CiphertextMessageType, ErrorCode, LibSignalErrorBase, PreKeySignalMessage, processPreKeyBundle, signalDecrypt,
  signalDecryptPreKey, signalEncrypt, SignalMessage
} from '@signalapp/libsignal-client'
import { equals } from 'uint8arrays'
import { asError, MalformedError, UntrustedError } from '../../protocols/core/errors.ts'
import type { AccountId, DeviceId } from '../../protocols/core/ids.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import type { Bundle } from '../../protocols/prekeys/prekeys_pb.ts'
import type { Reader } from '../../store/reader.ts'
import type { Writer } from '../../store/writer.ts'
import type { Clock, Decrypted, Sealed, Sealer } from '../ports.ts'
import { owned, publicKeyOrNone } from './boundary.ts'
import { issueBundle, openBundle } from './bundle.ts'
import type { IssueOptions } from './bundle.ts'
import { isAboutCurrentState } from './complaint.ts'
import { signConsent, verifyConsent } from './consent.ts'
import { failed, reasonOf } from './failure.ts'
import { localOf } from './local.ts'
import type { Local, OwnDevice } from './local.ts'
import { ENVELOPE_INFO, Opener } from './opener.ts'
import type { Remote } from './remote.ts'
import { issueShard, type ShardOptions } from './shard.ts'
import { UnitOfWork } from './work.ts'

/** libsignal's typings give a message's type as a plain number. */
const PREKEY_TYPE: number = CiphertextMessageType.PreKey

export interface SignalSealerOptions {
  readonly own: OwnDevice
  readonly reader: Reader
  readonly clock: Pick<Clock, 'now'>
  /** Default: SESSIONS_CACHED_MAX. */
  readonly sessionsCachedMax?: number
}

export class SignalSealer implements Sealer {
  readonly #local: Local
  readonly #clock: Pick<Clock, 'now'>
  readonly #work: UnitOfWork
  readonly #opener: Opener

  constructor ({ own, reader, clock, sessionsCachedMax }: SignalSealerOptions) {
    this.#local = localOf(own)
    this.#clock = clock
    this.#opener = new Opener({ privateKey: this.#local.identity.privateKey.serialize(), device: owned(this.#local.device) })
    this.#work = new UnitOfWork(this.#local, reader, sessionsCachedMax)
  }

  hasSession (device: DeviceId): boolean { return this.#work.peek(device).session?.hasCurrentState(this.#now()) ?? false }

  vouch (device: DeviceId, identityKey: Uint8Array): void {
    this.#work.involve(device).trust = { identityKey }
  }

  /**
   * @throws UntrustedError when the bundle's identity key is not the one in the accepted list
   * @throws MalformedError when the bundle is another device's, holds no keys, or is not signed by its identity key
   */
  async startSession (device: DeviceId, bundle: Bundle): Promise<void> {
    const remote = this.#trusted(device)
    if (!equals(bundle.deviceId, device)) throw new MalformedError('prekey bundle', 'must be of the device that was asked for')
    if (!remote.isTrusted(bundle.identityKey)) throw new UntrustedError('The identity key of a prekey bundle is not the accepted one')
    const opened = openBundle(bundle)
    const { address } = this.#local
    await this.#work.alone(async () => {
      try {
        await processPreKeyBundle(opened, remote.address, address, remote.sessionStore, remote.identityStore, this.#now())
      } catch (thrown) {
        if (!(thrown instanceof LibSignalErrorBase)) throw thrown
        throw new MalformedError('prekey bundle', 'its prekeys must be signed by its identity key')
      }
    })
  }

  /**
   * The next message needs a fresh bundle. Late messages of the other side still decrypt; on a device that is no longer
   * listed when this is written, nothing of the session is kept.
   * @param complaint the other side's DecryptionErrorMessage: one about an earlier session leaves the current one alone
   */
  dropSession (device: DeviceId, complaint?: Uint8Array): void {
    const remote = this.#work.involve(device)
    if (complaint === undefined || isAboutCurrentState(remote.session, complaint)) remote.archive()
  }

  /**
   * There must be a session that has not ended: see `hasSession`.
   * @throws UntrustedError when the device is not listed, or its session is with another key than the accepted one
   */
  async encrypt (device: DeviceId, plaintext: Uint8Array): Promise<Sealed> {
    const remote = this.#trusted(device)
    const { address } = this.#local
    return await this.#work.alone(async () => {
      try {
        const message = await signalEncrypt(owned(plaintext), remote.address, address, remote.sessionStore, remote.identityStore, this.#now())
        return { kind: message.type() === PREKEY_TYPE ? 'prekey' : 'whisper', body: message.serialize() }
      } catch (thrown) {
        throw encryptFault(thrown)
      }
    })
  }

  async decrypt (device: DeviceId, sealed: Sealed): Promise<Decrypted> {
    const remote = this.#work.involve(device)
    if (remote.trust?.identityKey === undefined) return failed('untrusted', sealed)
    if (sealed.kind === 'whisper' && remote.session === undefined) return failed('noSession', sealed)
    return await this.#work.alone(async () => {
      try {
        return { type: 'plaintext', bytes: await this.#decrypt(remote, sealed) }
      } catch (thrown) {
        return failed(reasonOf(thrown, this.#work.prekeyStores.takeFault()), sealed)
      }
    })
  }

  write (writer: Writer): void { this.#work.write(writer, this.#clock.now()) }

  settle (): void { this.#work.settle() }

  discard (): void { this.#work.discard() }

  /** @throws MalformedError when `identityKey` is no key */
  sealTo (identityKey: Uint8Array, device: DeviceId, plaintext: Uint8Array): Uint8Array {
    const key = publicKeyOrNone(identityKey)
    if (key === undefined) throw new MalformedError('identity key', 'must be a Curve25519 key with its type byte')
    return key.seal(owned(plaintext), ENVELOPE_INFO, owned(device))
  }

  openSealed (sealed: Uint8Array): Uint8Array | undefined { return this.#opener.openNow(sealed) }

  async openManySealed (sealed: readonly Uint8Array[]): Promise<ReadonlyArray<Uint8Array | undefined>> { return await this.#opener.open(sealed) }

  signConsent (account: AccountId): Uint8Array { return signConsent(this.#local.identity.privateKey, account) }

  verifyConsent (identityKey: Uint8Array, account: AccountId, consent: Uint8Array): boolean {
    return verifyConsent(identityKey, account, consent)
  }

  refillPrekeys (reader: Reader, nowMs: number): boolean { return this.#work.refill(reader, nowMs) }

  issueBundle (writer: Writer, options: IssueOptions): Bundle | undefined { return issueBundle(this.#local, writer, options) }

  issueShard (writer: Writer, options: ShardOptions): ReturnType<Sealer['issueShard']> { return issueShard(this.#local, writer, options) }

  #trusted (device: DeviceId): Remote {
    const remote = this.#work.involve(device)
    if (remote.trust?.identityKey === undefined) throw new UntrustedError('The device is not in an accepted device list')
    return remote
  }

  async #decrypt (remote: Remote, sealed: Sealed): Promise<Uint8Array> {
    const body = owned(sealed.body)
    const { address } = this.#local
    if (sealed.kind === 'whisper') return await signalDecrypt(SignalMessage.deserialize(body), remote.address, address, remote.sessionStore, remote.identityStore)
    const { prekeyStores } = this.#work
    return await signalDecryptPreKey(PreKeySignalMessage.deserialize(body), remote.address, address, remote.sessionStore, remote.identityStore, prekeyStores.oneTime, prekeyStores.signed, prekeyStores.kem)
  }

  #now (): Date { return new Date(this.#clock.now()) }
}

/** libsignal's own errors name addresses: they go no further. Without a session its code says no more than "Generic". */
function encryptFault (thrown: unknown): Error {
  if (!(thrown instanceof LibSignalErrorBase)) return asError(thrown)
  if (thrown.code === ErrorCode.UntrustedIdentity) return new UntrustedError('The identity key of a session is not the accepted one')
  return new InvariantError(`broken invariant: there is a session to encrypt with (libsignal ${ErrorCode[thrown.code]})`)
}
