/**
 * What stands for libp2p below the DHT in a simulated world: connections and streams between hosts of one process, with delays, and hosts
 * that are dead. Above it runs the product's RecordDht with the real kad-dht.
 */
import { AbstractStream } from '@libp2p/utils'
import { multiaddr, type Multiaddr } from '@multiformats/multiaddr'
import type { Connection, Logger, PeerId, PrivateKey, Stream, StreamHandler } from '@libp2p/interface'
import { asError, UnreachableError } from '../../../protocols/core/errors.ts'
import type { HostComponents } from '../../../node/net/host.ts'
import { parsePeerId, privateKeyOf } from '../../../node/net/identity.ts'
import type { PeerTarget } from '../../../node/ports.ts'
import type { SeededRandom } from '../random.ts'
import type { World } from '../world.ts'

/** A line across a continent, one way. */
const DELAY_MS = { min: 10, max: 60 }
/** TCP and Noise need three ways before the first byte. */
const HANDSHAKE_TRIPS = 3
/** Ed25519 in libp2p's protobuf form: type, then 64 bytes of seed and public key. */
const KEY_PREFIX = Uint8Array.of(0x08, 0x01, 0x12, 0x40)

export interface Watcher {
  /** Somebody has opened a stream of the DHT to somebody. */
  readonly onStream: (from: SimHost, to: SimHost) => void
  /** A message has arrived at who opened the stream. */
  readonly onAnswer: (at: SimHost, from: SimHost, bytes: Uint8Array) => void
}

export class Lan {
  readonly world: World
  readonly random: SeededRandom
  readonly hosts = new Map<string, SimHost>()
  readonly watcher: Watcher

  constructor (world: World, { random, watcher }: { readonly random: SeededRandom, readonly watcher: Watcher }) {
    this.world = world
    this.random = random
    this.watcher = watcher
  }

  delayMs (): number { return DELAY_MS.min + this.random.fraction() * (DELAY_MS.max - DELAY_MS.min) }
}

export class SimHost {
  readonly peerId: PeerId
  readonly target: PeerTarget
  readonly lan: Lan
  readonly isServer: boolean
  isDead = false
  /** Streams of the DHT that others have opened to it. */
  served = 0
  readonly #privateKey: PrivateKey
  readonly #address: Multiaddr
  readonly #handlers = new Map<string, StreamHandler>()
  readonly #connections = new Map<string, Connection>()

