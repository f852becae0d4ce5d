/**
 * The network port in a simulated world. Streams are what libp2p gives: frames whole and in order until the stream breaks. The
 * weather breaks them at any moment, with frames under way lost; delays them; cuts two nodes apart; and, beyond what a single
 * stream does, repeats and swaps frames after the first, since deposits must not depend on either.
 */
import { UnreachableError } from '../../protocols/core/errors.ts'
import type { Channel, ChannelEnd, ChannelProtocol, FrameHandler, Network, Path, PeerTarget, Ping, RelayStanding, Survey } from '../../node/ports.ts'
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

/** A dial into a hole takes this long to fail. */
const DIAL_TIMEOUT_MS = 10_000

type Accept = (channel: Channel) => FrameHandler
type Answer = (request: Uint8Array, peerId: string) => Promise<Uint8Array> | Uint8Array

export interface SeenFrame {
  readonly from: string
  readonly to: string
  readonly protocol: string
  /** Whether the sender of the frame opened the stream: deposits go that way, results the other. */
  readonly isForward: boolean
  readonly frame: Uint8Array
}

/** Everything between the nodes. */
export class Ether {
  readonly world: World
  readonly random: SeededRandom
  weather: Weather = CALM
  isPartitioned = false
  /** Two who cannot reach each other, while others reach both: they share no moment, or no network. */
  isCut: (from: string, to: string) => boolean = () => false
  readonly nodes = new Map<string, SimNetwork>()
  readonly links = new Set<Link>()
  /** Sees every frame that arrives: for invariants. */
  onFrame: (seen: SeenFrame) => void = () => {}

  constructor (world: World, random: SeededRandom) {
    this.world = world
    this.random = random
  }

  delayMs (): number { return 0.05 + this.random.fraction() * this.weather.delayMsMax }

  reach (from: string, to: PeerTarget): SimNetwork | undefined {
    const node = this.nodes.get(to.peerId)
    if (this.isPartitioned || this.isCut(from, to.peerId) || node?.isUp !== true || this.nodes.get(from)?.isUp !== true) return undefined
    return to.addresses.includes(node.address) || this.isLinked(from, to.peerId) ? node : undefined
  }

  isLinked (one: string, other: string): boolean {
    return [...this.links].some(link => link.isOpen && link.joins(one, other))
  }

  /** Cuts two apart, also what is under way between them. */
  cut (isCut: (from: string, to: string) => boolean): void {
    this.isCut = isCut
    for (const link of [...this.links]) if (isCut(link.near.owner, link.far.owner)) link.break('reset')
  }

  partition (): void {
    this.isPartitioned = true
    for (const link of [...this.links]) link.break('reset')
  }
}

export class SimNetwork implements Network {
  readonly peerId: string
  address: string
  isUp = false
  readonly #ether: Ether
  readonly #channels = new Map<string, Accept>()
  readonly #requests = new Map<string, Answer>()
  readonly #listeners: Array<(peerId: string, openedBy: 'us' | 'them') => void> = []
  #relays: readonly RelayStanding[] = []

  constructor (ether: Ether, peerId: string, address: string) {
    this.#ether = ether
    this.peerId = peerId
    this.address = address
  }

  start (): Promise<void> {
    this.isUp = true
    this.#ether.nodes.set(this.peerId, this)
    return Promise.resolve()
  }

