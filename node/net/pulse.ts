/**
 * Watches one WebRTC connection: asks the other side whether it is there when it owes an answer or was silent for long, over one
 * stream that stays, since a stream of its own for each question costs six kilobytes. Ends a connection that is dead, and
 * one that nobody needs. docs/protocols/transport.md, "Liveness".
 */
import type { Connection } from '@libp2p/interface'
import { TimeoutError, asError } from '../../protocols/core/errors.ts'
import { IDLE_DIRECT_MS } from '../../protocols/core/limits.ts'
import type { Channel, ChannelProtocol, Clock, FrameHandler, Timer } from '../ports.ts'
import { PULSE } from './ping.ts'
import type { Traffic } from './traffic.ts'

export interface PulseParts {
  readonly clock: Clock
  readonly traffic: Traffic
  /** A channel on this very connection. */
  readonly open: (connection: Connection, protocol: ChannelProtocol, onFrames: FrameHandler) => Promise<Channel>
}

/** 2 + 2 + 5 s when something was sent; 20 + 2 + 5 s when not. */
const LOOK_MS = 2_000
const ANSWER_MS = 5_000
const SILENT_MS = 20_000
const BEAT = [new Uint8Array(1)] as const

export class Pulse {
  readonly #connection: Connection
  readonly #parts: PulseParts
  #channel: Promise<Channel> | undefined
  #timer: Timer | undefined
  #askedAtMonotonicMs: number | undefined

  constructor (connection: Connection, parts: PulseParts) {
    this.#connection = connection
    this.#parts = parts
    connection.addEventListener('close', () => { this.#timer?.cancel() })
    this.#arm()
  }

  #arm (): void {
    this.#timer = this.#parts.clock.timer(LOOK_MS, () => {
      this.#look()
      if (this.#connection.status === 'open') this.#arm()
    })
  }

  #look (): void {
    const { clock, traffic: { heardAtMonotonicMs, unansweredSinceMonotonicMs, usedAtMonotonicMs } } = this.#parts
    const nowMs = clock.monotonic()
    if (this.#askedAtMonotonicMs !== undefined && heardAtMonotonicMs > this.#askedAtMonotonicMs) this.#askedAtMonotonicMs = undefined
    if (this.#askedAtMonotonicMs !== undefined) {
      if (nowMs - this.#askedAtMonotonicMs >= ANSWER_MS) this.#connection.abort(new TimeoutError('the peer has stopped answering'))
      return
    }
    if (nowMs - usedAtMonotonicMs >= IDLE_DIRECT_MS) void this.#close()
    else if (nowMs - (unansweredSinceMonotonicMs ?? nowMs) >= LOOK_MS || nowMs - heardAtMonotonicMs >= SILENT_MS) void this.#ask(nowMs)
  }

  async #ask (nowMs: number): Promise<void> {
    this.#askedAtMonotonicMs = nowMs
    try {
      this.#channel ??= this.#parts.open(this.#connection, PULSE, () => { /* traffic.ts has seen it come */ })
      await (await this.#channel).send(BEAT)
    } catch (error) {
      this.#connection.abort(asError(error))
    }
  }

  async #close (): Promise<void> {
    this.#timer?.cancel()
    try {
      await this.#connection.close()
    } catch (error) {
      this.#connection.abort(asError(error))
    }
  }
}
