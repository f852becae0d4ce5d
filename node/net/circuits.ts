/**
 * Circuits: connections through a relay, encrypted from end to end like all others (libp2p circuit relay v2, client side).
 * Our own, because libp2p's client never reserves again after a connection to a relay was lost, hangs on a second fixed relay, bars
 * a relay for good after one failed dial, and listens at every stranger who asks (docs/protocols/transport.md, "Circuits").
 */
import type { Connection, Stream } from '@libp2p/interface'
import { AbstractMultiaddrConnection, lpStream } from '@libp2p/utils'
import type { AbstractMultiaddrConnectionInit, SendResult } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { asError, UnreachableError } from '../../protocols/core/errors.ts'
import { CIRCUITS_PER_USER_MAX, PATH_MESSAGE_BYTES_MAX } from '../../protocols/core/limits.ts'
import {
  decodeHopAnswer, decodeStopRequest, encodeConnect, encodeReserve, encodeStopAccept, type HopAnswer, type HopRefusal
} from '../../protocols/paths/wire.ts'
import type { HostComponents } from './host.ts'
import { peerIdFromBytes, peerIdToBytes } from './identity.ts'
import type { Liveness } from './liveness.ts'

export interface CircuitParts {
  readonly components: HostComponents
  readonly liveness: Liveness
  readonly handshakeMs: number
  /** Whether calls may come through this peer: it is a relay that we chose. */
  readonly isRelay: (peerId: string) => boolean
}

// circuit relay v2, "Protocol IDs"
export const HOP = '/libp2p/circuit/relay/0.2.0/hop'
export const STOP = '/libp2p/circuit/relay/0.2.0/stop'

/** Each circuit that a user has made holds one, and a place can still be asked for. */
export const HOP_STREAMS_MAX = CIRCUITS_PER_USER_MAX + 4

const REFUSALS: Readonly<Record<HopRefusal, string>> = {
  full: 'the relay has no place left',
  limit: 'the relay has a limit in the way',
  permission: 'the relay does not let us',
  unreachable: 'the relay cannot reach them',
  absent: 'they keep no place at the relay',
  other: 'the relay refused'
}

export class Circuits {
  readonly #parts: CircuitParts
  readonly #shutdown = new AbortController()
  readonly #calls = new Map<string, Promise<Connection>>()

