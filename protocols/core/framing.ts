/**
 * Frames on a byte stream: each is its length as an unsigned varint (multiformats unsigned-varint), then its bytes. Streams
 * cut and join what is sent, so the reader puts frames together again; neither side learns anything from where a chunk ends.
 * docs/protocols/transport.md, "Frames".
 */
import { MalformedError } from './errors.ts'

/** Four groups of seven bits: 256 MiB, far above every limit. A longer length is refused before it is understood. */
const LENGTH_BYTES_MAX = 4
/** The first room for a frame that arrives in pieces; it grows with what has really arrived. */
const ROOM_BYTES_MIN = 1024
/** By so much each time: with 2, a leaf of 1 MiB is copied twice on its way. */
const ROOM_GROWTH = 4

/** All frames, each with its length before it, in one buffer: one buffer is one write, one encryption, one packet train. */
export function encodeFrames (frames: readonly Uint8Array[]): Uint8Array {
  let totalBytes = 0
  for (const frame of frames) totalBytes += lengthOfLength(frame.byteLength) + frame.byteLength
  const bytes = new Uint8Array(totalBytes)
  let offset = 0
  for (const frame of frames) {
    offset = writeLength(bytes, offset, frame.byteLength)
    bytes.set(frame, offset)
    offset += frame.byteLength
  }
  return bytes
}

/** A frame of which only a part has arrived. `room` is never larger than ROOM_GROWTH times what has arrived, or ROOM_BYTES_MIN. */
interface Unfinished {
  readonly lengthBytes: number
  room: Uint8Array
  arrivedBytes: number
}

/**
 * Puts frames together from chunks, however the stream was cut. After a refusal it is of no further use.
 * A frame that arrived within one chunk is a view of it, not a copy: copy what is kept for long.
 */
export class Deframer {
  readonly #frameBytesMax: number
  #unfinished: Unfinished | undefined
  #length = 0
  #lengthBytesRead = 0
  #startedCount = 0

  /** @param frameBytesMax largest frame that is taken */
  constructor (frameBytesMax: number) { this.#frameBytesMax = frameBytesMax }

  /** How many frames have begun so far: with `isWithinFrame` it tells a frame that never ends from many that do. */
  get startedCount (): number { return this.#startedCount }

  /** Whether a frame or its length has begun and not ended. */
  get isWithinFrame (): boolean { return this.#unfinished !== undefined || this.#lengthBytesRead > 0 }

  /**
   * The frames that `chunk` completes, in order.
   * @throws MalformedError as soon as a length above the limit is seen: nothing is allocated for it
   */
  push (chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    // Node's Buffer is a Uint8Array whose `slice` does not copy: what leaves here is the plain thing.
    const bytes = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let offset = 0
    while (offset < bytes.byteLength) {
      if (this.#unfinished !== undefined) {
        offset += this.#fill(this.#unfinished, bytes.subarray(offset), frames)
        continue
      }
      if (!this.#readLength(bytes[offset++] ?? 0)) continue
      const length = this.#takeLength()
      if (length <= bytes.byteLength - offset) {
        frames.push(bytes.subarray(offset, offset + length))
        offset += length
      } else {
        this.#unfinished = { lengthBytes: length, room: new Uint8Array(Math.min(length, ROOM_BYTES_MIN)), arrivedBytes: 0 }
      }
    }
    return frames
  }

  /** Takes one byte of a length; true when it was the last. */
  #readLength (byte: number): boolean {
    if (this.#lengthBytesRead === 0) this.#startedCount++
    this.#length += (byte & 0x7f) << (7 * this.#lengthBytesRead)
    this.#lengthBytesRead++
    const isLast = byte < 0x80
    if (this.#length > this.#frameBytesMax || (!isLast && this.#lengthBytesRead === LENGTH_BYTES_MAX)) {
      throw new MalformedError('frame', `must be at most ${this.#frameBytesMax} bytes`)
    }
    return isLast
  }

  #takeLength (): number {
    const length = this.#length
    this.#length = 0
    this.#lengthBytesRead = 0
    return length
  }

  /** Moves what `rest` has of the unfinished frame; returns how many bytes that was. */
  #fill (unfinished: Unfinished, rest: Uint8Array, frames: Uint8Array[]): number {
    const piece = rest.subarray(0, unfinished.lengthBytes - unfinished.arrivedBytes)
    const neededBytes = unfinished.arrivedBytes + piece.byteLength
    if (neededBytes > unfinished.room.byteLength) {
      // A claimed length costs a stranger nothing, so room grows with the bytes that came, never with the claim.
      const grown = new Uint8Array(Math.min(unfinished.lengthBytes, Math.max(neededBytes, ROOM_GROWTH * unfinished.room.byteLength)))
      grown.set(unfinished.room.subarray(0, unfinished.arrivedBytes))
      unfinished.room = grown
    }
    unfinished.room.set(piece, unfinished.arrivedBytes)
    unfinished.arrivedBytes = neededBytes
    if (neededBytes === unfinished.lengthBytes) {
      frames.push(unfinished.room)
      this.#unfinished = undefined
    }
    return piece.byteLength
  }
}

function lengthOfLength (length: number): number {
  let bytes = 1
  for (let rest = length >>> 7; rest > 0; rest >>>= 7) bytes++
  return bytes
}

function writeLength (bytes: Uint8Array, offset: number, length: number): number {
  let rest = length
  while (rest > 0x7f) {
    bytes[offset++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[offset++] = rest
  return offset
}
