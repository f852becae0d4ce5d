/** A relay in the simulated world: the product's core over simulated ports, on a disk that survives its crashes, or does not. */
import { concat, toString } from 'uint8arrays'
import { signerOf } from '../../node/crypto/signer.ts'
import type { RelayStep } from '../../node/failpoints.ts'
import { RELAY_DEFAULTS } from '../../node/relay/config.ts'
import { RelayCore } from '../../node/relay/relay-core.ts'
import { SimNetwork, type Ether } from './network.ts'
import type { SeededRandom } from './random.ts'
import { RelayDisk } from './relay-disk.ts'
import type { World } from './world.ts'

export interface SimRelayOptions {
  readonly world: World
  readonly ether: Ether
  readonly name: string
  readonly random: SeededRandom
}

/** An Ed25519 key as libp2p writes it into a PeerId: an identity multihash of its protobuf. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const VITALS = { residentBytes: 0, heapBytes: 0, availableBytes: undefined }

export class SimRelay {
  readonly name: string
  readonly peerId: string
  /** Chance to die at each step that it comes by. */
  crashChance = 0
  skewMs = 0
  isAlive = false
  crashes = 0
  disk = new RelayDisk()
  readonly #options: SimRelayOptions
  readonly #seed: Uint8Array
  #incarnation = 0
  #network: SimNetwork
  #core: RelayCore

  constructor (options: SimRelayOptions) {
    this.#options = options
    this.name = options.name
    this.#seed = options.random.bytes(32)
    this.peerId = toString(concat([PEER_ID_PREFIX, signerOf(this.#seed).publicKey]), 'base58btc')
    this.#network = this.#makeNetwork()
    this.#core = this.#compose()
  }

  get address (): string { return `/sim/${this.name}/p2p/${this.peerId}` }

  async start (): Promise<void> {
    this.isAlive = true
    await this.#network.start()
    this.#core.start()
  }

  /** As kill -9: nothing more is done, and the disk has what was committed. */
  crash (): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.crashes += 1
    this.#incarnation += 1
    this.#options.world.note(`${this.name} dies`)
    void this.#network.stop()
  }

  /** Starts again after a crash, with its own disk or another one. */
  async restart (disk = this.disk): Promise<void> {
    // What the one before still holds in its hands must not reach this one's disk.
    this.disk = disk.copy()
    this.#network = this.#makeNetwork()
    this.#core = this.#compose()
    this.#options.world.note(`${this.name} starts`)
    await this.start()
  }

  #makeNetwork (): SimNetwork { return new SimNetwork(this.#options.ether, this.peerId, `/sim/${this.name}`) }

  #compose (): RelayCore {
    const { world, random, name } = this.#options
    const incarnation = this.#incarnation
    const isThisOne = (): boolean => this.isAlive && this.#incarnation === incarnation
    return new RelayCore({
      store: this.disk,
      ports: { clock: world.clock(isThisOne, () => this.skewMs), random, network: this.#network, signer: signerOf(this.#seed), vitals: () => VITALS },
      config: { ...RELAY_DEFAULTS, name },
      version: '0.0.0',
      reach: step => this.#reach(step, isThisOne)
    })
  }

  #reach (step: RelayStep, isThisOne: () => boolean): void {
    const { random, world } = this.#options
    if (!isThisOne() || this.crashChance === 0 || !random.chance(this.crashChance)) return
    world.note(`${this.name} at ${step}`)
    this.crash()
  }
}
