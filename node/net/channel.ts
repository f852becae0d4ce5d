/**
 * A channel over a libp2p stream: whole frames both ways, with back-pressure both ways. docs/protocols/transport.md,
 * "Channels". What libp2p 3.3 does not do, and this does: wait for room before more is sent (`onDrain()` answers at once
 * from its second call on), stop reading while a handler works, and tell an end from a cut.
 */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { UnreachableError, asError } from '../../protocols/core/errors.ts'
import { Deframer, encodeFrames } from '../../protocols/core/framing.ts'
import { CLOSE_GRACE_MS } from '../../protocols/core/limits.ts'
import type { Channel, ChannelEnd, Clock, FrameHandler, Timer } from '../ports.ts'

export interface ChannelOptions {
  readonly peerId: string
  readonly isRelayed: boolean
  readonly frameBytesMax: number
  readonly frameTimeoutMs: number
  /** As ChannelProtocol says. */
  readonly isOneWay: boolean
  readonly clock: Clock
  /** Told what the handler throws or rejects with: it ends the channel, and must not end unseen. */
  readonly onFault: (fault: Error) => void
}

export class StreamChannel implements Channel {
  readonly peerId: string
  readonly isRelayed: boolean
  readonly closed: Promise<ChannelEnd>
  readonly #stream: Stream
  readonly #clock: Clock
  readonly #frameTimeoutMs: number
  readonly #isOneWay: boolean
  readonly #onFault: (fault: Error) => void
  readonly #deframer: Deframer
  readonly #settleClosed: (end: ChannelEnd) => void
  #onFrames: FrameHandler = ignore
  /** Set once, when this side decides that it is over: nothing is sent or delivered from then on. */
  #ownEnd: ChannelEnd | undefined
  /** Set once, when the stream is gone. What arrived before is still delivered, unless this side has ended. */
  #streamEnd: ChannelEnd | undefined
  /** The other side has said that nothing more comes. */
  #isRemoteDone: boolean
  /** A handler works on frames: nothing is read. */
  #isHeld = false
  /** One did since the timer of the frame was set. */
  #wasHeld = false
  #isResuming = false
  #takenBytes = 0
  #givenBytes = 0
  #room: PromiseWithResolvers<undefined> | undefined
  #frameTimer: Timer | undefined
  #graceTimer: Timer | undefined

