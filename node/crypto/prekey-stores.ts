/** Our prekeys, as libsignal asks for them while it works: answered from the unit of work. The other stores are in remote.ts. */
import { KyberPreKeyStore, PreKeyStore, SignedPreKeyStore } from '@signalapp/libsignal-client'
import type { KyberPreKeyRecord, PreKeyRecord, PublicKey, SignedPreKeyRecord } from '@signalapp/libsignal-client'
import { asError } from '../../protocols/core/errors.ts'
import { InvariantError } from '../../protocols/core/invariant.ts'
import type { Prekeys } from './prekeys.ts'

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