  constructor (lan: Lan, { key, number, isServer }: { readonly key: { readonly seed: Uint8Array, readonly publicKey: Uint8Array }, readonly number: number, readonly isServer: boolean }) {
    this.lan = lan
    this.isServer = isServer
    this.#privateKey = privateKeyOf(Buffer.concat([KEY_PREFIX, key.seed, key.publicKey]))
    this.#address = multiaddr(`/ip4/100.${number >>> 16 & 255}.${number >>> 8 & 255}.${number & 255}/tcp/4001`)
    this.peerId = parsePeerId(this.#privateKey.publicKey.toString())
    this.target = { peerId: this.peerId.toString(), addresses: [this.#address.toString()] }
    lan.hosts.set(this.target.peerId, this)
  }

  /** As much of libp2p as the DHT asks for. */
  components (): HostComponents {
    const parts = {
      addressManager: { getAddresses: () => [this.#address] },
      events: new EventTarget(),
      logger: { forComponent: () => SILENCE },
      peerId: this.peerId,
      peerStore: {},
      privateKey: this.#privateKey,
      registrar: {
        handle: (protocol: string, handler: StreamHandler) => { this.#handlers.set(protocol, handler) },
        unhandle: (protocol: string) => { this.#handlers.delete(protocol) }
      },
      connectionManager: {
        getConnections: (peer: PeerId) => [this.#connections.get(peer.toString())].filter(connection => connection !== undefined),
        openConnection: async (targets: readonly Multiaddr[], options?: { readonly signal?: AbortSignal }) => await this.#connect(targets, options?.signal)
      },
      identify: { identify: async (connection: Connection) => await this.#identify(connection) }
    }
    return parts as unknown as HostComponents
  }

  async #connect (targets: readonly Multiaddr[], signal: AbortSignal | undefined): Promise<Connection> {
    const peerId = targets[0]?.getComponents().at(-1)?.value ?? ''
    const other = this.lan.hosts.get(peerId)
    await this.lan.world.pause(HANDSHAKE_TRIPS * this.lan.delayMs())
    if (other === undefined || other.isDead || this.isDead) return await silence(signal)
    const [near, far] = [this.#connectionTo(other), other.#connectionTo(this)]
    this.#connections.set(other.target.peerId, near)
    other.#connections.set(this.target.peerId, far)
    return near
  }

  #connectionTo (other: SimHost): Connection {
    const events = new EventTarget()
    const connection = {
      remotePeer: other.peerId,
      status: 'open',
      streams: [],
      addEventListener: events.addEventListener.bind(events),
      removeEventListener: events.removeEventListener.bind(events),
      newStream: async (protocols: string | string[], options?: { readonly signal?: AbortSignal }) => await this.#open(other, [protocols].flat()[0] ?? '', options?.signal),
      close: async () => {
        this.#connections.delete(other.target.peerId)
        other.#connections.delete(this.target.peerId)
        connection.status = 'closed'
        events.dispatchEvent(new Event('close'))
        await Promise.resolve()
      }
    }
    return connection as unknown as Connection
  }

  async #open (other: SimHost, protocol: string, signal: AbortSignal | undefined): Promise<Stream> {
    await this.lan.world.pause(this.lan.delayMs())
    if (other.isDead || this.isDead) return await silence(signal)
    const handler = other.#handlers.get(protocol)
    if (handler === undefined) throw new UnreachableError('the peer does not speak this protocol')
    const [near, far] = [new SimStream(this.lan, protocol, 'outbound'), new SimStream(this.lan, protocol, 'inbound')]
    near.join(far, () => other.isDead)
    far.join(near, () => this.isDead, bytes => { this.lan.watcher.onAnswer(this, other, bytes) })
    other.served += 1
    this.lan.watcher.onStream(this, other)
    // As libp2p: a handler that throws, since its peer has hung up perhaps, ends the stream.
    void (async () => { await handler(far, other.#connections.get(this.target.peerId) ?? other.#connectionTo(this)) })().catch((thrown: unknown) => { far.abort(asError(thrown)) })
    return near
  }

  async #identify (connection: Connection): Promise<{ readonly protocols: readonly string[], readonly listenAddrs: readonly Multiaddr[] }> {
    await this.lan.world.pause(2 * this.lan.delayMs())
    const other = this.lan.hosts.get(connection.remotePeer.toString())
    return { protocols: other === undefined ? [] : [...other.#handlers.keys()], listenAddrs: other === undefined ? [] : [other.#address] }
  }
}

/** Bytes arrive whole and in order, after a while. */
class SimStream extends AbstractStream {
  readonly #lan: Lan
  #other: SimStream | undefined
  #isDeaf = (): boolean => true
  #onBytes: ((bytes: Uint8Array) => void) | undefined
  #lastMs = 0

  constructor (lan: Lan, protocol: string, direction: 'inbound' | 'outbound') {
    super({ id: '0', protocol, direction, log: SILENCE })
    this.#lan = lan
  }

  join (other: SimStream, isDeaf: () => boolean, onBytes?: (bytes: Uint8Array) => void): void {
    this.#other = other
    this.#isDeaf = isDeaf
    this.#onBytes = onBytes
  }

  override sendData (data: { readonly byteLength: number, subarray: () => Uint8Array }): { readonly sentBytes: number, readonly canSendMore: boolean } {
    const bytes = Uint8Array.from(data.subarray())
    this.#later(other => {
      this.#onBytes?.(bytes)
      other.onData(bytes)
    })
    return { sentBytes: data.byteLength, canSendMore: true }
  }

  override sendReset (): void { this.#later(other => { other.onRemoteReset() }) }

  override async sendCloseWrite (): Promise<void> {
    this.#later(other => { other.onRemoteCloseWrite() })
    await Promise.resolve()
  }

  override async sendCloseRead (): Promise<void> { await Promise.resolve() }
  override sendPause (): void { /* whoever reads here reads all */ }
  override sendResume (): void { /* whoever reads here reads all */ }

  #later (arrive: (other: SimStream) => void): void {
    const { world } = this.#lan
    this.#lastMs = Math.max(this.#lastMs, world.nowMs + this.#lan.delayMs())
    world.schedule(this.#lastMs - world.nowMs, () => { if (this.#other !== undefined && !this.#isDeaf()) arrive(this.#other) })
  }
}

/** Nobody answers, until whoever asked gives up. */
async function silence (signal: AbortSignal | undefined): Promise<never> {
  if (signal !== undefined && !signal.aborted) await new Promise<void>(resolve => { signal.addEventListener('abort', () => { resolve() }, { once: true }) })
  throw new UnreachableError('no address answers')
}

/** Nobody reads it. */
const SILENCE: Logger = Object.assign(() => {}, { error: () => {}, trace: () => {}, enabled: false, newScope: () => SILENCE })
