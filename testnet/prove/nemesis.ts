/** What goes wrong in a proof, by chance that can be repeated. */
import { oneOf } from '../chance.ts'
import type { Net, Player } from '../net.ts'
import { REAL_TIME } from '../time.ts'
import type { Time } from '../time.ts'

export type FaultKind = 'user killed' | 'relay killed' | 'partition' | 'standstill' | 'wrong clock' | 'old disk' | 'disk wiped'

export interface Stage {
  readonly testnet: Net
  readonly random: () => number
  readonly tell: (what: string) => void
  readonly time?: Time
}

/** How often, among all faults. The first is what happens to phones all day. */
const WEIGHTS: ReadonlyArray<readonly [FaultKind, number]> = [['user killed', 40], ['relay killed', 20], ['partition', 22], ['standstill', 6], ['wrong clock', 4], ['old disk', 4], ['disk wiped', 4]]
const BETWEEN_MS = 200
const SKEW_MS_MAX = 3_600_000

/** One fault at a time, so that all but one relay are there at every moment: that is what W of N promises against. */
export class Nemesis {
  readonly counts = new Map<FaultKind, number>()
  readonly #stage: Stage
  readonly #acts: Readonly<Record<FaultKind, () => Promise<void>>> = {
    'user killed': async () => { await this.#away(this.#user(), 3_000) },
    'relay killed': async () => { await this.#away(this.#relay(), 1_500) },
    partition: async () => { await this.#partition() },
    standstill: async () => { await this.#standstill() },
    'wrong clock': async () => { await this.#wrongClock() },
    'old disk': async () => { await this.#oldDisk() },
    'disk wiped': async () => { await this.#wipedDisk() }
  }

  constructor (stage: Stage) {
    this.#stage = stage
  }

  /** Troubles them until told to stop, then leaves everybody up, every line whole and every clock right. */
  async trouble (signal: AbortSignal): Promise<void> {
    const { testnet, random } = this.#stage
    const kinds = WEIGHTS.filter(([kind]) => this.#relays().length > 0 || !['relay killed', 'old disk', 'disk wiped'].includes(kind))
    while (!signal.aborted) {
      let left = random() * kinds.reduce((sum, [, weight]) => sum + weight, 0)
      const [kind] = kinds.find(([, weight]) => (left -= weight) < 0) ?? ['user killed']
      await this.#acts[kind]()
      await this.#delay(BETWEEN_MS)
    }
    testnet.heal()
    for (const member of testnet.members) member.skew(0)
  }

  #relays (): readonly Player[] { return this.#stage.testnet.members.filter(({ kind }) => kind === 'relay') }

  #users (): readonly Player[] { return this.#stage.testnet.members.filter(({ kind }) => kind === 'user') }

  #relay (): Player { return oneOf(this.#relays(), this.#stage.random) }

  #user (): Player { return oneOf(this.#users(), this.#stage.random) }

  async #away (member: Player, longestMs: number): Promise<void> {
    const { testnet } = this.#stage
    this.#count(member.kind === 'user' ? 'user killed' : 'relay killed', member.name)
    await testnet.crash(member.name)
    await this.#pause(longestMs)
    await testnet.start(member.name)
  }

  /** A relay that nobody reaches, a user who reaches nobody, or two who do not reach each other. */
  async #partition (): Promise<void> {
    const { testnet, random } = this.#stage
    const one = oneOf(testnet.members, random)
    const others = testnet.members.filter(member => member !== one)
    const whom = random() < 0.7 ? others : [oneOf(others, random)]
    this.#count('partition', `${one.name} from ${whom.length === 1 ? whom[0]?.name ?? '' : 'everybody'}`)
    testnet.partition([one.name], whom.map(({ name }) => name))
    await this.#pause(4_000)
    testnet.heal()
  }

  async #standstill (): Promise<void> {
    const member = oneOf(this.#stage.testnet.members, this.#stage.random)
    this.#count('standstill', member.name)
    member.pause()
    await this.#pause(4_000)
    member.resume()
  }

  async #wrongClock (): Promise<void> {
    const member = oneOf(this.#stage.testnet.members, this.#stage.random)
    this.#count('wrong clock', member.name)
    member.skew(Math.round((2 * this.#stage.random() - 1) * SKEW_MS_MAX))
    await this.#pause(4_000)
    member.skew(0)
  }

  async #wipedDisk (): Promise<void> {
    const { testnet } = this.#stage
    const { name } = this.#relay()
    this.#count('disk wiped', name)
    await testnet.crash(name, true)
    await testnet.start(name)
  }

  /** As of a backup that should not have been copied back. */
  async #oldDisk (): Promise<void> {
    const { testnet } = this.#stage
    const relay = this.#relay()
    await testnet.keepCopy(relay.name)
    await this.#pause(4_000)
    this.#count('old disk', relay.name)
    await testnet.restoreCopy(relay.name)
  }

  async #pause (longestMs: number): Promise<void> { await this.#delay(BETWEEN_MS + this.#stage.random() * longestMs) }

  async #delay (delayMs: number): Promise<void> { await (this.#stage.time ?? REAL_TIME).delay(delayMs) }

  #count (kind: FaultKind, whom: string): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1)
    this.#stage.tell(`${kind}: ${whom}`)
  }
}
