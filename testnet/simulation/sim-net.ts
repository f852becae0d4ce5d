/** The faults of a testnet, in a simulated world. */
import { NotFoundError } from '../../protocols/core/errors.ts'
import { PERFECT, type Link } from '../cable/rules.ts'
import type { Net, Player } from '../net.ts'
import type { Ether } from './ether.ts'
import { SeededRandom } from './random.ts'
import { SimKeeper, type SimUser } from './members.ts'

/** A message passes some six of a node's steps (node/failpoints.ts). */
const STEPS_MAX = 8
/** Who does nothing meanwhile dies doing nothing. */
const DEATH_MS_MAX = 100

export class SimNet implements Net {
  readonly members: ReadonlyArray<SimUser | SimKeeper>
  readonly #ether: Ether
  readonly #deaths: SeededRandom
  readonly #byName: ReadonlyMap<string, SimUser | SimKeeper>

  constructor (ether: Ether, members: ReadonlyArray<SimUser | SimKeeper>) {
    this.#ether = ether
    this.members = members
    this.#deaths = new SeededRandom(ether.world.seed, 'deaths')
    this.#byName = new Map(members.map(member => [member.name, member]))
  }

  /** @throws NotFoundError */
  member (name: string): Player { return this.#find(name) }

  async start (name: string): Promise<void> { await this.#find(name).start() }

  async crash (name: string, losesDisk = false): Promise<void> {
    const member = this.#find(name)
    const steps = this.#deaths.below(STEPS_MAX)
    await member.die(steps, this.#ether.world.pause(steps === 0 ? 0 : DEATH_MS_MAX))
    if (losesDisk && member instanceof SimKeeper) member.loseDisk()
  }

  async keepCopy (name: string): Promise<void> {
    const member = this.#find(name)
    await this.crash(name)
    if (member instanceof SimKeeper) member.keepCopy()
    await this.start(name)
  }

  async restoreCopy (name: string): Promise<void> {
    const member = this.#find(name)
    await this.crash(name)
    if (member instanceof SimKeeper) member.restoreCopy()
    await this.start(name)
  }

  partition (left: readonly string[], right: readonly string[]): () => void {
    const partition = { left: new Set(left), right: new Set(right) }
    this.#ether.rules.cut(partition)
    return () => {
      this.#ether.rules.heal(partition)
      this.#ether.pump()
    }
  }

  heal (): void {
    this.#ether.rules.healAll()
    this.#ether.pump()
  }

  link (names: readonly string[], link: Link): void {
    const isPerfect = link.delayMs === 0 && link.jitterMs === 0 && link.bytesPerSecond === undefined
    for (const name of names.length === 0 ? this.#byName.keys() : names) this.#ether.rules.setLink(name, isPerfect ? PERFECT : link)
  }

  linkOf (name: string): Link { return this.#ether.rules.linkOf(name) }

  #find (name: string): SimUser | SimKeeper {
    const found = this.#byName.get(name)
    if (found === undefined) throw new NotFoundError(`there is no ${name} in this world`)
    return found
  }
}
