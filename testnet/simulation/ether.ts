/** Everything between simulated nodes: who reaches whom, how long it takes, and what the weather does to it. */
import type { Channel, ChannelEnd, FrameHandler, PeerTarget } from '../../node/ports.ts'
import { Rules } from '../cable/rules.ts'
import type { Gate } from './gate.ts'
import type { SeededRandom } from './random.ts'
import type { World } from './world.ts'

export interface Weather {
  /** Chance per frame that the stream breaks instead of delivering it. */
  readonly loss: number
  readonly duplication: number
  readonly reordering: number
  readonly delayMsMax: number
}

export const CALM: Weather = { loss: 0, duplication: 0, reordering: 0, delayMsMax: 5 }

export interface SeenFrame {
  readonly from: string
  readonly to: string
  readonly protocol: string
  /** Whether the sender of the frame opened the stream: deposits go that way, results the other. */
  readonly isForward: boolean
  readonly frame: Uint8Array
}

/** A node, as far as others can tell. */
export interface Station {
  readonly peerId: string
  /** As rules and traces call it. */
  readonly name: string
  address: string
  readonly isUp: boolean
  /** Of the process behind it. */
  readonly gate: Gate
  readonly wires: Set<Wire>
  /** What it serves, by protocol. */
  readonly channels: ReadonlyMap<string, Accept>
  readonly requests: ReadonlyMap<string, Answer>
  /** Somebody has connected. */
  readonly tell: (peerId: string, openedBy: 'us' | 'them') => void
}

export type Accept = (channel: Channel) => FrameHandler
export type Answer = (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array

/** A stream between two of them. */
export interface Wire {
  readonly isOpen: boolean
  readonly stations: readonly [Station, Station]
  readonly break: (reason: ChannelEnd) => void
  /** The line may be whole again. */
  readonly pump: () => void
}

/** The least that a frame takes on a perfect line. */
const DELAY_MS_MIN = 0.05

export class Ether {
  readonly world: World
  readonly random: SeededRandom
  /** Of whole lines and slow ones, by name: a cut is silent. */
  readonly rules = new Rules()
  weather: Weather = CALM
  isPartitioned = false
  /** Two who cannot reach each other, while others reach both: they share no moment, or no network. */
  isCut: (from: string, to: string) => boolean = () => false
  readonly nodes = new Map<string, Station>()
  readonly #wires = new Set<Wire>()
  /** Sees every frame that arrives: for invariants. */
  onFrame: (seen: SeenFrame) => void = () => {}

  constructor (world: World, random: SeededRandom) {
    this.world = world
    this.random = random
  }

  /** What is added to the time of a frame on this line, by chance. */
  delayMs (from?: Station, to?: Station): number {
    const weatherMs = DELAY_MS_MIN + this.random.fraction() * this.weather.delayMsMax
    if (from === undefined || to === undefined || this.rules.links.size === 0) return weatherMs
    const { delayMs, jitterMs } = this.rules.linkBetween(from.name, to.name)
    return weatherMs + Math.max(0, delayMs + (2 * this.random.fraction() - 1) * jitterMs)
  }

  bytesPerSecond (from: Station, to: Station): number { return (this.rules.links.size === 0 ? undefined : this.rules.linkBetween(from.name, to.name).bytesPerSecond) ?? Infinity }

  reach (from: Station, to: PeerTarget): Station | undefined {
    const node = this.nodes.get(to.peerId)
    if (node?.isUp !== true || !from.isUp || !this.isWhole(from, node)) return undefined
    return to.addresses.includes(node.address) || this.isLinked(from, node) ? node : undefined
  }

  /** Whether anything passes between the two. */
  isWhole (from: Station, to: Station): boolean {
    if (this.isPartitioned || this.isCut(from.peerId, to.peerId)) return false
    return this.rules.partitions.length === 0 || !this.rules.isCut(from.name, to.name)
  }

  isLinked (one: Station, other: Station): boolean {
    const [few, many] = one.wires.size < other.wires.size ? [one, other] : [other, one]
    for (const { isOpen, stations } of few.wires) if (isOpen && stations.includes(many)) return true
    return false
  }

  join (wire: Wire): void {
    this.#wires.add(wire)
    for (const { wires } of wire.stations) wires.add(wire)
  }

  leave (wire: Wire): void {
    this.#wires.delete(wire)
    for (const { wires } of wire.stations) wires.delete(wire)
  }

  /** Cuts two apart, also what is under way between them; both notice at once. */
  cut (isCut: (from: string, to: string) => boolean): void {
    this.isCut = isCut
    for (const wire of [...this.#wires]) if (isCut(wire.stations[0].peerId, wire.stations[1].peerId)) wire.break('reset')
  }

  partition (): void {
    this.isPartitioned = true
    for (const wire of [...this.#wires]) wire.break('reset')
  }

  /** After the rules have changed: what was held up goes on where the line is whole. */
  pump (): void { for (const wire of [...this.#wires]) wire.pump() }
}
