/**
 * Two streams made one: what one side sends, the other gets, with back-pressure, so that between two users a relay never holds
 * more than a window. docs/protocols/transport.md, "What a relay serves".
 */
import type { Stream } from '@libp2p/interface'
import { asError } from '../../protocols/core/errors.ts'

export interface SpliceOptions {
  /** Both directions together. */
  readonly bytesMax: number
  readonly onBytes: (count: number) => void
  /** Once, when both streams are over. */
  readonly onEnd: () => void
}

/** Returns what cuts both. */
export function splice (one: Stream, other: Stream, { bytesMax, onBytes, onEnd }: SpliceOptions): () => void {
  let leftBytes = bytesMax
  let openCount = 2
  const cut = (cause: Error): void => {
    one.abort(cause)
    other.abort(cause)
  }
  const count = (bytes: number): boolean => {
    leftBytes -= bytes
    onBytes(bytes)
    return leftBytes >= 0
  }
  for (const [from, to] of [[one, other], [other, one]] as const) {
    forward(from, to, { count, cut })
    from.addEventListener('close', ({ error }) => {
      if (error !== undefined) to.abort(error)
      else void finish(to)
      if (--openCount === 0) onEnd()
    })
  }
  return () => { cut(new Error('the circuit is over')) }
}

interface Forwarding {
  /** Whether that much may still pass. */
  readonly count: (bytes: number) => boolean
  readonly cut: (cause: Error) => void
}

function forward (from: Stream, to: Stream, { count, cut }: Forwarding): void {
  let isHeld = false
  let isResuming = false
  // yamux undoes a pause from within `resume`, so it is made after it.
  const hold = (): void => { if (isHeld && !isResuming) pause(from) }
  from.addEventListener('message', ({ data }) => {
    if (!count(data.byteLength)) {
      cut(new Error('the circuit has carried what it may'))
      return
    }
    try {
      isHeld = !to.send(data)
    } catch (error) {
      cut(asError(error))
      return
    }
    hold()
  })
  to.addEventListener('drain', () => {
    if (!isHeld) return
    isHeld = false
    isResuming = true
    resume(from)
    isResuming = false
    hold()
  })
  from.addEventListener('remoteCloseWrite', () => { void finish(to) })
}

function pause (stream: Stream): void { if (stream.readStatus === 'readable') stream.pause() }

function resume (stream: Stream): void {
  if (stream.readStatus !== 'paused') return
  try {
    stream.resume()
  } catch {
    // Only the window's renewal can fail, when the connection is gone.
  }
}

/** Our last bytes on this side; what the other side still says goes on. */
async function finish (stream: Stream): Promise<void> {
  try {
    await stream.close()
  } catch (error) {
    stream.abort(asError(error))
  }
}
