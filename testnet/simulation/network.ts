/**
 * The network port in a simulated world: whoever is up and reachable answers at its address, after a while. There are no routers, so
 * no circuits either; connections are what streams there are between two.
 */
import { UnreachableError } from '../../protocols/core/errors.ts'
import type { Channel, ChannelProtocol, FrameHandler, Network, Path, PeerTarget, Ping, RelayStanding, Survey } from '../../node/ports.ts'
import type { Accept, Answer, Ether, Station, Wire } from './ether.ts'
import { Gate } from './gate.ts'
import { Link } from './link.ts'

/** A dial into a hole takes this long to fail. */
const DIAL_TIMEOUT_MS = 10_000

export class SimNetwork implements Network, Station {
  readonly peerId: string
  readonly wires = new Set<Wire>()
  readonly channels = new Map<string, Accept>()
  readonly requests = new Map<string, Answer>()
  address: string
  name: string
  gate = new Gate()
  isUp = false
  readonly #ether: Ether
  readonly #listeners: Array<(peerId: string, openedBy: 'us' | 'them') => void> = []
  #relays: readonly RelayStanding[] = []

  constructor (ether: Ether, peerId: string, address: string) {
    this.#ether = ether
    this.peerId = peerId
    this.name = peerId
    this.address = address
  }

  start (): Promise<void> {
    this.isUp = true
    this.#ether.nodes.set(this.peerId, this)
    return Promise.resolve()
  }

  stop (): Promise<void> {
    this.isUp = false
    this.#breakAll()
    return Promise.resolve()
  }

  addresses (): string[] { return [this.address] }

  isConnected (peerId: string): boolean {
    const other = this.#ether.nodes.get(peerId)
    return other !== undefined && this.#ether.isLinked(this, other)
  }

  connectionCount (): number { return this.wires.size }
  onConnect (listener: (peerId: string, openedBy: 'us' | 'them') => void): void { this.#listeners.push(listener) }
  tell (peerId: string, openedBy: 'us' | 'them'): void { for (const listener of this.#listeners) listener(peerId, openedBy) }
  path (peerId: string): Path | undefined { return this.isConnected(peerId) ? { type: 'direct' } : undefined }
  /** Relays need no circuits here: whoever is up is reachable. */
  useRelays (relays: readonly PeerTarget[]): void { this.#relays = relays.map(({ peerId }) => ({ peerId, state: 'reserved' })) }
  relays (): readonly RelayStanding[] { return this.#relays }
  meet (): void { /* nobody has anything but one address */ }
  onNeighbour (): void { /* there is no local network */ }
  survey (): Promise<Survey> { return Promise.resolve({ listening: [this.address], router: 'open', checked: [], neighbours: 0 }) }
  serveChannel (protocol: ChannelProtocol, accept: Accept): void { this.channels.set(protocol.id, accept) }
  serveRequest (protocol: ChannelProtocol, answer: Answer): void { this.requests.set(protocol.id, answer) }

  disconnectAll (): Promise<void> {
    this.#breakAll()
    return Promise.resolve()
  }

  async openChannel (peer: PeerTarget, protocol: ChannelProtocol, onFrames: FrameHandler): Promise<Channel> {
    const other = await this.#dial(peer)
    const accept = other.channels.get(protocol.id)
    if (accept === undefined) throw new UnreachableError('the peer does not speak this protocol')
    const link = new Link(this.#ether, [this, other], protocol.id)
    link.near.onFrames = onFrames
    link.far.onFrames = accept(link.far)
    this.#ether.join(link)
    this.tell(other.peerId, 'us')
    other.tell(this.peerId, 'them')
    return link.near
  }

  async request (peer: PeerTarget, protocol: ChannelProtocol, frame: Uint8Array): Promise<Uint8Array> {
    const other = await this.#dial(peer)
    const answer = other.requests.get(protocol.id)
    if (answer === undefined) throw new UnreachableError('the peer does not speak this protocol')
    const ether = this.#ether
    ether.onFrame({ from: this.peerId, to: other.peerId, protocol: protocol.id, isForward: true, frame })
    const reply = await other.gate.during((async () => await answer(frame, this.peerId))(), connectionEnded)
    await ether.world.pause(ether.delayMs(other, this))
    // The answer may be lost after it was given: one-time keys are spent then, and that must do no harm.
    if (ether.reach(this, peer) === undefined || ether.random.chance(ether.weather.loss)) throw connectionEnded()
    ether.onFrame({ from: other.peerId, to: this.peerId, protocol: protocol.id, isForward: false, frame: reply })
    return reply
  }

  async ping (peer: PeerTarget): Promise<Ping> {
    const { world } = this.#ether
    const beginMs = world.nowMs
    await this.#dial(peer)
    await world.pause(this.#ether.delayMs())
    return { path: { type: 'direct' }, ms: world.nowMs - beginMs }
  }

  async #dial (peer: PeerTarget): Promise<Station> {
    const ether = this.#ether
    await ether.world.pause(ether.delayMs(this, ether.nodes.get(peer.peerId)))
    const other = ether.reach(this, peer)
    const isLost = ether.random.chance(ether.weather.loss)
    if (other !== undefined && !isLost && await this.#answers(other)) return other
    if (other === undefined || isLost) await ether.world.pause(DIAL_TIMEOUT_MS)
    throw new UnreachableError('no address answers')
  }

  /** Of a process that stands still, the kernel takes the connection, and nobody says a word. */
  async #answers (other: Station): Promise<boolean> {
    if (!other.gate.isPaused) return true
    const { world } = this.#ether
    return await new Promise<boolean>(resolve => {
      other.gate.pass(() => { resolve(true) })
      world.schedule(DIAL_TIMEOUT_MS, () => { resolve(false) })
    })
  }

  #breakAll (): void { for (const wire of [...this.wires]) wire.break('reset') }
}

function connectionEnded (): Error { return new UnreachableError('the connection ended') }
