/** A node in the simulated world: the product's core over simulated ports, on a real SQLite in memory that survives its crashes. */
import { macOf } from '../../node/crypto/mac.ts'
import { openSecret, sealSecret } from '../../node/crypto/secretbox.ts'
import { isSignature } from '../../node/crypto/verify.ts'
import { createAccount, newRecoveryEntropy } from '../../node/create-account.ts'
import { Core } from '../../node/core.ts'
import type { Step } from '../../node/failpoints.ts'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import type { SeededRandom } from './random.ts'
import { SimNetwork, type Ether } from './network.ts'
import { SimSealer, simIdentity } from './sealer.ts'
import { START_MS, type World } from './world.ts'

export interface SimNodeOptions {
  readonly world: World
  readonly ether: Ether
  readonly name: string
  readonly random: SeededRandom
  /** Comes back at another address now and then. Two who move at once could not find each other by themselves. */
  readonly isMover: boolean
}

export class SimNode {
  readonly name: string
  readonly peerId: string
  core: Core
  store: AccountStore
  /** Chance to die at each step that it comes by. */
  crashChance = 0
  skewMs = 0
  isAlive = false
  crashes = 0
  readonly #world: World
  readonly #ether: Ether
  readonly #random: SeededRandom
  readonly #isMover: boolean
  #incarnation = 0
  #network: SimNetwork

  constructor ({ world, ether, name, random, isMover }: SimNodeOptions) {
    this.#world = world
    this.#ether = ether
    this.#random = random
    this.#isMover = isMover
    this.name = name
    this.peerId = `peer${name}`
    this.store = openAccountStore({ path: ':memory:', isNew: true })
    createAccount(this.store, { name, acceptPolicy: 'all', nowMs: START_MS, random, recoveryEntropy: newRecoveryEntropy(random), identity: simIdentity(random, this.peerId) })
    this.#network = this.#makeNetwork()
    this.core = this.#compose()
  }

  async start (): Promise<void> {
    this.isAlive = true
    await this.#network.start()
    await this.core.start()
  }

  /** As kill -9: nothing more is done, and the disk has what was committed. */
  crash (): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.crashes += 1
    this.#incarnation += 1
    this.#world.note(`${this.name} dies`)
    this.store = this.store.crash()
    void this.#network.stop()
  }

  /** Starts again after a crash, perhaps at another address. */
  async restart (): Promise<void> {
    this.#network = this.#makeNetwork()
    this.core = this.#compose()
    this.#world.note(`${this.name} starts`)
    await this.start()
  }

  #makeNetwork (): SimNetwork {
    return new SimNetwork(this.#ether, this.peerId, `/sim/${this.name}/${this.#isMover && this.#random.chance(0.3) ? this.#incarnation : 0}`)
  }

  #compose (): Core {
    const incarnation = this.#incarnation
    const isThisOne = (): boolean => this.isAlive && this.#incarnation === incarnation
    const clock = this.#world.clock(isThisOne, () => this.skewMs)
    const own = this.store.read.own.get()
    if (own === undefined) throw new Error('a simulated node has an account')
    const random = this.#random
    return new Core({
      store: this.store,
      ports: { clock, random, network: this.#network, sealer: new SimSealer({ own, reader: this.store.read, random, now: () => clock.now() }) },
      reach: step => this.#reach(step, isThisOne),
      home: '/sim',
      version: '0.0.0',
      hintOf: (peerId, address) => ({ peerId: Buffer.from(peerId), address: Buffer.from(address) }),
      targetOf: ({ peerId, address }) => ({ peerId: Buffer.from(peerId).toString(), address: Buffer.from(address).toString() }),
      safetyNumber: () => '0'.repeat(60),
      verify: isSignature,
      box: { seal: sealSecret, open: openSecret },
      records: undefined,
      media: undefined,
      macOf
    })
  }

  /** Death needs no exception: from here on the store refuses every write, the network is gone and no timer fires. */
  #reach (step: Step, isThisOne: () => boolean): void {
    if (!isThisOne() || this.crashChance === 0 || !this.#random.chance(this.crashChance)) return
    this.#world.note(`${this.name} at ${step}`)
    this.crash()
  }
}
