/**
 * Users and relays in one world, who know each other. How they met is the same for every seed: it is lived through once, and each
 * history begins with the disks of that moment.
 */
import { DEPOSIT_PROTOCOL } from '../../node/protocols.ts'
import { meet } from '../meeting.ts'
import { planOf } from '../plan.ts'
import type { Time } from '../time.ts'
import { Ether } from './ether.ts'
import { KeyUses } from './key-uses.ts'
import { SimKeeper, SimUser } from './members.ts'
import { SimNode } from './node.ts'
import { SeededRandom } from './random.ts'
import { SimRelay } from './relay.ts'
import { SimNet } from './sim-net.ts'
import { World } from './world.ts'

export interface TownSize { readonly users: number, readonly relays: number }

/** Everybody's disk at one moment. */
export interface Founded {
  readonly size: TownSize
  readonly atMs: number
  readonly images: ReadonlyMap<string, Uint8Array>
}

export interface TownOptions {
  readonly seed: number
  /** Sees the trace. */
  readonly onLine?: ((line: string) => void) | undefined
}

/** The chance by which they were born and met. */
const FOUNDING_SEED = 0
/** Introductions, first prekeys and directory entries are where they should be after this time. */
const QUIET_MS = 30_000
/** Who has started knows its relays and contacts again after this time. */
const WAKE_MS = 2_000

export class Town {
  readonly world: World
  readonly ether: Ether
  readonly net: SimNet
  readonly users: readonly SimUser[]
  readonly relays: readonly SimKeeper[]
  readonly keys = new KeyUses()
  readonly time: Time

  constructor ({ seed, onLine }: TownOptions, { size, founded }: { readonly size: TownSize, readonly founded?: Founded }) {
    const world = new World(seed, { onLine, ...founded !== undefined && { startMs: founded.atMs, zeroMs: founded.atMs + WAKE_MS } })
    const ether = new Ether(world, new SeededRandom(seed, 'ether'))
    this.world = world
    this.ether = ether
    const { nodes } = planOf(size)
    const imageOf = (name: string): { readonly image?: Uint8Array } => {
      const image = founded?.images.get(name)
      return image === undefined ? {} : { image }
    }
    const called = (kind: 'user' | 'relay'): string[] => nodes.flatMap(node => node.kind === kind ? [node.name] : [])
    this.relays = called('relay').map(name => new SimKeeper(new SimRelay({ world, ether, name, random: new SeededRandom(seed, name), secret: new SeededRandom(FOUNDING_SEED, `key of ${name}`).bytes(32), ...imageOf(name) })))
    this.users = called('user').map(name => new SimUser(new SimNode({ world, ether, name, random: new SeededRandom(seed, name), ...imageOf(name) })))
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

  close (): void {
    for (const { node } of this.users) node.store.close()
    for (const { relay } of this.relays) relay.store.close()
  }

  #watch (): void {
    const { ether, world } = this
    const nameOf = (peerId: string): string => ether.nodes.get(peerId)?.name ?? peerId
    ether.onFrame = ({ from, to, protocol, isForward, frame }) => {
      world.note(`${nameOf(from)} > ${nameOf(to)} ${protocol} ${frame.byteLength}`)
      if (protocol === DEPOSIT_PROTOCOL.id && isForward) this.keys.take(frame)
    }
  }
}

const founded = new Map<string, Promise<Founded>>()

/** Once in a process: it is the same each time. */
export async function found (size: TownSize): Promise<Founded> {
  const key = `${size.users} ${size.relays}`
  const known = founded.get(key) ?? settleDown(size)
  founded.set(key, known)
  return await known
}

async function settleDown (size: TownSize): Promise<Founded> {
  const town = new Town({ seed: FOUNDING_SEED }, { size })
  await town.world.within((async () => {
    await town.start()
    await meet(town.net.members, town.time)
    await town.time.delay(QUIET_MS)
  })())
  const images = new Map([
    ...town.users.map(({ name, node }) => [name, node.store.image()] as const),
    ...town.relays.map(({ name, relay }) => [name, relay.store.image()] as const)
  ])
  const { nowMs } = town.world
  town.close()
  return { size, atMs: nowMs, images }
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
