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
  /** When anything arrived. It may have been sent before its sender went. */
  heardAtMonotonicMs: number
  /** When anything but bare headers went either way. */
  usedAtMonotonicMs: number
  /** All that was sent and asks for an answer, and how much of it has one. */
  sentBytes: number
  answeredBytes: number
  /** When the first of what has no answer was sent, and when the last. */
  unansweredSinceMonotonicMs: number
  sentAtMonotonicMs: number
  /** A ping of ours is under way: yamux has one at a time. */
  isPinging: boolean
  /** The shortest that a ping took. */
  roundTripMs: number
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
      heardAtMonotonicMs: this.#clock.monotonic(),
      usedAtMonotonicMs: this.#clock.monotonic(),
      sentBytes: 0,
      answeredBytes: 0,
      unansweredSinceMonotonicMs: 0,
      sentAtMonotonicMs: 0,
      isPinging: false,
      roundTripMs: Infinity
    }
    this.#watched.add(watched)
    connection.addEventListener('message', ({ data }) => {
      const nowMs = this.#clock.monotonic()
      watched.heardAtMonotonicMs = nowMs
      if (data.byteLength <= YAMUX_HEADER_BYTES) return
      watched.usedAtMonotonicMs = nowMs
      // What arrives sooner than an answer can was on its way already.
      if (nowMs - watched.sentAtMonotonicMs >= Math.min(watched.roundTripMs, this.#intervalMs)) watched.answeredBytes = watched.sentBytes
    })
    connection.addEventListener('close', () => { this.#watched.delete(watched) })
    const send = connection.send.bind(connection)
    connection.send = bytes => {
      // A bare header (a pong, a window, an end) asks for nothing: else both sides would ping each other's pongs for ever.
      if (bytes.byteLength > YAMUX_HEADER_BYTES) this.#owe(watched, bytes.byteLength)
      return send(bytes)
    }
    // The first ping gives yamux the round-trip time without which it never widens a stream's window.
    this.#clock.soon(() => { void this.#measure(watched) })
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
    if (!watched.isProbed && nowMs - watched.usedAtMonotonicMs >= IDLE_DIRECT_MS) {
      watched.usedAtMonotonicMs = nowMs
      void finish(watched)
      return
    }
    const unansweredBytes = watched.sentBytes - watched.answeredBytes
    if (unansweredBytes === 0) {
      const isIdle = nowMs - watched.heardAtMonotonicMs >= IDLE * this.#intervalMs
      if (isIdle && !watched.isProbed) this.#ping(watched)
      return
    }
    const sinceMs = watched.unansweredSinceMonotonicMs
    const lineMs = unansweredBytes / LINE_BYTES_PER_SECOND_MIN * 1000
    if (nowMs - Math.max(sinceMs, watched.heardAtMonotonicMs) >= GRACE * this.#intervalMs + lineMs) cut(watched)
    else if (nowMs - sinceMs >= this.#intervalMs && !watched.isPinging) this.#ping(watched)
  }

  #owe (watched: Watched, bytes: number): void {
    const nowMs = this.#clock.monotonic()
    if (watched.sentBytes === watched.answeredBytes) watched.unansweredSinceMonotonicMs = nowMs
    if (bytes > YAMUX_HEADER_BYTES) watched.usedAtMonotonicMs = nowMs
    watched.sentAtMonotonicMs = nowMs
    watched.sentBytes += bytes
  }

  #ping (watched: Watched): void {
    this.#owe(watched, YAMUX_HEADER_BYTES)
    void this.#measure(watched)
  }

  /** A pong answers what was sent before its ping, and nothing that was sent since. */
  async #measure (watched: Watched): Promise<void> {
    if (watched.isPinging) return
    watched.isPinging = true
    const beginMs = this.#clock.monotonic()
    const sentBytes = watched.sentBytes
    try {
      await watched.muxer.ping()
      watched.roundTripMs = Math.min(watched.roundTripMs, this.#clock.monotonic() - beginMs)
      watched.answeredBytes = Math.max(watched.answeredBytes, sentBytes)
      watched.unansweredSinceMonotonicMs = Math.max(watched.unansweredSinceMonotonicMs, beginMs)
    } catch {
      // The connection is closing.
    } finally {
      watched.isPinging = false
    }
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
