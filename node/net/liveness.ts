/**
 * Notices peers that died without a word: a laptop closed, a cable pulled, a process stopped. libp2p's own ways are a
 * new stream every ten seconds per connection, or yamux pings whose failure ends nothing; so yamux's pings, asked for only in
 * silence, and one timer for all connections. docs/protocols/transport.md, "Liveness".
 */
import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { TimeoutError } from '../../protocols/core/errors.ts'
import { SEND_BUFFER_BYTES_MAX, STREAMS_PER_PEER_MAX, STREAM_WINDOW_BYTES_MAX } from '../../protocols/core/limits.ts'
import type { Clock, Timer } from '../ports.ts'

interface Watched {
  readonly connection: MessageStream
  readonly muxer: Muxer
  /** Anything arrived since the last look: data, an answer to a ping, a ping of the other side. */
  isHeard: boolean
  isPinged: boolean
}

/** Inbound streams of one connection. */
const STREAMS_MAX = 4 * STREAMS_PER_PEER_MAX

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>

export class Liveness {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #watched = new Set<Watched>()
  #timer: Timer | undefined

  constructor (clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  start (): void {
    this.#timer = this.#clock.timer(this.#intervalMs, () => {
      for (const watched of this.#watched) look(watched)
      this.start()
    })
  }

  stop (): void { this.#timer?.cancel() }

  /** The yamux of `createLibp2p`, with every connection under watch from its first byte to its last. */
  muxer (): StreamMuxerFactory {
    const factory = yamux({
      enableKeepAlive: false,
      // Of all protocols together, and before any protocol is named.
      maxInboundStreams: STREAMS_MAX,
      // Streams may come before libp2p listens for them; at more than ten it would cut the whole connection.
      maxEarlyStreams: STREAMS_MAX,
      // The default of 16 MiB lets a fast sender run over the 4 MiB read buffer of a paused stream, which is then reset.
      streamOptions: { maxStreamWindowSize: STREAM_WINDOW_BYTES_MAX, maxWriteBufferLength: SEND_BUFFER_BYTES_MAX }
    })()
    return {
      protocol: factory.protocol,
      createStreamMuxer: connection => {
        const muxer = factory.createStreamMuxer(connection)
        this.#watch({ connection, muxer, isHeard: true, isPinged: false })
        return muxer
      }
    }
  }

  #watch (watched: Watched): void {
    this.#watched.add(watched)
    watched.connection.addEventListener('message', () => { watched.isHeard = true })
    watched.connection.addEventListener('close', () => { this.#watched.delete(watched) })
    // The first ping gives yamux the round-trip time without which it never widens a stream's window.
    this.#clock.soon(() => { void ping(watched.muxer) })
  }
}

function look (watched: Watched): void {
  if (watched.isHeard) {
    watched.isHeard = false
    watched.isPinged = false
  } else if (!watched.isPinged) {
    watched.isPinged = true
    void ping(watched.muxer)
  } else {
    const dead = new TimeoutError('the peer has stopped answering')
    // The muxer first: its streams then end with this reason instead of with none.
    watched.muxer.abort(dead)
    watched.connection.abort(dead)
  }
}

async function ping (muxer: Muxer): Promise<void> {
  try {
    await muxer.ping()
  } catch {
    // The connection is closing. What we go by is what arrives, not this promise.
  }
}
