/** A relay in the simulated world: the product's core over simulated ports, on a real SQLite in memory that survives its crashes, or does not. */
import { concat, toString } from 'uint8arrays'
import { signerOf } from '../../node/crypto/signer.ts'
import type { RelayStep } from '../../node/failpoints.ts'
import { RELAY_DEFAULTS } from '../../node/relay/config.ts'
import { RelayCore } from '../../node/relay/relay-core.ts'
import { openRelayStore, type SqlRelayStore } from '../../store/relay/relay-store.ts'
import type { Ether } from './ether.ts'
import { Gate } from './gate.ts'
import { SimNetwork } from './network.ts'
import type { SeededRandom } from './random.ts'
import type { World } from './world.ts'

export interface SimRelayOptions {
  readonly world: World
  readonly ether: Ether
  readonly name: string
  readonly random: SeededRandom
  /** 32 bytes, behind its key; by chance without. */
  readonly secret?: Uint8Array
  /** Lent; an empty one without. */
  readonly store?: SqlRelayStore
}

/** An Ed25519 key as libp2p writes it into a PeerId: an identity multihash of its protobuf. */
const PEER_ID_PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
const VITALS = { residentBytes: 0, heapBytes: 0, availableBytes: undefined }

export class SimRelay {
  readonly name: string
  readonly peerId: string
  /** Chance to die at each step that it comes by. */
  crashChance = 0
  /** It dies at the so-manieth step from now on. */
  stepsToLive = Infinity
  skewMs = 0
  isAlive = false
  crashes = 0
  store: SqlRelayStore
  readonly #options: SimRelayOptions
  readonly #signer: ReturnType<typeof signerOf>
  #isLent: boolean
  #gate = new Gate()
  #network: SimNetwork
  #core: RelayCore

  constructor (options: SimRelayOptions) {
    const { random, secret = random.bytes(32), store, name } = options
    this.#options = options
    this.name = name
    this.#signer = signerOf(secret)
    this.peerId = toString(concat([PEER_ID_PREFIX, this.#signer.publicKey]), 'base58btc')
    this.store = store ?? diskOf(undefined)
    this.#isLent = store !== undefined
    this.#network = this.#makeNetwork()
    this.#core = this.#compose()
  }

  get address (): string { return `/sim/${this.name}/p2p/${this.peerId}` }

  /** Of the process that runs now. */
  get gate (): Gate { return this.#gate }

  get core (): RelayCore { return this.#core }

  async start (): Promise<void> {
    this.isAlive = true
    await this.#network.start()
    this.#core.start()
  }

  /** As kill -9: nothing more is done, and the disk has what was committed. */
  crash (): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.stepsToLive = Infinity
    this.crashes += 1
    this.#options.world.note(`${this.name} dies`)
    this.store = this.store.crash()
    void this.#network.stop()
    this.#gate.shut()
  }

  /** Another disk, while it is down: as `store.image()` was at some moment; undefined: empty. */
  changeDisk (image: Uint8Array | undefined): void {
    this.close()
    this.store = diskOf(image)
    this.#isLent = false
  }

  /** While it is down. */
  close (): void { if (!this.#isLent) this.store.close() }

  /** Starts again after a crash. */
  async restart (): Promise<void> {
    this.#gate = new Gate()
    this.#network = this.#makeNetwork()
    this.#core = this.#compose()
    this.#options.world.note(`${this.name} starts`)
    await this.start()
  }

  #makeNetwork (): SimNetwork {
    const network = new SimNetwork(this.#options.ether, this.peerId, `/sim/${this.name}`)
    network.name = this.name
    network.gate = this.#gate
    return network
  }

  #compose (): RelayCore {
    const { world, random, name } = this.#options
    const gate = this.#gate
    return new RelayCore({
      store: this.store,
      ports: { clock: world.clockBehind(gate, () => this.skewMs), random, network: this.#network, signer: this.#signer, vitals: () => VITALS },
      config: { ...RELAY_DEFAULTS, name },
      version: '0.0.0',
      reach: step => this.#reach(step, gate)
    })
  }

  #reach (step: RelayStep, gate: Gate): void {
    const { random, world } = this.#options
    if (gate.isShut || !this.isAlive) return
    this.stepsToLive -= 1
    if (this.stepsToLive > 0 && (this.crashChance === 0 || !random.chance(this.crashChance))) return
    world.note(`${this.name} at ${step}`)
    this.crash()
  }
}

function diskOf (image: Uint8Array | undefined): SqlRelayStore {
  return openRelayStore({ path: ':memory:', isNew: image === undefined, capBytes: RELAY_DEFAULTS.capBytes, ...image !== undefined && { image } })
}
