/** Real nodes on loopback for the tests of the network: started here, and all stopped after each test. */
import type { Libp2p, Stream } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createHost } from '../../../node/net/host.ts'
import { generateNetworkKey, privateKeyOf } from '../../../node/net/identity.ts'
import { KeepAlive } from '../../../node/net/keepalive.ts'
import { Liveness } from '../../../node/net/liveness.ts'
import { Libp2pNetwork } from '../../../node/net/network.ts'
import type { Libp2pNetworkOptions } from '../../../node/net/network.ts'
import { realClock } from '../../../node/world.ts'
import type { ChannelProtocol, PeerTarget } from '../../../node/ports.ts'

export const TALK: ChannelProtocol = { id: '/skein/test-talk/1.0.0', frameBytesMax: 100_000 }
export const ASK: ChannelProtocol = { id: '/skein/test-ask/1.0.0', frameBytesMax: 80 * 1024 }

export const TCP = '/ip4/127.0.0.1/tcp/0'
export const WEBSOCKET = '/ip4/127.0.0.1/tcp/0/ws'

const stops: Array<() => Promise<void> | void> = []

/** For the end of the test, newest first. */
export function atEnd (stop: () => Promise<void> | void): void { stops.push(stop) }

/** mocha's `afterEach` of every suite that starts nodes. */
export async function stopAll (): Promise<void> {
  for (const stop of stops.splice(0).reverse()) await stop()
}

/** A network that is not started, so that it can still be given protocols to serve. */
export function newNetwork (options: Partial<Libp2pNetworkOptions> = {}): Libp2pNetwork {
  const network = new Libp2pNetwork({ networkKey: generateNetworkKey(), listen: [TCP], agentVersion: 'skein/test', clock: realClock, ...options })
  atEnd(() => network.stop())
  return network
}

export interface Stranger {
  readonly host: Libp2p
  readonly target: PeerTarget
}

/** A libp2p without our manners: for streams that misbehave. */
export async function newStranger (): Promise<Stranger> {
  const host = await createHost({
    privateKey: privateKeyOf(generateNetworkKey()), listen: [TCP], agentVersion: 'stranger', clock: realClock, handshakeMs: 5000, liveness: new Liveness(realClock, 60_000), keepAlive: new KeepAlive(60_000)
  })
  const addresses: string[] = []
  host.addEventListener('transport:listening', ({ detail }) => { addresses.push(...detail.getAddrs().map(address => address.toString())) })
  await host.start()
  atEnd(() => host.stop())
  return { host, target: { peerId: host.peerId.toString(), addresses } }
}

/** A bare stream of `stranger` to a network, after its protocol was negotiated. */
export async function bareStream ({ host }: Stranger, network: Libp2pNetwork, protocol: ChannelProtocol): Promise<Stream> {
  return await host.dialProtocol(multiaddr(`${network.addresses()[0] ?? ''}/p2p/${network.peerId}`), protocol.id)
}

export function targetOf (network: Libp2pNetwork): PeerTarget {
  return { peerId: network.peerId, addresses: network.addresses() }
}

/** The port of an address of a started network. */
export function portOf (network: Libp2pNetwork): number {
  const [, port] = /\/tcp\/(\d+)/.exec(network.addresses()[0] ?? '') ?? []
  return Number(port)
}

export function text (...lines: readonly string[]): Uint8Array[] { return lines.map(line => new TextEncoder().encode(line)) }

export function read (frame: Uint8Array | undefined): string { return new TextDecoder().decode(frame) }

/** Collects what arrives; `until(count)` waits for that many. */
export class Inbox {
  readonly frames: Uint8Array[] = []
  #waiting: Array<{ readonly count: number, readonly resolve: () => void }> = []

  readonly take = (frames: readonly Uint8Array[]): void => {
    // Frames may be views into larger buffers: what is kept is copied.
    for (const frame of frames) this.frames.push(Uint8Array.from(frame))
    for (const waiter of this.#waiting) if (this.frames.length >= waiter.count) waiter.resolve()
    this.#waiting = this.#waiting.filter(waiter => this.frames.length < waiter.count)
  }

  until (count: number): Promise<void> {
    if (this.frames.length >= count) return Promise.resolve()
    return new Promise(resolve => { this.#waiting.push({ count, resolve }) })
  }

  get lines (): string[] { return this.frames.map(read) }
}
