/** One direction of one connection: what arrives is sent on later, at a pace, or not while the line is cut. Order is kept. */
import type { Socket } from 'node:net'
import type { Link } from './rules.ts'

export interface LaneOptions {
  readonly from: Socket
  readonly to: Socket
  readonly link: () => Link
  readonly isCut: () => boolean
  readonly random: () => number
  /** Told of what goes by. */
  readonly onBytes: (bytes: number) => void
}

interface Piece { readonly bytes: Buffer, readonly dueAtMs: number }

/** What may wait in a lane before its sender is held up: a long fat line holds as much. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024

export class Lane {
  readonly #options: LaneOptions
  readonly #pieces: Piece[] = []
  #waitingBytes = 0
  /** When the line has brought all that was given to it. */
  #freeAtMs = 0
  #lastDueAtMs = 0
  #timer: NodeJS.Timeout | undefined
  #hasEnded = false
  #isOver = false

  constructor (options: LaneOptions) {
    this.#options = options
    const { from, to } = options
    from.on('data', (bytes: Buffer) => { this.#take(bytes) })
    from.on('end', () => {
      this.#hasEnded = true
      this.pump()
    })
    // Its end goes the same way as its bytes: behind them, and not through a cut.
    from.on('close', () => {
      this.#isOver = true
      this.pump()
    })
    to.on('drain', () => { this.pump() })
  }

  /** Sends on what is due. Called anew when the line is whole again. */
  pump (): void {
    const { from, to, isCut } = this.#options
    clearTimeout(this.#timer)
    if (isCut() || to.destroyed) return
    for (let [piece] = this.#pieces; piece !== undefined; [piece] = this.#pieces) {
      const waitMs = piece.dueAtMs - performance.now()
      if (waitMs > 0) {
        this.#timer = setTimeout(() => { this.pump() }, waitMs)
        return
      }
      this.#pieces.shift()
      this.#waitingBytes -= piece.bytes.byteLength
      if (from.isPaused() && this.#waitingBytes < WAITING_BYTES_MAX) from.resume()
      if (!to.write(piece.bytes)) return
    }
    if (this.#isOver) to.destroySoon()
    else if (this.#hasEnded) to.end()
  }

  #take (bytes: Buffer): void {
    const { from, link, random, onBytes } = this.#options
    onBytes(bytes.byteLength)
    const { delayMs, jitterMs, bytesPerSecond } = link()
    const nowMs = performance.now()
    const sentAtMs = Math.max(nowMs, this.#freeAtMs)
    this.#freeAtMs = bytesPerSecond === undefined ? nowMs : sentAtMs + bytes.byteLength / bytesPerSecond * 1000
    const dueAtMs = Math.max(this.#lastDueAtMs, this.#freeAtMs + Math.max(0, delayMs + (2 * random() - 1) * jitterMs))
    this.#lastDueAtMs = dueAtMs
    this.#pieces.push({ bytes, dueAtMs })
    this.#waitingBytes += bytes.byteLength
    if (this.#waitingBytes >= WAITING_BYTES_MAX) from.pause()
    this.pump()
  }
}
