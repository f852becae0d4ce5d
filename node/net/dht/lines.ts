/**
 * The streams on which kad-dht speaks: counted, since its own limit is four million bytes a message, and told whose they are, since
 * it does not pass that on to its database.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Connection, PeerId, Stream } from '@libp2p/interface'
import { UnreachableError } from '../../../protocols/core/errors.ts'
import { DHT_MESSAGES_BURST, DHT_MESSAGES_PER_SECOND, DHT_STREAM_BYTES_MAX } from '../../../protocols/core/limits.ts'
import { Rates } from '../../rates.ts'
import type { Clock } from '../../ports.ts'
import { isDialable } from '../addresses.ts'
import { variantOf, type HostComponents } from '../host.ts'
import type { Acquaintances } from './acquaintances.ts'

type Registrar = HostComponents['registrar']
type ConnectionManager = HostComponents['connectionManager']
type StreamHandler = Parameters<Registrar['handle']>[1]

export interface LineParts {
  readonly components: HostComponents
  readonly clock: Clock
  readonly acquaintances: Acquaintances
  /** A peer speaks to us in the DHT. */
  readonly onCaller: (connection: Connection) => void
  /** A peer of the DHT does not answer. */
  readonly onSilent: (peerId: PeerId) => void
}

export class Lines {
  readonly #parts: LineParts
  readonly #writer = new AsyncLocalStorage<string>()
  readonly #rates: Rates
  readonly #opened = new Set<Connection>()

  constructor (parts: LineParts) {
    this.#parts = parts
    this.#rates = new Rates(parts.clock, () => ({ burst: DHT_MESSAGES_BURST, perSecond: DHT_MESSAGES_PER_SECOND }))
  }

  /** Whose message is being dealt with; undefined: nobody's. */
  writer (): string | undefined { return this.#writer.getStore() }

  asRegistrar (): Registrar {
    const { registrar } = this.#parts.components
    return variantOf(registrar, {
      handle: async (protocol, handler, options) => { await registrar.handle(protocol, (stream, connection) => this.#take(stream, connection, handler), options) },
      unhandle: async (protocol, options) => { await registrar.unhandle(protocol, options) },
      // Who speaks it is found out by speaking with them: identify does not run on every connection of ours.
      register: () => Promise.resolve(''),
      unregister: () => { /* never registered */ }
    })
  }

  asConnectionManager (): ConnectionManager {
    return variantOf(this.#parts.components.connectionManager, {
      openStream: async (peer, protocol, options) => await this.open(peer as PeerId, protocol, options),
      isDialable: addresses => Promise.resolve([addresses].flat().some(address => isDialable(address.toString())))
    })
  }

  /** @throws UnreachableError, and what libp2p throws */
  async open (peerId: PeerId, protocol: string | string[], options: Parameters<Connection['newStream']>[1]): Promise<Stream> {
    try {
      const connection = await this.#connect(peerId, options)
      return counted(await connection.newStream(protocol, options))
    } catch (error) {
      this.#parts.onSilent(peerId)
      throw error
    }
  }

  /** Closes connections that were opened for lookups only and carry nothing now. */
  async leave (): Promise<void> {
    const idle = [...this.#opened].filter(({ streams }) => streams.length === 0)
    this.#opened.clear()
    await Promise.allSettled(idle.map(connection => connection.close()))
  }

  async #connect (peerId: PeerId, options: Parameters<Connection['newStream']>[1]): Promise<Connection> {
    const { components: { connectionManager }, acquaintances } = this.#parts
    const open = connectionManager.getConnections(peerId).findLast(({ status, limits }) => status === 'open' && limits === undefined)
    if (open !== undefined) return open
    const targets = acquaintances.targets(peerId)
    if (targets.length === 0) throw new UnreachableError('no address of this peer is known')
    const connection = await connectionManager.openConnection(targets, { ...options?.signal !== undefined && { signal: options.signal } })
    this.#opened.add(connection)
    connection.addEventListener('close', () => { this.#opened.delete(connection) })
    return connection
  }

  #take (stream: Stream, connection: Connection, handler: StreamHandler): void | Promise<void> {
    const peerId = connection.remotePeer.toString()
    if (!this.#rates.isAllowed(peerId)) {
      stream.abort(new Error('too many messages'))
      return
    }
    this.#parts.onCaller(connection)
    return this.#writer.run(peerId, () => handler(counted(stream), connection))
  }
}

/** The same stream, cut when more comes than a message and its answer need. */
function counted (stream: Stream): Stream {
  let leftBytes = DHT_STREAM_BYTES_MAX
  stream.addEventListener('message', ({ data }) => {
    leftBytes -= data.byteLength
    if (leftBytes < 0) stream.abort(new Error('too much on a stream of the DHT'))
  })
  return stream
}
