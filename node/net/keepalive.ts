/**
 * The kernel's probes of silent TCP connections, which neither wake this process nor cost more than 66 bytes each way. Transports
 * neither of libp2p nor of ours tell their sockets, so each transport is wrapped where it hands a connection over.
 * docs/protocols/transport.md, "Liveness".
 */
import { Socket } from 'node:net'
import type { Connection, CreateListenerOptions, MultiaddrConnection, Transport, Upgrader, UpgraderOptions } from '@libp2p/interface'
import { KEEPALIVE_PROBES, KEEPALIVE_PROBE_MS } from '../../protocols/core/limits.ts'

/** What of a libp2p every transport is made from; each takes what it needs. */
type TransportFactory<Components> = (components: Components) => Transport

const MAPPED_IPV4 = /^::ffff:/

export class KeepAlive {
  readonly #idleMs: number
  readonly #sockets = new WeakMap<Connection, Socket>()

  /** @param idleMs silence before the first probe */
  constructor (idleMs: number) { this.#idleMs = idleMs }

  /** The same transport, with probes on every connection of it. */
  wrap<Components> (factory: TransportFactory<Components>): TransportFactory<Components> {
    return components => {
      const transport = factory(components)
      const dial = transport.dial.bind(transport)
      const createListener = transport.createListener.bind(transport)
      transport.dial = (address, options) => dial(address, { ...options, upgrader: this.#probing(options.upgrader) })
      transport.createListener = (options: CreateListenerOptions) => createListener({ ...options, upgrader: this.#probing(options.upgrader) })
      return transport
    }
  }

  /** Other probes for a connection that we dialled. */
  watch (connection: Connection, idleMs: number): void {
    const socket = this.#sockets.get(connection)
    if (socket !== undefined) probe(socket, idleMs)
  }

  /** What went over a connection that we dialled, both ways; undefined for any other. */
  bytesOf (connection: Connection): number | undefined {
    const socket = this.#sockets.get(connection)
    return socket === undefined ? undefined : socket.bytesRead + socket.bytesWritten
  }

  /** Whether a connection that we dialled has lost the address on our side: no answer will ever come. */
  isStranded (connection: Connection, ownHosts: readonly string[]): boolean {
    const host = this.#sockets.get(connection)?.localAddress
    return host !== undefined && !ownHosts.includes(host.replace(MAPPED_IPV4, ''))
  }

  #probing (upgrader: Upgrader): Upgrader {
    const begin = (transport: MultiaddrConnection): Socket | undefined => {
      const socket = socketOf(transport)
      if (socket !== undefined) probe(socket, this.#idleMs)
      return socket
    }
    const probing: Pick<Upgrader, 'upgradeInbound' | 'upgradeOutbound'> = {
      upgradeInbound: async (transport: MultiaddrConnection, options: UpgraderOptions) => {
        begin(transport)
        await upgrader.upgradeInbound(transport, options)
      },
      upgradeOutbound: async (transport: MultiaddrConnection, options: UpgraderOptions) => {
        const socket = begin(transport)
        const connection = await upgrader.upgradeOutbound(transport, options)
        if (socket !== undefined) this.#sockets.set(connection, socket)
        return connection
      }
    }
    return Object.assign(Object.create(upgrader) as Upgrader, probing)
  }
}

function socketOf (transport: MultiaddrConnection): Socket | undefined {
  return 'socket' in transport && transport.socket instanceof Socket ? transport.socket : undefined
}

function probe (socket: Socket, idleMs: number): void {
  socket.setKeepAlive(true, idleMs, KEEPALIVE_PROBE_MS, KEEPALIVE_PROBES)
}
