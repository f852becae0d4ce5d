/**
 * Notices peers that died without a word: a laptop closed, a cable pulled, a process stopped. Where something was sent, an
 * answer is waited for; where all is silent, the kernel probes TCP for a fifth of what a ping of ours costs (keepalive.ts), and
 * only what no kernel probes is pinged. One timer for all connections. docs/protocols/transport.md, "Liveness".
 */
import type { MessageStream, StreamMuxerFactory } from '@libp2p/interface'
import { yamux } from '@libp2p/yamux'
import { TimeoutError, asError } from '../../protocols/core/errors.ts'
import { IDLE_DIRECT_MS, LINE_BYTES_PER_SECOND_MIN, SEND_BUFFER_BYTES_MAX, STREAMS_PER_PEER_MAX, STREAM_WINDOW_BYTES_MAX } from '../../protocols/core/limits.ts'
import type { Clock, Timer } from '../ports.ts'

interface Watched {
  readonly connection: MessageStream
  readonly muxer: Muxer
  /** The kernel notices by itself when the peer of a silent connection is gone. */
  readonly isProbed: boolean
  /** Anything arrived since the last look. */
  isHeard: boolean
  heardAtMonotonicMs: number
  /** When anything but bare headers went either way. */
  usedAtMonotonicMs: number
  /** Sent since anything arrived, of what an answer is due to, and when that began. */
  unansweredBytes: number
  unansweredSinceMonotonicMs: number
  isPinged: boolean
}

/** Inbound streams of one connection. */
const STREAMS_MAX = 4 * STREAMS_PER_PEER_MAX
const YAMUX_HEADER_BYTES = 12
/** In intervals: how long an answer may take, and how long what no kernel probes may be silent. */
const GRACE = 3.5
const IDLE = 9

type Muxer = ReturnType<ReturnType<ReturnType<typeof yamux>>['createStreamMuxer']>

export class Liveness {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #watched = new Set<Watched>()
  #timer: Timer | undefined
  #lookedAtMonotonicMs = 0

  constructor (clock: Clock, intervalMs: number) {
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  start (): void {
    this.#lookedAtMonotonicMs = this.#clock.monotonic()
    this.#arm()
  }

  stop (): void { this.#timer?.cancel() }

  /** Every connection has to show that it lives: the network may be another one. */
  suspect (): void { for (const watched of this.#watched) this.#ping(watched) }

  /** The yamux of `createLibp2p`, with every connection under watch from its first byte to its last. */
  muxer ({ isProbed }: { readonly isProbed: boolean }): StreamMuxerFactory {
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
        this.#watch(connection, muxer, isProbed)
        return muxer
      }
    }
  }

  #watch (connection: MessageStream, muxer: Muxer, isProbed: boolean): void {
    const watched: Watched = {
      connection,
      muxer,
      isProbed,
      isHeard: true,
      heardAtMonotonicMs: this.#clock.monotonic(),
      usedAtMonotonicMs: this.#clock.monotonic(),
      unansweredBytes: 0,
      unansweredSinceMonotonicMs: 0,
      isPinged: false
    }
    this.#watched.add(watched)
    connection.addEventListener('message', ({ data }) => {
      watched.isHeard = true
      if (!isProbed && data.byteLength > YAMUX_HEADER_BYTES) watched.usedAtMonotonicMs = this.#clock.monotonic()
      watched.unansweredBytes = 0
      watched.isPinged = false
    })
    connection.addEventListener('close', () => { this.#watched.delete(watched) })
    const send = connection.send.bind(connection)
    connection.send = bytes => {
      // A bare header (a pong, a window, an end) asks for nothing: else both sides would ping each other's pongs for ever.
      if (bytes.byteLength > YAMUX_HEADER_BYTES) this.#owe(watched, bytes.byteLength)
      return send(bytes)
    }
    // The first ping gives yamux the round-trip time without which it never widens a stream's window.
    this.#clock.soon(() => { void ping(muxer) })
  }

  #arm (): void {
    this.#timer = this.#clock.timer(this.#intervalMs, () => {
      const nowMs = this.#clock.monotonic()
      // We stood still ourselves: what came meanwhile has not been read yet.
      const isLate = nowMs - this.#lookedAtMonotonicMs > 2 * this.#intervalMs
      this.#lookedAtMonotonicMs = nowMs
      for (const watched of this.#watched) {
        if (isLate) watched.unansweredSinceMonotonicMs = nowMs
        this.#look(watched, nowMs)
      }
      this.#arm()
    })
  }

  #look (watched: Watched, nowMs: number): void {
    if (watched.isHeard) {
      watched.isHeard = false
      watched.heardAtMonotonicMs = nowMs
    }
    if (!watched.isProbed && nowMs - watched.usedAtMonotonicMs >= IDLE_DIRECT_MS) {
      watched.usedAtMonotonicMs = nowMs
      void finish(watched)
      return
    }
    if (watched.unansweredBytes === 0) {
      const isIdle = nowMs - watched.heardAtMonotonicMs >= IDLE * this.#intervalMs
      if (isIdle && !watched.isProbed) this.#ping(watched)
      return
    }
    const waitedMs = nowMs - watched.unansweredSinceMonotonicMs
    const lineMs = watched.unansweredBytes / LINE_BYTES_PER_SECOND_MIN * 1000
    if (waitedMs >= GRACE * this.#intervalMs + lineMs) cut(watched)
    else if (waitedMs >= this.#intervalMs && !watched.isPinged) this.#ping(watched)
  }

  #owe (watched: Watched, bytes: number): void {
    if (watched.unansweredBytes === 0) watched.unansweredSinceMonotonicMs = this.#clock.monotonic()
    if (bytes > YAMUX_HEADER_BYTES) watched.usedAtMonotonicMs = this.#clock.monotonic()
    watched.unansweredBytes += bytes
  }

  #ping (watched: Watched): void {
    this.#owe(watched, YAMUX_HEADER_BYTES)
    watched.isPinged = true
    void ping(watched.muxer)
  }
}

function cut ({ connection, muxer }: Watched): void {
  const dead = new TimeoutError('the peer has stopped answering')
  // The muxer first: its streams then end with this reason instead of with none.
  muxer.abort(dead)
  connection.abort(dead)
}

/** Nobody needs it now; who does makes another. */
async function finish ({ connection, muxer }: Watched): Promise<void> {
  try {
    await muxer.close()
    await connection.close()
  } catch (error) {
    connection.abort(asError(error))
  }
}

async function ping (muxer: Muxer): Promise<void> {
  try {
    await muxer.ping()
  } catch {
    // The connection is closing. What we go by is what arrives, not this promise.
  }
}
