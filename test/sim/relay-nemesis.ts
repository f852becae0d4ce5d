/** What happens to relays by chance: they die and come back; one of them loses its disk, or gets an old copy of it back. */
import type { SeededRandom } from '../../testnet/simulation/random.ts'
import type { SimRelay } from '../../testnet/simulation/relay.ts'
import type { World } from '../../testnet/simulation/world.ts'

export class RelayNemesis {
  readonly #relays: readonly SimRelay[]
  readonly #random: SeededRandom
  /** The one whose disk is not to be trusted: two of three are what W of N counts on. */
  readonly #unlucky: SimRelay | undefined
  #backup: Uint8Array | undefined

  constructor (relays: readonly SimRelay[], random: SeededRandom) {
    this.#relays = relays
    this.#random = random
    this.#unlucky = relays[random.below(Math.max(1, relays.length))]
  }

  async strike (world: World): Promise<void> {
    const random = this.#random
    for (const relay of this.#relays) {
      if (relay.isAlive && random.chance(0.03)) relay.crash()
      if (relay.isAlive || !random.chance(0.3)) continue
      if (relay === this.#unlucky) this.#spoilDisk(relay)
      await world.within(relay.restart())
    }
    if (this.#unlucky !== undefined && random.chance(0.1)) this.#backup = this.#unlucky.store.image()
  }

  #spoilDisk (relay: SimRelay): void {
    const chance = this.#random.fraction()
    if (chance < 0.3) relay.changeDisk(undefined)
    else if (chance < 0.6 && this.#backup !== undefined) relay.changeDisk(this.#backup)
  }
}