  /** Nothing is read before `read` is called. */
  constructor (stream: Stream, { peerId, isRelayed, frameBytesMax, frameTimeoutMs, isOneWay, clock, onFault }: ChannelOptions) {
    const { promise, resolve } = Promise.withResolvers<ChannelEnd>()
    this.peerId = peerId
    this.isRelayed = isRelayed
    this.closed = promise
    this.#settleClosed = resolve
    this.#stream = stream
    this.#clock = clock
    this.#frameTimeoutMs = frameTimeoutMs
    this.#isOneWay = isOneWay
    this.#onFault = onFault
    this.#deframer = new Deframer(frameBytesMax)
    this.#isRemoteDone = stream.status === 'open' && stream.remoteWriteStatus === 'closed'
    stream.addEventListener('drain', () => { this.#onDrain() })
    stream.addEventListener('remoteCloseWrite', () => { this.#isRemoteDone = true })
    stream.addEventListener('end', () => { this.#onEnd() })
    stream.addEventListener('close', event => { this.#onClose(event.error) })
  }

  get movedBytes (): number { return this.#takenBytes + this.#givenBytes - this.#stream.writeBufferLength }

  /** Begins to read: every frame from the first on goes to `onFrames`. */
  read (onFrames: FrameHandler): void {
    this.#onFrames = onFrames
    this.#stream.addEventListener('message', event => { this.#onMessage(event) })
    // Either may have happened while the protocol was negotiated: then no event will tell.
    if (this.#stream.status !== 'open') this.#onClose(undefined)
    else if (this.#stream.readableEnded) this.#onEnd()
  }

  /** As the port says. Frames of one call travel in one write. */
  async send (frames: readonly Uint8Array[]): Promise<void> {
    if (this.#isOver()) throw channelClosed()
    let hasRoom: boolean
    try {
      const bytes = encodeFrames(frames)
      this.#givenBytes += bytes.byteLength
      hasRoom = this.#stream.send(bytes)
    } catch (error) {
      throw channelClosed(asError(error))
    }
    if (hasRoom) return
    // Senders that did not wait have filled SEND_BUFFER_BYTES_MAX, and the stream was cut.
    if (this.#isOver()) throw channelClosed()
    this.#room ??= Promise.withResolvers()
    await this.#room.promise
  }

  close (): void {
    if (this.#isOver()) return
    this.#ownEnd = 'closed'
    void this.#finish()
  }

  /** Ends at once what is under way: the network stops. */
  stop (): void { this.#abort('stopped', new Error('the network stops')) }

  /** Our last bytes, then the other side's; whoever does not answer is cut off. */
  async #finish (): Promise<void> {
    this.#graceTimer = this.#clock.timer(CLOSE_GRACE_MS, () => { this.#stream.abort(new Error('the peer does not close')) })
    if (!this.#isHeld) this.#resume()
    try {
      await this.#stream.close()
    } catch (error) {
      this.#stream.abort(asError(error))
    }
  }

  #abort (end: ChannelEnd, cause: Error): void {
    this.#ownEnd ??= end
    this.#stream.abort(cause)
  }

  #fail (fault: Error): void {
    this.#onFault(fault)
    this.#abort('reset', fault)
  }

  #isOver (): boolean { return this.#ownEnd !== undefined || this.#streamEnd !== undefined }

  #onMessage ({ data }: StreamMessageEvent): void {
    if (this.#ownEnd !== undefined) return
    this.#takenBytes += data.byteLength
    const frames: Uint8Array[] = []
    try {
      for (const piece of data instanceof Uint8Array ? [data] : data) {
        for (const frame of this.#deframer.push(piece)) frames.push(frame)
      }
    } catch (error) {
      this.#abort('tooLarge', asError(error))
      return
    }
    if (this.#deframer.isWithinFrame) this.#expectRest()
    if (frames.length > 0) this.#deliver(frames)
  }

  #deliver (frames: readonly Uint8Array[]): void {
    try {
      const work = this.#onFrames(frames)
      if (work !== undefined) void this.#hold(work)
    } catch (error) {
      this.#fail(asError(error))
    }
  }

  /** Reads nothing until `work` is done. The peer's window is not renewed meanwhile, so the peer stops. */
  async #hold (work: Promise<void>): Promise<void> {
    this.#isHeld = true
    this.#wasHeld = true
    this.#pause()
    try {
      await work
    } catch (error) {
      this.#fail(asError(error))
    }
    this.#isHeld = false
    this.#resume()
  }

  /** yamux renews the window after what `resume` delivers: a pause from within would be undone, so `#resume` makes it. */
  #pause (): void {
    if (!this.#isResuming && this.#stream.readStatus === 'readable') this.#stream.pause()
  }

  #resume (): void {
    if (this.#stream.readStatus === 'paused') {
      this.#isResuming = true
      try {
        this.#stream.resume()
      } catch {
        // Only the window's renewal can fail, when the connection is gone. What had arrived is delivered by then.
      }
      this.#isResuming = false
      if (this.#isHeld) this.#pause()
    }
    this.#settleIfOver()
  }

  #onDrain (): void {
    // libp2p goes on with what it still holds in a microtask of its own, which comes before this one.
    queueMicrotask(() => {
      if (this.#stream.writableNeedsDrain || this.#stream.writeBufferLength > 0) return
      this.#room?.resolve(undefined)
      this.#room = undefined
    })
  }

  /** libp2p tells an end of reading for aborted streams, too. */
  #onEnd (): void {
    if (this.#stream.status !== 'open' || (this.#isOneWay && this.#stream.direction === 'outbound')) return
    this.close()
  }

  #onClose (error: Error | undefined): void {
    this.#streamEnd ??= endOf(this.#isRemoteDone, error)
    this.#frameTimer?.cancel()
    this.#graceTimer?.cancel()
    this.#room?.reject(channelClosed(error))
    this.#room = undefined
    this.#settleIfOver()
  }

  #settleIfOver (): void {
    if (this.#streamEnd === undefined) return
    // What a working handler has not seen yet is still delivered when it is done.
    if (this.#ownEnd === undefined && this.#stream.readBufferLength > 0) return
    this.#settleClosed(this.#ownEnd ?? this.#streamEnd)
  }

  /** A frame that has begun must end in time: else strangers keep half frames in our memory for free. */
  #expectRest (): void {
    if (this.#frameTimer !== undefined) return
    const frame = this.#deframer.startedCount
    this.#wasHeld = this.#isHeld
    this.#frameTimer = this.#clock.timer(this.#frameTimeoutMs, () => {
      this.#frameTimer = undefined
      if (!this.#deframer.isWithinFrame) return
      // While a handler works it is we who do not read the rest, and what came meanwhile may be read only after this.
      if (this.#deframer.startedCount !== frame || this.#wasHeld) this.#expectRest()
      else this.#abort('timeout', new Error('a frame did not end in time'))
    })
  }
}

/** How the stream ended when this side had not ended it. A connection that is cut closes its streams without any error. */
function endOf (isRemoteDone: boolean, error: Error | undefined): ChannelEnd {
  if (isRemoteDone) return 'closed'
  return error?.name === 'TimeoutError' ? 'timeout' : 'reset'
}

function channelClosed (cause?: Error): UnreachableError {
  return new UnreachableError('the channel to the peer is closed', undefined, cause)
}

function ignore (): void { /* nothing to do */ }
