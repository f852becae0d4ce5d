/** A user's node in the simulated world: the product's core over simulated ports, on a real SQLite in memory that survives its crashes. */
import { macOf } from '../../node/crypto/mac.ts'
import { openSecret, sealSecret } from '../../node/crypto/secretbox.ts'
import { isSignature } from '../../node/crypto/verify.ts'
import { createAccount, drawSecrets } from '../../node/create-account.ts'
import { Core } from '../../node/core.ts'
import type { Step } from '../../node/failpoints.ts'
import { openAccountStore, type AccountStore } from '../../store/account-store.ts'
import type { Ether } from './ether.ts'
import { Gate } from './gate.ts'
import { SimNetwork } from './network.ts'
import type { SeededRandom } from './random.ts'
import { SimSealer, simIdentity } from './sealer.ts'
import { START_MS, type World } from './world.ts'

export interface SimNodeOptions {
  readonly world: World
  readonly ether: Ether
  readonly name: string
  readonly random: SeededRandom
  /** Comes back at another address now and then. Two who move at once could not find each other by themselves. */
  readonly isMover?: boolean
  /** Lent, with its account in it; a new account without. */
  readonly store?: AccountStore
}

export class SimNode {
  readonly name: string
  readonly peerId: string
  core: Core
  store: AccountStore
  /** Chance to die at each step that it comes by. */
  crashChance = 0
  /** It dies at the so-manieth step from now on. */
  stepsToLive = Infinity
  skewMs = 0
  isAlive = false
  crashes = 0
  readonly #world: World
  readonly #ether: Ether
  readonly #random: SeededRandom
  readonly #isMover: boolean
  #incarnation = 0
  #gate = new Gate()
  #network: SimNetwork

  constructor ({ world, ether, name, random, isMover = false, store }: SimNodeOptions) {
    this.#world = world
    this.#ether = ether
    this.#random = random
    this.#isMover = isMover
    this.name = name
    this.peerId = `peer${name}`
    this.store = store ?? openAccountStore({ path: ':memory:', isNew: true })
    if (store === undefined) createAccount(this.store, { name, acceptPolicy: 'all', nowMs: START_MS, secrets: drawSecrets(random, () => simIdentity(random, this.peerId)) })
    this.#network = this.#makeNetwork()
    this.core = this.#compose()
  }

  /** Of the process that runs now. */
  get gate (): Gate { return this.#gate }

  async start (): Promise<void> {
    this.isAlive = true
    await this.#network.start()
    await this.core.start()
  }

  /** As kill -9: nothing more is done, and the disk has what was committed. */
  crash (): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.stepsToLive = Infinity
    this.crashes += 1
    this.#incarnation += 1
    this.#world.note(`${this.name} dies`)
    this.store = this.store.crash()
    void this.#network.stop()
    this.#gate.shut()
  }

  /** Starts again after a crash, perhaps at another address. */
  async restart (): Promise<void> {
    this.#gate = new Gate()
    this.#network = this.#makeNetwork()
    this.core = this.#compose()
    this.#world.note(`${this.name} starts`)
    await this.start()
  }

  #makeNetwork (): SimNetwork {
    const network = new SimNetwork(this.#ether, this.peerId, `/sim/${this.name}/${this.#isMover && this.#random.chance(0.3) ? this.#incarnation : 0}`)
    network.name = this.name
    network.gate = this.#gate
    return network
  }

  #compose (): Core {
    const gate = this.#gate
    const clock = this.#world.clockBehind(gate, () => this.skewMs)
    const own = this.store.read.own.get()
    if (own === undefined) throw new Error('a simulated node has an account')
    const random = this.#random
    return new Core({
      store: this.store,
      ports: { clock, random, network: this.#network, sealer: new SimSealer({ own, reader: this.store.read, random, now: () => clock.now() }) },
      reach: step => this.#reach(step, gate),
      home: '/sim',
      version: '0.0.0',
      hintOf: (peerId, address) => ({ peerId: Buffer.from(peerId), address: Buffer.from(address) }),
      targetOf: ({ peerId, address }) => ({ peerId: Buffer.from(peerId).toString(), address: Buffer.from(address).toString() }),
      safetyNumber: () => '0'.repeat(60),
      verify: isSignature,
      box: { seal: sealSecret, open: openSecret },
      records: undefined,
      macOf
    })
  }

  /** Death needs no exception: from here on the store refuses every write, the network is gone and no timer fires. */
  #reach (step: Step, gate: Gate): void {
    if (gate.isShut || !this.isAlive) return
    this.stepsToLive -= 1
    if (this.stepsToLive > 0 && (this.crashChance === 0 || !this.#random.chance(this.crashChance))) return
    this.#world.note(`${this.name} at ${step}`)
    this.crash()
  }
}
