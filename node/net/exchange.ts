/**
 * Request and answer on a stream of their own: one frame there, one frame back, each side closing its half behind it.
 * A side that is slow, silent, or sends anything else is cut off. docs/protocols/transport.md, "Requests".
 */
import type { Stream, StreamMessageEvent } from '@libp2p/interface'
import { MalformedError, UnreachableError, asError } from '../../protocols/core/errors.ts'
import { Deframer, encodeFrames } from '../../protocols/core/framing.ts'
import type { Clock } from '../ports.ts'

export interface ExchangeOptions {
  readonly frameBytesMax: number
  /** For everything from the opened stream to its end. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** Sends `request` and gives the answer. @throws UnreachableError when none comes in time or the stream breaks */
export async function ask (stream: Stream, request: Uint8Array, options: ExchangeOptions): Promise<Uint8Array> {
  limitTime(stream, options)
  try {
    const answer = onlyFrame(stream, options.frameBytesMax)
    await Promise.all([sendLast(stream, request), answer])
    return await answer
  } catch (error) {
    stream.abort(asError(error))
    throw new UnreachableError('the peer gave no answer', undefined, error)
  }
}

/** Waits for the request and sends what `answer` makes of it. Whatever goes wrong ends this stream and nothing else. */
export async function serve (stream: Stream, answer: (request: Uint8Array) => Promise<Uint8Array> | Uint8Array, options: ExchangeOptions): Promise<void> {
  limitTime(stream, options)
  try {
    await sendLast(stream, await answer(await onlyFrame(stream, options.frameBytesMax)))
  } catch (error) {
    // The other side is told nothing but that: refusals that a protocol foresees are answers.
    stream.abort(asError(error))
  }
}

/** Half-closed streams of a peer that never closes its half would pile up: the time runs until both are closed. */
function limitTime (stream: Stream, { clock, timeoutMs }: ExchangeOptions): void {
  const timer = clock.timer(timeoutMs, () => { stream.abort(new Error('the exchange took too long')) })
  stream.addEventListener('close', () => { timer.cancel() })
}

/** One frame and our half of the stream is done. What does not fit into the window now goes out as it opens. */
async function sendLast (stream: Stream, frame: Uint8Array): Promise<void> {
  stream.send(encodeFrames([frame]))
  await stream.close()
}

/** The one frame that the other side sends. Rejects when the stream ends before it or carries anything after it. */
function onlyFrame (stream: Stream, frameBytesMax: number): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const deframer = new Deframer(frameBytesMax)
  stream.addEventListener('message', ({ data }: StreamMessageEvent) => {
    try {
      const [frame, ...more] = deframer.push(data.subarray())
      if (more.length > 0 || deframer.startedCount > 1) throw new MalformedError('exchange', 'must be one frame each way')
      if (frame !== undefined) resolve(frame)
    } catch (error) {
      stream.abort(asError(error))
    }
  })
  // Late calls change nothing: a frame that has arrived stays the answer.
  stream.addEventListener('end', () => { reject(new Error('the stream ended without a frame')) })
  stream.addEventListener('close', () => { reject(new Error('the stream was closed')) })
  if (stream.status !== 'open' || stream.readableEnded) reject(new Error('the stream was closed'))
  return promise
}
