/**
 * One other device, as the ratchet sees it. Its session is held twice, as the database has it and as the unit of work has
 * left it: that pair is the whole overlay (docs/protocols/session.md, "Unit of work"). libsignal never changes a record in
 * place but hands over a new one, so going back is an assignment.
 */
import { IdentityChange, IdentityKeyStore, SessionRecord, SessionStore } from '@signalapp/libsignal-client'
import type { IdentityKeyPair, PrivateKey, ProtocolAddress, PublicKey } from '@signalapp/libsignal-client'
import { equals } from 'uint8arrays'
import { deviceId } from '../../protocols/core/ids.ts'
import type { DeviceId } from '../../protocols/core/ids.ts'
import { addressOf } from './boundary.ts'
import type { Local } from './local.ts'

/** The identity key to accept from a device; undefined: none is. */
export interface Trust { readonly identityKey: Uint8Array | undefined }

export class Remote {
  readonly device: DeviceId
  readonly address: ProtocolAddress
  readonly sessionStore: RemoteSessionStore
  readonly identityStore: RemoteIdentityStore
  /** As the unit of work has left it; undefined: there is none. */
  session: SessionRecord | undefined
  /** Undefined until the unit of work asks for it. */
  trust: Trust | undefined
  #settledSession: SessionRecord | undefined

  constructor (local: Local, device: DeviceId, session: SessionRecord | undefined) {
    // A copy: ids are views into the frames they came in, which must not live as long as this.
    this.device = deviceId(device.slice())
    this.address = addressOf(device)
    this.session = session
    this.#settledSession = session
    this.sessionStore = new RemoteSessionStore(this)
    this.identityStore = new RemoteIdentityStore(local, this)
  }

  get isChanged (): boolean { return this.session !== this.#settledSession }

  isTrusted (identityKey: Uint8Array): boolean {
    const trusted = this.trust?.identityKey
    return trusted !== undefined && equals(identityKey, trusted)
  }

  /** Keeps what decrypts late messages, but ends the state that encrypts. On a copy: libsignal does this one in place. */
  archive (): void {
    if (this.session === undefined) return
    const archived = SessionRecord.deserialize(this.session.serialize())
    archived.archiveCurrentState()
    this.session = archived
  }

  /** The unit of work is committed. */
  settle (): void {
    this.#settledSession = this.session
    this.trust = undefined
  }

  /** The unit of work never was. */
  discard (): void {
    this.session = this.#settledSession
    this.trust = undefined
  }
}

/**
 * What libsignal asks about this device. It passes an address with every question; a store for each device need not translate
 * it, which saves time on each message.
 */
class RemoteSessionStore extends SessionStore {
  readonly #remote: Remote

  constructor (remote: Remote) {
    super()
    this.#remote = remote
  }

  override getSession (): Promise<SessionRecord | null> { return Promise.resolve(this.#remote.session ?? null) }

  override saveSession (_address: ProtocolAddress, record: SessionRecord): Promise<void> {
    this.#remote.session = record
    return Promise.resolve()
  }

  override getExistingSessions (): Promise<SessionRecord[]> {
    return Promise.resolve(this.#remote.session === undefined ? [] : [this.#remote.session])
  }
}

class RemoteIdentityStore extends IdentityKeyStore {
  readonly #local: Local
  readonly #remote: Remote

  constructor (local: Local, remote: Remote) {
    super()
    this.#local = local
    this.#remote = remote
  }

  override getIdentityKey (): Promise<PrivateKey> { return Promise.resolve(this.#local.identity.privateKey) }

  /** libsignal's own version computes the public half each time. */
  override getIdentityKeyPair (): Promise<IdentityKeyPair> { return Promise.resolve(this.#local.identity) }

  override getLocalRegistrationId (): Promise<number> { return Promise.resolve(this.#local.registrationId) }

  override isTrustedIdentity (_address: ProtocolAddress, key: PublicKey): Promise<boolean> {
    return Promise.resolve(this.#remote.isTrusted(key.serialize()))
  }

  /** Nothing to keep: trust comes from accepted device lists, never from the first use of a session. */
  override saveIdentity (): Promise<IdentityChange> { return Promise.resolve(IdentityChange.NewOrUnchanged) }

  override getIdentity (): Promise<PublicKey | null> { return Promise.resolve(null) }
}
