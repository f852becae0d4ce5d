/**
 * What libsignal asks for while it works, answered from the unit of work. Session and identity stores belong to one remote
 * device each: libsignal passes an address with every question, and not having to translate it saves time on each message.
 */
import { IdentityChange, IdentityKeyStore, KyberPreKeyStore, PreKeyStore, SessionStore, SignedPreKeyStore } from '@signalapp/libsignal-client'
import type { IdentityKeyPair, KyberPreKeyRecord, PreKeyRecord, PrivateKey, ProtocolAddress, PublicKey, SessionRecord, SignedPreKeyRecord } from '@signalapp/libsignal-client'
import { asError } from '../../protocols/core/errors.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import type { Local } from './local.ts'
import type { Prekeys } from './prekeys.ts'
import type { Remote } from './remote.ts'

export class RemoteSessionStore extends SessionStore {
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

export class RemoteIdentityStore extends IdentityKeyStore {
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

/**
 * The three prekey stores. libsignal turns an exception of a store into one of its own, with ours inside a text: so the
 * exception is kept here, for whoever made the call to take.
 */
export class PrekeyStores {
  readonly oneTime: PreKeyStore
  readonly signed: SignedPreKeyStore
  readonly kem: KyberPreKeyStore
  #fault: Error | undefined

  constructor (prekeys: Prekeys) {
    const answer = this.#answer.bind(this)
    this.oneTime = new OneTimeStore(prekeys, answer)
    this.signed = new SignedStore(prekeys, answer)
    this.kem = new KemStore(prekeys, answer)
  }

  takeFault (): Error | undefined {
    const fault = this.#fault
    this.#fault = undefined
    return fault
  }

  #answer<Value> (find: () => Value): Promise<Value> {
    return new Promise(resolve => {
      try {
        resolve(find())
      } catch (thrown) {
        this.#fault = asError(thrown)
        throw this.#fault
      }
    })
  }
}

type Answer = <Value>(find: () => Value) => Promise<Value>

class OneTimeStore extends PreKeyStore {
  readonly #prekeys: Prekeys
  readonly #answer: Answer

  constructor (prekeys: Prekeys, answer: Answer) {
    super()
    this.#prekeys = prekeys
    this.#answer = answer
  }

  override getPreKey (id: number): Promise<PreKeyRecord> { return this.#answer(() => this.#prekeys.oneTime(id)) }
  override removePreKey (id: number): Promise<void> { return this.#answer(() => this.#prekeys.useOneTime(id)) }
  override savePreKey (): Promise<void> { return storesNothing() }
}

class SignedStore extends SignedPreKeyStore {
  readonly #prekeys: Prekeys
  readonly #answer: Answer

  constructor (prekeys: Prekeys, answer: Answer) {
    super()
    this.#prekeys = prekeys
    this.#answer = answer
  }

  override getSignedPreKey (id: number): Promise<SignedPreKeyRecord> { return this.#answer(() => this.#prekeys.signed(id)) }
  override saveSignedPreKey (): Promise<void> { return storesNothing() }
}

class KemStore extends KyberPreKeyStore {
  readonly #prekeys: Prekeys
  readonly #answer: Answer

  constructor (prekeys: Prekeys, answer: Answer) {
    super()
    this.#prekeys = prekeys
    this.#answer = answer
  }

  override getKyberPreKey (id: number): Promise<KyberPreKeyRecord> { return this.#answer(() => this.#prekeys.kem(id)) }

  /** Called when the first flight has decrypted, before anything is saved: to refuse here refuses all of it. */
  override markKyberPreKeyUsed (id: number, signedId: number, baseKey: PublicKey): Promise<void> {
    return this.#answer(() => this.#prekeys.useKem({ kemId: id, signedId, baseKey: baseKey.serialize() }))
  }

  override saveKyberPreKey (): Promise<void> { return storesNothing() }
}

function storesNothing (): Promise<never> {
  return Promise.reject(new InvariantError('broken invariant: libsignal makes no prekeys for us'))
}