  stop (): Promise<void> {
    this.isUp = false
    for (const link of [...this.#ether.links]) if (link.touches(this.peerId)) link.break('reset')
    return Promise.resolve()
  }

  addresses (): string[] { return [this.address] }
  isConnected (peerId: string): boolean { return this.#ether.isLinked(this.peerId, peerId) }
  connectionCount (): number { return [...this.#ether.links].filter(link => link.isOpen && link.touches(this.peerId)).length }
  onConnect (listener: (peerId: string, openedBy: 'us' | 'them') => void): void { this.#listeners.push(listener) }
  path (peerId: string): Path | undefined { return this.isConnected(peerId) ? { type: 'direct' } : undefined }
  /** Relays need no circuits here: whoever is up is reachable. */
  useRelays (relays: readonly PeerTarget[]): void { this.#relays = relays.map(({ peerId }) => ({ peerId, state: 'reserved' })) }
  relays (): readonly RelayStanding[] { return this.#relays }
  meet (): void { /* nobody has anything but one address */ }
  onNeighbour (): void { /* there is no local network */ }
  survey (): Promise<Survey> { return Promise.resolve({ listening: [this.address], router: 'open', checked: [], neighbours: 0 }) }
  serveChannel (protocol: ChannelProtocol, accept: Accept): void { this.#channels.set(protocol.id, accept) }
  serveRequest (protocol: ChannelProtocol, answer: Answer): void { this.#requests.set(protocol.id, answer) }

  disconnectAll (): Promise<void> {
    for (const link of [...this.#ether.links]) if (link.touches(this.peerId)) link.break('reset')
    return Promise.resolve()
  }

  async openChannel (peer: PeerTarget, protocol: ChannelProtocol, onFrames: FrameHandler): Promise<Channel> {
    const other = await this.#dial(peer)
    const accept = other.#channels.get(protocol.id)
    if (accept === undefined) throw new UnreachableError('the peer does not speak this protocol')
    const link = new Link(this.#ether, { near: this.peerId, far: other.peerId, protocol: protocol.id })
    link.near.onFrames = onFrames
    link.far.onFrames = accept(link.far)
    this.#ether.links.add(link)
    this.#tell(other.peerId, 'us')
    other.#tell(this.peerId, 'them')
    return link.near
  }

  async request (peer: PeerTarget, protocol: ChannelProtocol, frame: Uint8Array): Promise<Uint8Array> {
    const other = await this.#dial(peer)
    const answer = other.#requests.get(protocol.id)
    if (answer === undefined) throw new UnreachableError('the peer does not speak this protocol')
    this.#ether.onFrame({ from: this.peerId, to: other.peerId, protocol: protocol.id, isForward: true, frame })
    const reply = await answer(frame, this.peerId)
    await this.#pause(this.#ether.delayMs())
    // The answer may be lost after it was given: one-time keys are spent then, and that must do no harm.
    if (this.#ether.reach(this.peerId, peer) === undefined || this.#ether.random.chance(this.#ether.weather.loss)) throw new UnreachableError('the connection ended')
    return reply
  }

  async ping (peer: PeerTarget): Promise<Ping> {
    const beginMs = this.#ether.world.nowMs
    await this.#dial(peer)
    await this.#pause(this.#ether.delayMs())
    return { path: { type: 'direct' }, ms: this.#ether.world.nowMs - beginMs }
  }

  async #dial (peer: PeerTarget): Promise<SimNetwork> {
    const ether = this.#ether
    await this.#pause(ether.delayMs())
    const other = ether.reach(this.peerId, peer)
    if (other !== undefined && !ether.random.chance(ether.weather.loss)) return other
    await this.#pause(DIAL_TIMEOUT_MS)
    throw new UnreachableError('no address answers')
  }

  async #pause (delayMs: number): Promise<void> {
    await new Promise<void>(resolve => { this.#ether.world.schedule(delayMs, resolve) })
  }

  #tell (peerId: string, openedBy: 'us' | 'them'): void {
    for (const listener of this.#listeners) listener(peerId, openedBy)
  }
}

/** One stream between two nodes. */
class Link {
  readonly near: End
  readonly far: End
  readonly protocol: string
  readonly ether: Ether
  isOpen = true

  constructor (ether: Ether, { near, far, protocol }: { readonly near: string, readonly far: string, readonly protocol: string }) {
    this.ether = ether
    this.protocol = protocol
    this.near = new End(this, near, far)
    this.far = new End(this, far, near)
  }

  joins (one: string, other: string): boolean { return this.touches(one) && this.touches(other) }
  touches (peerId: string): boolean { return this.near.owner === peerId || this.far.owner === peerId }
  otherEnd (end: End): End { return end === this.near ? this.far : this.near }

  break (reason: ChannelEnd): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.ether.links.delete(this)
    this.near.end(reason)
    this.far.end(reason)
  }
}

class End implements Channel {
  readonly owner: string
  readonly peerId: string
  readonly isRelayed = false
  readonly movedBytes = 0
  readonly closed: Promise<ChannelEnd>
  onFrames: FrameHandler = () => {}
  readonly #link: Link
  #settle: (end: ChannelEnd) => void = () => {}
  #lastArrivalMs = 0
  #sent = 0
  #reading: Promise<void> = Promise.resolve()

  constructor (link: Link, owner: string, peerId: string) {
    this.#link = link
    this.owner = owner
    this.peerId = peerId
    this.closed = new Promise(resolve => { this.#settle = resolve })
  }

  send (frames: readonly Uint8Array[]): Promise<void> {
    if (!this.#link.isOpen) return Promise.reject(new UnreachableError('the channel is closed'))
    for (const frame of frames) this.#sendFrame(frame)
    return Promise.resolve()
  }

  close (): void {
    const { world } = this.#link.ether
    // What was sent still arrives.
    world.schedule(Math.max(0, this.#lastArrivalMs - world.nowMs) + 0.01, () => this.#link.break('closed'))
  }

  end (reason: ChannelEnd): void { this.#settle(reason) }

  #sendFrame (frame: Uint8Array): void {
    const { ether } = this.#link
    const isFirst = this.#sent++ === 0
    const copies = !isFirst && ether.random.chance(ether.weather.duplication) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const atMs = ether.world.nowMs + ether.delayMs()
      const isSwapped = !isFirst && ether.random.chance(ether.weather.reordering)
      const arrivalMs = isSwapped ? atMs : Math.max(atMs, this.#lastArrivalMs)
      this.#lastArrivalMs = Math.max(this.#lastArrivalMs, arrivalMs)
      ether.world.schedule(arrivalMs - ether.world.nowMs, () => this.#arrive(frame))
    }
  }

  #arrive (frame: Uint8Array): void {
    const { ether, protocol } = this.#link
    if (!this.#link.isOpen) return
    if (ether.random.chance(ether.weather.loss)) return this.#link.break('reset')
    const other = this.#link.otherEnd(this)
    ether.onFrame({ from: this.owner, to: other.owner, protocol, isForward: this === this.#link.near, frame })
    other.receive(frame)
  }

  receive (frame: Uint8Array): void {
    this.#reading = this.#read(frame, this.#reading)
  }

  async #read (frame: Uint8Array, before: Promise<void>): Promise<void> {
    await before
    if (!this.#link.isOpen) return
    try {
      await this.onFrames([frame])
    } catch {
      this.#link.break('reset')
    }
  }
}
