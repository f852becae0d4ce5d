/** What goes wrong in a soak, by chance that can be repeated: kills, cut wires, a lost disk, an old disk. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Relay, User } from './crew.ts'

export interface Stage {
  readonly relays: readonly Relay[]
  readonly users: readonly User[]
  readonly random: () => number
  readonly tell: (what: string) => void
}

/** One fault at a time, so that two of three relays are there at every moment: that is what W of N promises against. */
export class Nemesis {
  readonly counts = new Map<string, number>()
  readonly #stage: Stage
  #hasLostDisk = false
  #hasOldDisk = false

  constructor (stage: Stage) {
    this.#stage = stage
  }

  /** Troubles them until told to stop, then leaves everything up and every wire whole. */
  async trouble (signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.once()
    for (const relay of this.#stage.relays) relay.wire.mend()
  }

  async once (): Promise<void> {
    const chance = this.#stage.random()
    if (chance < 0.45) await this.#absence()
    else if (chance < 0.7) await this.#relayKilled()
    else if (chance < 0.85) await this.#partition()
    else if (!this.#hasOldDisk) await this.#oldDisk()
    else if (!this.#hasLostDisk) await this.#lostDisk()
    else await this.#relayKilled()
  }

  /** A user is killed and stays away for a while, as phones do. */
  async #absence (): Promise<void> {
    const user = this.#pick(this.#stage.users)
    this.#count('user killed', user.name)
    await user.kill()
    await this.#pause(3_000)
    await user.up()
  }

  async #relayKilled (): Promise<void> {
    const relay = this.#pick(this.#stage.relays)
    this.#count('relay killed', relay.name)
    await relay.kill()
    await this.#pause(1_500)
    await relay.up()
  }

  async #partition (): Promise<void> {
    const relay = this.#pick(this.#stage.relays)
    this.#count('wire cut', relay.name)
    relay.wire.cut()
    await this.#pause(4_000)
    relay.wire.mend()
  }

  async #lostDisk (): Promise<void> {
    this.#hasLostDisk = true
    const relay = this.#pick(this.#stage.relays)
    this.#count('disk lost', relay.name)
    await relay.kill()
    relay.loseDisk()
    await relay.up()
  }

  async #oldDisk (): Promise<void> {
    this.#hasOldDisk = true
    const relay = this.#pick(this.#stage.relays)
    await relay.kill()
    relay.keepCopy()
    await relay.up()
    await this.#pause(4_000)
    this.#count('old disk restored', relay.name)
    await relay.kill()
    relay.restoreCopy()
    await relay.up()
  }

  #pick<Item> (items: readonly Item[]): Item {
    const item = items[Math.floor(this.#stage.random() * items.length)]
    if (item === undefined) throw new Error('there is somebody to trouble')
    return item
  }

  async #pause (longestMs: number): Promise<void> { await delay(200 + this.#stage.random() * longestMs) }

  #count (what: string, whom: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    this.#stage.tell(`${what}: ${whom}`)
  }
}
