/** Users and relays in one world. */
import type { AccountStore } from '../../store/account-store.ts'
import type { SqlRelayStore } from '../../store/relay/relay-store.ts'
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import { planOf } from '../plan.ts'
import type { Time } from '../time.ts'
import { Ether } from './ether.ts'
import { KeyUses } from './key-uses.ts'
import { SimKeeper, SimUser } from './members.ts'
import { SimNode } from './node.ts'
import { SeededRandom } from './random.ts'
import { SimRelay } from './relay.ts'
import { SimNet } from './sim-net.ts'
import { Traffic } from './traffic.ts'
import { World } from './world.ts'

export interface TownSize { readonly users: number, readonly relays: number }

/** Everybody's disk at one moment. */
export interface Founded {
  readonly atMs: number
  readonly accounts: ReadonlyMap<string, AccountStore>
  readonly disks: ReadonlyMap<string, SqlRelayStore>
}

export interface TownOptions {
  readonly seed: number
  /** Sees the trace. */
  readonly onLine?: ((line: string) => void) | undefined
}

/** Keys of relays are the same in each history. */
const KEY_SEED = 0
/** Who has started knows its relays and contacts again after this time. */
const WAKE_MS = 2_000

export class Town {
  readonly world: World
  readonly ether: Ether
  readonly net: SimNet
  readonly users: readonly SimUser[]
  readonly relays: readonly SimKeeper[]
  readonly keys = new KeyUses()
  readonly traffic = new Traffic()
  readonly time: Time

  constructor ({ seed, onLine }: TownOptions, { size, founded }: { readonly size: TownSize, readonly founded?: Founded | undefined }) {
    const world = new World(seed, { onLine, ...founded !== undefined && { startMs: founded.atMs, zeroMs: founded.atMs + WAKE_MS } })
    const ether = new Ether(world, new SeededRandom(seed, 'ether'))
    this.world = world
    this.ether = ether
    const { nodes } = planOf(size)
    const [accounts, disks] = [founded?.accounts, founded?.disks]
    const called = (kind: 'user' | 'relay'): string[] => nodes.flatMap(node => node.kind === kind ? [node.name] : [])
    this.relays = called('relay').map(name => new SimKeeper(new SimRelay({ world, ether, name, random: new SeededRandom(seed, name), secret: new SeededRandom(KEY_SEED, `key of ${name}`).bytes(32), ...lent(disks?.get(name)) })))
    this.users = called('user').map(name => new SimUser(new SimNode({ world, ether, name, random: new SeededRandom(seed, name), ...lent(accounts?.get(name)) })))
    this.net = new SimNet(ether, [...this.relays, ...this.users])
    this.time = timeOf(world)
    this.#watch()
  }

  /** Relays first, whom users look for. */
  async start (): Promise<void> {
    const beganMs = this.world.nowMs
    for (const member of this.net.members) await member.start()
    await this.time.delay(beganMs + WAKE_MS - this.world.nowMs)
  }

  /** Everybody is dead, for good; disks that were lent go back to who lent them. */
  end (): void {
    this.world.end()
    for (const { machine } of this.net.members) machine.crash()
    for (const { relay } of this.relays) relay.close()
  }

  #watch (): void {
    const { ether, world } = this
    const nameOf = (peerId: string): string => ether.nodes.get(peerId)?.name ?? peerId
    ether.onFrame = ({ from, to, protocol, isForward, frame }) => {
      const [sender, reader] = [nameOf(from), nameOf(to)]
      world.note(`${sender} > ${reader} ${protocol} ${frame.byteLength}`)
      this.traffic.count({ to: reader, protocol, bytes: frame.byteLength })
      if (protocol === DEPOSIT_PROTOCOL.id && isForward) this.keys.take(frame)
    }
  }
}

function timeOf (world: World): Time {
  return {
    nowMs: () => world.nowMs,
    passedMs: () => world.nowMs,
    delay: async (delayMs, interrupted) => {
      interrupted?.throwIfAborted()
      await world.pause(delayMs)
      interrupted?.throwIfAborted()
    }
  }
}

function lent<Store> (store: Store | undefined): { readonly store?: Store } { return store === undefined ? {} : { store } }
