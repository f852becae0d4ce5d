/**
 * WebSocket as a libp2p transport, for networks that let nothing else through. Our own, because @libp2p/websockets 10.1.21
 * keeps both sockets of a connection that was aborted, cannot drop a peer that died, and never stops while one client
 * stays silent (docs/protocols/transport.md, "WebSocket"). Bytes and addresses are the same.
 */
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { TypedEventEmitter, serviceCapabilities, transportSymbol } from '@libp2p/interface'
import type {
  AbortOptions, ComponentLogger, Connection, CreateListenerOptions, DialTransportOptions, Listener, ListenerEvents, Logger,
  MessageStreamDirection, Transport, Upgrader
} from '@libp2p/interface'
import { AbstractMultiaddrConnection, getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import type { SendResult } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { WebSocket, WebSocketServer } from 'ws'
import { asError } from '../../protocols/core/errors.ts'
import { invariant } from '../../protocols/core/invariant.ts'
import { CLOSE_GRACE_MS, CONNECTIONS_MAX, HANDSHAKES_PENDING_MAX, STREAM_WINDOW_BYTES_MAX } from '../../protocols/core/limits.ts'
import type { Clock } from '../ports.ts'
import { placeOfComponents } from './addresses.ts'

export interface WebSocketOptions {
  readonly clock: Clock
  /** How long a client may take for its HTTP request. */
  readonly handshakeMs: number
}

/** A transport for `createLibp2p`. */
export function webSockets (options: WebSocketOptions): (components: { readonly logger: ComponentLogger }) => Transport {
  return components => new WebSockets(options, components.logger)
}

/** Bytes that may wait in the socket before writers do: a TCP socket's default in Node. */
const BUFFERED_BYTES_MAX = 64 * 1024
/** One message is one write of the other side: a window of a stream, its Noise tags and yamux headers, with room. */
const MESSAGE_BYTES_MAX = 4 * STREAM_WINDOW_BYTES_MAX
/** Compression would only find ciphertext. */
const SOCKET_OPTIONS = { perMessageDeflate: false, maxPayload: MESSAGE_BYTES_MAX }
/** The states of a WebSocket (RFC 6455 as in the HTML standard). */
const CLOSED = 3

class WebSockets implements Transport {
  readonly [Symbol.toStringTag] = 'skein/websockets'
  readonly [transportSymbol] = true
  readonly [serviceCapabilities]: string[] = ['@libp2p/transport']
  readonly #options: WebSocketOptions
  readonly #log: Logger

  constructor (options: WebSocketOptions, logger: ComponentLogger) {
    this.#options = options
    this.#log = logger.forComponent('skein:websockets')
  }

  async dial (address: Multiaddr, options: DialTransportOptions): Promise<Connection> {
    options.signal.throwIfAborted()
    const socket = new WebSocket(urlOf(address), { ...SOCKET_OPTIONS, followRedirects: false })
    socket.once('upgrade', response => { connection.socket = response.socket })
    // Before it opens: the first message may come in the same turn of the loop as the answer to the upgrade.
    const connection = new WebSocketConnection(socket, { clock: this.#options.clock, log: this.#log, remoteAddr: address, direction: 'outbound' })
    try {
      await once(socket, 'open', { signal: options.signal })
      return await options.upgrader.upgradeOutbound(connection, options)
    } catch (error) {
      connection.abort(asError(error))
      throw error
    }
  }

  createListener ({ upgrader }: CreateListenerOptions): Listener {
    return new WebSocketListener({ ...this.#options, upgrader, log: this.#log })
  }

  listenFilter (addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(address => {
      const place = placeOfComponents(address.getComponents())
      return place !== undefined && !place.isName && place.transport === 'ws'
    })
  }

  dialFilter (addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter(address => {
      const place = placeOfComponents(withoutPeer(address))
      return place?.transport === 'ws' || place?.transport === 'wss'
    })
  }
}

interface ConnectionInit {
  readonly clock: Clock
  readonly log: Logger
  readonly remoteAddr: Multiaddr
  readonly direction: MessageStreamDirection
}

class WebSocketConnection extends AbstractMultiaddrConnection {
  /** What carries the WebSocket, for keepalive.ts: known as soon as it is open. */
  socket: Duplex | undefined
  readonly #socket: WebSocket
  readonly #clock: Clock

  constructor (socket: WebSocket, { clock, ...init }: ConnectionInit) {
    super(init)
    this.#socket = socket
    this.#clock = clock
    socket.on('message', (bytes, isBinary) => {
      if (isBinary) this.onData(bytes)
      else this.abort(new Error('a WebSocket message was text'))
    })
    socket.on('error', error => { this.abort(error) })
    socket.on('close', () => {
      // Without a close frame the code is 1006, but Noise and yamux say themselves what was cut off.
      if (this.status === 'open') this.onTransportClosed()
    })
  }

  sendData (bytes: Parameters<AbstractMultiaddrConnection['sendData']>[0]): SendResult {
    this.#socket.send(bytes.subarray(), () => {
      if (this.writableNeedsDrain && this.#socket.bufferedAmount < BUFFERED_BYTES_MAX) this.safeDispatchEvent('drain')
    })
    return { sentBytes: bytes.byteLength, canSendMore: this.#socket.bufferedAmount < BUFFERED_BYTES_MAX }
  }

  sendReset (): void { this.#socket.terminate() }

  sendPause (): void { this.#socket.pause() }

  sendResume (): void { this.#socket.resume() }

  /** The other side may never answer our close frame. */
  async sendClose (options: AbortOptions = {}): Promise<void> {
    if (this.#socket.readyState === CLOSED) return
    const grace = this.#clock.timer(CLOSE_GRACE_MS, () => { this.#socket.terminate() })
    try {
      this.#socket.close()
      await once(this.#socket, 'close', options.signal === undefined ? {} : { signal: options.signal })
    } finally {
      grace.cancel()
      this.#socket.terminate()
    }
  }
}

interface ListenerInit extends WebSocketOptions {
  readonly upgrader: Upgrader
  readonly log: Logger
}

class WebSocketListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #init: ListenerInit
  readonly #http
  readonly #sockets = new WebSocketServer({ noServer: true, ...SOCKET_OPTIONS })
  readonly #shutdown = new AbortController()
  #address: Multiaddr | undefined

  constructor (init: ListenerInit) {
    super()
    this.#init = init
    // A client that says nothing, or says it slowly, holds a socket for one and a half handshakes at most.
    this.#http = createServer({ headersTimeout: init.handshakeMs, requestTimeout: init.handshakeMs, connectionsCheckingInterval: Math.ceil(init.handshakeMs / 2) }, refuse)
    this.#http.maxConnections = CONNECTIONS_MAX + HANDSHAKES_PENDING_MAX
    this.#http.on('upgrade', (request, socket, head) => { this.#upgrade(request, socket, head) })
  }

  async listen (address: Multiaddr): Promise<void> {
    const place = placeOfComponents(address.getComponents())
    invariant(place !== undefined, 'listenFilter lets only addresses with a place through')
    this.#http.listen({ host: place.host, port: place.port, ipv6Only: true })
    await once(this.#http, 'listening')
    this.#http.on('error', error => { this.safeDispatchEvent('error', { detail: error }) })
    this.#address = address
    this.safeDispatchEvent('listening')
  }

  getAddrs (): Multiaddr[] {
    const bound = this.#http.address()
    if (bound === null || typeof bound === 'string') return []
    return getThinWaistAddresses(this.#address, bound.port).map(address => address.encapsulate('/ws'))
  }

  updateAnnounceAddrs (): void { /* nothing of a WebSocket's address is known only at run time */ }

  async close (): Promise<void> {
    const closed = this.#http.listening ? once(this.#http, 'close') : undefined
    this.#http.close()
    this.#http.closeAllConnections()
    this.#shutdown.abort()
    for (const socket of this.#sockets.clients) socket.terminate()
    await closed
    this.safeDispatchEvent('close')
  }

  #upgrade (request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress, remotePort } = request.socket
    if (remoteAddress === undefined || remotePort === undefined) {
      socket.destroy()
      return
    }
    this.#sockets.handleUpgrade(request, socket, head, upgraded => {
      const remoteAddr = ipPortToMultiaddr(remoteAddress, remotePort).encapsulate('/ws')
      const connection = new WebSocketConnection(upgraded, { clock: this.#init.clock, log: this.#init.log, remoteAddr, direction: 'inbound' })
      connection.socket = socket
      void this.#accept(connection)
    })
  }

  async #accept (connection: WebSocketConnection): Promise<void> {
    try {
      await this.#init.upgrader.upgradeInbound(connection, { signal: this.#shutdown.signal })
    } catch (error) {
      connection.abort(asError(error))
    }
  }
}

function refuse (request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(426, { connection: 'close' })
  response.end()
}

function urlOf (address: Multiaddr): string {
  const place = placeOfComponents(withoutPeer(address))
  invariant(place !== undefined, 'dialFilter lets only addresses with a place through')
  const host = place.host.includes(':') ? `[${place.host}]` : place.host
  return `${place.transport}://${host}:${place.port}/`
}

function withoutPeer (address: Multiaddr): ReturnType<Multiaddr['getComponents']> {
  return address.getComponents().filter(component => component.name !== 'p2p')
}