  constructor (parts: CircuitParts) { this.#parts = parts }

  /** Part of libp2p's start: from then on calls are taken. */
  async start (): Promise<void> {
    await this.#parts.components.registrar.handle(STOP, (stream, connection) => this.#answer(stream, connection), {
      maxInboundStreams: CIRCUITS_PER_USER_MAX
    })
  }

  stop (): void { this.#shutdown.abort(new Error('the network stops')) }

  /** Asks for a place, or for longer of it. @throws when no answer comes */
  async reserve (connection: Connection, signal: AbortSignal): Promise<HopAnswer> {
    const stream = await connection.newStream(HOP, { signal, maxOutboundStreams: HOP_STREAMS_MAX })
    try {
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      await messages.write(encodeReserve(), { signal })
      const answer = decodeHopAnswer((await messages.read({ signal })).subarray())
      await stream.close({ signal })
      return answer
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  /** A connection with `peerId` through the relay at the other end of `relay`; calls of the same peer at once become one. */
  async call (relay: Connection, peerId: string): Promise<Connection> {
    const key = `${relay.remotePeer.toString()} ${peerId}`
    const pending = this.#calls.get(key)
    if (pending !== undefined) return await pending
    const calling = this.#call(relay, peerId)
    this.#calls.set(key, calling)
    try {
      return await calling
    } finally {
      this.#calls.delete(key)
    }
  }

  async #call (relay: Connection, peerId: string): Promise<Connection> {
    const { components, liveness, handshakeMs } = this.#parts
    const signal = AbortSignal.any([AbortSignal.timeout(handshakeMs), this.#shutdown.signal])
    const stream = await relay.newStream(HOP, { signal, maxOutboundStreams: HOP_STREAMS_MAX })
    try {
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      await messages.write(encodeConnect(peerIdToBytes(peerId)), { signal })
      const answer = decodeHopAnswer((await messages.read({ signal })).subarray())
      if (answer.type === 'refused') throw new UnreachableError(refusalText(answer.reason))
      const circuit = circuitOn(messages.unwrap(), relay.remotePeer.toString(), peerId)
      return await components.upgrader.upgradeOutbound(circuit, { signal, muxerFactory: liveness.muxer({ isProbed: false }) })
    } catch (error) {
      stream.abort(asError(error))
      throw error
    }
  }

  async #answer (stream: Stream, connection: Connection): Promise<void> {
    const { components, liveness, isRelay } = this.#parts
    const relay = connection.remotePeer.toString()
    const signal = components.upgrader.createInboundAbortSignal(this.#shutdown.signal)
    try {
      if (!isRelay(relay)) throw new UnreachableError('not a relay of ours')
      const messages = lpStream(stream, { maxDataLength: PATH_MESSAGE_BYTES_MAX })
      const request = decodeStopRequest((await messages.read({ signal })).subarray())
      if (request.type !== 'connect') throw new UnreachableError('not a call')
      const caller = peerIdFromBytes(request.peerId)
      await messages.write(encodeStopAccept(), { signal })
      // Noise refuses a caller who is not the one that the relay has named.
      await components.upgrader.upgradeInbound(circuitOn(messages.unwrap(), relay, caller), { signal, muxerFactory: liveness.muxer({ isProbed: false }) })
    } catch (error) {
      stream.abort(asError(error))
    } finally {
      signal.clear()
    }
  }
}

/** A relay's refusal, in words. */
export function refusalText (reason: HopRefusal): string { return REFUSALS[reason] }

/** The relay whose circuit a connection is, or undefined for a direct one. */
export function relayOf ({ remoteAddr }: Pick<Connection, 'remoteAddr'>): string | undefined {
  const components = remoteAddr.getComponents()
  const index = components.findIndex(({ name }) => name === 'p2p-circuit')
  // A WebRTC connection keeps the address of the circuit over which it was agreed on.
  if (index < 1 || components.some(({ name }) => name === 'webrtc')) return undefined
  return components[index - 1]?.value
}

function circuitOn (stream: Stream, relay: string, peerId: string): CircuitConnection {
  return new CircuitConnection(stream, {
    remoteAddr: multiaddr(`/p2p/${relay}/p2p-circuit/p2p/${peerId}`), direction: stream.direction, log: stream.log
  })
}

/** A stream to a relay as what a connection is made on. */
class CircuitConnection extends AbstractMultiaddrConnection {
  readonly #stream: Stream

  constructor (stream: Stream, init: AbstractMultiaddrConnectionInit) {
    super(init)
    this.#stream = stream
    stream.addEventListener('message', ({ data }) => { this.onData(data) })
    stream.addEventListener('drain', () => { this.safeDispatchEvent('drain') })
    // A connection is not half open: when one side is done, it is over.
    stream.addEventListener('remoteCloseWrite', () => { this.#end() })
    stream.addEventListener('close', ({ error }) => { this.onTransportClosed(error) })
  }

  sendData (bytes: Parameters<AbstractMultiaddrConnection['sendData']>[0]): SendResult {
    return { sentBytes: bytes.byteLength, canSendMore: this.#stream.send(bytes) }
  }

  async sendClose (options?: Parameters<AbstractMultiaddrConnection['sendClose']>[0]): Promise<void> { await this.#stream.close(options) }

  sendReset (error: Error): void { this.#stream.abort(error) }

  sendPause (): void { this.#stream.pause() }

  sendResume (): void { this.#stream.resume() }

  #end (): void {
    this.onRemoteCloseWrite()
    void this.#finish()
  }

  async #finish (): Promise<void> {
    try {
      await this.close()
    } catch (error) {
      this.abort(asError(error))
    }
  }
}
